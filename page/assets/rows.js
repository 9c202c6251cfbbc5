// The rows of a panel, and which filters it follows: its columns say so.
const panels = new Map();
const views = new Map();
for (const section of data.sections) for (const panel of section.panels) {
  panels.set(panel.key, panel);
  views.set(panel.key, section.key);
}

// Rows and library are packed, which leaves a sixth of their size.
const unpacked = (id) => {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
};

// The rows of a view are read when it is opened, or when a mark leads to its list.
const loading = new Map();
const loadView = (key) => {
  if (!loading.has(key)) loading.set(key, unpacked(`rows-${key}`).then((text) => {
    const blocks = JSON.parse(text);
    for (const panel of data.sections.find((section) => section.key === key).panels) {
      const columns = blocks[panel.key].map((column) => (Array.isArray(column) ? column : column.places.map((at) => column.values[at])));
      panel.rows = (columns[0] ?? []).map((_, at) => Object.fromEntries(panel.columns.map((name, place) => [name, columns[place][at]])));
      panel.breakdowns = new Set(panel.rows.map((row) => row.dimension).filter((name) => name && name !== "all"));
      panel.grains = new Set(panel.of ? Object.keys(GRAINS) : panel.rows.map((row) => row.grain).filter(Boolean));
    }
  }));
  return loading.get(key);
};
const loadList = (panel) => (panel.drill && panels.has(panel.drill.panel) ? loadView(views.get(panel.drill.panel)) : null);

const rowsOf = (panel) => (panel.of ? contributionsOf(panels.get(panel.of)) : panel.rows);
const has = (panel, column) => panel.columns.includes(column);

// Of the breakdown: "value" one group, "split" all groups side by side, "no" everybody whatever is chosen.
const followsBreakdown = (panel) => {
  if (!state.by) return "no";
  if (panel.breakdowns.has(state.by)) return state.value ? "value" : panel.splits ? "split" : "no";
  if (panel.kind === "table" && has(panel, state.by) && state.value) return "value";
  return "no";
};
// A second group within the first: only rows of single customers, or counts of them, have two attributes.
const followsSecond = (panel) => state.and && followsBreakdown(panel) === "value" && (has(panel, "second") || (!has(panel, "dimension") && has(panel, state.and)));
const followsPeriod = (panel) => Boolean(panel.by) && has(panel, "period");
const sumsMonths = (panel) => Boolean(panel.sums) && !has(panel, "grain");
const followsGrain = (panel) => panel.grains.has(state.grain) || sumsMonths(panel);

// Two attributes have one row in the order of the page, whichever was chosen first.
const inPair = (rows) => {
  const [[one, first], [other, second]] = [[state.by, state.value], [state.and, state.member]].sort((a, b) => place(a[0]) - place(b[0]));
  return rows.filter((row) => row.dimension === one && String(row.member) === first && row.second === other && String(row.second_member) === second);
};
const place = (name) => Object.keys(data.breakdowns).indexOf(name);

const inBreakdown = (panel, rows) => {
  const follows = followsBreakdown(panel);
  if (!has(panel, "dimension")) {
    const within = follows === "value" ? rows.filter((row) => String(row[state.by]) === state.value) : rows;
    return followsSecond(panel) ? within.filter((row) => String(row[state.and]) === state.member) : within;
  }
  if (followsSecond(panel)) return inPair(rows);
  const single = has(panel, "second") ? rows.filter((row) => row.second === "all") : rows;
  if (follows === "no") return single.filter((row) => row.dimension === "all");
  return single.filter((row) => row.dimension === state.by && (follows === "split" || String(row.member) === state.value));
};

// The rows of a span of days; one without a beginning has the periods that a chart shows, or the latest one.
const inPeriod = (panel, rows, span) => {
  if (!followsPeriod(panel)) return rows;
  const past = rows.filter((row) => row.period <= span.to);
  // A list has everything up to the end of the period; a chart has as many periods as it can show.
  if (panel.by === "upto" && panel.kind === "table") return past.filter((row) => row.period >= span.from);
  if (panel.by === "upto") {
    const grain = rows[0]?.grain ?? "month";
    const from = span.from || shifted(startOf(span.to, grain), (1 - PERIODS[grain]) * GRAINS[grain]);
    return past.filter((row) => row.period >= from);
  }
  const within = span.from ? past.filter((row) => row.period >= span.from) : past;
  if (span.from && panel.sums) {
    // What is called a span begins where the rows do.
    const first = within.reduce((least, row) => (row.period < least ? row.period : least), span.to);
    const start = startOf(first > span.from ? first : span.from, "month");
    return summedOver(panel, within, () => start, { grain: start === startOf(start, state.grain) ? state.grain : "month", until: span.to });
  }
  const latest = within.reduce((last, row) => (row.period > last ? row.period : last), "");
  return within.filter((row) => row.period === latest);
};

const inGrain = (panel, rows) => {
  // A span of periods is summed from its months.
  const asMonths = state.from && panel.sums && panel.by === "at";
  if (sumsMonths(panel) && state.grain !== "month" && !asMonths) return summedOver(panel, rows, (period) => startOf(period, state.grain), { grain: state.grain });
  if (!has(panel, "grain")) return rows;
  const grain = asMonths ? "month" : followsGrain(panel) ? state.grain : panel.grains.has("month") ? "month" : [...panel.grains][0];
  return rows.filter((row) => row.grain === grain);
};

const switched = (panel, rows) => rows.filter((row) => panel.switches.every((choice) => String(row[choice.column]) === panel.chosen?.[choice.column]));

const filteredRows = (panel) => inGrain(panel, inBreakdown(panel, rowsOf(panel)));
const rowsOfSpan = (panel, span) => inPeriod(panel, switched(panel, filteredRows(panel)), span);
const chosenRows = (panel) => (panel.kind === "tiles" ? filteredRows(panel).filter((row) => row.period <= until()) : rowsOfSpan(panel, spanChosen()));

// The first choice has rows together with the choices before it. What a reader asked for waits where it has no rows.
const prepareSwitches = (panel) => {
  panel.chosen = {};
  let left = filteredRows(panel);
  for (const choice of panel.switches) {
    const valuesOf = (rows) => [...new Set(rows.map((row) => String(row[choice.column])))];
    choice.values = valuesOf(left);
    const wanted = [panel.asked?.[choice.column], choice.default].find((value) => choice.values.includes(value));
    panel.chosen[choice.column] = wanted ?? choice.values[0];
    left = left.filter((row) => String(row[choice.column]) === panel.chosen[choice.column]);
  }
};

// What a panel does not follow is said in place.
const notesOfGroups = (panel) => {
  const notes = [];
  const isOwn = panel.switches.some((choice) => choice.column === "breakdown");
  const nameOf = (name) => ({ dimension: label("dimension", name).toLowerCase() });
  if (state.by && followsBreakdown(panel) === "no" && (state.value || panel.splits)) {
    notes.push(t(isOwn ? "Has its own choice of groups; shows everybody." : "Everybody: this panel is not broken down by {dimension}.", nameOf(state.by)));
  }
  // Marts of rates have one attribute a row; two of them at once are known of single customers only.
  if (state.and && !followsSecond(panel)) notes.push(t("Not filtered by {dimension}: its numbers are published by one attribute at a time.", nameOf(state.and)));
  return notes;
};

const spanName = (row) => {
  const grain = row.grain ?? "month";
  if (!row.until) return row.grain || row.period.slice(8, 10) === "01" ? periodName(row.period, grain) : day(row.period);
  const last = startOf(row.until, grain);
  return last === row.period ? periodName(row.period, grain) : `${periodName(row.period, grain)} – ${periodName(last, grain)}`;
};

const notesOfPeriods = (panel, rows) => {
  if (panel.kind === "tiles") return [];
  const notes = [];
  if (!followsPeriod(panel)) return state.period || state.from ? [t("As of {day}: it does not follow the period.", { day: day(data.as_of) })] : [];
  if (panel.by === "at" && rows.length) {
    notes.push(spanName(rows[0]));
    if (isOfSurvivors(panel, rows[0])) notes.push(t("Before the records begin: survivors only."));
    if (state.from && !panel.sums && !panel.of) notes.push(t("Does not add up over several periods: shows the last one."));
  }
  if (state.grain !== "month" && !followsGrain(panel) && !panel.of) notes.push(t("Keeps its own periods: not summed by {grain}.", { grain: label("grain", state.grain).toLowerCase() }));
  return notes;
};
const notesOf = (panel, rows) => [...notesOfPeriods(panel, rows), ...notesOfGroups(panel)];

const nothing = (panel) => {
  if (!isBare(panel)) return make("p", { class: "empty" }, t("No rows for this choice."));
  const missing = panel.needs.filter((table) => data.missing.includes(table));
  // No rows are good news only if the raw tables have data.
  if (panel.empty && !missing.length) return make("p", { class: "empty" }, t(panel.empty));
  return make("p", { class: "empty" }, missing.length
    ? t("Nothing to show yet. It needs rows of: {tables}. Put files into these folders of the landing folder and build again.",
      { tables: missing.map((table) => `${table}/`).join(", ") })
    : t("Nothing to show: the raw tables have rows, but none of them counts here as of this day."));
};
const isBare = (panel) => !rowsOf(panel.of ? panels.get(panel.of) : panel).length;
