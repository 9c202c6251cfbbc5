// The rows of a panel, and which filters it follows: its columns say so.
const panels = new Map();
const views = new Map();
for (const section of data.sections) for (const panel of section.panels) {
  panels.set(panel.key, panel);
  views.set(panel.key, section.key);
}

const rowsOf = (panel) => {
  if (!panel.rows) {
    const view = views.get(panel.key);
    const blocks = JSON.parse(byId(`rows-${view}`).textContent);
    for (const other of data.sections.find((section) => section.key === view).panels) {
      const columns = blocks[other.key].map((column) => (Array.isArray(column) ? column : column.places.map((at) => column.values[at])));
      other.rows = (columns[0] ?? []).map((_, at) => Object.fromEntries(other.columns.map((name, place) => [name, columns[place][at]])));
      other.breakdowns = new Set(other.rows.map((row) => row.dimension).filter((name) => name && name !== "all"));
      other.grains = new Set(other.rows.map((row) => row.grain).filter(Boolean));
    }
  }
  return panel.rows;
};
const has = (panel, column) => panel.columns.includes(column);

// Of the breakdown: "value" one group, "split" all groups side by side, "no" everybody whatever is chosen.
const followsBreakdown = (panel) => {
  rowsOf(panel);
  if (!state.by) return "no";
  if (panel.breakdowns.has(state.by)) return state.value ? "value" : panel.splits ? "split" : "no";
  if (panel.kind === "table" && has(panel, state.by) && state.value) return "value";
  return "no";
};
const followsPeriod = (panel) => Boolean(panel.by) && has(panel, "period");
const followsGrain = (panel) => { rowsOf(panel); return panel.grains.has(state.grain); };

const inBreakdown = (panel, rows) => {
  const follows = followsBreakdown(panel);
  if (!has(panel, "dimension")) return follows === "value" ? rows.filter((row) => String(row[state.by]) === state.value) : rows;
  if (follows === "no") return rows.filter((row) => row.dimension === "all");
  return rows.filter((row) => row.dimension === state.by && (follows === "split" || String(row.member) === state.value));
};

const inPeriod = (panel, rows) => {
  if (!followsPeriod(panel)) return rows;
  const end = until();
  const past = rows.filter((row) => row.period <= end);
  if (panel.by === "upto") {
    const grain = rows[0]?.grain ?? "month";
    return past.filter((row) => row.period > shifted(startOf(end, grain), -PERIODS[grain] * GRAINS[grain]));
  }
  const latest = past.reduce((last, row) => (row.period > last ? row.period : last), "");
  return past.filter((row) => row.period === latest);
};

const inGrain = (panel, rows) => {
  if (!has(panel, "grain")) return rows;
  const grain = followsGrain(panel) ? state.grain : panel.grains.has("month") ? "month" : [...panel.grains][0];
  return rows.filter((row) => row.grain === grain);
};

const switched = (panel, rows) => rows.filter((row) => panel.switches.every((choice) => String(row[choice.column]) === panel.chosen?.[choice.column]));

const filteredRows = (panel) => inGrain(panel, inBreakdown(panel, rowsOf(panel)));
const chosenRows = (panel) => {
  const rows = switched(panel, filteredRows(panel));
  return panel.kind === "tiles" ? rows.filter((row) => row.period <= until()) : inPeriod(panel, rows);
};

// The first choice has rows together with the choices before it.
const prepareSwitches = (panel) => {
  panel.chosen ??= {};
  let left = filteredRows(panel);
  for (const choice of panel.switches) {
    const valuesOf = (rows) => [...new Set(rows.map((row) => String(row[choice.column])))];
    choice.values = valuesOf(left);
    const wanted = [panel.chosen[choice.column], choice.default].find((value) => choice.values.includes(value));
    panel.chosen[choice.column] = wanted ?? choice.values[0];
    left = left.filter((row) => String(row[choice.column]) === panel.chosen[choice.column]);
  }
};

// What a panel does not follow is said in place.
const notesOf = (panel, rows) => {
  const notes = [];
  if (state.by && followsBreakdown(panel) === "no" && (state.value || panel.splits)) {
    const own = panel.switches.some((choice) => choice.column === "breakdown");
    notes.push(t(own ? "Has its own choice of groups; shows everybody." : "Everybody: this panel is not broken down by {dimension}.",
      { dimension: label("dimension", state.by).toLowerCase() }));
  }
  if (state.period && !followsPeriod(panel) && panel.kind !== "tiles") notes.push(t("As of {day}: it does not follow the period.", { day: day(data.as_of) }));
  if (state.grain !== "month" && followsPeriod(panel) && !followsGrain(panel)) notes.push(t("Keeps its own periods: not summed by {grain}.", { grain: label("grain", state.grain).toLowerCase() }));
  if (panel.by === "at" && panel.kind !== "tiles" && rows.length && rows[0].period) {
    const grain = rows[0].grain ?? "month";
    notes.unshift(rows[0].grain || rows[0].period.slice(8, 10) === "01" ? periodName(rows[0].period, grain) : day(rows[0].period));
  }
  return notes;
};

const nothing = (panel) => {
  if (rowsOf(panel).length) return make("p", { class: "empty" }, t("No rows for this choice."));
  const missing = panel.needs.filter((table) => data.missing.includes(table));
  // No rows are good news only if the raw tables have data.
  if (panel.empty && !missing.length) return make("p", { class: "empty" }, t(panel.empty));
  return make("p", { class: "empty" }, missing.length
    ? t("Nothing to show yet. It needs rows of: {tables}. Put files into these folders of the landing folder and build again.",
      { tables: missing.map((table) => `${table}/`).join(", ") })
    : t("Nothing to show: the raw tables have rows, but none of them counts here as of this day."));
};
const isBare = (panel) => !rowsOf(panel).length;
