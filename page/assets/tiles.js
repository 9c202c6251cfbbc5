// Headlines: a change is marked only beyond noise, and an open window is said to be open.
const overlaps = (one, other) => one.ci_lo <= other.ci_hi && other.ci_lo <= one.ci_hi;
const TILE = { adds: ["num", "den"], shared: [], rates: {}, intervals: {}, all: ["is_complete"], any: ["is_reliable"], same: ["target"] };

// The rows of the headlines by tile and group, in the order of time.
const seriesOf = (panel) => {
  const keyOf = (...parts) => JSON.stringify(parts);
  if (!panel.series) {
    panel.series = new Map();
    for (const row of [...rowsOf(panel)].sort((one, other) => (one.period < other.period ? -1 : 1))) {
      const key = keyOf(row.tile, row.dimension, row.member);
      if (!panel.series.has(key)) panel.series.set(key, []);
      panel.series.get(key).push(row);
    }
  }
  return (tile, dimension, member) => panel.series.get(keyOf(tile, dimension, member)) ?? [];
};
const factorOf = (row) => (["%", "points"].includes(row.unit) ? 100 : 1);

// One value for a span of periods: summed where parts add up; else that of the last period, and a day has that of its last day.
const valueOf = (rows, from, to, grain) => {
  const within = rows.filter((row) => row.period >= from && row.period <= to && known(row.value));
  const [first] = within;
  if (!first) return null;
  if (first.adding !== "sum") {
    const last = within.filter((row) => first.adding === "last" || row.grain === grain).pop();
    return last ? { ...last, isLast: last.period > from && (first.adding === "last" || last.period !== startOf(to, grain) || from !== startOf(to, grain)) } : null;
  }
  if (within.length === 1 && from === startOf(to, "month")) return first;
  const row = { ...summedRow(TILE, within, new Map(), monthsBetween(from, to)), period: from, until: to, grain };
  row.value = row.den > 0 ? (factorOf(row) * row.num) / row.den : null;
  [row.ci_lo, row.ci_hi] = row.den > 0 && within.every((one) => known(one.ci_lo)) ? INTERVALS[row.interval](row.num, row.den) : [null, null];
  return row;
};

// The spans before another: as long as it, or a year earlier.
const spanBefore = (from, to, compare) => {
  const back = compare === "year" ? 12 : monthsBetween(from, to);
  return { from: shifted(from, -back), to: lastDayOf(shifted(startOf(to, "month"), -back), "month") };
};

// The periods of a headline up to the chosen end, and the one that its tile shows.
const historyOf = (rows) => {
  const first = rows[0]?.period;
  if (!first) return { periods: [], row: null };
  const months = GRAINS[state.grain];
  const periods = [];
  const end = until(), from = startOf(first, state.grain);
  for (let start = startOf(end, state.grain); start >= from && periods.length < (state.from ? CHOICES.month : 14); start = shifted(start, -months)) {
    const row = valueOf(rows, start, lastDayOf(start, state.grain), state.grain);
    // A period of which the page has some months only would be too low; the latest one is still open.
    const isCut = row?.adding === "sum" && start < first && months > 1;
    if (row && !isCut) periods.unshift({ ...row, shown: start });
  }
  const row = state.from ? valueOf(rows, state.from, end, state.grain) : [...periods].reverse().find((one) => one.is_complete) ?? periods[periods.length - 1] ?? null;
  return { periods, row };
};
const spanOfRow = (row) => ({ from: row.shown ?? row.period, to: row.until ?? lastDayOf(row.shown ?? row.period, row.shown ? state.grain : row.grain) });
const earlierOf = (rows, row, compare) => {
  const span = spanOfRow(row);
  const { from, to } = spanBefore(span.from, span.to, compare);
  // Months that the page does not have would make the earlier span too low.
  if (!rows.length || (row.adding === "sum" && from < rows[0].period)) return null;
  const found = valueOf(rows, from, to, row.grain);
  return found ? { ...found, shown: from, until: to, grain: state.grain } : null;
};

// What each group adds to the change of the whole: its surplus over the earlier rate now, less that of before.
const contributions = (panel, tile, dimension, now, before) => {
  const find = seriesOf(panel);
  const members = [...new Set(rowsOf(panel).filter((row) => row.tile === tile && row.dimension === dimension).map((row) => row.member))];
  if (!(now.den > 0 && before.den > 0)) return [];
  const rate = before.num / before.den, factor = factorOf(now);
  const [span, earlier] = [spanOfRow(now), spanOfRow(before)];
  const parts = members.map((member) => {
    const rows = find(tile, dimension, member);
    const one = valueOf(rows, span.from, span.to, now.grain) ?? { num: 0, den: 0 }, other = valueOf(rows, earlier.from, earlier.to, now.grain) ?? { num: 0, den: 0 };
    const moved = factor * ((one.num - rate * one.den) / now.den - (other.num - rate * other.den) / before.den);
    return { dimension, member, num: one.num, den: one.den, value: one.value ?? null, moved };
  }).filter((part) => part.den > 0 || part.moved !== 0);
  // Only a breakdown in which everybody is once, in both spans, says who moved the whole.
  const isWhole = Math.abs(total([0, ...parts.map((part) => part.den)]) - now.den) <= 0.001 * now.den;
  const isSum = Math.abs(total([0, ...parts.map((part) => part.moved)]) - (now.value - before.value)) < 0.001;
  return isWhole && isSum ? parts : [];
};

// The rows of the chart of contributions: each headline by each breakdown, for the span that its tile shows.
const contributionsOf = (panel) => {
  const asked = JSON.stringify([state.grain, state.from, state.period, state.compare]);
  if (panel.contributed?.asked === asked) return panel.contributed.rows;
  const rows = [];
  for (const tile of new Set(rowsOf(panel).map((row) => row.tile))) {
    const whole = seriesOf(panel)(tile, "all", "all");
    const { row } = historyOf(whole);
    const before = row?.is_complete ? earlierOf(whole, row, state.compare) : null;
    if (!before) continue;
    for (const breakdown of panel.breakdowns) {
      if (breakdown === "owner") continue;
      const { from, to } = spanOfRow(row);
      for (const part of contributions(panel, tile, breakdown, row, before)) {
        rows.push({ metric: tile, breakdown, value: part.member, period: from, until: to, grain: state.grain, moved: part.moved,
          effect: (part.moved > 0) === (row.better_code === "higher") ? "better" : "worse", num: part.num, den: part.den, amount: part.value });
      }
    }
  }
  panel.contributed = { asked, rows };
  return rows;
};

// Whether a change is real, may be chance, or cannot be compared.
const changeOf = (row, rows) => {
  if (state.compare === "target") {
    if (!known(row.target)) return null;
    const comparable = known(row.ci_lo);
    return { change: row.value - row.target, against: t("the target"), real: comparable ? row.target < row.ci_lo || row.target > row.ci_hi : null };
  }
  const other = earlierOf(rows, row, state.compare);
  if (!other) return null;
  const comparable = known(row.ci_lo) && known(other.ci_lo);
  return { change: row.value - other.value, other, against: spanName({ ...other, period: other.shown }), real: comparable ? !overlaps(row, other) : null };
};

const points = (row, value) => (row.unit === "%" ? t("{value} pp", { value }) : t("{value} points", { value }));

// One sentence: what changed, whether it may be chance, and which group moved it.
const sentenceOf = (panel, row, found) => {
  if (!found) return state.compare === "target" ? t("No target is set.") : t("No earlier period to compare with.");
  const size = points(row, number(Math.abs(found.change)));
  const verb = Math.abs(found.change) < 0.05 ? "Unchanged compared with {against}." : found.change > 0 ? "Up {size} compared with {against}" : "Down {size} compared with {against}";
  const sentence = t(verb, { size, against: found.against });
  if (Math.abs(found.change) < 0.05) return sentence;
  const noise = found.real === false ? t(", which may be chance") : "";
  const groups = found.other && !state.value ? contributions(panel, row.tile, state.by || "segment", row, found.other) : [];
  const main = groups.filter((one) => Math.sign(one.moved) === Math.sign(found.change)).sort((a, b) => Math.abs(b.moved) - Math.abs(a.moved))[0];
  const mover = main && groups.length > 1 ? ` ${t("{group} moved it most ({points}).", { group: label("member", main.member, main), points: signed(main.moved, 2) })}` : "";
  return `${sentence}${noise}.${mover}`;
};

const sparkline = (periods, row) => {
  // A span has all its periods, one period those before it.
  const shown = state.from ? periods.filter((one) => one.period >= state.from) : periods.filter((one) => one.period <= row.period).slice(-13);
  const later = state.from ? [] : periods.filter((one) => one.period > row.period && !one.is_complete).slice(0, 1);
  const all = [...shown, ...later];
  if (all.length < 2) return null;
  const values = all.flatMap((one) => [one.value, one.ci_lo, one.ci_hi]).filter(known);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const reach = known(row.target) && row.target >= low - 0.5 * (high - low) && row.target <= high + 0.5 * (high - low);
  if (reach) { low = Math.min(low, row.target); high = Math.max(high, row.target); }
  const [width, height] = [150, 46];
  const x = (at) => 4 + (at * (width - 8)) / (all.length - 1);
  const y = (value) => height - 4 - ((value - low) / (high - low || 1)) * (height - 8);
  const path = (part) => part.map((one, at) => `${at ? "L" : "M"}${x(all.indexOf(one)).toFixed(1)},${y(one.value).toFixed(1)}`).join("");
  const sure = shown.filter((one) => known(one.ci_lo));
  const area = sure.length > 1 ? `${sure.map((one, at) => `${at ? "L" : "M"}${x(all.indexOf(one)).toFixed(1)},${y(one.ci_hi).toFixed(1)}`).join("")}${[...sure].reverse().map((one) => `L${x(all.indexOf(one)).toFixed(1)},${y(one.ci_lo).toFixed(1)}`).join("")}Z` : null;
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", preserveAspectRatio: "none" },
    area ? svg("path", { d: area, class: "band" }) : null,
    reach ? svg("line", { x1: 0, x2: width, y1: y(row.target), y2: y(row.target), class: "target" }) : null,
    svg("path", { d: path(shown), class: "line" }),
    later.length ? svg("path", { d: path([shown[shown.length - 1], ...later]), class: "line open" }) : null,
    svg("path", { d: `M${x(shown.length - 1).toFixed(1)},${y(shown[shown.length - 1].value).toFixed(1)}h0.01`, class: "now" }));
};

const groupOfTiles = (panel) => (followsBreakdown(panel) === "value" ? [state.by, state.value] : ["all", "all"]);
const tileRow = (panel, tile) => historyOf(seriesOf(panel)(tile, ...groupOfTiles(panel))).row;

const tileOf = (panel, tile) => {
  const rows = seriesOf(panel)(tile, ...groupOfTiles(panel));
  const { periods, row } = historyOf(rows);
  const name = label("tile", tile);
  const definition = own(data.definitions, tile);
  const help = definition ? make("details", { class: "define" }, make("summary", { "aria-label": t("Definition of {name}", { name }) }, "?"),
    make("div", {}, make("strong", {}, t(definition.title)), make("p", {}, plain(definition.formula)))) : null;
  const found = changeOf(row, rows);
  const good = found && found.real && row.better_code !== "none" ? ((found.change > 0) === (row.better_code === "higher") ? "good" : "bad") : "";
  const arrow = !found || Math.abs(found.change) < 0.05 ? "" : found.change > 0 ? "▲ " : "▼ ";
  const facts = [spanName(row),
    known(row.ci_lo) ? t("95 %: {low} to {high}", { low: number(row.ci_lo), high: number(row.ci_hi) }) : null,
    known(row.target) ? t("target {target}", { target: number(row.target) }) : null,
    row.den ? t("of {count}", { count: number(row.den, 0) }) : null];
  const pending = !state.from && periods.some((one) => one.period > row.period && !one.is_complete);
  const lasts = !row.isLast ? null : row.adding === "last" ? t("It is the state of a day: shows the last one of the period.") : t("Does not add up over several periods: shows the last one.");
  const survivors = isOfSurvivors(panel, row);
  return make("div", { class: ["tile", row.is_complete ? "" : "open", row.is_reliable && !survivors ? "" : "thin"].join(" ").trim(), "data-tile": tile },
    make("div", { class: "name" }, name, help),
    make("div", { class: "figure" }, make("div", { class: "value" }, withUnit(row.value, row.unit)),
      found && Math.abs(found.change) >= 0.05 ? make("div", { class: `change ${good}` }, `${arrow}${signed(found.change)}${row.unit === "%" ? ` ${t("pp")}` : ""}`) : null),
    sparkline(periods, row),
    make("div", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    make("p", { class: "note" }, [sentenceOf(panel, row, found), row.is_complete ? null : t("The window is still open."), row.is_reliable ? null : t("Too few to rely on."),
      pending ? t("The latest period is still open.") : null, lasts, survivors ? t("Before the records begin: survivors only.") : null].filter(Boolean).join(" ")));
};

const drawTiles = (panel, place) => {
  place.replaceChildren();
  const tiles = [...new Set(rowsOf(panel).map((row) => row.tile))];
  const measured = tiles.filter((tile) => known(tileRow(panel, tile)?.value));
  const others = tiles.filter((tile) => !measured.includes(tile));
  place.append(make("div", { class: "tiles" }, measured.map((tile) => tileOf(panel, tile))));
  if (others.length) place.append(make("p", { class: "legend unmeasured" }, `${t("Not measured for this choice:")} ${others.map((tile) => label("tile", tile)).join(", ")}.`));
};
