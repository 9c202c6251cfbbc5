"""Separates the rows that keep the contract from those that do not; the latter go to quarantine with their reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

from stayhouse.contract.sql import identifier, literal, one_row
from stayhouse.loading import contract_sql as rules
from stayhouse.loading.contract_sql import Incoming
from stayhouse.loading.defaults import lacking
from stayhouse.loading.reports import FileTotals
from stayhouse.loading.target import Target

# To plan the rules of a table takes 20 ms, as long as to evaluate them for so many rows; a load asks for these rows
# seven times.
FEW_ROWS = 10_000


@dataclass(frozen=True)
class Validated:
    """The outcome of one relation of rows."""

    good: str
    """A FROM item of the rows that keep the contract, typed, with `_extra`, `_file_id` and `_line`."""
    totals: list[FileTotals]
    quarantined: dict[int, int] = field(default_factory=dict)
    """Rows by file."""


@dataclass(frozen=True)
class Arrived:
    """Where the rows that break a rule are found as they arrived: a relation, and its expressions."""

    relation: str
    file_id: str = "_file_id"
    line: str = "_line"
    reasons: str = "_reasons"
    row: str = "_row"


def validate(target: Target, incoming: Incoming) -> Validated:
    """Evaluates every row, and sends those that break a rule or lack a parent to quarantine."""
    table = target.table
    fields = ", ".join(
        f"{rules.value_of(table, c, incoming, target.zones)} as {identifier(c.name)}" for c in table.columns
    )
    reasons = rules.reasons(table, incoming, target.zones)
    lacks = lacking(table, incoming)
    flags = "".join(f", {is_lacking} as _lacks_{number}" for number, is_lacking in enumerate(lacks))
    counts = [f"count(*) filter (where _lacks_{number})" for number in range(len(lacks))]
    place = f"{incoming.file_id} as _file_id, {incoming.line} as _line"
    evaluated = (
        f"(select {fields}, {rules.extra(table, incoming)} as _extra, {place}, {reasons} as _reasons{flags} "
        f"from {incoming.relation})"
    )
    row = rules.original(table, incoming)
    arrived = Arrived(incoming.relation, incoming.file_id, incoming.line, reasons, row)
    if one_row(target.db, f"select count(*) from {incoming.relation}")[0] <= FEW_ROWS:
        target.db.execute(f"create or replace temp table evaluated as from {evaluated}")
        evaluated = "evaluated"
        rows = f"(select {place}, {row} as _row from {incoming.relation})"
        arrived = Arrived(f"evaluated inner join {rows} using (_file_id, _line)")
    event_time = f"cast({identifier(table.event_time)} as timestamp)" if table.event_time else "cast(null as timestamp)"
    totals = [
        FileTotals(*row)
        for row in target.db.execute(
            f"""select _file_id, count(*), count(*) filter (where _reasons <> ''),
                min({event_time}) filter (where _reasons = ''), max({event_time}) filter (where _reasons = ''),
                [{", ".join(counts)}]
            from {evaluated} group by _file_id"""
        ).fetchall()
    ]
    orphans = _orphans(target, evaluated)
    conditions = ["_reasons = ''"] if any(total.broken for total in totals) else []
    conditions += [f"({name} is null or not {is_orphan})" for name, is_orphan, _ in orphans]
    if not conditions:
        return Validated(evaluated, totals)
    return Validated(
        f"(from {evaluated} where {' and '.join(conditions)})",
        totals,
        _quarantine(target, arrived, [case for _, _, case in orphans]),
    )


def _orphans(target: Target, evaluated: str) -> list[tuple[str, str, str]]:
    """For each reference whose parents are partly missing: its column, what says so of a row, and the reason."""
    found = []
    references = [
        (column.name, column.references)
        for column in target.table.columns
        if column.references and column.quarantines_orphans
    ]
    for number, (column, (parent, parent_column)) in enumerate(references):
        name = identifier(column)
        target.db.execute(
            f"""create or replace temp table orphans_{number} as
            select distinct {name} as value from {evaluated} as j
            where {name} is not null and not exists (
                select 1 from raw.{identifier(parent)} as p where p.{identifier(parent_column)} = j.{name})"""
        )
        if target.has_rows(f"orphans_{number}"):
            is_orphan = f"{name} in (select value from orphans_{number})"
            found.append((name, is_orphan, f"case when {is_orphan} then {literal(f'orphan:{column}')} end"))
    return found


def _quarantine(target: Target, arrived: Arrived, orphaned: list[str]) -> dict[int, int]:
    cases = [f"nullif({arrived.reasons}, '')", *orphaned]
    reasons = f"concat_ws('; ', {', '.join(cases)})"
    target.db.execute(
        f"""create or replace temp table broken_rows as
        select {arrived.file_id} as _file_id, {arrived.line} as _line, {reasons} as reasons, {arrived.row} as row
        from {arrived.relation} where {reasons} <> ''"""
    )
    target.db.execute(
        f"insert into {target.quarantine} select {target.load_id}, _file_id, _line, reasons, row from broken_rows"
    )
    for reason, count in target.db.execute(
        "select reason, count(*) "
        "from (select unnest(string_split(reasons, '; ')) as reason from broken_rows) group by 1"
    ).fetchall():
        target.report.quarantine_reasons[reason] += count
    return dict(target.db.execute("select _file_id, count(*) from broken_rows group by 1").fetchall())
