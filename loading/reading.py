"""Brings the lines of a batch of files into a relation with their columns, `_file_id` and `_line`.

Lines that cannot be taken apart at all go to quarantine here, as 'malformed'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from stayhouse.contract.sql import identifier, identifiers, literal, literals
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Batch
from stayhouse.loading.contract_sql import Incoming
from stayhouse.loading.inspection import missing_columns_message
from stayhouse.loading.target import Target

# Reading many small files three times costs more than writing them down once.
STAGED_ROWS = 1_000_000
MAX_JSON_LINE_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Read:
    """What was read of a batch."""

    batch: Batch
    """The files of it that can be loaded; the others are rejected."""
    incoming: Incoming
    malformed: dict[int, int] = field(default_factory=dict)
    """Lines in quarantine, by file."""


def read(target: Target, batch: Batch) -> Read:
    """The rows of a batch."""
    if batch[0].file.format == "parquet":
        return _read_parquet(target, batch)
    # The number of a line is its position, so the order of lines matters here.
    target.db.execute("set preserve_insertion_order = true")
    found = _read_csv(target, batch) if batch[0].file.format == "csv" else _read_json_lines(target, batch)
    target.db.execute("set preserve_insertion_order = false")
    return found


def _read_parquet(target: Target, batch: Batch) -> Read:
    paths = literals(candidate.file.path for candidate in batch)
    names = identifiers(name for name, _ in batch[0].columns)
    relation = (
        f"(select {names}, cast({batch[0].file_id} + file_index as integer) as _file_id, "
        f"file_row_number + 1 as _line "
        f"from read_parquet([{paths}], file_row_number = true, hive_partitioning = false))"
    )
    incoming = Incoming(relation, dict(batch[0].columns))
    if sum(candidate.rows for candidate in batch) <= STAGED_ROWS:
        target.db.execute(f"create or replace temp table staged as from {relation}")
        incoming = replace(incoming, relation="staged")
    return Read(batch, incoming)


def _read_csv(target: Target, batch: Batch) -> Read:
    db = target.db
    _reset_rejects(target)
    names = [name for name, _ in batch[0].columns]
    columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"
    paths = literals(candidate.file.path for candidate in batch)
    _name_files(target, batch)
    db.execute(
        f"""create or replace temp table lines as
        select *, row_number() over () as _position from read_csv([{paths}], auto_detect = false, header = true,
            delim = {literal(batch[0].delimiter)}, quote = '"', escape = '"', columns = {columns},
            store_rejects = true, filename = '_path', hive_partitioning = false)"""
    )
    # A record of several faults is rejected once per fault; the line it began on identifies it.
    db.execute(
        """create or replace temp table malformed as
        select f.file_id as _file_id, e.line as _line, any_value(e.csv_line) as raw_text
        from reject_errors as e
        inner join reject_scans as s on e.scan_id = s.scan_id and e.file_id = s.file_id
        inner join batch_files as f on s.file_path = f.path
        group by all"""
    )
    # The line of a record is its position among the good ones, moved by the header and by the broken lines
    # before it (exact unless quoted fields hold line breaks).
    fields = identifiers(names)
    db.execute(
        f"""create or replace temp table staged as
        with first as (select _path, min(_position) as _first from lines group by _path),
        broken as (
            select _file_id, _line - 1 - row_number() over (partition by _file_id order by _line) as good_before
            from malformed
        ),
        numbered as (
            select l.*, f.file_id as _file_id, l._position - first._first + 1 as _record
            from lines as l inner join first using (_path) inner join batch_files as f on f.path = l._path
        )
        select {fields}, n._file_id,
            n._record + 1 + (select count(*) from broken as b
                             where b._file_id = n._file_id and b.good_before < n._record) as _line
        from numbered as n"""
        if target.has_rows("malformed")
        else f"""create or replace temp table staged as
        with first as (select _path, min(_position) as _first from lines group by _path)
        select {fields}, f.file_id as _file_id, l._position - first._first + 2 as _line
        from lines as l inner join first using (_path) inner join batch_files as f on f.path = l._path"""
    )
    return Read(batch, Incoming("staged", dict(batch[0].columns)), _quarantine_malformed(target))


def _read_json_lines(target: Target, batch: Batch) -> Read:
    db = target.db
    _reset_rejects(target)
    _name_files(target, batch)
    _read_objects(target, batch)
    found = db.execute(
        "select _file_id, k, count(*) from "
        "(select _file_id, unnest(json_keys(line)) as k from objects where is_object)"
        " group by all"
    ).fetchall()
    kept = []
    for candidate in batch:
        keys = {key for file_id, key, _ in found if file_id == candidate.file_id}
        missing = [column.name for column in target.table.columns if column.required and column.name not in keys]
        if keys and missing:
            problem = missing_columns_message(target, missing)
            ledger.reject(target, candidate.file, candidate.content_hash, problem)
            for relation in ("objects", "malformed"):
                db.execute(f"delete from {relation} where _file_id = {candidate.file_id}")
        else:
            kept.append(candidate)
    kept_ids = {candidate.file_id for candidate in kept}
    names = sorted({key for file_id, key, _ in found if file_id in kept_ids} | set(target.table.key))
    incoming = stage_objects(target, names, "line", "objects where is_object")
    return Read(kept, incoming, _quarantine_malformed(target))


def stage_objects(target: Target, names: list[str], column: str, relation: str) -> Incoming:
    """Takes JSON objects apart into text columns of these names."""
    shape = json.dumps(dict.fromkeys(names, "VARCHAR"))
    fields = ", ".join(f"s.{identifier(name)}" for name in names)
    target.db.execute(
        f"""create or replace temp table staged as
        select {fields}, _file_id, _line
        from (select json_transform({column}, {literal(shape)}) as s, _file_id, _line from {relation})"""
    )
    return Incoming("staged", dict.fromkeys(names, "VARCHAR"))


def _read_objects(target: Target, batch: Batch) -> None:
    """Writes every line to ``objects``, and those that hold no JSON object to ``malformed``."""
    paths = literals(candidate.file.path for candidate in batch)
    target.db.execute(
        f"""create or replace temp table lines as
        select *, row_number() over () as _position
        from read_csv([{paths}], auto_detect = false, header = false, columns = {{'line': 'VARCHAR'}},
            delim = e'\\x1f', quote = '', escape = '', null_padding = true, store_rejects = true,
            max_line_size = {MAX_JSON_LINE_BYTES}, buffer_size = {4 * MAX_JSON_LINE_BYTES},
            filename = '_path', hive_partitioning = false)"""
    )
    target.db.execute(
        """create or replace temp table objects as
        with first as (select _path, min(_position) as _first from lines group by _path),
        broken as (
            select s.file_path, e.line, any_value(e.csv_line) as raw_text
            from reject_errors as e inner join reject_scans as s on e.scan_id = s.scan_id and e.file_id = s.file_id
            group by all
        ),
        parsed as (
            select l.line, l._path, l._position - first._first + 1 as _line,
                case when json_valid(l.line) then json_type(l.line) = 'OBJECT' else false end as is_object
            from lines as l inner join first using (_path) where trim(l.line) <> ''
            union all
            select raw_text, file_path, line, false from broken
        )
        select p.line, f.file_id as _file_id, p._line, p.is_object
        from parsed as p inner join batch_files as f on f.path = p._path"""
    )
    target.db.execute(
        "create or replace temp table malformed as "
        "select _file_id, _line, line as raw_text from objects where not is_object"
    )


def _reset_rejects(target: Target) -> None:
    for relation in ("reject_errors", "reject_scans"):
        target.db.execute(f"drop table if exists {relation}")


def _name_files(target: Target, batch: Batch) -> None:
    target.db.execute("create or replace temp table batch_files (path varchar, file_id integer)")
    marks = ", ".join(["(?, ?)"] * len(batch))
    values = [value for candidate in batch for value in (str(candidate.file.path), candidate.file_id)]
    target.db.execute(f"insert into batch_files values {marks}", values)


def _quarantine_malformed(target: Target) -> dict[int, int]:
    target.db.execute(
        f"insert into {target.quarantine} select {target.load_id}, _file_id, _line, 'malformed', "
        "cast(json_object('_text', raw_text) as varchar) from malformed"
    )
    counts: dict[int, int] = dict(target.db.execute("select _file_id, count(*) from malformed group by all").fetchall())
    if counts:
        target.report.quarantine_reasons["malformed"] += sum(counts.values())
    return counts
