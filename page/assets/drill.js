// From a mark to its customers: the rows of a table that hold the same values.
const leadsSomewhere = (panel, row) => {
  const { only, panel: list } = panel.drill;
  if (!panels.has(list)) return false;
  return Object.entries(only).every(([column, allowed]) => (allowed[0] === "as_of" ? row[column] === data.as_of : allowed.includes(row[column])));
};

const drillRows = (panel, row) => {
  const { match, among, panel: key } = panel.drill;
  const list = panels.get(key);
  let rows = rowsOf(list);
  for (const [column, from] of Object.entries(match)) {
    const name = column === "@breakdown" ? row.breakdown : column;
    if (from === "period") {
      const [first, last] = [row.period, row.until ?? lastDayOf(row.period, row.grain ?? "month")];
      rows = rows.filter((one) => one[name] >= first && one[name] <= last);
    } else rows = rows.filter((one) => String(one[name] ?? "unassigned") === String(row[from]));
  }
  for (const [column, values] of Object.entries(among)) rows = rows.filter((one) => values.includes(one[column]));
  const groups = [[row.dimension, row.member], [row.second, row.second_member]].filter(([name]) => name && name !== "all");
  for (const [name, member] of groups) if (has(list, name)) rows = rows.filter((one) => String(one[name] ?? "unassigned") === String(member));
  return { list, rows, groups, unfiltered: groups.map(([name]) => name).filter((name) => !has(list, name)) };
};

const openDrill = async (panel, row) => {
  await loadList(panel);
  const { list, rows, groups, unfiltered } = drillRows(panel, row);
  const chips = Object.values(panel.drill.match).map((column) => (column === "period" ? spanName(row)
    : panel.codes[column] ? label(panel.codes[column], row[column], row) : plain(row[column])));
  for (const [dimension, member] of groups) if (!unfiltered.includes(dimension)) chips.push(label("member", member, { dimension }));
  const dialog = byId("drill");
  const close = make("button", { type: "button", class: "close", "aria-label": t("Close"), onclick: () => dialog.close() }, "×");
  dialog.replaceChildren(
    make("header", {}, make("h2", { id: "drill-title" }, `${t(panel.title)}: ${chips.join(" · ")}`), close),
    make("p", { class: "question" }, t("Customers: {count}", { count: number(new Set(rows.map((one) => one.customer_id)).size, 0) }),
      unfiltered.map((name) => ` · ${t("Not filtered: this list has no {dimension}.", { dimension: label("dimension", name).toLowerCase() })}`)),
    ...(rows.length ? tableOf(list, rows, { search: "", sort: null, down: false, filters: {}, shown: 50 }) : [make("p", { class: "empty" }, t("No customer of this list."))]),
  );
  const rest = leftOut(list);
  if (rest) dialog.append(rest);
  dialog.showModal();
};
