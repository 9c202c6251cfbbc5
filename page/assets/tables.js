// Heat tables and lists are HTML: they are read, sorted and scrolled, with keyboard and screen reader too.
const drawHeat = (panel, place) => {
  const view = panel.view, rows = chosenRows(panel);
  place.replaceChildren();
  if (!rows.length) { place.append(nothing(panel)); return; }
  const named = (column, value) => (panel.codes[column] ? label(panel.codes[column], value, rows[0]) : String(value ?? "–"));
  const across = [...new Set(rows.map((row) => row[view.column]))];
  const showsTarget = state.compare === "target" && hasTarget(panel, rows);
  const cells = new Map();
  for (const row of rows) {
    if (!cells.has(row[view.row])) cells.set(row[view.row], new Map());
    cells.get(row[view.row]).set(row[view.column], row);
  }
  const top = Math.max(...rows.map((row) => row[view.value] ?? 0), 0.0001);
  const head = make("tr", {}, make("th", { scope: "col" }, t(view.row_label)), view.size ? make("th", { scope: "col", class: "number" }, "n") : null,
    across.map((name) => make("th", { scope: "col", class: "number" }, named(view.column, name))),
    showsTarget ? make("th", { scope: "col", class: "number" }, t("target")) : null);
  const body = [...cells].map(([name, byColumn]) => make("tr", {},
    make("th", { scope: "row", class: named(view.row, name).length > 16 ? "long" : false }, named(view.row, name)),
    view.size ? make("td", {}, number([...byColumn.values()][0][view.size], 0)) : null,
    across.map((column) => {
      const row = byColumn.get(column);
      if (!row) return make("td", {}, "");
      const value = row[view.value];
      const open = view.complete && row[view.complete] === false, thin = view.reliable && row[view.reliable] === false;
      const hint = `${named(view.row, name)}, ${t(view.column_label)} ${named(view.column, column)}: ${number(row[view.numerator], 2)} ${t("of")} ${number(row[view.denominator], 2)}` +
        `${open ? `; ${t("window still open")}` : ""}${thin ? `; ${t("too few to rely on")}` : ""}`;
      const share = value === null ? 0 : Math.max(value, 0) / top;
      const cell = make("td", { title: hint, class: [open ? "open" : "", thin ? "thin" : ""].join(" ").trim() || false }, value === null ? "–" : number(value, 1));
      if (value !== null && !thin) cell.style.backgroundColor = `rgba(var(--heat), ${(0.05 + 0.5 * share).toFixed(3)})`;
      return cell;
    }), showsTarget ? make("td", { class: "target" }, number([...byColumn.values()][0][panel.target], 1)) : null));
  place.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t(panel.title) },
    make("table", { class: "heat" }, make("thead", {}, head), make("tbody", {}, body))),
  make("p", { class: "legend" }, `${view.unit} `, view.complete ? [make("span", { class: "sample open" }, "12.3"), `${t("window still open")} `] : null,
    view.reliable ? [make("span", { class: "sample thin" }, "12.3"), t("too few to rely on")] : null));
};

const isNumeric = (column) => ["number", "money", "percent"].includes(column.format) && !column.codes;
const classOf = (column) => (isNumeric(column) ? "number" : own({ words: "words", date: "date", moment: "moment" }, column.format) ?? false);

const leftOut = (panel) => (panel.total > rowsOf(panel).length ? make("p", { class: "legend" },
  t("This page shows the first {shown} of {total} rows; search, filters and CSV see these only.", { shown: number(rowsOf(panel).length, 0), total: number(panel.total, 0) }), " ",
  panel.whole.map((file, at) => [at ? ", " : `${t("In the files:")} `, `${t(file.title)}: `, make("a", { href: file.href }, file.href)])) : null);

const cellOf = (panel, row, column) => {
  const value = row[column.name];
  const withSign = (text) => (column.unit && known(value) ? `${text}${own(UNITS, row[column.unit]) ?? ""}` : text);
  if (column.interval && known(value) && column.interval.every((name) => known(row[name]))) {
    const [low, high] = column.interval.map((name) => show(row[name], column));
    return [withSign(show(value, column)), make("div", { class: "interval" }, t("{low} to {high}", { low, high }))];
  }
  // Under another value, a yes says of what, and a no says nothing.
  if (column.under && column.format === "yes_no") return value ? t(column.label) : "–";
  if (column.format !== "card") return withSign(show(value, column));
  const name = panel.view.names && row[panel.view.names] ? row[panel.view.names] : show(row[column.name], column);
  const card = own(data.cards, row[column.name]);
  return card ? make("a", { href: state.lang === DEFAULTS.lang ? card : `${card}#${state.lang}` }, name) : name;
};

// A table of rows with search, filters, sorting and CSV; `all` gives the rows before these.
const tableOf = (panel, all, table) => {
  const view = panel.view;
  const body = make("tbody"), count = make("span", { class: "count", "aria-live": "polite" });
  const more = make("button", { type: "button", class: "quiet" }, t("Show more"));
  const text = (row, column) => show(row[column.name], column);
  // A filter holds the value and not its label, which is another one in another language.
  const valueOf = (row, column) => JSON.stringify(row[column.name] ?? "");
  const offered = new Map(view.columns.filter((column) => column.filter).map((column) => [column.name,
    new Map(all.map((row) => [valueOf(row, column), text(row, column)]))]));
  for (const name of Object.keys(table.filters)) if (!offered.get(name)?.has(table.filters[name])) delete table.filters[name];
  const matching = () => {
    const words = table.search.toLowerCase();
    let rows = all.filter((row) => view.columns.every((column) => !table.filters[column.name] || valueOf(row, column) === table.filters[column.name]) &&
      (!words || view.columns.some((column) => text(row, column).toLowerCase().includes(words)) || String(row[view.names] ?? "").toLowerCase().includes(words)));
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
  // A cell has its column, and below it those that belong to it.
  const ofCells = view.columns.filter((column) => !column.under).map((column) => [column, ...view.columns.filter((one) => one.under === column.name)]);
  const fill = () => {
    const rows = matching();
    body.replaceChildren(...rows.slice(0, table.shown).map((row) => make("tr", {}, ofCells.map(([column, ...below]) => {
      const value = cellOf(panel, row, column);
      const lines = below.map((one) => [one, cellOf(panel, row, one)]).filter(([, shown]) => shown !== "–");
      // A phone leaves out what is not known.
      const named = [classOf(column), value === "–" && !lines.length ? "none" : ""].filter(Boolean).join(" ");
      return make("td", { class: named || false, "data-label": t(column.label) }, make("span", {}, value),
        lines.map(([one, shown]) => make("div", { class: ["under", classOf(one)].filter(Boolean).join(" "), "data-label": t(one.label) }, make("span", {}, shown))));
    }))));
    count.textContent = t("{shown} of {total} rows", { shown: number(Math.min(table.shown, rows.length), 0), total: number(rows.length, 0) });
    more.hidden = rows.length <= table.shown;
  };
  const controls = make("div", { class: "controls" },
    make("label", {}, `${t("Search")} `, make("input", { type: "search", value: table.search, oninput: (event) => { table.search = event.target.value; fill(); } })),
    view.columns.filter((column) => column.filter).map((column) => {
      const values = [...offered.get(column.name)].sort(([, one], [, other]) => one.localeCompare(other));
      if (values.length < 2) return null;
      return make("label", {}, `${t(column.label)} `, make("select", { "data-filter": column.name, onchange: (event) => { table.filters[column.name] = event.target.value; fill(); } },
        make("option", { value: "" }, t("any")), values.map(([value, shown]) => make("option", { value, selected: table.filters[column.name] === value }, shown))));
    }),
    make("button", { type: "button", class: "csv", onclick: () => download(panel.key, panel.columns, matching()) }, "CSV"), count);
  const sortBy = (column) => { table.down = table.sort === column.name ? !table.down : false; table.sort = column.name; mark(); fill(); };
  const heads = ofCells.map((columns) => make("th", { scope: "col", class: classOf(columns[0]) }, columns.map((column, at) =>
    make("button", { type: "button", class: at ? "under" : false, "data-sorts": column.name, onclick: () => sortBy(column) }, t(column.label)))));
  const mark = () => heads.forEach((head, at) => {
    const sorted = ofCells[at].some((column) => column.name === table.sort);
    if (sorted) head.setAttribute("aria-sort", table.down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
    for (const button of head.children) button.classList.toggle("sorts", button.dataset.sorts === table.sort);
  });
  mark();
  more.addEventListener("click", () => { table.shown += 200; fill(); });
  fill();
  return [controls, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t(panel.title) },
    make("table", { class: "list" }, make("thead", {}, make("tr", {}, heads)), body)), more];
};

const drawTable = (panel, place) => {
  const all = chosenRows(panel);
  panel.table ??= { search: "", sort: null, down: false, filters: {}, shown: panel.view.shown };
  place.replaceChildren();
  if (!all.length) { place.append(nothing(panel)); return; }
  place.append(...tableOf(panel, all, panel.table));
  const rest = leftOut(panel);
  if (rest) place.append(rest);
};

const ROWS_OF_CHART = 200;

// The rows of a chart as a table, for readers without a mouse or without sight.
const drawnAsTable = (panel) => {
  const rows = drawnRows(panel).map((row) => (row.real_period ? { ...row, period: row.real_period } : row));
  const isCompared = rows.some((row) => row.compared);
  const hidden = new Set(["dimension", "member", "grain", "place", "band_order", "step_order"]);
  const columns = [...(isCompared ? ["compared"] : []), ...panel.columns.filter((name) => !hidden.has(name))];
  // Headings are the titles of the tooltip. There, "from" is the beginning of the period and of the interval.
  const titles = new Map(encodingsOf(panel.spec).flatMap((encoding) => encoding.tooltip ?? []).map((part) => [part.field, part.title]));
  const heading = (name) => (name === "compared" ? t("compared") : t(name === "period" && titles.get(name) === "from" ? "Period" : titles.get(name) || humanized(name)));
  const shown = (row, name) => {
    const value = row[name];
    if (value === null || value === undefined) return "–";
    if (name === "compared") return value === NOW ? t("shown period") : comparesWith();
    if (panel.codes[name]) return label(panel.codes[name], value, row);
    if (typeof value === "boolean") return t(value ? "yes" : "no");
    if (typeof value === "number") return number(value, 2);
    return /^\d{4}-\d{2}-\d{2}$/.test(value) ? day(value) : plain(value);
  };
  const leads = panel.drill ? rows.slice(0, ROWS_OF_CHART).map((row) => leadsSomewhere(panel, row)) : [];
  const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t(panel.title) }, make("table", { class: "list" },
    make("thead", {}, make("tr", {}, columns.map((name) => make("th", { scope: "col" }, heading(name))), panel.drill ? make("th", { scope: "col" }, t("Customers")) : null)),
    make("tbody", {}, rows.slice(0, ROWS_OF_CHART).map((row, at) => make("tr", {}, columns.map((name) => make("td", { "data-label": heading(name) }, shown(row, name))),
      panel.drill ? make("td", {}, leads[at] ? make("button", { type: "button", class: "quiet", onclick: () => openDrill(panel, row) }, t("Show")) : "") : null)))));
  const ending = rows.length > ROWS_OF_CHART ? make("p", { class: "legend" }, t("The first {shown} of {total} rows; CSV has all of them.",
    { shown: number(ROWS_OF_CHART, 0), total: number(rows.length, 0) })) : null;
  return make("div", {}, scroll, ending);
};
