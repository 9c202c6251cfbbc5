"""What is compared of a mart from one publication to the next. Free of Great Expectations.

A profile holds the rows, how many of them have a value in each column, the newest date of each date column of the
grain, and the total of each column that can be summed. Publication writes it; the gate of the next run reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from stayhouse.contract.sql import NUMERIC_TYPES, identifier, literal, one_row

SUMMED = ("_count", "_num", "_den", "_amount", "_total", "mrr")


@dataclass(frozen=True)
class Profile:
    """A mart as it was published."""

    rows: int
    filled: Mapping[str, int] = field(default_factory=dict)
    """Rows with a value, by column."""
    newest: Mapping[str, str] = field(default_factory=dict)
    """The newest value of a date column of the grain, as ISO text."""
    totals: Mapping[str, float] = field(default_factory=dict)
    """The sum of a column of counts or money."""

    def as_json(self) -> dict[str, Any]:
        """The profile as plain values; `Profile(**...)` reads it back."""
        return asdict(self)


def _aggregates(columns: Mapping[str, str], grain: Sequence[str]) -> dict[tuple[str, str], str]:
    """(kind, column) -> SQL of its aggregate."""
    found = {("filled", name): f"count({identifier(name)})" for name in columns}
    for name in grain:
        if columns.get(name) == "DATE":
            found["newest", name] = f"cast(max({identifier(name)}) as varchar)"
    for name, data_type in columns.items():
        if data_type.startswith(NUMERIC_TYPES) and name.endswith(SUMMED):
            found["totals", name] = f"cast(sum({identifier(name)}) as double)"
    return found


def profile(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], grain: Sequence[str]
) -> Profile:
    """The profile of a table, in one scan. `table` is quoted; `columns` are name -> DuckDB type."""
    aggregates = _aggregates(columns, grain)
    rows, *values = one_row(connection, f"select count(*), {', '.join(aggregates.values())} from {table}")
    found: dict[str, dict[str, Any]] = {"filled": {}, "newest": {}, "totals": {}}
    for (kind, name), value in zip(aggregates, values, strict=True):
        if value is not None:
            found[kind][name] = value
    return Profile(rows, **found)


def changes(
    before: Profile, columns: Mapping[str, str], grain: Sequence[str], limit_pct: float, compared_from: int
) -> tuple[str, dict[str, str]]:
    """SQL of what a mart lost since `before`, and the phrase of each rule.

    Rows, filled values and totals may fall by `limit_pct` percent; the newest date never moves back. Columns are
    compared from `compared_from` rows, values or units in total: below that, single rows decide.
    """
    kept = 1 - limit_pct / 100
    aggregates = {("rows", "*"): "count(*)"}
    rules = {"fewer_rows": (f'"rows *" < {kept} * {before.rows}', f'{before.rows} - "rows *"')}
    phrases = {"fewer_rows": f"more than {limit_pct:g} % of the {before.rows:,} rows last published are missing"}
    available = _aggregates(columns, grain) if before.rows >= compared_from else {}
    for (kind, name), sql in available.items():
        last = getattr(before, kind).get(name)
        if last is None or (kind != "newest" and last < max(compared_from, 1)):
            continue
        now, rule = identifier(f"{kind} {name}"), f"{kind}:{name}"
        if kind == "newest":
            broken, missing = f"{now} < {literal(last)}", "1"
            phrase = f"the newest {name} is older than the {last} last published"
        elif kind == "filled":
            share = last / before.rows
            broken = f'"rows *" > 0 and {now} < {kept * share} * "rows *"'
            missing = f'ceil({share} * "rows *") - {now}'
            phrase = f"{name} has a value in far fewer rows than the {100 * share:.3g} % last published"
        else:
            broken, missing = f"coalesce({now}, 0) < {kept * last}", "1"
            phrase = f"the total of {name} fell by more than {limit_pct:g} % from the {last:,.12g} last published"
        aggregates[kind, name] = sql
        rules[rule] = (broken, missing)
        phrases[rule] = phrase
    measured = ", ".join(f"{sql} as {identifier(f'{kind} {name}')}" for (kind, name), sql in aggregates.items())
    findings = ", ".join(
        f"case when {broken} then struct_pack(rule := {literal(rule)}, n := cast({missing} as bigint)) end"
        for rule, (broken, missing) in rules.items()
    )
    return (
        f"""
    select finding.rule as rule, finding.n as unexpected_count, cast([] as varchar[]) as sample
    from (select unnest([{findings}]) as finding from (select {measured} from {{batch}}))
    where finding is not null
    """,
        phrases,
    )
