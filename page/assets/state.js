// What the reader chose. The address keeps it, so that it can be shared and the back button works.
const DEFAULTS = { view: "overview", grain: "month", from: "", period: "", compare: "previous", by: "", value: "", and: "", member: "", lang: "en" };
const GRAINS = { month: 1, quarter: 3, year: 12 };
const state = { ...DEFAULTS, theme: "light" };

const addressOf = (chosen) => {
  const kept = Object.keys(DEFAULTS).filter((name) => name !== "view" && chosen[name] !== DEFAULTS[name]);
  const query = new URLSearchParams(kept.map((name) => [name, chosen[name]])).toString();
  return `#/${chosen.view}${query ? `?${query}` : ""}`;
};

const readAddress = () => {
  const [, view, query] = /^#\/?([\w-]*)\??(.*)$/.exec(location.hash) ?? [null, "", ""];
  const asked = { ...DEFAULTS, ...Object.fromEntries([...new URLSearchParams(query)].filter(([name]) => Object.hasOwn(DEFAULTS, name))), view };
  if (!data.sections.some((section) => section.key === asked.view)) asked.view = data.sections[0]?.key ?? "";
  if (!Object.hasOwn(GRAINS, asked.grain)) asked.grain = DEFAULTS.grain;
  if (!periodsToChoose(asked.grain).includes(asked.period)) asked.period = "";
  // A span begins before the period with which it ends; a span has several.
  if (!periodsToChoose(asked.grain).slice(1).includes(asked.from) || asked.from >= (asked.period || startOf(data.as_of, asked.grain))) asked.from = "";
  if (!["previous", "year", "target"].includes(asked.compare)) asked.compare = DEFAULTS.compare;
  if (!Object.hasOwn(data.languages, asked.lang)) asked.lang = DEFAULTS.lang;
  // A shared address may name a group that the data no longer have.
  if (!Object.hasOwn(data.breakdowns, asked.by)) asked.by = "";
  if (!own(data.breakdowns, asked.by)?.includes(asked.value)) asked.value = "";
  if (!asked.value || asked.and === asked.by || !own(data.breakdowns, asked.and)?.includes(asked.member)) asked.and = asked.member = "";
  Object.assign(state, asked);
};

const choose = (changes) => {
  const next = { ...state, ...changes };
  if ("grain" in changes && changes.grain !== state.grain) {
    // The months of what was chosen stay, as far as whole quarters or years can hold them.
    const last = startOf(state.period ? until() : data.as_of, next.grain);
    next.period = state.period && last !== startOf(data.as_of, next.grain) ? last : "";
    next.from = state.from ? startOf(state.from, next.grain) : "";
  }
  if ("period" in changes && next.from >= (next.period || startOf(data.as_of, next.grain))) next.from = "";
  if ("by" in changes) next.value = "";
  if (!next.value || next.and === next.by) next.and = next.member = "";
  location.hash = addressOf(next); // the page follows the address
};

const iso = (date) => date.toISOString().slice(0, 10);
const shifted = (start, months) => {
  const date = dateOf(start);
  return iso(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
};
const startOf = (text, grain) => {
  const date = dateOf(text);
  return iso(new Date(Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / GRAINS[grain]) * GRAINS[grain], 1)));
};
const lastDayOf = (start, grain) => iso(new Date(dateOf(shifted(start, GRAINS[grain])).getTime() - 86400000));
const until = () => (state.period ? lastDayOf(state.period, state.grain) : data.as_of);
const spanChosen = () => ({ from: state.from, to: until() });

// How many periods of a grain a chart shows by itself, and a reader can choose.
const PERIODS = { month: 18, quarter: 8, year: 4 };
const CHOICES = { ...PERIODS, month: 24 };
const periodsToChoose = (grain) => {
  const periods = [];
  let start = startOf(data.as_of, grain);
  while (periods.length < CHOICES[grain] && start >= startOf(data.first_period, grain)) {
    periods.push(start);
    start = shifted(start, -GRAINS[grain]);
  }
  return periods;
};
