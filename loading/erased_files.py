"""Takes customers out of the landing files. Only files that hold them are written again, each by one rename."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

from stayhouse.contract import RawTable
from stayhouse.contract.pseudonyms import ERASED_TEXT, Names, owner_of
from stayhouse.contract.sql import identifier, literal, literals, one_row
from stayhouse.loading.discovery import DELIMITERS, LandingFile, find_files
from stayhouse.loading.erased_rows import columns_of, erase_relation, note_keys
from stayhouse.loading.suppression import Suppression

Row = dict[str, object]
# A row -> what is written instead; None: the row goes.
Change = Callable[[Row], Row | None]
csv.field_size_limit(2**31 - 1)


@dataclass
class Rewriting:
    """What is done to landing files."""

    note: Callable[[str, str, str], None] = lambda name, old, new: None
    """Called with name, old and new content hash before a file is replaced."""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name -> content hash before and after."""
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    """Files that hold a customer and could not be written."""

    def replace(self, file: LandingFile, write: Callable[[Path], int]) -> None:
        """Lets `write` make the new content beside a file, and puts it in its place if the file is as it was found.

        `write` returns how many rows it changed; without any the file stays.
        """
        place = file.path.resolve()
        fresh = place.with_name(f".{place.name}.erasing")
        try:
            old = file.content_hash()
            rows = write(fresh)
            if not rows:
                return
            shutil.copymode(place, fresh)
            with fresh.open("rb") as stream:
                new = hashlib.file_digest(stream, "sha256").hexdigest()
            if not file.is_unchanged():
                self.problems.append(f"{file.name}: was written to while it was read; erase again")
                return
            self.note(file.name, old, new)
            os.replace(fresh, place)
            self.files[file.name] = (old, new)
            self.rows += rows
        except (OSError, duckdb.Error, UnicodeError, csv.Error) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.problems.append(f"{file.name}: cannot be written again ({reason})")
        finally:
            fresh.unlink(missing_ok=True)


def erase_files(
    db: duckdb.DuckDBPyConnection, raw: Path, tables: Mapping[str, RawTable], names: Names, result: Rewriting
) -> None:
    """Puts names for the customers of an erasure into every landing file that holds them."""
    found, _ = find_files(raw, tables)
    for table in tables.values():
        note_keys(db, names)
        files = found[table.name]
        for file in _parquet_with(db, table, [f for f in files if f.format == "parquet"], names):
            result.replace(file, partial(_erase_parquet, db, file, table, names))
        for file in files:
            if file.format != "parquet":
                result.replace(file, partial(_rewrite_text, file, table, _eraser(table, names)))


def drop_erased(
    db: duckdb.DuckDBPyConnection,
    tables: Mapping[str, RawTable],
    files: Iterable[LandingFile],
    suppression: Suppression,
    result: Rewriting,
) -> None:
    """Takes the rows of customers who were erased before out of files that bring them again."""
    for file in files:
        table = tables[file.table]
        if not suppression.columns(table):
            continue
        if file.format == "parquet":
            result.replace(file, partial(_drop_from_parquet, db, file, table, suppression))
        else:
            result.replace(file, partial(_rewrite_text, file, table, _dropper(table, suppression)))


# ---------------------------------------------------------------- Parquet


def _text(name: str) -> str:
    return f"cast({identifier(name)} as varchar)"


def _holds(table: RawTable, names: Names, columns: Mapping[str, str]) -> str:
    """SQL predicate of rows that name a customer."""
    tests = [names.is_mine_sql(table, set(columns)) or "false"]
    for name, kind in columns.items():
        if kind == "VARCHAR":
            tests += [f"contains({identifier(name)}, {literal(customer)})" for customer in names.distinct]
    for column in table.columns:
        if column.references and column.references[0] == "customers" and column.name in columns:
            tests.append(f"{_text(column.name)} in ({literals(sorted(names.customers))})")
    return " or ".join(f"coalesce({test}, false)" for test in tests)


def _parquet_with(
    db: duckdb.DuckDBPyConnection, table: RawTable, files: list[LandingFile], names: Names
) -> Iterator[LandingFile]:
    """The files that hold a customer; asked together where their columns go together."""
    if not files:
        return
    source = f"read_parquet([{literals(file.path for file in files)}], hive_partitioning = false, union_by_name = true"
    try:
        columns = (
            columns_of(db, f"(from {source}))")
            if False
            else {name: kind for name, kind, *_ in db.execute(f"describe from {source})").fetchall()}
        )
        rows = db.execute(
            f"select distinct filename from {source}, filename = true) where {_holds(table, names, columns)}"
        ).fetchall()
    except duckdb.Error:
        if len(files) == 1:
            return
        middle = len(files) // 2
        yield from _parquet_with(db, table, files[:middle], names)
        yield from _parquet_with(db, table, files[middle:], names)
        return
    hit = {path for (path,) in rows}
    yield from (file for file in files if str(file.path) in hit)


def _read_parquet(db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable) -> None:
    """Reads a file into `landing_file`; columns that will hold names become text."""
    source = f"read_parquet({literal(file.path)}, hive_partitioning = false)"
    named = {column.name for column in table.columns if column.personal in ("identifier", "reference", "contact")}
    fields = ", ".join(
        f"{_text(name)} as {identifier(name)}" if name in named else identifier(name)
        for name, *_ in db.execute(f"describe from {source}").fetchall()
    )
    db.execute(f"create or replace temp table landing_file as select {fields} from {source}")


def _erase_parquet(
    db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable, names: Names, target: Path
) -> int:
    _read_parquet(db, file, table)
    owner = owner_of(table)
    columns = columns_of(db, "landing_file")
    if owner and len(table.key) == 1 and {owner.name, table.key[0]} <= set(columns):
        keys = db.execute(
            f"select distinct {identifier(table.key[0])} from landing_file "
            f"where {identifier(owner.name)} in ({literals(sorted(names.customers))})"
        ).fetchall()
        names.keys.setdefault(table.name, set()).update(key for (key,) in keys if key)
        note_keys(db, names)
    (hits,) = one_row(db, f"select count(*) from landing_file where {_holds(table, names, columns)}")
    erase_relation(db, "landing_file", table, names)
    db.execute(f"copy landing_file to {literal(target)} (format parquet, compression zstd)")
    return int(hits)


def _drop_from_parquet(
    db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable, suppression: Suppression, target: Path
) -> int:
    source = f"read_parquet({literal(file.path)}, hive_partitioning = false)"
    try:
        present = {name for name, *_ in db.execute(f"describe from {source}").fetchall()}
    except duckdb.Error:
        return 0  # the loader says what is wrong with it
    tests = []
    for name, parent in suppression.columns(table):
        if name in present:
            values = db.execute(f"select distinct {_text(name)} from {source} where {identifier(name)} is not null")
            erased = [value for (value,) in values.fetchall() if suppression.holds(parent, value)]
            tests += [f"coalesce({_text(name)} in ({literals(erased)}), false)"] if erased else []
    if not tests:
        return 0
    theirs = " or ".join(tests)
    (rows,) = one_row(db, f"select count(*) from {source} where {theirs}")
    db.execute(f"copy (from {source} where not ({theirs})) to {literal(target)} (format parquet, compression zstd)")
    return int(rows)


# ---------------------------------------------------------------- CSV and JSON Lines


def _needles(table: RawTable, names: Names) -> re.Pattern[str]:
    """Finds the lines that may hold a customer."""
    texts = set(names.customers)
    for column in table.columns:
        if column.references:
            texts |= names.keys.get(column.references[0], set())
    # JSON may escape what is not ASCII.
    texts |= {json.dumps(text)[1:-1] for text in texts}
    return re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))


class _Rule(NamedTuple):
    """What becomes of the records of a text file."""

    change: Change
    may_change: Callable[[str], object]
    """False of a text that no change concerns; quick."""
    is_theirs: Callable[[str], object]
    """True for a line with a customer, of a record that cannot be taken apart."""


def _eraser(table: RawTable, names: Names) -> _Rule:
    owner, needles = owner_of(table), _needles(table, names)

    def change(row: Row) -> Row | None:
        if owner and len(table.key) == 1 and str(row.get(owner.name)) in names.customers and row.get(table.key[0]):
            names.keys.setdefault(table.name, set()).add(str(row[table.key[0]]))
        return names.erase_row(table, row)

    return _Rule(change, needles.search, needles.search)


def _dropper(table: RawTable, suppression: Suppression) -> _Rule:
    parents = [parent for _, parent in suppression.columns(table)]
    return _Rule(
        lambda row: None if suppression.is_erased(table, row) else row,
        lambda text: True,
        lambda line: any(
            suppression.holds(parent, piece) for piece in re.split(r"""[,;|\s"']+""", line) for parent in parents
        ),
    )


def _rewrite_text(file: LandingFile, table: RawTable, rule: _Rule, target: Path) -> int:
    """Writes a text file again; returns how many records changed."""
    zipped = file.path.suffix == ".gz"
    packed = file.path.read_bytes()
    text = (gzip.decompress(packed) if zipped else packed).decode("utf-8", "surrogateescape")
    if not rule.may_change(text):
        return 0
    pieces, rows = [], 0
    for record in _csv_records(text, table) if file.format == "csv" else _json_records(text):
        changed = _changed(record, rule) if rule.may_change(record.text) else record.text
        rows += changed != record.text
        pieces.append(changed)
    fresh = "".join(pieces).encode("utf-8", "surrogateescape")
    target.write_bytes(gzip.compress(fresh, mtime=0) if zipped else fresh)
    return rows


class _Record(NamedTuple):
    """One record of a text file."""

    text: str
    row: Row | None
    """None where it cannot be taken apart."""
    render: Callable[[Row], str]


def _changed(record: _Record, rule: _Rule) -> str:
    """A record as it is written again; of one that cannot be taken apart the lines with a customer are emptied."""
    if record.row is None:
        lines = io.StringIO(record.text, newline="")
        return "".join(ERASED_TEXT + _ending(line) if rule.is_theirs(line) else line for line in lines)
    changed = rule.change(record.row)
    if changed is None:
        return ""
    return record.text if changed == record.row else record.render(changed) + _ending(record.text)


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _csv_records(text: str, table: RawTable) -> Iterator[_Record]:
    """Every record with its text, its row (None where it has another number of fields) and how a row is written."""
    lines = list(io.StringIO(text, newline=""))
    if not lines:
        return
    first = lines[0].removeprefix("\ufeff")
    candidates = {d: [name.strip() for name in next(csv.reader([first], delimiter=d), [])] for d in DELIMITERS}
    known = set(table.column_names)
    delimiter = max(DELIMITERS, key=lambda d: (len(known & set(candidates[d])), -DELIMITERS.index(d)))
    reader = csv.reader(lines, delimiter=delimiter)
    header = [name.strip().removeprefix("\ufeff") for name in next(reader, [])]
    begin = reader.line_num
    render = partial(_csv_line, delimiter)
    yield _Record("".join(lines[:begin]), {}, render)
    for fields in reader:
        raw = "".join(lines[begin : reader.line_num])
        begin = reader.line_num
        row: Row | None = dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None
        yield _Record(raw, row, render)


def _csv_line(delimiter: str, row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow("" if v is None else v for v in row.values())
    return out.getvalue()


def _json_records(text: str) -> Iterator[_Record]:
    for raw in io.StringIO(text, newline=""):
        try:
            row = json.loads(raw) if raw.strip() else {}
        except ValueError:
            row = None
        yield _Record(raw, row if isinstance(row, dict) else None, partial(json.dumps, ensure_ascii=False))
