"""Brings the lines of a batch of files into a relation with their columns, `_file_id` and `_line`.

Lines that cannot be taken apart at all go to quarantine here, as 'malformed'.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow

from stayhouse.contract import RawTable
from stayhouse.contract.compression import BrokenFile
from stayhouse.contract.personal_data import EMAIL
from stayhouse.contract.sql import identifier, identifiers, literal, literals
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Batch, Candidate
from stayhouse.loading.contract_sql import Incoming
from stayhouse.loading.defaults import time_problem
from stayhouse.loading.discovery import LandingFile
from stayhouse.loading.inspection import missing_columns_message, note_spelling, refuse
from stayhouse.loading.naming import matching_names, names_problem
from stayhouse.loading.target import Target
from stayhouse.loading.text import (
    MAX_VALUE_BYTES,
    Record,
    TextStructure,
    csv_records,
    json_records,
)

# Reading many small files three times costs more than writing them down once.
STAGED_ROWS = 1_000_000
RECORDS_AT_ONCE = 50_000


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
    columns = batch[0].columns
    fields = ", ".join(
        f"{identifier(spelled)} as {identifier(name)}"
        for spelled, (name, _) in zip(batch[0].source_names, columns, strict=True)
    )
    relation = (
        f"(select {fields}, cast({batch[0].file_id} + file_index as integer) as _file_id, "
        f"file_row_number + 1 as _line "
        f"from read_parquet([{_paths(batch)}], file_row_number = true, hive_partitioning = false))"
    )
    incoming = Incoming(relation, dict(columns))
    if sum(candidate.rows for candidate in batch) <= STAGED_ROWS:
        target.db.execute(f"create or replace temp table staged as from {relation}")
        incoming = replace(incoming, relation="staged")
    return Read(batch, incoming)


def _paths(batch: Batch) -> str:
    return literals(candidate.file.path for candidate in batch)


def _structure(candidate: Candidate) -> TextStructure:
    assert candidate.text is not None, candidate.file.name
    return candidate.text


def _read_csv(target: Target, batch: Batch) -> Read:
    columns = dict(batch[0].columns)
    if _structure(batch[0]).is_regular:
        _read_regular_csv(target, batch)
        irregular: Batch = _miscounted(target, batch)
    else:
        fields = ", ".join(f"{identifier(name)} varchar" for name in columns)
        target.db.execute(f"create or replace temp table staged ({fields}, _file_id integer, _line bigint)")
        _empty_malformed(target)
        irregular = batch
    kept = [candidate for candidate in batch if candidate not in irregular or _take_apart_csv(target, candidate)]
    return Read(kept, Incoming("staged", columns), _quarantine_malformed(target))


def _collect_malformed(target: Target) -> None:
    """Writes the lines that DuckDB rejected to ``malformed``."""
    # A record of several faults is rejected once per fault; the line it began on identifies it.
    target.db.execute(
        """create or replace temp table malformed as
        select f._file_id, e.line as _line, any_value(e.csv_line) as raw_text
        from reject_errors as e
        inner join reject_scans as s on e.scan_id = s.scan_id and e.file_id = s.file_id
        inner join batch_files as f on s.file_path = f._path
        group by all"""
    )


def _read_regular_csv(target: Target, batch: Batch) -> None:
    """Writes the records of files with one record per line to ``staged`` and ``malformed``."""
    db = target.db
    _reset_rejects(target)
    names = [name for name, _ in batch[0].columns]
    columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"
    structure = _structure(batch[0])
    _name_files(target, batch)
    db.execute(
        f"""create or replace temp table lines as
        select *, row_number() over () as _position from read_csv([{_paths(batch)}], auto_detect = false, header = true,
            delim = {literal(structure.delimiter)}, quote = '"', escape = '"', columns = {columns},
            compression = {literal(structure.compression)},
            store_rejects = true, filename = '_path', hive_partitioning = false)"""
    )
    _collect_malformed(target)
    # The line of a record is its position among the good ones, moved by the header and by the broken lines before it.
    fields = identifiers(names)
    db.execute(
        f"""create or replace temp table staged as
        with first as (select _path, min(_position) as _first from lines group by _path),
        broken as (
            select _file_id, _line - 1 - row_number() over (partition by _file_id order by _line) as good_before
            from malformed
        ),
        numbered as (
            select l.*, f._file_id, l._position - first._first + 1 as _record
            from lines as l inner join first using (_path) inner join batch_files as f on f._path = l._path
        )
        select {fields}, n._file_id,
            n._record + 1 + (select count(*) from broken as b
                             where b._file_id = n._file_id and b.good_before < n._record) as _line
        from numbered as n"""
        if target.has_rows("malformed")
        else f"""create or replace temp table staged as
        with first as (select _path, min(_position) as _first from lines group by _path)
        select {fields}, f._file_id, l._position - first._first + 2 as _line
        from lines as l inner join first using (_path) inner join batch_files as f on f._path = l._path"""
    )


def _miscounted(target: Target, batch: Batch) -> list[Candidate]:
    """Files of which not as many records were read as the scan of their lines has counted; nothing of them is kept."""
    counts: dict[int, int] = dict(
        target.db.execute(
            "select _file_id, count(*) from (select _file_id from staged union all select _file_id from malformed) "
            "group by all"
        ).fetchall()
    )
    wrong = [candidate for candidate in batch if counts.get(candidate.file_id, 0) != candidate.rows]
    for candidate in wrong:
        _forget(target, candidate, "staged")
    return wrong


def _take_apart_csv(target: Target, candidate: Candidate) -> bool:
    """Adds the records of a file to ``staged`` and ``malformed``; False when the file is refused."""
    names = [name for name, _ in candidate.columns]
    records = csv_records(candidate.file.path, _structure(candidate), _dated(target.table, names))
    return _take_apart(target, candidate, "staged", names, records)


def _dated(table: RawTable, names: Sequence[str]) -> int | None:
    """The position of a column that holds a moment in every row; None when there is none."""
    moments = (c.name for c in table.columns if c.is_moment and c.required and c.name in names)
    return next((names.index(name) for name in [table.newer_by, *moments] if name in names), None)


def _take_apart(
    target: Target, candidate: Candidate, relation: str, names: Sequence[str], records: Iterator[Record]
) -> bool:
    """Adds records to a relation with these columns of text, and broken ones to ``malformed``; False when refused."""
    try:
        while chunk := list(islice(records, RECORDS_AT_ONCE)):
            good = [record for record in chunk if record.values is not None]
            _append(
                target,
                relation,
                {name: [record.values[n] or None for record in good] for n, name in enumerate(names)},  # type: ignore[index]
                candidate.file_id,
                [record.line for record in good],
            )
            broken = [record for record in chunk if record.values is None]
            _append(
                target,
                "malformed",
                {"raw_text": [record.text for record in broken]},
                candidate.file_id,
                [record.line for record in broken],
            )
    except BrokenFile as problem:
        _forget(target, candidate, relation)
        refuse(target, candidate.file, candidate.content_hash, problem)
        return False
    return True


def _append(target: Target, relation: str, values: dict[str, list[str | None]], file_id: int, lines: list[int]) -> None:
    texts = {name: pyarrow.array(column, pyarrow.string()) for name, column in values.items()}
    target.db.register("taken_apart", pyarrow.table(texts | {"_line": pyarrow.array(lines, pyarrow.int64())}))
    fields = identifiers(values)
    target.db.execute(
        f"insert into {relation} ({fields}, _file_id, _line) select {fields}, {file_id}, _line from taken_apart"
    )
    target.db.unregister("taken_apart")


def _forget(target: Target, candidate: Candidate, relation: str) -> None:
    for name in (relation, "malformed"):
        target.db.execute(f"delete from {name} where _file_id = {candidate.file_id}")


def _empty_malformed(target: Target) -> None:
    target.db.execute("create or replace temp table malformed (_file_id integer, _line bigint, raw_text varchar)")


def _read_json_lines(target: Target, batch: Batch) -> Read:
    db = target.db
    if _structure(batch[0]).is_regular:
        _read_regular_lines(target, batch)
    else:
        db.execute("create or replace temp table json_lines (line varchar, _file_id integer, _line bigint)")
        _empty_malformed(target)
        batch = [candidate for candidate in batch if _take_apart_json(target, candidate)]
    db.execute(
        """create or replace temp table objects as
        select line, _file_id, _line,
            case when json_valid(line) then json_type(line) = 'OBJECT' else false end as is_object
        from json_lines"""
    )
    db.execute("insert into malformed select _file_id, _line, line from objects where not is_object")
    found = db.execute(
        "select _file_id, k, count(*) from "
        "(select _file_id, unnest(json_keys(line)) as k from objects where is_object)"
        " group by all order by all"
    ).fetchall()
    kept = []
    for candidate in batch:
        keys = [key for file_id, key, _ in found if file_id == candidate.file_id]
        problem = _problem_of_keys(target, candidate.file, keys) if keys else None
        if problem:
            ledger.reject(target, candidate.file, candidate.content_hash, problem)
            _forget(target, candidate, "objects")
        else:
            note_spelling(target, candidate.file, matching_names(keys, target.table.column_names))
            kept.append(candidate)
    kept_ids = {candidate.file_id for candidate in kept}
    names = sorted({key for file_id, key, _ in found if file_id in kept_ids} | set(target.table.key))
    incoming = stage_objects(target, names, "line", "objects where is_object")
    return Read(kept, incoming, _quarantine_malformed(target))


def _problem_of_keys(target: Target, file: LandingFile, keys: Sequence[str]) -> str | None:
    meant = matching_names(keys, target.table.column_names).values()
    missing = [column.name for column in target.table.columns if column.must_arrive and column.name not in meant]
    if missing:
        return missing_columns_message(target, missing, keys)
    return names_problem(keys, target.table.column_names) or time_problem(target.table, file, [*meant])


def _take_apart_json(target: Target, candidate: Candidate) -> bool:
    records = json_records(candidate.file.path, _structure(candidate))
    return _take_apart(target, candidate, "json_lines", ["line"], records)


def stage_objects(target: Target, names: list[str], column: str, relation: str) -> Incoming:
    """Takes JSON objects apart into text columns, named as the contract names them."""
    matching = matching_names(names, target.table.column_names)
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(matching.get(name, name), []).append(name)
    # Keys that differ only in case cannot be fields of one struct; files of one batch may write them differently.
    plain = [name for name, spelled in spellings.items() if spelled == [name]]
    others = {name: spelled for name, spelled in spellings.items() if name not in plain}
    shape = literal(json.dumps(dict.fromkeys(plain, "VARCHAR")))
    taken_apart = f"json_transform({column}, {shape})" if plain else "null"
    fields = [f"s.{identifier(name)}" for name in plain]
    fields += [
        f"coalesce({', '.join(map(_value_of_key, spelled))}) as {identifier(n)}" for n, spelled in others.items()
    ]
    target.db.execute(
        f"""create or replace temp table staged as
        select {", ".join([*fields, "_file_id", "_line"])}
        from (select {taken_apart} as s, {column} as object, _file_id, _line
              from {relation})"""
    )
    return Incoming("staged", dict.fromkeys(spellings, "VARCHAR"))


def _value_of_key(key: str) -> str:
    path = "$." + json.dumps(key, ensure_ascii=False)
    return f"json_extract_string(object, {literal(path)})"


def _read_regular_lines(target: Target, batch: Batch) -> None:
    """Writes every line that is not blank to ``json_lines``, and those that are not UTF-8 to ``malformed``."""
    _reset_rejects(target)
    _name_files(target, batch)
    target.db.execute(
        f"""create or replace temp table lines as
        select *, row_number() over () as _position
        from read_csv([{_paths(batch)}], auto_detect = false, header = false, columns = {{'line': 'VARCHAR'}},
            delim = e'\\x1f', quote = '', escape = '', null_padding = true, store_rejects = true,
            compression = {literal(_structure(batch[0]).compression)},
            max_line_size = {MAX_VALUE_BYTES}, buffer_size = {4 * MAX_VALUE_BYTES},
            filename = '_path', hive_partitioning = false)"""
    )
    _collect_malformed(target)
    target.db.execute(
        """create or replace temp table json_lines as
        with first as (select _path, min(_position) as _first from lines group by _path)
        select l.line, f._file_id, l._position - first._first + 1 as _line
        from lines as l inner join first using (_path) inner join batch_files as f on f._path = l._path
        where trim(l.line) <> ''"""
    )


def _reset_rejects(target: Target) -> None:
    for relation in ("reject_errors", "reject_scans"):
        target.db.execute(f"drop table if exists {relation}")


def _name_files(target: Target, batch: Batch) -> None:
    target.db.execute("create or replace temp table batch_files (_path varchar, _file_id integer)")
    marks = ", ".join(["(?, ?)"] * len(batch))
    values = [value for candidate in batch for value in (str(candidate.file.path), candidate.file_id)]
    target.db.execute(f"insert into batch_files values {marks}", values)


def _quarantine_malformed(target: Target) -> dict[int, int]:
    target.db.execute(
        f"insert into {target.quarantine} select {target.load_id}, _file_id, _line, 'malformed', "
        f"cast(json_object('_text', regexp_replace(raw_text, {literal(EMAIL)}, '(address)', 'g')) as varchar) "
        "from malformed"
    )
    counts: dict[int, int] = dict(target.db.execute("select _file_id, count(*) from malformed group by all").fetchall())
    if counts:
        target.report.quarantine_reasons["malformed"] += sum(counts.values())
    return counts
