"""The way behind a published number: its value, the rows that it counts, and the models that lead to them.

Everything is read from one publication, so that an explanation fits the number that people see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from stayhouse.contract.sql import literal, one_row
from stayhouse.contract.words import closest, did_you_mean
from stayhouse.orchestration.graph import reached
from stayhouse.publishing.reading import Standing

VALUES = "metrics.mart_metric_values"
CUSTOMERS = "customer_360.mart_customer_360"
PARTS = ("numerator", "denominator")
EVERYBODY = ("all", "all")
# Layers between the files and a mart, in the order in which rows pass them.
LAYERS = ("raw", "policy", "staging", "core", "intermediate", "marts")
# How far the rows may be from the number: sums of fractions depend on their order, and money is rounded to cents.
RELATIVE, ROUNDED = 1e-9, 0.01


class CannotExplain(Exception):
    """The question cannot be answered from this publication. The message says why and what could be asked."""


@dataclass(frozen=True)
class Number:
    """One cell of metrics.mart_metric_values."""

    period: date
    dimension: str
    member: str
    amount: float | None
    numerator: float | None
    denominator: float | None
    ci_lo: float | None
    ci_hi: float | None
    is_complete: bool | None
    is_reliable: bool | None


@dataclass(frozen=True)
class Rows:
    """The rows behind a number, as far as they are published."""

    sql: str | None
    """A SELECT over the publication: `in_numerator`, `in_denominator`, and the columns of the facts."""
    missing: dict[str, str] = field(default_factory=dict)
    """Why a part has no rows in the publication, by part."""


@dataclass(frozen=True)
class Proof:
    """Whether the rows add up to the number."""

    rows: int
    sums: dict[str, float]
    """What the rows of a part add up to."""
    stated: dict[str, float | None]
    """What the number says; None where it is not measurable, so that there is nothing to compare."""

    @property
    def compared(self) -> list[str]:
        """Parts of which the number says something."""
        return [part for part in self.sums if self.stated[part] is not None]

    @property
    def differing(self) -> list[str]:
        """Parts whose rows add up to something else."""
        return [part for part in self.compared if not _is_near(self.sums[part], self.stated[part] or 0.0)]


def _is_near(total: float, stated: float) -> bool:
    return abs(total - stated) <= max(RELATIVE * abs(total), ROUNDED * (total % 1 != 0))


@dataclass(frozen=True)
class Explanation:
    """A metric of a publication."""

    publication: Standing
    code: str

    @property
    def metric(self) -> dict[str, Any]:
        found: dict[str, Any] = _definitions(self.publication)["metrics"][self.code]
        return found

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """Where the rows of each part are."""
        known = _definitions(self.publication)["facts"]
        return {part: known[stated["facts"]] for part, stated in self.metric["parts"].items()}

    @property
    def target(self) -> dict[str, str] | None:
        """The target of the whole company, if there is one."""
        for row in _definitions(self.publication)["targets"]:
            if row["metric_code"] == self.metric["target"] and row["segment_code"] == "*":
                return dict(row)
        return None

    def meaning(self, model: str) -> str:
        """What a model is, in its first sentence."""
        return str(_definitions(self.publication)["models"][model]["meaning"])

    @cached_property
    def way(self) -> dict[str, list[str]]:
        """Everything that the number is made from, by layer."""
        models = _definitions(self.publication)["models"]
        ends = [self.metric["mart"].split(".")[1], *(facts["model"] for facts in self.facts.values())]
        way = reached({name: model["parents"] for name, model in models.items()}, ends)
        return {layer: found for layer in LAYERS if (found := sorted(n for n in way if models[n]["layer"] == layer))}

    @property
    def thresholds(self) -> dict[str, dict[str, Any]]:
        """Thresholds that the models on the way read, with those models; first those that the definition names."""
        document = _definitions(self.publication)
        readers: dict[str, list[str]] = {}
        for name in (name for names in self.way.values() for name in names):
            for code in document["models"][name]["thresholds"]:
                readers.setdefault(code, []).append(name)
        named = self.metric["thresholds"]
        return {
            code: document["thresholds"][code] | {"readers": readers.get(code, []), "is_named": code in named}
            for code in sorted(readers, key=lambda code: (code not in named, code))
        }

    def number(self, period: str | None, dimension: str, member: str) -> Number:
        """The cell that was asked for; without a period the latest one whose window has elapsed."""
        if VALUES not in self.publication.document["rows"]:
            raise CannotExplain(f"{VALUES} was not built yet; run stayhouse build, or build --select metrics")
        where = f"metric_code = {literal(self.code)} and dimension_name = {literal(dimension)}"
        known = self.publication.db.execute(
            f"""select period_start_date, dimension_name, dimension_value, metric_amount, numerator_amount,
                denominator_amount, metric_amount_ci_lo, metric_amount_ci_hi, is_complete, is_reliable
            from metrics.mart_metric_values where {where} and dimension_value = {literal(member)}
            order by metric_amount is not null and is_complete is not false, metric_amount is not null, 1"""
        ).fetchall()
        if not known:
            raise CannotExplain(self._no_such_member(dimension, member))
        cells = [Number(*row) for row in known]
        if period is None:
            return cells[-1]
        start = period_start(period, self.metric["period_grain"])
        for cell in cells:
            if cell.period == start:
                return cell
        days = sorted(cell.period for cell in cells)
        raise CannotExplain(
            f"{self.code} has no number for {shown_period(start, self.metric['period_grain'])}; "
            f"published are {shown_period(days[0], self.metric['period_grain'])} "
            f"to {shown_period(days[-1], self.metric['period_grain'])}"
        )

    def _no_such_member(self, dimension: str, member: str) -> str:
        members = [
            name
            for (name,) in self.publication.db.execute(
                "select distinct dimension_value from metrics.mart_metric_values where metric_code = ? "
                "and dimension_name = ? order by 1",
                [self.code, dimension],
            ).fetchall()
        ]
        if members:
            return f"{self.code} has no {dimension} {member}; {did_you_mean(member, members)}"
        dimensions = [
            name
            for (name,) in self.publication.db.execute(
                "select distinct dimension_name from metrics.mart_metric_values where metric_code = ? order by 1",
                [self.code],
            ).fetchall()
        ]
        if not dimensions:
            return f"{self.code} has no numbers in this publication: no row for it has been delivered yet"
        return f"{self.code} is not split by {dimension}; {did_you_mean(dimension, dimensions)}"

    def rows(self, number: Number | None, dimension: str, member: str, customer: str | None = None) -> Rows:
        """The rows that a number counts; without a number those of every period."""
        missing: dict[str, str] = {}
        by_facts: dict[str, dict[str, Mapping[str, Any]]] = {}
        for part, stated in self.metric["parts"].items():
            facts = self.facts[part]
            reason = self._unreadable(facts, number, dimension, customer)
            if reason:
                missing[part] = reason
            else:
                by_facts.setdefault(stated["facts"], {})[part] = stated
        selects = [
            self._select(_definitions(self.publication)["facts"][name], parts, number, (dimension, member), customer)
            for name, parts in by_facts.items()
        ]
        return Rows(" union all by name ".join(selects) or None, missing)

    def _unreadable(
        self, facts: Mapping[str, Any], number: Number | None, dimension: str, customer: str | None
    ) -> str | None:
        if facts["unpublished"]:
            return str(facts["unpublished"])
        if absent := [mart for mart in facts["marts"] if mart not in self.publication.document["rows"]]:
            return f"{' and '.join(absent)} was not built yet; a whole build publishes it"
        if dimension != "all" and dimension not in facts["dimensions"]:
            names = ", ".join(sorted(facts["dimensions"]))
            return f"published rows have no {dimension} as the number has; " + (
                f"split it by {names}" if names else "ask for the number over everybody"
            )
        if customer is not None and "customer" not in facts["dimensions"] and "customer_id" not in self._columns(facts):
            return "its rows do not belong to customers"
        if number and self.metric["period_grain"] == "day" and number.period != self._day(facts):
            return f"the rows are those of {self._day(facts)}; earlier days are published as counts only"
        return None

    def _columns(self, facts: Mapping[str, Any]) -> list[str]:
        return [name for name, *_ in self.publication.db.execute(f"from ({facts['sql']}) limit 0").description]

    def day_of(self, part: str) -> date:
        """The day that the rows of a part describe."""
        return self._day(self.facts[part])

    def _day(self, facts: Mapping[str, Any]) -> date:
        return min(self.publication.day_of(mart) for mart in facts["marts"])

    def _select(
        self,
        facts: Mapping[str, Any],
        parts: Mapping[str, Mapping[str, Any]],
        number: Number | None,
        breakdown: tuple[str, str],
        customer: str | None,
    ) -> str:
        conditions = []
        grain = self.metric["period_grain"]
        moment = "null" if grain == "day" else f"cast(date_trunc({literal(grain)}, {facts['time']}) as date)"
        if number and grain != "day":
            conditions.append(f"{moment} = date {literal(number.period)}")
        dimension, member = breakdown
        if dimension != "all":
            value = f"coalesce(cast(({facts['dimensions'][dimension]}) as varchar), 'unassigned')"
            conditions.append(f"{value} = {literal(member)}")
        if customer is not None:
            conditions.append(f"customer_id = {literal(customer)}")
        amounts = ", ".join(f"{_amount(parts.get(part), moment)} as in_{part}" for part in PARTS)
        counts = " or ".join(f"coalesce(in_{part}, 0) <> 0" for part in PARTS)
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return (
            f"(select * from (select {amounts}, {moment} as in_period, facts.* from ({facts['sql']}) as facts{where})"
            f" where {counts})"
        )

    def proof(self, number: Number, rows: Rows) -> Proof:
        """Adds the rows up."""
        parts = [part for part in self.metric["parts"] if part not in rows.missing]
        sums = ", ".join(f"coalesce(sum(in_{part}), 0)" for part in parts)
        ((count, *totals),) = self.publication.db.execute(f"select count(*), {sums} from ({rows.sql})").fetchall()
        stated = {"numerator": number.numerator, "denominator": number.denominator}
        if "denominator" not in self.metric["parts"]:
            # A count is its own numerator.
            stated["numerator"] = number.amount
        return Proof(count, {part: float(total) for part, total in zip(parts, totals, strict=True)}, stated)

    def periods_of(self, rows: Rows) -> list[date]:
        """Periods in which rows are counted."""
        found = self.publication.db.execute(f"select distinct in_period from ({rows.sql}) order by 1").fetchall()
        return [day for (day,) in found if day is not None]


def _amount(part: Mapping[str, Any] | None, period: str) -> str:
    """SQL of what a row adds to a part. What counts once, however many rows it has, is shared by its rows."""
    if part is None:
        return "null"
    row = str(part["row"])
    if not part.get("is_distinct"):
        return row
    return f"case when {row} is not null then 1.0 / count(*) over (partition by {row}, {period}) else 0 end"


def explanation(publication: Standing, code: str) -> Explanation:
    """The metric of a code; raises CannotExplain for an unknown one, with those that are written alike."""
    known = _definitions(publication)["metrics"]
    if code not in known:
        titles = {metric["title"].lower(): name for name, metric in known.items()}
        asked = code.lower()
        close = closest(asked, [*known, *titles], cutoff=0.5)
        within = [name for name in known if asked in name or asked in known[name]["title"].lower()]
        names = list(dict.fromkeys([*within[:3], *(titles.get(name, name) for name in close)]))
        hint = f"did you mean {' or '.join(names[:4])}?" if names else "stayhouse explain lists the metrics"
        raise CannotExplain(f"{code}: no such metric; {hint}")
    return Explanation(publication, code)


def _definitions(publication: Standing) -> dict[str, Any]:
    if publication.definitions is None:
        raise CannotExplain(
            "this publication does not say how its numbers are made; an earlier version wrote it. Run stayhouse build"
        )
    return publication.definitions


PERIODS = {
    "month": re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})"),
    "quarter": re.compile(r"(?P<year>\d{4})-?[qQ](?P<quarter>[1-4])"),
    "day": re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
}


def period_start(text: str, grain: str) -> date:
    """First day of the period that a text names: 2025-06, 2025-Q2 or any day in it. Raises CannotExplain."""
    for pattern in PERIODS.values():
        found = pattern.fullmatch(text.strip())
        if found:
            parts = found.groupdict()
            month = int(parts.get("month") or 3 * int(parts.get("quarter") or 1) - 2)
            try:
                day = date(int(parts["year"]), month, int(parts.get("day") or 1))
            except ValueError:
                break
            if grain == "day":
                return day
            return day.replace(day=1, month=day.month if grain == "month" else 3 * ((day.month - 1) // 3) + 1)
    raise CannotExplain(f"--period {text} does not name a period; write 2025-06, 2025-Q2 or 2025-06-30")


def shown_period(start: date, grain: str) -> str:
    """A period as people write it, and as `period_start` reads it."""
    if grain == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return start.strftime("%Y-%m" if grain == "month" else "%Y-%m-%d")


def metrics_by_domain(publication: Standing) -> dict[str, list[str]]:
    """Codes of the metrics by the domain that owns them."""
    found: dict[str, list[str]] = {}
    for code, metric in sorted(_definitions(publication)["metrics"].items()):
        found.setdefault(metric["owner"], []).append(code)
    return dict(sorted(found.items()))


def knows_customer(publication: Standing, customer: str) -> bool:
    """Whether the publication has a customer of this id; taken for granted where it has no list of customers."""
    if CUSTOMERS not in publication.document["rows"]:
        return True
    (found,) = one_row(publication.db, f"select count(*) from {CUSTOMERS} where customer_id = ?", [customer])
    return bool(found)
