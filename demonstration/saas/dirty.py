"""Rows and files that break the raw contract, each in exactly one way, and a count of each.

They are in extra files (`dirty-*`) in the partition of the last day, so that the clean pack does not change. A broken
row is a copy of a good one with a key of its own (where the key allows one) and one fault.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

from stayhouse.contract import Column, RawTable, contract
from stayhouse.contract.sql import one_row
from stayhouse.demonstration.saas.scope import LAST_DAY, Scope

EACH = 8
"""Broken rows of every kind and table."""
DUPLICATES = 20
CORRECTIONS = 10
EXTRA_COLUMN = "utm_note"
FUTURE = {"timestamp": "2099-01-01 00:00:00", "date": "2099-01-01"}
NO_SUCH = {"customers": "c99999{:02d}", "survey_responses": "q999999{:02d}"}
NONSENSE = {
    "boolean": "yes?", "integer": "abc", "bigint": "abc", "double": "abc", "decimal(18,2)": "abc",
    "decimal(18,6)": "abc",
    "timestamp": "not-a-date", "date": "not-a-date",
}  # fmt: skip

Row = dict[str, str | None]


@dataclass(frozen=True)
class Fault:
    """One way to spoil one column."""

    kind: str
    column: Column


def plant_dirt(raw: Path, scope: Scope) -> dict[str, dict[str, int]]:
    """Add dirt to every table. Returns {table: {kind: count}}; kinds that a table cannot have are left out."""
    planted = {}
    for table in contract().values():
        if not (raw / table.name).exists():
            continue
        con = duckdb.connect()
        _sample(con, raw, table, scope)
        rng = scope.rng(f"dirt {table.name}")
        folder = raw / table.name / f"dt={LAST_DAY}"
        folder.mkdir(parents=True, exist_ok=True)
        planted[table.name] = dict(sorted(_spoil(con, folder, table, rng).items()))
        con.close()
    return planted


def _sample(con: duckdb.DuckDBPyConnection, raw: Path, table: RawTable, scope: Scope) -> None:
    """Table `sample` of newest versions, numbered by `nth`, that are old enough to be corrected within the data."""
    folders = sorted((raw / table.name).iterdir())
    # The first day holds what is older than the data; some days all over the period are enough of the others.
    chosen = [folders[int(place)] for place in np.linspace(0, len(folders) - 1, min(len(folders), 40))]
    columns = ", ".join(table.column_names)
    key = ", ".join(table.key)
    shuffled = f"md5(concat_ws('|', {key}))"
    some = ", ".join(f"'{folder}/*.parquet'" for folder in chosen)
    con.execute(
        f"create table keys as select * from (select distinct {key} from read_parquet([{some}], "
        f"hive_partitioning = false)) order by {shuffled}, {key} limit 400"
    )
    con.execute(
        f"create table sample as select *, row_number() over (order by {shuffled}, {key}) - 1 as nth from ("
        f"select {columns} from read_parquet('{raw}/{table.name}/*/*.parquet', hive_partitioning = false) "
        f"semi join keys using ({key}) "
        f"qualify row_number() over (partition by {key} order by {table.newer_by} desc) = 1) "
        f"where {table.newer_by} < timestamp '{scope.first_day + timedelta(days=scope.days - 1)}'"
    )


def _spoil(con: duckdb.DuckDBPyConnection, folder: Path, table: RawTable, rng: np.random.Generator) -> Counter[str]:
    """Write the dirty files of one table."""
    counts: Counter[str] = Counter()
    (size,) = one_row(con, "select count(*) from sample")
    columns = ", ".join(table.column_names)
    duplicates, corrections = min(DUPLICATES, size // 6), min(CORRECTIONS, size // 6)
    fresh = f"{columns.replace(table.newer_by, f'{table.newer_by} + interval 3 hours as {table.newer_by}')}"
    fresh = fresh.replace("source_system", "'correction' as source_system")

    def write(name: str, select: str, first: int, rows: int) -> None:
        con.execute(
            f"copy (select {select} from sample where nth >= {first} and nth < {first + rows} order by nth) "
            f"to '{folder}/{name}.parquet' (format parquet)"
        )

    if duplicates:
        write("dirty-duplicates", columns, 0, duplicates)
        counts["exact_duplicate"] += duplicates
    if corrections:
        write("dirty-corrections", fresh, duplicates, corrections)
        counts["newer_version"] += corrections
        write("dirty-extra-column", f"{fresh}, 'spring' as {EXTRA_COLUMN}", duplicates + corrections, corrections)
        counts["extra_column"] += corrections
    lost = _spare_required(table)
    kept = ", ".join(name for name in table.column_names if name != lost.name)
    write("dirty-column-missing", kept, 0, max(1, duplicates // 4))
    counts["rejected_files"] += 1

    # Corrected keys are not used otherwise, so that each finding has one cause.
    start = duplicates + 2 * corrections
    texts = [f"cast({name} as varchar) as {name}" for name in table.column_names]
    cursor = con.execute(f"select {', '.join(texts)} from sample where nth >= {start} order by nth")
    good = [dict(zip(table.column_names, values, strict=True)) for values in cursor.fetchall()]
    broken = list(_broken_rows(table, good, rng, counts))
    cursor = con.execute(f"select {', '.join(texts)} from sample where nth < {duplicates // 2} order by nth")
    again = [dict(zip(table.column_names, values, strict=True)) for values in cursor.fetchall()]
    counts["exact_duplicate"] += len(again)
    in_csv = again[::2] + broken[::2]
    in_json = again[1::2] + broken[1::2]
    counts["malformed"] += _write_csv(folder / "dirty-rows.csv", table, in_csv, rng)
    counts["malformed"] += _write_jsonl(folder / "dirty-rows.jsonl", table, in_json, rng)
    return +counts


def _spare_required(table: RawTable) -> Column:
    """A required column outside the key, or the last one of the key."""
    required = [c for c in table.columns if c.must_arrive]
    outside = [column for column in required if column.name not in table.key]
    return (outside or required)[-1]


def _faults(table: RawTable) -> dict[str, list[Fault]]:
    """Ways to break a row of the table, by kind."""
    starts = {column.not_before for column in table.columns if column.not_before}
    until = table.interval[1] if table.interval else None
    kinds: dict[str, Callable[[Column], bool]] = {
        "orphan": lambda c: bool(c.references and c.quarantines_orphans),
        "not_allowed": lambda c: bool(c.accepted),
        "out_of_range": lambda c: c.minimum is not None and c.minimum >= 0,
        "missing_value": lambda c: c.must_arrive and c.name not in table.key,
        "wrong_type": lambda c: (
            c.data_type in NONSENSE and c.name not in table.key and (not c.required or c.data_type == "boolean")
        ),
        # A start in the future would break a second rule, the order of the moments.
        "in_future": lambda c: c.is_moment and not c.may_be_future and c.name not in starts,
        # An early end would also lie before its start.
        "implausible_time": lambda c: c.is_moment and c.not_before is None and c.name != until,
        "before_start": lambda c: c.not_before is not None,
        "negative_interval": lambda c: c.name == until,
    }
    columns = [column for column in table.columns if not column.is_ingestion_time]
    found = {kind: [Fault(kind, column) for column in columns if can_have(column)] for kind, can_have in kinds.items()}
    found["missing_value"] = found["missing_value"] or [Fault("missing_value", _spare_required(table))]
    return {kind: faults for kind, faults in found.items() if faults}


def _broken_rows(table: RawTable, good: list[Row], rng: np.random.Generator, counts: Counter[str]) -> Iterator[Row]:
    """Copies of good rows with one fault each."""
    if not good:
        return
    free = [c for c in table.columns if c.name in table.key and c.data_type == "varchar" and not c.references
            and not c.accepted]  # fmt: skip
    number = 0
    for kind, faults in sorted(_faults(table).items()):
        for nth in range(EACH):
            fault = faults[nth % len(faults)]
            fit = [row for row in good if _fits(table, fault, row)]
            if not fit:
                continue
            row = dict(fit[int(rng.integers(0, len(fit)))])
            number += 1
            if free:
                row[free[-1].name] = f"zz{number:04d}"
            row[fault.column.name] = _bad_value(table, fault, row, nth)
            counts[kind] += 1
            yield row


def _fits(table: RawTable, fault: Fault, row: Row) -> bool:
    """True when the fault in this row breaks one rule only."""
    return fault.kind != "before_start" or _start(table, fault, row) is not None


def _start(table: RawTable, fault: Fault, row: Row) -> str | None:
    """The moment that the spoilt column may not precede in this row."""
    if fault.kind == "before_start":
        return row[fault.column.not_before] if fault.column.not_before else None
    return row[table.interval[0]] if table.interval else None


def _bad_value(table: RawTable, fault: Fault, row: Row, nth: int) -> str | None:
    column = fault.column
    if fault.kind in ("before_start", "negative_interval"):
        start = _start(table, fault, row) or ""
        if column.data_type == "date":
            return str(date.fromisoformat(start[:10]) - timedelta(days=2))
        return str(datetime.fromisoformat(start) - timedelta(days=2))
    early = "1970-01-01" if column.earliest > "1970-01-01" else "1800-01-01"
    values: dict[str, str | None] = {
        "orphan": NO_SUCH[column.references[0]].format(nth) if fault.kind == "orphan" and column.references else None,
        "not_allowed": "unheard_of",
        "out_of_range": "-5",
        "missing_value": None,
        "wrong_type": NONSENSE.get(column.data_type),
        "in_future": FUTURE.get(column.data_type),
        "implausible_time": early if column.data_type == "date" else f"{early} 00:00:00",
    }
    return values[fault.kind]


def _write_csv(file: Path, table: RawTable, rows: list[Row], rng: np.random.Generator) -> int:
    """Rows and some lines with too many or too few fields. Returns how many of these."""
    names = table.column_names
    malformed = 0
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(names)
        for nth, row in enumerate(rows):
            values = ["" if row[name] is None else row[name] for name in names]
            writer.writerow(values)
            if nth % 9 == 4:
                writer.writerow([*values, "left", "over"] if rng.random() < 0.5 else values[: len(values) // 2])
                malformed += 1
    return malformed


def _write_jsonl(file: Path, table: RawTable, rows: list[Row], rng: np.random.Generator) -> int:
    """Rows and some lines that are not JSON objects. Returns how many of these."""
    malformed = 0
    with file.open("w", encoding="utf-8") as target:
        for nth, row in enumerate(rows):
            line = json.dumps({column.name: _json_value(column, row[column.name]) for column in table.columns},
                              ensure_ascii=False)  # fmt: skip
            target.write(line + "\n")
            if nth % 9 == 4:
                target.write((line[: len(line) // 2] if rng.random() < 0.5 else "connection reset by peer") + "\n")
                malformed += 1
    return malformed


def _json_value(column: Column, value: str | None) -> str | int | float | bool | None:
    """The value with its JSON type; values that do not fit stay text."""
    if value is None:
        return None
    try:
        if column.data_type == "boolean":
            return {"true": True, "false": False}[value]
        if column.data_type in ("integer", "bigint"):
            return int(value)
        if column.data_type in ("double", "decimal(18,2)", "decimal(18,6)"):
            return float(value)
    except (ValueError, KeyError):
        pass
    return value
