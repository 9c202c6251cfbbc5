// Comparison: the rows of a chart once more, for an earlier span, drawn paler beside or behind the present ones.
const NOW = "now", BEFORE = "before";
const isTime = (panel) => panel.by === "upto";

// The earlier rows moved to the present dates, or null where the chart has nothing of the kind.
const shiftedRows = (panel, rows) => {
  const [first, last] = [rows[0].period, rows[rows.length - 1].period].sort();
  const months = state.compare === "year" ? 12 : monthsBetween(state.from, until());
  const areMonths = rows.every((row) => row.period.slice(8, 10) === "01");
  if (areMonths) {
    const earlier = rowsOfSpan(panel, { from: shifted(state.from || first, -months), to: lastDayOf(shifted(startOf(state.from ? until() : last, "month"), -months), "month") });
    return earlier.map((row) => ({ ...row, period: shifted(row.period, months), real_period: row.period }));
  }
  // Weeks and single days of a year before are those nearest to the same date; other spans of weeks have no such day.
  if (state.compare !== "year") return null;
  const DAY = 86400000;
  const earlier = switched(panel, filteredRows(panel)).filter((row) => row.period < last);
  const dates = [...new Set(earlier.map((row) => row.period))];
  return [...new Set(rows.map((row) => row.period))].flatMap((period) => {
    const wanted = dateOf(`${Number(period.slice(0, 4)) - 1}${period.slice(4)}`);
    const away = (date) => Math.abs(dateOf(date) - wanted);
    const [nearest] = dates.filter((date) => away(date) <= 3 * DAY).sort((one, other) => away(one) - away(other));
    return earlier.filter((row) => row.period === nearest).map((row) => ({ ...row, period, real_period: nearest }));
  });
};

// The rows of the period before the one that is shown.
const rowsBefore = (panel, rows) => {
  const { period, until: end, grain = "month" } = rows[0];
  const all = switched(panel, filteredRows(panel));
  if (end) {
    const span = spanBefore(period, end, state.compare);
    const earlier = rowsOfSpan(panel, span);
    return earlier.length && earlier[0].period === span.from ? earlier : [];
  }
  if (period.slice(8, 10) === "01") {
    const wanted = shifted(period, -(state.compare === "year" ? 12 : GRAINS[grain]));
    return all.filter((row) => row.period === wanted);
  }
  const latest = state.compare === "year" ? `${Number(period.slice(0, 4)) - 1}${period.slice(4)}` : period;
  const earlier = all.filter((row) => (state.compare === "year" ? row.period <= latest : row.period < latest)).map((row) => row.period).sort().pop();
  const isNear = earlier && dateOf(latest) - dateOf(earlier) < 45 * 86400000;
  return isNear ? all.filter((row) => row.period === earlier) : [];
};

const hasTarget = (panel, rows) => Boolean(panel.target) && rows.some((row) => known(row[panel.target]));
const asks = () => state.compare !== DEFAULTS.compare || state.from;
const comparesWith = () => ({ previous: t("period before"), year: t("year before"), target: t("target") })[state.compare];

// What a chart draws: its rows, those that it compares with, and what it says where it cannot.
const comparison = (panel, rows) => {
  const alone = (note) => ({ rows, earlier: [], note: asks() ? note : null });
  const what = comparesWith();
  const cannot = t("Cannot be compared with the {what}.", { what });
  const isTarget = state.compare === "target";
  if (panel.of) return alone(isTarget ? t("No target is set by group: shows the change since the period before.") : null);
  if (panel.kind === "tiles" || panel.kind === "table" || !rows.length) return alone(null);
  if (isTarget) return alone(hasTarget(panel, rows) ? null : t("No target is set for this panel."));
  if (panel.kind !== "chart" || !followsPeriod(panel) || panel.sums?.bridge) return alone(cannot);
  // A chart of months shows the month before by itself.
  if (isTime(panel) && state.compare === "previous" && !state.from) return alone(null);
  const earlier = isTime(panel) ? shiftedRows(panel, rows) : rowsBefore(panel, rows);
  if (!earlier) return alone(cannot);
  if (!earlier.length) return alone(t("No rows of the {what} to compare with.", { what }));
  return { rows, earlier, note: null };
};

// The specification with the earlier rows paler: bars have places beside each other, lines lie over each other.
const withEarlier = (spec, rows, width) => {
  const names = [t("shown period"), comparesWith()];
  const paler = { field: "compared", type: "ordinal", sort: names, title: null, scale: { domain: names, range: [1, 0.45] }, legend: { columns: width < 380 ? 1 : 2, symbolType: "square", symbolFillColor: colourOf("--soft"), symbolStrokeWidth: 0 } };
  const layers = (spec.layer ?? [{ mark: spec.mark, encoding: spec.encoding }]).map((layer) => {
    const { type, strokeDash } = layer.mark;
    if (type === "area" || strokeDash) return { ...layer, transform: [...(layer.transform ?? []), { filter: `datum.compared_code === "${NOW}"` }] };
    const encoding = { ...layer.encoding };
    encoding.opacity = paler;
    const across = ["nominal", "ordinal"].includes(encoding.y?.type) ? "y" : ["nominal", "ordinal"].includes(encoding.x?.type) ? "x" : null;
    if (across) encoding[`${across}Offset`] = { field: "compared", type: "nominal", sort: names };
    for (const part of Object.values(encoding)) {
      if (typeof part.sort !== "string") continue;
      // Bars keep the order of the present ones.
      const by = encoding[part.sort.replace("-", "")].field;
      const sums = new Map();
      for (const row of rows) if (row.compared_code === NOW || !sums.has(row[part.field])) sums.set(row[part.field], (sums.get(row[part.field]) ?? 0) + (row.compared_code === NOW ? row[by] : 0));
      part.sort = [...sums.keys()].sort((one, other) => sums.get(other) - sums.get(one));
    }
    if (encoding.tooltip) encoding.tooltip = [{ field: "compared", title: t("compared") }, ...encoding.tooltip.map((part) => (part.field === "period" ? { ...part, field: "real_period" } : part))];
    return { ...layer, encoding };
  });
  const { mark, encoding, ...rest } = spec;
  return { ...rest, layer: layers };
};
