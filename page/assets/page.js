// Views, filters and the drawing of panels.
const draw = { chart: drawChart, heat: drawHeat, table: drawTable, tiles: drawTiles };

const definitions = (panel) => {
  const found = panel.metrics.map((code) => own(data.definitions, code)).filter(Boolean);
  if (!found.length) return null;
  return make("details", { class: "define" }, make("summary", { "aria-label": t("Definition of {name}", { name: t(panel.title) }) }, "?"),
    make("div", {}, make("dl", {}, found.map((metric) => [make("dt", {}, t(metric.title)), make("dd", {}, plain(metric.formula))]))));
};

const followed = (panel) => [["breakdown", followsBreakdown(panel) !== "no"], ["second", followsSecond(panel)], ["period", followsPeriod(panel) || panel.kind === "tiles"], ["grain", followsGrain(panel)]]
  .filter(([, follows]) => follows).map(([name]) => name).join(" ");

// One line for a panel without a row: its title, and what would fill it.
const bare = (panel) => make("article", { class: "panel bare", id: `panel-${panel.key}` },
  make("h3", {}, t(panel.title)), make("div", { class: "view" }, nothing(panel)));

// A panel that fails says so in its place; the others are drawn.
const sorry = (error) => {
  console.error(error);
  return make("p", { class: "empty" }, t("This panel could not be drawn. The rest of the page is complete."));
};

const panelOf = (panel) => {
  prepareSwitches(panel);
  const place = make("div", { class: "view" });
  const choiceOf = (choice, value) => (choice.codes ? label(choice.codes, value) : value);
  // Where there is nothing to choose, the choice still says what is shown.
  const switches = panel.switches.filter((choice) => choice.values.length).map((choice) => (choice.values.length === 1
    ? make("span", {}, `${t(choice.label)}: ${choiceOf(choice, choice.values[0])}`)
    : make("label", {}, `${t(choice.label)} `, make("select", { "data-switch": choice.column, onchange: (event) => { panel.asked = { ...panel.asked, [choice.column]: event.target.value }; render(); } },
      choice.values.map((value) => make("option", { value, selected: panel.chosen[choice.column] === value }, choiceOf(choice, value)))))));
  const rows = chosenRows(panel);
  const notes = [...notesOf(panel, rows), comparison(panel, rows).note].filter(Boolean);
  const asTable = make("div", { hidden: true });
  const actions = panel.kind === "chart" || panel.kind === "heat" ? make("div", { class: "actions" },
    panel.kind === "chart" ? make("button", { type: "button", class: "quiet", "aria-expanded": "false", onclick: (event) => {
      asTable.hidden = !asTable.hidden;
      event.target.setAttribute("aria-expanded", String(!asTable.hidden));
      asTable.replaceChildren(...(asTable.hidden ? [] : [drawnAsTable(panel)]));
    } }, t("Table")) : null,
    make("button", { type: "button", class: "quiet csv", onclick: () => download(panel.key, columnsOfDrawn(panel), drawnRows(panel).map((row) => ({ ...row, period: row.real_period ?? row.period }))) }, "CSV")) : null;
  const article = make("article", { class: `panel${panel.wide ? " wide" : ""} ${panel.kind}`, id: `panel-${panel.key}`, "data-follows": followed(panel) },
    make("h3", {}, t(panel.title), definitions(panel)), make("p", { class: "question" }, t(panel.question)),
    panel.as_of ? make("p", { class: "older" }, t("As of {day}; the last run built other domains.", { day: day(panel.as_of) })) : null,
    notes.length ? make("p", { class: "follows" }, notes.join(" · ")) : null,
    switches.length ? make("div", { class: "controls" }, switches) : null, place, actions, asTable);
  return { panel, article, place };
};

const builtOf = (panel) => {
  try {
    return isBare(panel) ? { panel, article: bare(panel), isEmpty: true } : panelOf(panel);
  } catch (error) {
    return { panel, article: make("article", { class: "panel", id: `panel-${panel.key}` }, make("h3", {}, t(panel.title)), make("div", { class: "view" }, sorry(error))) };
  }
};

// Two panels share a row; one that would be alone in it has the whole row.
const fillRows = (shown) => {
  let isHalf = false;
  shown.forEach(({ panel, article }, at) => {
    if (panel.wide) { isHalf = false; return; }
    const next = shown[at + 1];
    if (!isHalf && (!next || next.panel.wide)) article.classList.add("wide");
    else isHalf = !isHalf;
  });
};

// A chart in a row with a taller panel takes the height that is left.
const stretchCharts = async (shown) => {
  for (const { panel, article, place } of shown) {
    if (!place || !panel.embedded || typeof panel.spec.height !== "number") continue;
    const left = article.getBoundingClientRect().bottom - place.getBoundingClientRect().bottom - 16;
    if (left < 24) continue;
    const { view } = panel.embedded;
    await view.height(view.height() + Math.min(left, 260)).runAsync();
  }
};

let turn = 0;
const render = async () => {
  const mine = (turn += 1);
  document.body.removeAttribute("data-ready");
  finalizeCharts();
  const section = data.sections.find((one) => one.key === state.view);
  const main = byId("main");
  if (section) {
    if (!window.DecompressionStream) { main.replaceChildren(make("p", { class: "empty" }, t("This browser is too old: it cannot unpack the rows of the page."))); return; }
    await loadView(section.key);
    if (mine !== turn) return;
    const built = section.panels.map(builtOf);
    const shown = built.filter(({ isEmpty }) => !isEmpty), empty = built.filter(({ isEmpty }) => isEmpty);
    fillRows(shown);
    main.replaceChildren(make("h2", {}, t(section.title)), make("p", { class: "lead" }, t(section.lead)),
      make("div", { class: "grid" }, shown.map(({ article }) => article)),
      empty.length ? make("div", { class: "bares" }, empty.map(({ article }) => article)) : "");
    for (const { panel, place } of shown.filter((one) => one.place)) {
      if (mine !== turn) return;
      try {
        await draw[panel.kind](panel, place);
      } catch (error) {
        place.replaceChildren(sorry(error));
      }
    }
    if (mine === turn) await stretchCharts(shown);
  }
  if (mine === turn) document.body.setAttribute("data-ready", "1");
};

const drawViews = () => {
  byId("views").setAttribute("aria-label", t("Views"));
  byId("views").replaceChildren(make("ul", {}, data.sections.map((section) => make("li", {},
    make("a", { href: addressOf({ ...state, view: section.key }), "aria-current": section.key === state.view ? "page" : false }, t(section.title))))));
  // On a phone the views are one line, which shows the present one.
  const nav = byId("views"), present = nav.querySelector("[aria-current]");
  if (present) nav.scrollLeft = present.offsetLeft - (nav.clientWidth - present.offsetWidth) / 2;
};

const choice = (name, text, options) => make("label", {}, make("span", {}, t(text)), make("select", { id: `filter-${name}`, onchange: (event) => choose({ [name]: event.target.value }) },
  options.map(([value, shown]) => make("option", { value, selected: String(state[name]) === value }, shown))));

// A second group: one list of the groups of all other breakdowns.
const secondChoice = () => make("label", {}, make("span", {}, t("and")), make("select", { id: "filter-and",
  onchange: (event) => { const [and, member] = event.target.value ? JSON.parse(event.target.value) : ["", ""]; choose({ and, member }); } },
  make("option", { value: "" }, t("no second group")),
  Object.entries(data.breakdowns).filter(([name]) => name !== state.by).map(([name, members]) => make("optgroup", { label: label("dimension", name) },
    members.map((member) => make("option", { value: JSON.stringify([name, member]), selected: state.and === name && state.member === member }, label("member", member, { dimension: name })))))));

const earlierPeriods = () => periodsToChoose(state.grain).filter((start) => start < (state.period || startOf(data.as_of, state.grain)));

const drawFilters = () => {
  const members = own(data.breakdowns, state.by) ?? [];
  byId("filters").setAttribute("aria-label", t("Filters"));
  byId("filters").replaceChildren(
    choice("grain", "Period", Object.keys(GRAINS).map((grain) => [grain, label("grain", grain)])),
    choice("from", "From", [["", t("that period only")], ...earlierPeriods().map((start) => [start, periodName(start, state.grain)])]),
    choice("period", "Up to", [["", t("latest")], ...periodsToChoose(state.grain).map((start) => [start, periodName(start, state.grain)])]),
    choice("compare", "Compare with", [["previous", t("period before")], ["year", t("year before")], ["target", t("target")]]),
    choice("by", "Break down by", [["", t("everybody")], ...Object.keys(data.breakdowns).map((name) => [name, label("dimension", name)])]),
    state.by ? choice("value", "Group", [["", t("all groups")], ...members.map((member) => [member, label("member", member, { dimension: state.by })])]) : "",
    state.value ? secondChoice() : "",
    location.hash.includes("?") ? make("button", { type: "button", class: "quiet", onclick: () => choose({ ...DEFAULTS, view: state.view, lang: state.lang }) }, t("Reset")) : "");
};

const drawFrame = () => {
  document.documentElement.lang = state.lang;
  document.querySelector(".skip").textContent = t("Skip to content");
  byId("language-label").textContent = t("Language");
  byId("language").replaceChildren(...Object.entries(data.languages).map(([code, name]) => make("option", { value: code, selected: code === state.lang, lang: code }, name)));
  byId("theme").textContent = t(state.theme === "dark" ? "Light" : "Dark");
  const age = (Date.now() - Date.parse(data.published_at)) / 3600000;
  const when = byId("when");
  when.replaceChildren(t("As of the close of {day}, published {moment}.", { day: day(data.as_of), moment: data.published_at ? `${day(data.published_at)}, ${data.published_at.slice(11, 16)} UTC` : "–" }), " ");
  if (age > 36) when.append(make("span", { class: "stale" }, `${t("This page is {days} days old.", { days: number(age / 24, 0) })} `));
  for (const [table, last] of Object.entries(data.stale_feeds)) {
    const name = label("table", table);
    when.append(make("span", { class: "stale" }, `${last ? t("{table} ends on {day}: figures that need it are too low or too high.", { table: name, day: day(last) })
      : t("{table} has no rows: figures that need it are too low or too high.", { table: name })} `));
  }
  if (data.left_out.length) when.append(make("span", { class: "stale" }, t("Panels not built yet: {count}, from \"{first}\" on; a whole build adds them.", { count: data.left_out.length, first: t(data.left_out[0]) })));
  byId("foot").replaceChildren(...data.links.map((link) => make("a", { href: link.href }, t(link.title))));
};

const setTheme = (theme) => {
  state.theme = theme;
  document.documentElement.setAttribute("data-theme", theme);
  byId("theme").setAttribute("aria-pressed", String(theme === "dark"));
};

const follow = () => {
  readAddress();
  drawFrame();
  drawViews();
  drawFilters();
  return render();
};

// Another view begins at its top; the same view keeps the control that the reader used.
const followAddress = async () => {
  if (location.hash && !location.hash.startsWith("#/")) return;
  const { view } = state, focused = document.activeElement?.id;
  const done = follow();
  if (state.view !== view) { byId("main").focus({ preventScroll: true }); window.scrollTo(0, 0); }
  await done;
  if (state.view === view) byId(focused)?.focus();
};

byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("language").addEventListener("change", (event) => choose({ lang: event.target.value }));
byId("theme").addEventListener("click", () => { setTheme(state.theme === "dark" ? "light" : "dark"); drawFrame(); render(); });
// The address holds the view: a link inside the page must not change it.
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
window.addEventListener("hashchange", followAddress);
setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
// What a test or a curious reader may ask; rows are read on the way.
const asked = (use) => async (key, ...more) => {
  const panel = panels.get(key);
  await Promise.all([loadView(views.get(key)), loadList(panel), panel.of ? loadView(views.get(panel.of)) : null]);
  return use(panel, ...more);
};
const askedTile = (use) => async (tile) => { await loadView("overview"); return use(panels.get("overview_tiles"), tile); };
window.stayhouse = {
  data, state, periodName, INTERVALS, leadsSomewhere: (key, row) => leadsSomewhere(panels.get(key), row), view: (key) => panels.get(key).embedded?.view,
  chosenRows: asked((panel) => { prepareSwitches(panel); return chosenRows(panel); }), allRows: asked(rowsOf), drawnRows: asked(drawnRows),
  drillRows: asked((panel, row) => drillRows(panel, row).rows),
  greyed: asked((panel) => [...new Set(chosenRows(panel).filter((row) => isOfSurvivors(panel, row)).map((row) => row.period))]),
  tileRow: askedTile(tileRow), changeOf: askedTile((panel, tile) => changeOf(tileRow(panel, tile), seriesOf(panel)(tile, ...groupOfTiles(panel)))?.change),
};
follow();
