// Several periods as one: parts are added and divided afterwards, as the marts do it for a month.
const Z = 1.959963984540054;

// 95 % interval of a share in percent, after Wilson.
const wilson = (num, den) => {
  const share = num / den;
  const half = Z * Math.sqrt(Math.max((share * (1 - share)) / den + (Z * Z) / (4 * den * den), 0));
  return [-half, half].map((side) => (100 * (share + (Z * Z) / (2 * den) + side)) / (1 + (Z * Z) / den));
};
// 95 % interval of a count over a base that need not contain it, in percent, after Byar.
const byar = (num, den) => [[num, -1], [num + 1, 1]].map(([count, side]) =>
  (count === 0 ? 0 : (100 * count * (1 - 1 / (9 * count) + (side * Z) / (3 * Math.sqrt(count))) ** 3) / den));
const INTERVALS = { wilson, byar };

const known = (value) => value !== null && value !== undefined;
const shared = (values) => (values.every((value) => value === values[0]) ? values[0] : null);
const total = (values) => (values.some(known) ? values.reduce((sum, value) => sum + (value ?? 0), 0) : null);

const monthsBetween = (from, to) => {
  const [first, last] = [dateOf(from), dateOf(to)];
  return 12 * (last.getUTCFullYear() - first.getUTCFullYear()) + last.getUTCMonth() - first.getUTCMonth() + 1;
};

// The rows of one group and several periods as one row. `months` are those of the panel in the span.
const summedRow = (sums, rows, months, expected) => {
  const row = { ...rows[0] };
  const part = (name) => total(rows.map((one) => one[name]));
  for (const name of sums.adds) row[name] = part(name);
  // A base that all groups share counts once a period, also where this group has no row.
  for (const name of sums.shared) row[name] = total([...months.values()].map((one) => one[name]));
  for (const [rate, [num, den]] of Object.entries(sums.rates)) row[rate] = row[den] > 0 ? (100 * row[num]) / row[den] : null;
  for (const [rate, [low, high, method]] of Object.entries(sums.intervals)) {
    const [num, den] = sums.rates[rate].map((name) => row[name]);
    [row[low], row[high]] = den > 0 && rows.every((one) => known(one[low])) ? INTERVALS[method](num, den) : [null, null];
  }
  for (const name of sums.all) row[name] = rows.length >= expected && rows.every((one) => one[name] !== false);
  for (const name of sums.any) row[name] = rows.some((one) => one[name]);
  for (const name of sums.same) row[name] = shared(rows.map((one) => one[name]));
  return row;
};

// The steps of a bridge over several periods: the first opening, what happened, and the last closing.
const bridged = (rows) => {
  const steps = new Map();
  for (const row of [...rows].sort((one, other) => (one.period < other.period ? -1 : 1))) {
    const step = steps.get(row.step);
    if (!step) steps.set(row.step, { ...row });
    else if (row.place === 99) step.amount = row.amount;
    else if (row.place !== 0) step.amount += row.amount;
  }
  const opening = steps.get("opening"), closing = steps.get("closing");
  const moves = [...steps.values()].filter((step) => ![0, 98, 99].includes(step.place));
  const other = closing.amount - opening.amount - total([0, ...moves.map((step) => step.amount)]);
  const found = [opening, ...moves, ...(Math.abs(other) > 0.005 ? [{ ...closing, step: "other", place: 98, amount: other }] : []), closing]
    .filter((step) => [0, 99].includes(step.place) || step.amount).sort((one, next) => one.place - next.place);
  let reached = 0;
  for (const step of found) {
    reached = step.place === 99 ? step.amount : reached + step.amount;
    step.to_amount = reached;
  }
  const ends = found.map((step) => step.to_amount);
  const base = Math.max(0, 2 * Math.min(...ends) - Math.max(...ends));
  for (const step of found) {
    const isTotal = [0, 99].includes(step.place);
    step.kind = isTotal ? "total" : step.amount >= 0 ? "gain" : "loss";
    step.from_amount = isTotal ? base : step.to_amount - step.amount;
    step.top_amount = Math.max(step.from_amount, step.to_amount);
    step.shown = `${!isTotal && step.amount >= 0 ? "+" : ""}${Math.round(step.amount).toLocaleString("en-GB")}`;
  }
  return found;
};

// Rows by month as rows of longer periods; `startOfSpan` gives the start of the period that a month belongs to.
const summedOver = (panel, rows, startOfSpan, changes) => {
  const { sums } = panel;
  const expected = (start) => (changes.until ? monthsBetween(start, changes.until) : GRAINS[changes.grain]);
  const of = ["dimension", "member", ...panel.switches.map((choice) => choice.column)];
  const apart = new Set(["period", "grain", ...sums.adds, ...sums.shared, ...Object.keys(sums.rates), ...Object.values(sums.intervals).flatMap(([low, high]) => [low, high]),
    ...sums.all, ...sums.any, ...sums.same, ...(sums.bridge ? ["step", "place", "amount", "kind", "from_amount", "to_amount", "top_amount", "shown"] : [])]);
  const keys = panel.columns.filter((name) => !apart.has(name));
  const groups = new Map(), months = new Map();
  for (const row of rows) {
    const start = startOfSpan(row.period);
    const key = JSON.stringify([start, ...keys.map((name) => row[name])]);
    const whole = JSON.stringify([start, ...of.map((name) => row[name])]);
    if (!groups.has(key)) groups.set(key, { start, whole, rows: [] });
    groups.get(key).rows.push(row);
    if (!months.has(whole)) months.set(whole, new Map());
    months.get(whole).set(row.period, row);
  }
  return [...groups.values()].flatMap(({ start, whole, rows: group }) =>
    (sums.bridge ? bridged(group) : [summedRow(sums, group, months.get(whole), expected(start))]).map((row) => ({ ...row, period: start, ...changes })));
};
