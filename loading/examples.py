"""Sentences about rows that went to quarantine: the rule, how many, where the first is, its value, and the way out."""

from __future__ import annotations

from dataclasses import dataclass

from stayhouse.contract import Column, RawTable, clock_tolerance_minutes
from stayhouse.contract.sql import one_row
from stayhouse.contract.words import counted
from stayhouse.loading.naming import EXPORT_FILE, EXPORT_LINE, EXPORTS
from stayhouse.loading.target import Target

CORRECT = "correct the source, and deliver the file again"
IN_QUARANTINE = "in quarantine, "
MAX_VALUE = 40
# One sentence per reason; of a table in which everything is wrong the summary need not say all of it.
MAX_REASONS = 5


@dataclass(frozen=True)
class Example:
    """A row of this load that went to quarantine."""

    file: str
    line: int
    value: str | None
    """The value to blame; None where it leads to a person, or the row has none."""

    def __str__(self) -> str:
        value = "" if self.value is None else f": {self.value[:MAX_VALUE]!r}"
        return f"{self.file} line {self.line}{value}" + ("..." if len(self.value or "") > MAX_VALUE else "")


def note_examples(target: Target) -> None:
    """Adds a notice for each of the most frequent reasons for which rows of this load went to quarantine."""
    for reason, count in target.report.quarantine_reasons.most_common(MAX_REASONS):
        for example in find_examples(target, reason, 1):
            rows = counted(count, "row")
            target.report.notices.append(
                f"{target.table.name}: {rows} {IN_QUARANTINE}{phrase(target.table, reason)} "
                f"({'first in ' if count > 1 else ''}{example}); {way_out(target.table, reason)}"
            )


def find_examples(target: Target, reason: str, most: int) -> list[Example]:
    """The first rows that went to quarantine in this load for a reason, by file and line."""
    found = target.db.execute(
        f"""select l.file, q._line, q.row from {target.quarantine} as q
        inner join ops.load_ledger as l on l.file_id = q._file_id
        where q._load_id = ? and list_contains(string_split(q.reasons, '; '), ?)
        order by l.file, q._line limit {most}""",
        [target.load_id, reason],
    ).fetchall()
    return [Example(*_place(target, file, line, row), _value(target, reason, row)) for file, line, row in found]


def _place(target: Target, file: str, line: int, row: str) -> tuple[str, int]:
    """The place that people can correct: that of the export for a row which a shape made, else that of the file."""
    fields = ", ".join(f"json_extract_string(?, '$.{name}')" for name in (EXPORT_FILE, EXPORT_LINE))
    export, export_line = one_row(target.db, f"select {fields}", [row, row])
    return (f"{EXPORTS}/{export}", export_line) if export and export_line else (file, line)


def _value(target: Target, reason: str, row: str) -> str | None:
    """The value to blame, unless it leads to a person."""
    _, _, name = reason.partition(":")
    if not name or target.table.column(name).personal != "none":
        return None
    path = f'$."{name}"'
    (value,) = one_row(target.db, "select json_extract_string(?, ?)", [row, path])
    return None if value is None else str(value)


def phrase(table: RawTable, reason: str) -> str:
    """What is wrong with the rows, a clause."""
    kind, _, name = reason.partition(":")
    if kind == "malformed":
        return "the line cannot be taken apart into the columns of the file"
    column = table.column(name)
    return {
        "missing": f"{name} is missing",
        "wrong_type": f"{name} is not {_type_in_words(column)}",
        "not_allowed": f"{name} is none of {', '.join(column.accepted)}",
        "not_hashed": f"{name} holds readable contact data instead of a hash",
        "out_of_range": f"{name} is not {column.range_in_words}",
        "implausible_time": f"{name} is before {column.earliest} or after 9999",
        "in_future": f"{name} lies after {'now' if column.is_ingestion_time else table.newer_by}",
        "before_start": f"{name} lies more than {clock_tolerance_minutes()} minutes before {column.not_before}",
        "negative_interval": f"{name} lies before {table.interval[0] if table.interval else 'its start'}",
        "orphan": f"{name} refers to no row of {column.references[0] if column.references else 'its table'}",
    }[kind]


def in_words(table: RawTable, reasons: str) -> str:
    """The reasons of one row, as quarantine keeps them, in words; a reason about an unknown column stays a code."""
    return " and ".join(
        phrase(table, reason) if reason.partition(":")[2] in ("", *table.column_names) else reason
        for reason in reasons.split("; ")
    )


def way_out(table: RawTable, reason: str) -> str:
    """What to do about the rows, a clause."""
    kind, _, name = reason.partition(":")
    if kind == "orphan":
        references = table.column(name).references
        return f"they are loaded when {references[0] if references else 'its table'} brings it"
    if kind == "not_hashed":
        return "hash the values before they are delivered; the quarantine does not keep them"
    if kind == "wrong_type" and table.column(name).data_type == "timestamp":
        return f"write it like 2025-01-31 10:00:00+02:00, without the name of a zone; {CORRECT}"
    return CORRECT


def _type_in_words(column: Column) -> str:
    kind = column.data_type.partition("(")[0]
    words = {"timestamp": "a moment", "date": "a day", "boolean": "true or false", "integer": "a whole number",
             "bigint": "a whole number", "double": "a number", "decimal": "a number", "json": "valid JSON"}  # fmt: skip
    return words.get(kind, "text")
