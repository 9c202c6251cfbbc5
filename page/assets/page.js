"use strict";
// Values from data become text nodes or attribute values, never markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const state = { segment: "all", theme: "light" };
  const charts = [];

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(2)) if (child !== null && child !== undefined) node.append(child);
    return node;
  };

  const number = (value, digits = 1) =>
    value === null || value === undefined ? "–"
      : Number(value).toLocaleString("en-US", { maximumFractionDigits: digits });
  const show = (value, format) => {
    if (value === null || value === undefined || value === "") return "–";
    if (format === "number") return number(value, 2);
    if (format === "percent") return `${number(value)} %`;
    if (format === "yes_no") return value ? "yes" : "no";
    if (format === "moment") return `${String(value).slice(0, 16).replace("T", " ")} UTC`;
    return String(value);
  };

  const rowsOf = (panel) => {
    if (!panel.rows) {
      panel.rows = panel.data.length
        ? panel.data[0].map((_, index) => Object.fromEntries(panel.columns.map((name, at) => [name, panel.data[at][index]])))
        : [];
    }
    return panel.rows;
  };
  const hasSegment = (panel) => panel.columns.includes("segment");
  const chosenRows = (panel) => rowsOf(panel).filter((row) =>
    (!hasSegment(panel) || row.segment === state.segment) &&
    panel.switches.every((choice) => String(row[choice.column]) === panel.chosen[choice.column]));

  const download = (name, columns, rows) => {
    const cell = (value) => {
      if (value === null || value === undefined) return "";
      let text = String(value);
      if (/^[=+\-@\t\r\n]/.test(text) && typeof value !== "number") text = `'${text}`; // no formula for spreadsheets
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [columns.join(","), ...rows.map((row) => columns.map((column) => cell(row[column])).join(","))];
    const link = make("a", { href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" })), download: `${name}.csv` });
    document.body.append(link);
    link.click();
    setTimeout(() => { URL.revokeObjectURL(link.href); link.remove(); }, 1000);
  };

  const nothing = (panel) => {
    if (rowsOf(panel).length) return make("p", { class: "empty" }, "No rows for this choice.");
    const missing = panel.needs.filter((table) => data.missing.includes(table));
    // No rows are good news only if the raw tables have data.
    if (panel.empty && !missing.length) return make("p", { class: "empty" }, panel.empty);
    const why = missing.length
      ? `Nothing to show yet: ${missing.join(", ")} ${missing.length > 1 ? "have" : "has"} no rows. Put files into ` +
        `${missing.map((table) => `${table}/`).join(", ")} of the landing folder and build again.`
      : "Nothing to show: the raw tables have rows, but none of them counts here as of this day.";
    return make("p", { class: "empty" }, why);
  };

  const config = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const text = { labelColor: colour("--soft"), titleColor: colour("--soft"), labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif" };
    return {
      background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
      axis: { ...text, gridColor: colour("--line"), domainColor: colour("--line"), tickColor: colour("--line"), labelLimit: 160 },
      legend: { ...text, orient: "top", labelLimit: 200, symbolOpacity: 1 }, title: { color: colour("--text") },
      range: { category: data.colours }, mark: { color: data.colours[0] }, rule: { color: colour("--text") },
      text: { color: colour("--text") },
    };
  };

  const drawChart = async (panel, place) => {
    const rows = chosenRows(panel);
    place.replaceChildren();
    if (panel.embedded) { panel.embedded.finalize(); panel.embedded = null; }
    if (!rows.length) { place.append(nothing(panel)); return; }
    const holder = make("div", { class: "chart", role: "img", "aria-label": `${panel.title}. ${panel.question}` });
    place.append(holder);
    const { y } = panel.spec.encoding ?? panel.spec.layer[0].encoding;
    const height = panel.spec.height.step ? panel.spec.height.step * new Set(rows.map((row) => row[y.field])).size : panel.spec.height;
    const settings = config();
    settings.legend.columns = Math.max(2, Math.floor(holder.clientWidth / 105)); // keeps the legend within its panel
    const spec = { ...panel.spec, height, $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", autosize: { type: "fit-x", contains: "padding" }, data: { name: "rows", values: rows } };
    panel.embedded = await window.vegaEmbed(holder, spec, { actions: false, renderer: "svg", config: settings, tooltip: { theme: state.theme } });
  };

  const drawHeat = (panel, place) => {
    const view = panel.view, rows = chosenRows(panel);
    place.replaceChildren();
    if (!rows.length) { place.append(nothing(panel)); return; }
    const across = [...new Set(rows.map((row) => row[view.column]))];
    const cells = new Map();
    for (const row of rows) {
      if (!cells.has(row[view.row])) cells.set(row[view.row], new Map());
      cells.get(row[view.row]).set(row[view.column], row);
    }
    const values = rows.map((row) => row[view.value]).filter((value) => value !== null);
    const top = Math.max(...values, 0.0001);
    const head = make("tr", {}, make("th", { scope: "col" }, view.row_label), view.size ? make("th", { scope: "col", class: "number" }, "n") : null,
      across.map((name) => make("th", { scope: "col", class: "number" }, show(name, "text"))));
    const body = [...cells].map(([label, byColumn]) => make("tr", {},
      make("th", { scope: "row" }, show(label, "text")),
      view.size ? make("td", {}, number([...byColumn.values()][0][view.size], 0)) : null,
      across.map((name) => {
        const row = byColumn.get(name);
        if (!row) return make("td", {}, "");
        const value = row[view.value];
        const open = view.complete && row[view.complete] === false, thin = view.reliable && row[view.reliable] === false;
        const hint = `${show(label, "text")}, ${view.column_label} ${name}: ${number(row[view.numerator], 2)} of ${number(row[view.denominator], 2)}` +
          `${open ? "; window still open" : ""}${thin ? "; too few to rely on" : ""}`;
        const share = value === null ? 0 : Math.max(value, 0) / top;
        const cell = make("td", { title: hint, class: [open ? "open" : "", thin ? "thin" : ""].join(" ").trim() || false },
          value === null ? "–" : value.toFixed(1));
        if (value !== null && !thin) cell.style.backgroundColor = `rgba(var(--heat), ${(0.05 + 0.5 * share).toFixed(3)})`;
        return cell;
      })));
    place.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": panel.title },
      make("table", { class: "heat" }, make("caption", { class: "legend" }, `${view.unit} by ${view.column_label}`), make("thead", {}, head), make("tbody", {}, body))),
    make("p", { class: "legend" }, make("span", {}, "12.3"), "value ", view.complete ? make("span", { style: "background-image:repeating-linear-gradient(45deg,var(--hatch) 0 3px,transparent 3px 8px)" }, "12.3") : null,
      view.complete ? "window still open " : null, view.reliable ? make("span", {}, make("em", {}, "12.3")) : null, view.reliable ? "too few to rely on" : null));
  };

  const kindOf = (column) => ["number", "percent"].includes(column.format) ? "number" : column.format === "words" ? "words" : false;
  const leftOut = (panel) => panel.total > rowsOf(panel).length ? make("p", { class: "legend" },
    `This page shows the first ${number(rowsOf(panel).length, 0)} of ${number(panel.total, 0)} rows; search, filters and CSV see these only. `,
    panel.whole.map((file, at) => [at ? ", " : "In the files: ", `${file.title} in `, make("a", { href: file.href }, file.href)])) : null;

  const drawTable = (panel, place) => {
    const view = panel.view, all = chosenRows(panel);
    panel.table ??= { search: "", sort: null, down: false, filters: {}, shown: 50 };
    const table = panel.table;
    place.replaceChildren();
    if (!rowsOf(panel).length) { place.append(nothing(panel)); return; }
    const body = make("tbody"), count = make("span", { class: "count", "aria-live": "polite" }), more = make("button", { type: "button" }, "Show more");
    const matching = () => {
      const words = table.search.toLowerCase();
      let rows = all.filter((row) => view.columns.every((column) => !table.filters[column.name] || show(row[column.name], column.format) === table.filters[column.name]) &&
        (!words || view.columns.some((column) => show(row[column.name], column.format).toLowerCase().includes(words))));
      if (table.sort) {
        const direction = table.down ? -1 : 1;
        rows = [...rows].sort((one, other) => {
          const a = one[table.sort], b = other[table.sort];
          if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
          return direction * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
        });
      }
      return rows;
    };
    const fill = () => {
      const rows = matching();
      body.replaceChildren(...rows.slice(0, table.shown).map((row) => make("tr", {}, view.columns.map((column) => {
        const text = show(row[column.name], column.format);
        const isCard = column.format === "card" && data.cards[row[column.name]];
        return make("td", { class: kindOf(column) }, isCard ? make("a", { href: data.cards[row[column.name]] }, text) : text);
      }))));
      count.textContent = `${number(Math.min(table.shown, rows.length), 0)} of ${number(rows.length, 0)} rows`;
      more.hidden = rows.length <= table.shown;
    };
    const controls = make("div", { class: "controls" },
      make("label", {}, "Search ", make("input", { type: "search", value: table.search, oninput: (event) => { table.search = event.target.value; fill(); } })),
      view.columns.filter((column) => column.filter).map((column) => {
        const values = [...new Set(all.map((row) => show(row[column.name], column.format)))].sort();
        const choice = make("select", { "data-filter": column.name, onchange: (event) => { table.filters[column.name] = event.target.value; fill(); } },
          make("option", { value: "" }, "any"), values.map((value) => make("option", { value, selected: table.filters[column.name] === value }, value)));
        return make("label", {}, `${column.label} `, choice);
      }),
      make("button", { type: "button", class: "csv", onclick: () => download(panel.key, view.columns.map((column) => column.name), matching()) }, "CSV"), count);
    const head = make("tr", {}, view.columns.map((column) => {
      const header = make("th", { scope: "col", class: kindOf(column), "aria-sort": table.sort === column.name ? (table.down ? "descending" : "ascending") : false },
        make("button", { type: "button", onclick: () => { table.down = table.sort === column.name ? !table.down : false; table.sort = column.name; drawTable(panel, place); } },
          column.label, table.sort === column.name ? (table.down ? " ↓" : " ↑") : ""));
      return header;
    }));
    more.addEventListener("click", () => { table.shown += 200; fill(); });
    place.append(controls, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": panel.title }, make("table", {}, make("thead", {}, head), body)), more);
    const rest = leftOut(panel);
    if (rest) place.append(rest);
    fill();
  };

  const drawTiles = (panel, place) => {
    const rows = chosenRows(panel);
    place.replaceChildren();
    if (!rows.length) { place.append(nothing(panel)); return; }
    place.append(make("div", { class: "tiles" }, rows.map((row) => {
      const known = row.value !== null && row.previous !== null && row.previous !== undefined;
      const change = known ? Number((row.value - row.previous).toFixed(1)) : null; // rounded as shown
      const good = change === null || change === 0 || row.higher_is_better === null ? "" : (change > 0) === row.higher_is_better ? "good" : "bad";
      const sign = change > 0 ? "▲ +" : "▼ ";
      const moved = change === 0 ? "unchanged" : `${sign}${number(change)}${row.unit === "%" ? " pp" : ""}`;
      return make("div", { class: "tile", "data-tile": row.label },
        make("div", { class: "name" }, row.label),
        make("div", { class: row.value === null ? "value none" : "value" }, row.value === null ? "not measurable" : `${number(row.value)}${row.unit === "%" ? " %" : ""}`),
        change === null ? null : make("div", { class: `change ${good}` }, `${moved} against ${row.previous_label ?? "the period before"}`),
        row.note ? make("div", { class: "note" }, row.note) : null);
    })));
  };

  const draw = { chart: drawChart, heat: drawHeat, table: drawTable, tiles: drawTiles };

  const definitions = (panel) => {
    const known = panel.metrics.map((code) => data.definitions[code]).filter(Boolean);
    if (!known.length) return null;
    return make("details", { class: "define" }, make("summary", { "aria-label": "Definitions" }, "?"),
      make("div", {}, make("dl", {}, known.map((metric) => [make("dt", {}, metric.title), make("dd", {}, metric.formula)]))));
  };

  const build = (panel) => {
    panel.chosen = {};
    let left = rowsOf(panel).filter((row) => !hasSegment(panel) || row.segment === state.segment);
    for (const choice of panel.switches) {
      const valuesOf = (rows) => [...new Set(rows.map((row) => String(row[choice.column])))];
      choice.values = valuesOf(rowsOf(panel));
      const possible = valuesOf(left); // the initial choice has rows together with the choices before it
      panel.chosen[choice.column] = possible.includes(choice.default) ? choice.default : possible[0] ?? choice.values[0];
      left = left.filter((row) => String(row[choice.column]) === panel.chosen[choice.column]);
    }
    const place = make("div", { class: "view" });
    const redraw = () => draw[panel.kind](panel, place);
    const controls = make("div", { class: "controls" }, panel.switches.filter((choice) => choice.values.length > 1).map((choice) =>
      make("label", {}, `${choice.label} `, make("select", { "data-switch": choice.column, onchange: (event) => { panel.chosen[choice.column] = event.target.value; redraw(); } },
        choice.values.map((value) => make("option", { value, selected: panel.chosen[choice.column] === value }, value))))));
    const csv = panel.kind === "chart" || panel.kind === "heat"
      ? make("button", { type: "button", class: "quiet csv", onclick: () => download(panel.key, panel.columns, chosenRows(panel)) }, "Data as CSV") : null;
    charts.push({ panel, redraw });
    return make("article", { class: `panel${panel.wide ? " wide" : ""}`, id: `panel-${panel.key}` },
      make("h3", {}, panel.title, definitions(panel)), make("p", { class: "question" }, panel.question),
      panel.as_of ? make("p", { class: "older" }, `As of ${panel.as_of}; the last run built other domains.`) : null,
      controls.children.length ? controls : null, place, rowsOf(panel).length ? csv : null);
  };

  const redrawAll = async (filter = () => true) => {
    document.body.removeAttribute("data-ready");
    for (const { panel, redraw } of charts) if (filter(panel)) await redraw();
    document.body.setAttribute("data-ready", "1");
  };

  const setTheme = (theme) => {
    state.theme = theme;
    document.documentElement.setAttribute("data-theme", theme);
    const button = document.getElementById("theme");
    button.setAttribute("aria-pressed", String(theme === "dark"));
  };

  const main = document.getElementById("main"), contents = document.getElementById("toc");
  for (const section of data.sections) {
    contents.append(make("li", {}, make("a", { href: `#${section.key}` }, section.title)));
    const grid = make("div", { class: "grid" }, section.panels.map(build));
    main.append(make("section", { id: section.key }, make("h2", {}, section.title), make("p", {}, section.lead), grid));
  }
  const age = (Date.now() - Date.parse(data.published_at)) / 3600000;
  const when = document.getElementById("when");
  when.append(`As of the close of ${data.as_of}, published ${show(data.published_at, "moment")}. `);
  if (age > 36) when.append(make("span", { class: "stale" }, `This page is ${number(age / 24, 0)} days old.`));
  for (const [table, last] of Object.entries(data.stale_feeds)) {
    const end = last ? `ends on ${last}` : "has no rows";
    when.append(make("span", { class: "stale" }, `${table} ${end}: figures that need it are too low or too high. `));
  }
  const left = data.left_out ?? [];
  if (left.length) when.append(make("span", { class: "stale" }, `Not built yet: ${left.length} panels, from "${left[0]}" on; a whole build adds them. `));
  const segment = document.getElementById("segment");
  segment.append(...data.segments.map((code) => make("option", { value: code }, code)));
  segment.addEventListener("change", () => { state.segment = segment.value; redrawAll((panel) => hasSegment(panel)); });
  document.getElementById("theme").addEventListener("click", () => { setTheme(state.theme === "dark" ? "light" : "dark"); redrawAll((panel) => panel.kind === "chart"); });
  document.getElementById("foot").append(...data.links.map((link) => make("a", { href: link.href }, link.title)));
  setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  window.stayhouse = { data, chosenRows: (key) => chosenRows(charts.find(({ panel }) => panel.key === key).panel),
    view: (key) => charts.find(({ panel }) => panel.key === key).panel.embedded?.view };
  redrawAll();
})();
