"""Takes customers out of the landing files. Only files that hold them are written again, each by one rename."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow

from stayhouse.contract import RawTable
from stayhouse.contract.compression import BrokenFile, compression_of, opened
from stayhouse.contract.pseudonyms import ERASED_TEXT, OWNER, Names, owner_of
from stayhouse.contract.sql import columns_of, identifier, literal, literals, one_row
from stayhouse.loading.discovery import LandingFile, content_hash_of, find_files
from stayhouse.loading.erased_rows import erase_relation, note_keys
from stayhouse.loading.naming import matching_names
from stayhouse.loading.suppression import Suppression
from stayhouse.loading.text import scan_csv

Row = dict[str, object]
# A row -> what is written instead; None: the row goes.
Change = Callable[[Row], Row | None]


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
            rows = write(fresh)
            if not rows:
                return
            # With its times: rows without a time of their own have that of their file.
            shutil.copystat(place, fresh)
            old, new = file.content_hash(), content_hash_of(fresh)
            if not file.is_unchanged():
                self.problems.append(f"{file.name}: was written to while it was read; erase again")
                return
            self.note(file.name, old, new)
            os.replace(fresh, place)
            self.files[file.name] = (old, new)
            self.rows += rows
        except (OSError, EOFError, duckdb.Error, UnicodeError, csv.Error, zlib.error, BrokenFile) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.problems.append(f"{file.name}: cannot be written again ({reason})")
        finally:
            fresh.unlink(missing_ok=True)


def erase_files(
    db: duckdb.DuckDBPyConnection, raw: Path, tables: Mapping[str, RawTable], names: Names, result: Rewriting
) -> None:
    """Puts names for the customers of an erasure into every landing file that holds them."""
    found = find_files(raw, tables).files
    for table in tables.values():
        note_keys(db, names)
        files = [file for file in found[table.name] if not file.problem]
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
        if file.problem or not suppression.columns(table):
            continue
        if file.format == "parquet":
            result.replace(file, partial(_drop_from_parquet, db, file, table, suppression))
        else:
            result.replace(file, partial(_drop_from_text, file, table, suppression))


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
        if column.references and column.references[0] == OWNER and column.name in columns:
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
        relation, columns = _by_contract(db, f"{source}, filename = true)", table)
        columns.pop("filename")
        rows = db.execute(f"select distinct filename from {relation} where {_holds(table, names, columns)}").fetchall()
    except duckdb.Error:
        if len(files) == 1:
            return
        middle = len(files) // 2
        yield from _parquet_with(db, table, files[:middle], names)
        yield from _parquet_with(db, table, files[middle:], names)
        return
    hit = {path for (path,) in rows}
    yield from (file for file in files if str(file.path) in hit)


def _by_contract(db: duckdb.DuckDBPyConnection, source: str, table: RawTable) -> tuple[str, dict[str, str]]:
    """A relation with the columns of a file under the names of the contract, and their types."""
    columns = columns_of(db, f"from {source}")
    meant = matching_names(columns, table.column_names)
    fields = ", ".join(f"{identifier(name)} as {identifier(meant.get(name, name))}" for name in columns)
    return f"(select {fields} from {source})", {meant.get(name, name): kind for name, kind in columns.items()}


def _source(file: LandingFile) -> str:
    return f"read_parquet({literal(file.path)}, hive_partitioning = false)"


def _copy(db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable, rows: str, target: Path) -> None:
    """Writes rows with the names of the contract under the names of the file."""
    columns = columns_of(db, f"from {_source(file)}")
    meant = matching_names(columns, table.column_names)
    fields = ", ".join(f"{identifier(meant.get(name, name))} as {identifier(name)}" for name in columns)
    db.execute(f"copy (select {fields} from {rows}) to {literal(target)} (format parquet, compression zstd)")


def _erase_parquet(
    db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable, names: Names, target: Path
) -> int:
    relation, columns = _by_contract(db, _source(file), table)
    # Columns that will hold names become text.
    named = {column.name for column in table.columns if column.personal in ("identifier", "reference", "contact")}
    fields = ", ".join(f"{_text(n)} as {identifier(n)}" if n in named else identifier(n) for n in columns)
    db.execute(f"create or replace temp table landing_file as select {fields} from {relation}")
    owner, columns = owner_of(table), columns_of(db, "landing_file")
    if owner and len(table.key) == 1 and {owner.name, table.key[0]} <= set(columns):
        keys = db.execute(
            f"select distinct {identifier(table.key[0])} from landing_file "
            f"where {identifier(owner.name)} in ({literals(sorted(names.customers))})"
        ).fetchall()
        names.keys.setdefault(table.name, set()).update(key for (key,) in keys if key)
        note_keys(db, names)
    (hits,) = one_row(db, f"select count(*) from landing_file where {_holds(table, names, columns)}")
    if hits:
        erase_relation(db, "landing_file", table, names)
        _copy(db, file, table, "landing_file", target)
    return int(hits)


def _drop_from_parquet(
    db: duckdb.DuckDBPyConnection, file: LandingFile, table: RawTable, suppression: Suppression, target: Path
) -> int:
    try:
        source, present = _by_contract(db, _source(file), table)
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
    _copy(db, file, table, f"(from {source} where not ({theirs}))", target)
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
    columns = suppression.columns(table)
    parents = [parent for _, parent in columns]
    return _Rule(
        lambda row: None if suppression.is_erased(columns, row) else row,
        lambda text: True,
        lambda line: any(
            suppression.holds(parent, piece) for piece in re.split(r"""[,;|\s"']+""", line) for parent in parents
        ),
    )


def _drop_from_text(file: LandingFile, table: RawTable, suppression: Suppression, target: Path) -> int:
    try:
        return _rewrite_text(file, table, _dropper(table, suppression), target)
    except BrokenFile:
        return 0  # the loader says what is wrong with it


def _rewrite_text(file: LandingFile, table: RawTable, rule: _Rule, target: Path) -> int:
    """Writes a text file again; returns how many records changed."""
    compression = compression_of(file.path)
    with opened(file.path, compression) as stream:
        text = stream.read().decode("utf-8", "surrogateescape")
    if not rule.may_change(text):
        return 0
    pieces, rows = [], 0
    for record in _csv_records(file, text, table) if file.format == "csv" else _json_records(text, table):
        changed = _changed(record, rule) if rule.may_change(record.text) else record.text
        rows += changed != record.text
        pieces.append(changed)
    if rows:
        target.write_bytes(_packed("".join(pieces).encode("utf-8", "surrogateescape"), compression))
    return rows


def _packed(content: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(content, mtime=0)
    if compression == "zstd":
        # Empty content has a frame as well.
        return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))
    return content


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


def _csv_records(file: LandingFile, text: str, table: RawTable) -> Iterator[_Record]:
    """Every record with its text, its row (None where it has another number of fields) and how a row is written."""
    structure = scan_csv(file.path, table.column_names)
    lines = list(io.StringIO(text, newline=""))
    begin = min(structure.header_line, len(lines))
    render = partial(_csv_line, structure.delimiter)
    yield _Record("".join(lines[:begin]), {}, render)
    meant = matching_names(structure.names, table.column_names)
    header: list[str] = [meant.get(name, name) for name in structure.names]
    reader = csv.reader(lines[begin:], delimiter=structure.delimiter, skipinitialspace=True)
    first = begin
    for fields in reader:
        raw = "".join(lines[begin : first + reader.line_num])
        begin = first + reader.line_num
        row: Row | None = dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None
        yield _Record(raw, row if raw.strip() else {}, render)


def _csv_line(delimiter: str, row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow("" if v is None else v for v in row.values())
    return out.getvalue()


def _json_records(text: str, table: RawTable) -> Iterator[_Record]:
    for raw in io.StringIO(text, newline=""):
        try:
            found: object = json.loads(raw) if raw.strip() else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            yield _Record(raw, None, str)
            continue
        meant = matching_names(found, table.column_names)
        row: Row = {str(meant.get(name, name)): value for name, value in found.items()}
        yield _Record(raw, row, partial(_json_line, list(found)))


def _json_line(names: list[str], row: Row) -> str:
    return json.dumps(dict(zip(names, row.values(), strict=True)), ensure_ascii=False)
