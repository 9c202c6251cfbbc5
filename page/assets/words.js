// Words: texts in the chosen language, labels instead of codes, numbers with units, dates for people.
const data = JSON.parse(byId("data").textContent);
const locales = { en: "en-GB", uk: "uk-UA" };

const t = (text, parts = {}) => {
  const found = own(own(data.words, state.lang), text) ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => own(parts, name) ?? whole);
};

// A code without a title is at least no code: words instead of underscores.
const plain = (text) => String(text).replace(/(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])/g, " ");
const humanized = (code) => {
  const words = plain(code).trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const KIND_OF_DIMENSION = {
  segment: "segment", usage_segment: "segment", value_segment: "value_segment", plan: "plan", plan_code: "plan", owner: "employee",
  owner_id: "employee", status: "status", region: "region", acquisition_channel: "acquisition_channel", channel: "channel",
  ticket_topic: "topic", stage_code: "stage", touchpoint_code: "touchpoint", trigger_key: "trigger", team: "team", unit: "unit_name",
};

const titleOf = (kind, code) => {
  const title = own(own(data.labels, kind), code);
  return title === undefined ? undefined : t(title);
};

const label = (kind, code, row = {}) => {
  if (code === null || code === undefined || code === "") return "–";
  if (kind === "month") return /^\d/.test(code) ? monthName(code) : label("any", code);
  if (kind === "day") return day(code);
  if (kind === "weekday") return written(new Date(Date.UTC(2024, 0, Number(code))), { weekday: "short" }); // 1 January 2024 is a Monday
  if (kind === "hour") return String(code).padStart(2, "0");
  if (kind === "text") return t(String(code));
  if (kind === "funnel_step" || kind === "touchpoint") return titleOf(kind, code) ?? humanized(String(code).split("/").pop());
  if (kind === "scope_pair") {
    const [first, then] = String(code).split(">").map((scope) => label("scope", scope));
    return first === then ? first : t("{first}; later: {then}", { first, then });
  }
  if (kind === "cohort") return String(row.grid).includes("week,") ? day(code) : monthName(code);
  if (kind === "grid") {
    const [cohort, measure, period] = String(code).split(/, | by /).map((part) => titleOf("grid_part", part) ?? plain(part));
    return t("{cohort}, {measure} by {period}", { cohort, measure, period });
  }
  if (kind === "relation") return humanized(String(code).split(/[./]/).pop().replace(/^(mart|raw|stg)_/, ""));
  if (kind === "check") return humanized(String(code).replace(/^expect_/, ""));
  if (kind === "member" || kind === "group") {
    const dimension = kind === "group" ? row.breakdown : row.dimension;
    return label(own(KIND_OF_DIMENSION, dimension) ?? dimension, code);
  }
  if (kind === "dimension" && String(code).startsWith("attribute_")) {
    const attribute = String(code).slice("attribute_".length);
    return humanized(own(data.labels.attribute, attribute) ?? attribute);
  }
  const title = titleOf(kind, code) ?? titleOf("any", code);
  if (title !== undefined) return title;
  return kind === "employee" || kind === "unit_name" ? plain(code) : t(humanized(code));
};

const number = (value, digits = 1) =>
  value === null || value === undefined ? "–" : Number(value).toLocaleString(locales[state.lang], { maximumFractionDigits: digits });
const signed = (value, digits = 1) => (value > 0 ? "+" : value < 0 ? "−" : "") + number(Math.abs(value), digits);

const dateOf = (text) => new Date(`${String(text).slice(0, 10)}T00:00:00Z`);
// British months have three letters, but for "Sept".
const written = (date, options) => date.toLocaleDateString(locales[state.lang], { ...options, timeZone: "UTC" }).replace("Sept ", "Sep ").replace(/^Sept$/, "Sep");
const day = (text) => written(dateOf(text), { day: "numeric", month: "short", year: "numeric" });
const monthName = (text) => (/^\d{4}-\d{2}/.test(text) ? written(dateOf(`${String(text).slice(0, 7)}-01`), { month: "short", year: "numeric" }).replace(/\s?р\.$/, "") : plain(text));
const periodName = (start, grain) => {
  const date = dateOf(start);
  if (grain === "year") return String(date.getUTCFullYear());
  if (grain === "quarter") return t("Q{n} {year}", { n: Math.floor(date.getUTCMonth() / 3) + 1, year: date.getUTCFullYear() });
  return monthName(start);
};

const UNITS = { "%": " %", percent: " %", points: "", score: "", count: "" };
const withUnit = (value, unit, digits = 1) => `${number(value, digits)}${own(UNITS, unit) ?? ""}`;

const show = (value, column) => {
  if (value === null || value === undefined || value === "") return "–";
  if (column.codes) return label(column.codes, value);
  switch (column.format) {
    case "number": return number(value, 1);
    case "money": return number(value, 2);
    case "percent": return `${number(value)} %`;
    case "yes_no": return value ? t("yes") : t("no");
    case "date": return day(value);
    case "moment": return `${day(value)}, ${String(value).slice(11, 16)} UTC`;
    case "words": return plain(t(String(value)));
    default: return String(value);
  }
};

// Vega formats dates by a locale of its own, which is made from that of the browser.
const timeLocale = () => {
  const name = (options) => (date) => written(date, options);
  const months = (month) => Array.from({ length: 12 }, (_, at) => name({ month })(new Date(Date.UTC(2024, at, 1))));
  const days = (weekday) => Array.from({ length: 7 }, (_, at) => name({ weekday })(new Date(Date.UTC(2024, 0, 7 + at))));
  return {
    dateTime: "%x, %X", date: "%d.%m.%Y", time: "%H:%M:%S", periods: ["AM", "PM"], days: days("long"), shortDays: days("short"),
    months: months("long"), shortMonths: months("short"),
  };
};
