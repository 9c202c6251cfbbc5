// Headlines: a change is marked only beyond noise, and an open window is said to be open.
const before = (row, series) => {
  const back = state.compare === "year" ? 12 : GRAINS[row.grain];
  return series.find((one) => one.period === shifted(row.period, -back)) ?? null;
};
const known = (value) => value !== null && value !== undefined;
const overlaps = (one, other) => one.ci_lo <= other.ci_hi && other.ci_lo <= one.ci_hi;

// Whether a change is real, may be chance, or cannot be compared.
const changeOf = (row, series) => {
  if (state.compare === "target") {
    if (!known(row.target)) return null;
    const comparable = known(row.ci_lo);
    return { change: row.value - row.target, against: t("the target"), real: comparable ? row.target < row.ci_lo || row.target > row.ci_hi : null };
  }
  const other = before(row, series);
  if (!other) return null;
  const comparable = known(row.ci_lo) && known(other.ci_lo);
  return { change: row.value - other.value, against: periodName(other.period, other.grain), real: comparable ? !overlaps(row, other) : null };
};

const points = (row, value) => (row.unit === "%" ? t("{value} pp", { value }) : t("{value} points", { value }));

// One sentence: what changed, whether it may be chance, and which group moved it.
const sentenceOf = (row, series, rows) => {
  const found = changeOf(row, series);
  if (!found) return state.compare === "target" ? t("No target is set.") : t("No earlier period to compare with.");
  const size = points(row, number(Math.abs(found.change)));
  const verb = Math.abs(found.change) < 0.05 ? "Unchanged compared with {against}." : found.change > 0 ? "Up {size} compared with {against}" : "Down {size} compared with {against}";
  const sentence = t(verb, { size, against: found.against });
  if (Math.abs(found.change) < 0.05) return sentence;
  const noise = found.real === false ? t(", which may be chance") : "";
  const column = { previous: "moved_previous", year: "moved_year" }[state.compare];
  const by = state.by && !state.value ? state.by : "segment";
  const groups = column && !state.value ? rows.filter((one) => one.tile === row.tile && one.grain === row.grain && one.period === row.period && one.dimension === by && known(one[column])) : [];
  const main = groups.filter((one) => Math.sign(one[column]) === Math.sign(found.change)).sort((a, b) => Math.abs(b[column]) - Math.abs(a[column]))[0];
  const mover = main && groups.length > 1 ? ` ${t("{group} moved it most ({points}).", { group: label("member", main.member, main), points: signed(main[column], 2) })}` : "";
  return `${sentence}${noise}.${mover}`;
};

const sparkline = (series, row) => {
  const shown = series.filter((one) => one.period <= row.period).slice(-13);
  const later = series.filter((one) => one.period > row.period && !one.is_complete).slice(0, 1);
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
    svg("path", { d: `M${x(shown.length - 1).toFixed(1)},${y(row.value).toFixed(1)}h0.01`, class: "now" }));
};

const tileOf = (tile, rows, all) => {
  const series = rows.filter((row) => row.tile === tile && known(row.value));
  const row = [...series].reverse().find((one) => one.is_complete) ?? series[series.length - 1];
  const name = label("tile", tile);
  const definition = own(data.definitions, tile);
  const help = definition ? make("details", { class: "define" }, make("summary", { "aria-label": t("Definition of {name}", { name }) }, "?"),
    make("div", {}, make("strong", {}, t(definition.title)), make("p", {}, plain(definition.formula)))) : null;
  if (!row) return make("div", { class: "tile none", "data-tile": tile }, make("div", { class: "name" }, name, help), make("div", { class: "value" }, t("not measurable")));
  const found = changeOf(row, series);
  const good = found && found.real && row.better_code !== "none" ? ((found.change > 0) === (row.better_code === "higher") ? "good" : "bad") : "";
  const arrow = !found || Math.abs(found.change) < 0.05 ? "" : found.change > 0 ? "▲ " : "▼ ";
  const facts = [periodName(row.period, row.grain),
    known(row.ci_lo) ? t("95 %: {low} to {high}", { low: number(row.ci_lo), high: number(row.ci_hi) }) : null,
    known(row.target) ? t("target {target}", { target: number(row.target) }) : null,
    row.den ? t("of {count}", { count: number(row.den, 0) }) : null];
  const pending = series.some((one) => one.period > row.period && !one.is_complete && one.period <= until());
  return make("div", { class: ["tile", row.is_complete ? "" : "open", row.is_reliable ? "" : "thin"].join(" ").trim(), "data-tile": tile },
    make("div", { class: "name" }, name, help),
    make("div", { class: "figure" }, make("div", { class: "value" }, withUnit(row.value, row.unit)),
      found && Math.abs(found.change) >= 0.05 ? make("div", { class: `change ${good}` }, `${arrow}${signed(found.change)}${row.unit === "%" ? ` ${t("pp")}` : ""}`) : null),
    sparkline(series, row),
    make("div", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    make("p", { class: "note" }, sentenceOf(row, series, all), row.is_complete ? null : ` ${t("The window is still open.")}`,
      row.is_reliable ? null : ` ${t("Too few to rely on.")}`, pending ? ` ${t("The latest period is still open.")}` : null));
};

const drawTiles = (panel, place) => {
  const end = until();
  const all = inGrain(panel, rowsOf(panel)).filter((row) => row.period <= end);
  const rows = chosenRows(panel);
  place.replaceChildren();
  const tiles = [...new Set(rowsOf(panel).map((row) => row.tile))];
  const measured = tiles.filter((tile) => rows.some((row) => row.tile === tile && known(row.value)));
  const others = tiles.filter((tile) => !measured.includes(tile));
  place.append(make("div", { class: "tiles" }, measured.map((tile) => tileOf(tile, rows, all))));
  if (others.length) place.append(make("p", { class: "legend unmeasured" }, `${t("Not measured for this choice:")} ${others.map((tile) => label("tile", tile)).join(", ")}.`));
};
