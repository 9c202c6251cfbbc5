// Charts are Vega-Lite specifications; the page adds labels, colours, width and the language.
let library = null;
const readLibrary = () => {
  // The library is text until the first chart, so that the page shows before it is read.
  library ??= unpacked("library").then((text) => document.head.append(make("script", {}, text)));
  return library;
};

// How Vega writes the period that begins on the date of a label.
const periodExpression = (grain) => {
  const date = "toDate(datum.value)";
  if (grain === "year") return `utcFormat(${date}, '%Y')`;
  if (grain !== "quarter") return `utcFormat(${date}, '%b %Y')`;
  const [first, middle, last] = t("Q{n} {year}").split(/\{\w+\}/).map((text) => JSON.stringify(text));
  return `${first} + utcquarter(${date}) + ${middle} + utcyear(${date}) + ${last}`;
};

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const config = (width) => {
  const text = {
    labelColor: colourOf("--soft"), titleColor: colourOf("--soft"), labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif",
    labelFontSize: 11.5, titleFontSize: 11.5, titleFontWeight: 500,
  };
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { ...text, gridColor: colourOf("--grid"), domain: false, ticks: false, labelPadding: 6, labelLimit: Math.max(130, 0.42 * width), titlePadding: 10 },
    axisBand: { grid: false }, axisX: { grid: false }, axisQuantitative: { grid: true, tickCount: 5 },
    legend: { ...text, orient: "top", labelLimit: 240, symbolOpacity: 1, symbolType: "circle", rowPadding: 3, columnPadding: 14 },
    range: { category: data.colours.map(inTheme) }, mark: { color: inTheme(data.colours[0]) }, rule: { color: colourOf("--text") },
    text: { color: colourOf("--text"), fontSize: width < 380 ? 9.5 : 11.5 }, bar: { discreteBandSize: { band: 0.72 } },
  };
};

const encodingsOf = (spec) => (spec.layer ?? [spec]).map((layer) => layer.encoding);

// Blue is too dark on a dark ground.
const inTheme = (text) => (state.theme === "dark" ? text.replaceAll(data.colours[0], "#7ca5ff") : text);

// A target far from the data would squeeze them: it is named instead of drawn, unless the reader compares with it.
const withoutFarTarget = (spec, rows) => {
  const target = spec.layer?.find((layer) => layer.mark.strokeDash);
  if (!target) return null;
  const field = target.encoding.y.field;
  const known = rows.map((row) => row[field]).filter((value) => value !== null && value !== undefined);
  if (!known.length) { spec.layer = spec.layer.filter((layer) => layer !== target); return null; }
  if (state.compare === "target") return null;
  const fields = spec.layer.filter((layer) => layer !== target).flatMap((layer) => [layer.encoding.y?.field, layer.encoding.y2?.field]).filter(Boolean);
  const values = rows.flatMap((row) => fields.map((name) => row[name])).filter((value) => typeof value === "number");
  const [low, high] = [Math.min(...values, 0), Math.max(...values)];
  const wanted = known[known.length - 1];
  if (wanted >= low - 0.6 * (high - low) && wanted <= high + 0.6 * (high - low)) return null;
  spec.layer = spec.layer.filter((layer) => layer !== target);
  return t("The target, {target}, is beyond the scale.", { target: number(wanted) });
};

const legendColumns = (spec, values, width) => {
  const field = encodingsOf(spec).map((encoding) => encoding.color?.field).find(Boolean);
  const longest = (name) => Math.max(...values.map((row) => String(row[name] ?? "").length), 4);
  const { y } = encodingsOf(spec)[0];
  const beside = y?.type === "nominal" ? Math.min(6.8 * longest(y.field), 0.42 * width) : 60; // the labels at the left
  return Math.max(1, Math.floor((width - beside - 20) / (Math.min(6.6 * longest(field), 230) + 32)));
};

// Vega writes an order into an expression, in which two separators of lines would end a text. It groups rows in plain
// objects, which have a `constructor` before any row: a space without width makes it a name of its own.
const safeText = (text) => (typeof text !== "string" ? text : text in Object.prototype ? `${text}\u200b` : text.replace(/[\u2028\u2029]/g, " "));
const safeLabel = (kind, code, row) => safeText(label(kind, code, row));

const labelled = (panel, rows) => rows.map((row, at) => {
  const shown = Object.fromEntries(Object.entries(row).map(([column, value]) => [column, safeText(value)]));
  shown.row_number = at;
  if (row.compared) Object.assign(shown, { compared_code: row.compared, compared: row.compared === NOW ? t("shown period") : comparesWith(), real_period: row.real_period ?? row.period });
  for (const [column, kind] of Object.entries(panel.codes)) if (!(column === "period")) shown[column] = safeLabel(kind, row[column], row);
  return shown;
});

// Rows by month have the month on their axis and in their tooltip, all others the day.
const areMonths = (rows) => (typeof rows[0].length === "string" ? rows[0].length === "month" : rows.every((row) => String(row.period).slice(8, 10) === "01"));
const DAY_FORMAT = "%-d %b %Y", MONTH_FORMAT = "%b %Y";

const dressed = (panel, rows, width) => {
  const spec = JSON.parse(inTheme(JSON.stringify(panel.spec)));
  // A tick that no row has is nothing to look at.
  if (spec.layer) spec.layer = spec.layer.filter((layer) => layer.mark.type !== "tick" || rows.some((row) => known(row[Object.values(layer.encoding).find((part) => part.type === "quantitative").field])));
  const splits = followsBreakdown(panel) === "split";
  // Intervals of several groups would cover each other.
  if (splits) spec.layer = spec.layer.filter((layer) => layer.mark.type !== "area");
  const dress = (encoding) => {
    for (const [channel, part] of Object.entries(encoding)) {
      if (Array.isArray(part)) {
        for (const one of part) {
          one.title = t(one.title ?? "");
          if (one.field === "period" && one.format === DAY_FORMAT && areMonths(rows)) one.format = MONTH_FORMAT;
        }
        continue;
      }
      if (part.axis?.format === DAY_FORMAT && areMonths(rows)) part.axis.format = MONTH_FORMAT;
      if (part.legend?.splits) {
        // One group needs no colours; several have a legend.
        if (!splits && new Set(rows.map((row) => row[part.field])).size < 2) { delete encoding[channel]; continue; }
        delete part.legend;
      }
      if (part.title) part.title = t(part.title);
      const kind = panel.codes[part.field];
      if (kind && part.scale?.domain) {
        const occurring = new Set(rows.map((row) => row[part.field]));
        const kept = part.scale.domain.map((code, at) => [code, part.scale.range[at]]).filter(([code]) => occurring.has(code));
        // A code that the page does not know has a colour too: it is drawn, not dropped.
        const known = new Set(part.scale.domain);
        for (const code of occurring) if (!known.has(code)) kept.push([code, data.colours[6]]);
        part.scale.domain = kept.map(([code]) => safeLabel(kind, code));
        part.scale.range = kept.map(([, colour]) => colour);
      }
      // Without a list of codes the order is that of the rows, as of months, and not that of the words.
      if (kind && channel === "color" && !part.scale?.domain) part.sort = [...new Set(rows.map((row) => safeLabel(kind, row[part.field], row)))];
      else if (kind && Array.isArray(part.sort)) part.sort = part.sort.map((code) => safeLabel(kind, code));
      const grain = rows[0].grain ?? rows[0].length;
      if (part.axis?.format === MONTH_FORMAT && part.axis.tickCount && ["quarter", "year"].includes(grain)) { delete part.axis.format; part.axis.labelExpr = periodExpression(grain); }
      if (part.axis?.dates) { delete part.axis.dates; part.axis.labelExpr = periodExpression(rows[0].grain); }
      if (part.field === "step" && part.axis && width < 90 * rows.length) Object.assign(part.axis, { labelAngle: -35, labelLimit: 120 });
    }
    // A filled point has the colour of its line, whatever the order of the groups.
    if (encoding.color && encoding.fill?.condition?.field) Object.assign(encoding.fill.condition, { sort: encoding.color.sort, scale: encoding.color.scale });
    if (!encoding.color && encoding.fill?.condition?.field) encoding.fill = { condition: { test: encoding.fill.condition.test, value: spec.layer[0].mark.color }, value: "transparent" };
  };
  encodingsOf(spec).forEach(dress);
  return spec;
};

// An order by another column, as a list: layers of a chart would otherwise not agree on it.
const ordered = (spec, values) => {
  for (const encoding of encodingsOf(spec)) for (const part of Object.values(encoding)) {
    const by = part.sort?.field;
    if (!by) continue;
    const first = new Map();
    for (const row of values) if (!(first.get(row[part.field]) >= row[by])) first.set(row[part.field], row[by]);
    const names = [...first.keys()].sort((one, other) => first.get(one) - first.get(other));
    part.sort = part.sort.order === "descending" ? names.reverse() : names;
  }
  return spec;
};

// The value beside the longest bar needs a place too.
const besideBars = (spec) => (spec.layer ?? []).some((layer) => layer.mark.type === "text" && layer.mark.align === "left");

const heightOf = (spec, rows) => {
  if (!spec.height?.step) return spec.height;
  const { y } = encodingsOf(spec)[0];
  return spec.height.step * new Set(rows.map((row) => row[y.field])).size * (rows.some((row) => row.compared) ? 1.35 : 1);
};

// Before a source is recorded, only the customers who stayed are known: those periods are greyed.
const startOfRecords = (panel, row = {}) => own(data.observed, row.source ?? panel.source) ?? "";
const isOfSurvivors = (panel, row) => (row.begins ?? row.period) < startOfRecords(panel, row);
const withSurvivors = (panel, spec, rows) => {
  const early = [...new Set(rows.filter((row) => isOfSurvivors(panel, row)).map((row) => row.period))].sort();
  if (!early.length) return null;
  const { x } = encodingsOf(spec)[0];
  if (x?.field === "period") {
    spec.layer ??= [{ mark: spec.mark, encoding: spec.encoding }];
    delete spec.mark;
    delete spec.encoding;
    const isBand = x.type === "ordinal";
    const last = early[early.length - 1];
    const until = [startOfRecords(panel, rows[0]), ...rows.map((row) => row.period).filter((period) => !early.includes(period))].filter((date) => date > last).sort()[0] ?? last;
    spec.layer.push({ mark: { type: "rect", color: "#8a94a0", opacity: 0.28, ...(isBand ? { width: { band: 1 } } : {}) },
      data: { values: isBand ? early.map((period) => ({ period })) : [{ period: early[0], until }] },
      encoding: { x: { ...x, axis: undefined }, ...(isBand ? {} : { x2: { field: "until" } }) } });
  }
  const start = startOfRecords(panel, rows[0]);
  return start < "9999" ? t("Grey: before {day} only customers who stayed are recorded.", { day: day(start) }) : t("Only customers who stayed are recorded: churn is not measured.");
};

// A chart that is not finalized keeps its listeners and its rows.
const finalizeCharts = () => {
  for (const panel of panels.values()) { panel.embedded?.finalize(); panel.embedded = null; }
};

const drawnRows = (panel) => {
  const { rows, earlier } = comparison(panel, chosenRows(panel));
  return earlier.length ? [...rows.map((row) => ({ ...row, compared: NOW })), ...earlier.map((row) => ({ ...row, compared: BEFORE }))] : rows;
};

const columnsOfDrawn = (panel) => (drawnRows(panel).some((row) => row.compared) ? ["compared", ...panel.columns] : panel.columns);

const drawChart = async (panel, place) => {
  const rows = drawnRows(panel);
  const isCompared = rows.some((row) => row.compared);
  place.replaceChildren();
  if (!rows.length) { place.append(nothing(panel)); return; }
  const holder = make("div", { class: "chart", role: "img", "aria-label": `${t(panel.title)}. ${t(panel.question)}` });
  place.append(holder);
  await readLibrary();
  if (!place.isConnected) return;
  const values = labelled(panel, rows);
  let spec = ordered(dressed(panel, rows, holder.clientWidth), values);
  const far = withoutFarTarget(spec, rows);
  if (isCompared) spec = withEarlier(spec, values, holder.clientWidth);
  const early = withSurvivors(panel, spec, rows);
  const settings = config(holder.clientWidth);
  settings.legend.columns = legendColumns(spec, values, holder.clientWidth);
  const embedded = await window.vegaEmbed(holder, {
    ...spec, height: heightOf(spec, values), padding: { left: 5, top: 5, bottom: 5, right: besideBars(spec) ? 34 : 5 }, $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container",
    autosize: { type: "fit-x", contains: "padding" }, data: { name: "rows", values },
  }, { actions: false, renderer: "svg", config: settings, tooltip: { theme: state.theme }, timeFormatLocale: timeLocale() });
  // Another choice of the reader may have replaced the place meanwhile.
  if (!place.isConnected) { embedded.finalize(); return; }
  panel.embedded = embedded;
  for (const said of [far, early]) if (said) place.append(make("p", { class: "legend" }, said));
  if (panel.drill) {
    panel.embedded.view.addEventListener("click", (_, item) => {
      const drawn = rows[item?.datum?.row_number];
      const row = drawn?.real_period ? { ...drawn, period: drawn.real_period } : drawn;
      if (row && leadsSomewhere(panel, row)) openDrill(panel, row);
    });
    holder.classList.add("clickable");
  }
};
