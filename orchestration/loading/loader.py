"""Loads landing files into raw tables: each file whole or not at all, every row accounted for.

The unit of work is a batch of files of one table, one format and one set of columns, loaded in one transaction:

1. rows that break the contract go to ``quarantine.<table>`` with all their reasons;
2. rows whose key nobody else claims go straight into ``raw.<table>``;
3. contested keys (twice in the batch, or known already) are settled: of two versions the one with the later
   ``newer_by`` wins, a tie goes to the greater content hash, so that the order of loading never matters. The losing
   versions are kept in ``superseded.<table>``; exact copies are only counted;
4. the ledger is written.

Orphans (rows whose parent is not there yet) wait in quarantine and are judged again whenever their parents grow.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import duckdb

from orchestration.contract import RawTable, Zones
from orchestration.loading import contract_sql as rules
from orchestration.loading.contract_sql import Incoming, identifier, literal
from orchestration.loading.discovery import LandingFile, csv_header, find_files, parquet_problem

# A batch is held in memory while its keys are compared; these keep that under about one gigabyte.
MAX_BATCH_ROWS = 10_000_000
MAX_BATCH_TEXT_BYTES = 512 * 1024**2
MAX_BATCH_FILES = 2_000
# Reading many small files three times costs more than writing them down once.
STAGED_ROWS = 1_000_000
MAX_JSON_LINE_BYTES = 64 * 1024**2

OPS_DDL = Path(__file__).with_name("ops.sql").read_text()
TECHNICAL_COLUMNS = {"_extra": "VARCHAR", "_load_id": "BIGINT", "_file_id": "INTEGER", "_line": "BIGINT"}

Progress = Callable[[str, int, int], None]


class LoadError(Exception):
    """The landing folder cannot be loaded at all. The message names what is wrong and the way out."""


@dataclass
class TableReport:
    """What one load did to one raw table. Counts are rows, unless they say files."""

    table: str
    files_loaded: int = 0
    files_known: int = 0
    rows_in_files: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_released: int = 0
    """Quarantined orphans of earlier loads whose parents have come."""
    rejected: list[str] = field(default_factory=list)
    """Messages about files that were not read because of their structure."""
    notices: list[str] = field(default_factory=list)
    quarantine_reasons: Counter[str] = field(default_factory=Counter)


@dataclass
class LoadReport:
    """What one load did, by table in the order of loading."""

    load_id: int
    tables: dict[str, TableReport] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> list[str]:
        return [message for report in self.tables.values() for message in report.rejected]

    @property
    def rows_loaded(self) -> int:
        return sum(report.rows_loaded for report in self.tables.values())


class _FilesChanged(Exception):
    """Files were written to while they were read."""

    def __init__(self, files: list[LandingFile]):
        self.files = files


@dataclass(frozen=True)
class _Candidate:
    """A landing file that is to be loaded, with the identity that the ledger will give it."""

    file: LandingFile
    file_id: int
    content_hash: str
    columns: tuple[tuple[str, str], ...]
    """Name and type; empty for JSON Lines, whose columns are only known once it is read."""
    delimiter: str = ","
    rows: int = 0


class TableLoader:
    """Loads the new files of one raw table over one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: RawTable, load_id: int, zones: Zones):
        self.db = connection
        self.table = table
        self.zones = zones
        self.load_id = load_id
        self.report = TableReport(table.name)
        self.raw = f"raw.{identifier(table.name)}"
        self.superseded = f"superseded.{identifier(table.name)}"
        self.quarantine = f"quarantine.{identifier(table.name)}"
        self.key = ", ".join(identifier(name) for name in table.key)
        self.contract_columns = ", ".join(map(identifier, table.column_names))
        self.columns = ", ".join(identifier(name) for name in (*table.column_names, *TECHNICAL_COLUMNS))
        self._copies: list[tuple[_Candidate, str]] = []

    # ---------------------------------------------------------------- tables

    def ensure_tables(self) -> None:
        """Creates the tables of this contract table, and adds columns that the contract has gained."""
        wanted = {c.name: rules.target_type(c) for c in self.table.columns} | TECHNICAL_COLUMNS
        body = ", ".join(f"{identifier(name)} {kind}" for name, kind in wanted.items())
        self.db.execute(f"create table if not exists {self.raw} ({body})")
        self.db.execute(f"create table if not exists {self.superseded} ({body}, _superseded_load_id bigint)")
        self.db.execute(
            f"create table if not exists {self.quarantine} "
            "(_load_id bigint, _file_id integer, _line bigint, reasons varchar, row varchar)"
        )
        for relation in (self.raw, self.superseded):
            found = {name: kind for name, kind, *_ in self.db.execute(f"describe {relation}").fetchall()}
            for name, kind in wanted.items():
                if name not in found:
                    self.db.execute(f"alter table {relation} add column {identifier(name)} {kind}")
                elif found[name] != kind:
                    raise LoadError(
                        f"{relation}.{name} is {found[name]} in the warehouse but {kind} in the contract "
                        f"({self.table.file.name}); build into a new warehouse file to change a type"
                    )

    # ---------------------------------------------------------------- choosing files

    def candidates(self, files: Iterable[LandingFile], next_file_id: int) -> list[_Candidate]:
        """The files that hold something new; known ones are passed over, unreadable ones reported."""
        ledger = self.db.execute(
            "select file, fingerprint, content_hash, status, rows_in_file, file_id from ops.load_ledger "
            "where table_name = ? and status <> 'replaced' order by file_id",
            [self.table.name],
        ).fetchall()
        by_name = {row[0]: row for row in ledger}
        by_content = {row[2]: (row[0], row[5]) for row in ledger if row[3] == "loaded"}
        fresh: list[tuple[LandingFile, str]] = []
        copies: list[tuple[LandingFile, str]] = []
        for file in files:
            known = by_name.get(file.name)
            if known and known[1] == file.fingerprint and known[3] != "rejected":
                self.report.files_known += 1
                continue
            content_hash = file.content_hash()
            if known and known[2] == content_hash and known[3] != "rejected":
                self.report.files_known += 1
                self.db.execute(
                    "update ops.load_ledger set fingerprint = ? where file_id = ?", [file.fingerprint, known[5]]
                )
            elif content_hash in by_content:
                copies.append((file, content_hash))
            else:
                by_content[content_hash] = (file.name, None)
                fresh.append((file, content_hash))
        chosen = [
            replace(candidate, file_id=next_file_id + number)
            for number, candidate in enumerate(self._inspect_all(fresh))
        ]
        for number, (file, content_hash) in enumerate(copies):
            original = by_content[content_hash][0]
            self._copies.append((_Candidate(file, next_file_id + len(chosen) + number, content_hash, ()), original))
        return chosen

    def write_copies(self) -> None:
        """Accounts for files whose content was loaded under another name: every row is a duplicate."""
        for candidate, original in self._copies:
            found = self.db.execute(
                "select rows_in_file from ops.load_ledger where table_name = ? and file = ? and status <> 'rejected' "
                "order by file_id desc limit 1",
                [self.table.name, original],
            ).fetchone()
            if found is None:
                continue  # the original was rejected or postponed; this file is looked at again on the next run
            self._mark_replaced([candidate])
            self._write_ledger([candidate], {candidate.file_id: (found[0], 0, 0, found[0], 0, None, None)}, "copy")
            self.report.notices.append(
                f"{candidate.file.name}: has the same content as {original}, so all its rows are duplicates"
            )
            self.report.files_loaded += 1
            self.report.rows_in_files += found[0]
            self.report.rows_duplicate += found[0]

    def _inspect_all(self, files: list[tuple[LandingFile, str]]) -> list[_Candidate]:
        """Reads the structure of files; those of which nothing can be read are reported and left out."""
        parquet = [
            (file, digest) for file, digest in files if file.format == "parquet" and not self._is_cut_off(file, digest)
        ]
        structures = self._parquet_structures([file for file, _ in parquet])
        found = [self._inspect_text(file, digest) for file, digest in files if file.format != "parquet"]
        for file, digest in parquet:
            structure = structures[str(file.path)]
            if isinstance(structure, str):
                self._reject(file, digest, structure)
            else:
                found.append(_Candidate(file, 0, digest, structure[0], rows=structure[1]))
        return [candidate for candidate in found if candidate and self._has_required_columns(candidate)]

    def _is_cut_off(self, file: LandingFile, content_hash: str) -> bool:
        problem = parquet_problem(file)
        if problem and "not finished" in problem:
            self.report.notices.append(f"{file.name}: {problem}")
        elif problem:
            self._reject(file, content_hash, problem)
        return problem is not None

    def _parquet_structures(self, files: list[LandingFile]) -> dict[str, tuple[tuple, int] | str]:
        """Columns and rows of every Parquet file by path; a message where the footer cannot be read."""
        if not files:
            return {}
        paths = ", ".join(literal(file.path) for file in files)
        try:
            # Files of one shape are described once: asking file by file costs milliseconds each.
            shapes = self.db.execute(
                f"""with fields as (select *, row_number() over () as position from parquet_schema([{paths}])),
                shapes as (
                    select file_name, md5(string_agg(concat_ws('|', name, type, type_length, num_children,
                        converted_type, scale, precision, logical_type), ';' order by position)) as shape
                    from fields group by file_name)
                select shapes.file_name, shape, num_rows
                from shapes inner join parquet_file_metadata([{paths}]) as m on m.file_name = shapes.file_name"""
            ).fetchall()
            columns: dict[str, tuple] = {}
            for path, shape, _ in shapes:
                if shape not in columns:
                    described = self.db.execute(
                        f"describe from read_parquet({literal(path)}, hive_partitioning = false)"
                    ).fetchall()
                    columns[shape] = tuple((name, kind) for name, kind, *_ in described)
            return {path: (columns[shape], rows) for path, shape, rows in shapes}
        except duckdb.Error as error:
            if len(files) == 1:
                return {str(files[0].path): f"cannot be read as Parquet ({_first_line(error)}); write it again"}
            middle = len(files) // 2
            return self._parquet_structures(files[:middle]) | self._parquet_structures(files[middle:])

    def _inspect_text(self, file: LandingFile, content_hash: str) -> _Candidate | None:
        if file.format == "jsonl":
            return _Candidate(file, 0, content_hash, ())
        delimiter, names = csv_header(file, set(self.table.column_names))
        if not names:
            self.report.notices.append(f"{file.name}: is empty, not even a header; left for the next run")
            return None
        if len(set(names)) < len(names):
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            self._reject(file, content_hash, f"has columns twice in its header: {', '.join(twice)}; rename or drop one")
            return None
        return _Candidate(file, 0, content_hash, tuple((name, "VARCHAR") for name in names), delimiter)

    def _has_required_columns(self, candidate: _Candidate) -> bool:
        if candidate.file.format == "jsonl":
            return True  # its keys are only known once it is read
        missing = [c.name for c in self.table.columns if c.required and c.name not in dict(candidate.columns)]
        if missing:
            self._reject(candidate.file, candidate.content_hash, self._missing_message(missing))
        return not missing

    def _missing_message(self, missing: list[str]) -> str:
        word = "column" if len(missing) == 1 else "columns"
        return (
            f"lacks the required {word} {', '.join(missing)} of table {self.table.name}; "
            "add it, or set the file aside by a name that begins with an underscore"
        )

    def _reject(self, file: LandingFile, content_hash: str, problem: str) -> None:
        message = f"{file.name}: {problem}"
        self.report.rejected.append(message)
        self.db.execute("delete from ops.load_ledger where file = ? and status = 'rejected'", [file.name])
        self.db.execute(
            "insert into ops.load_ledger values (-1, ?, ?, ?, ?, 'rejected', ?, ?, ?, null, 0, 0, 0, 0, null, null, ?)",
            [self.load_id, self.table.name, file.name, file.format, file.size, file.fingerprint, content_hash, message],
        )

    # ---------------------------------------------------------------- loading files

    def load(self, candidates: list[_Candidate], progress: Callable[[int], None]) -> None:
        """Loads the candidates batch by batch; a file that spoils its batch is singled out and rejected."""
        queue = list(_batches(candidates))
        while queue:
            batch = queue.pop(0)
            self.db.execute("begin transaction")
            try:
                self._load_batch(batch)
                changed = [c.file for c in batch if not c.file.is_unchanged()]
                if changed:
                    raise _FilesChanged(changed)
                self.db.execute("commit")
                progress(sum(c.file.size for c in batch))
            except _FilesChanged as change:
                self.db.execute("rollback")
                for file in change.files:
                    self.report.notices.append(f"{file.name}: was written to while it was read; left for the next run")
                rest = [c for c in batch if c.file not in change.files]
                queue[:0] = [rest] if rest else []
            except duckdb.Error as error:
                self.db.execute("rollback")
                if len(batch) > 1:
                    queue[:0] = [[candidate] for candidate in batch]
                else:
                    self._reject(batch[0].file, batch[0].content_hash, f"cannot be read ({_first_line(error)})")

    def _load_batch(self, batch: list[_Candidate]) -> None:
        malformed: dict[int, int] = {}
        kind = batch[0].file.format
        if kind == "parquet":
            incoming = self._parquet_relation(batch)
            if sum(c.rows for c in batch) <= STAGED_ROWS:
                self.db.execute(f"create or replace temp table staged as from {incoming.relation}")
                incoming = replace(incoming, relation="staged")
        else:
            self.db.execute("set preserve_insertion_order = true")
            incoming, malformed, batch = self._stage_csv(batch) if kind == "csv" else self._stage_json_lines(batch)
            self.db.execute("set preserve_insertion_order = false")
        counts = self._accept(incoming)
        outcome = {}
        for candidate in batch:
            rows, loaded, quarantined, duplicate, superseded, first, last = counts.get(
                candidate.file_id, (0, 0, 0, 0, 0, None, None)
            )
            broken = malformed.get(candidate.file_id, 0)
            outcome[candidate.file_id] = (
                rows + broken,
                loaded,
                quarantined + broken,
                duplicate,
                superseded,
                first,
                last,
            )
        unknown = rules.unknown_columns(self.table, incoming)
        if unknown and batch:
            names = ", ".join(c.file.name for c in batch[:3]) + (
                f" and {len(batch) - 3} more" if len(batch) > 3 else ""
            )
            self.report.notices.append(f"{names}: unknown columns {', '.join(unknown)} are kept in _extra")
        self._mark_replaced(batch)
        self._write_ledger(batch, outcome, "loaded")
        self.report.files_loaded += len(batch)
        for rows, loaded, quarantined, duplicate, *_ in outcome.values():
            self.report.rows_in_files += rows
            self.report.rows_loaded += loaded
            self.report.rows_quarantined += quarantined
            self.report.rows_duplicate += duplicate

    def _parquet_relation(self, batch: list[_Candidate]) -> Incoming:
        paths = ", ".join(literal(c.file.path) for c in batch)
        names = ", ".join(identifier(name) for name, _ in batch[0].columns)
        base = batch[0].file_id
        relation = (
            f"(select {names}, cast({base} + file_index as integer) as _file_id, file_row_number + 1 as _line "
            f"from read_parquet([{paths}], file_row_number = true, hive_partitioning = false))"
        )
        return Incoming(relation, dict(batch[0].columns))

    def _stage_csv(self, batch: list[_Candidate]) -> tuple[Incoming, dict[int, int], list[_Candidate]]:
        self._reset_rejects()
        names = [name for name, _ in batch[0].columns]
        columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"
        paths = ", ".join(literal(c.file.path) for c in batch)
        self._name_files(batch)
        self.db.execute(
            f"""create or replace temp table lines as
            select *, row_number() over () as _position from read_csv([{paths}], auto_detect = false, header = true,
                delim = {literal(batch[0].delimiter)}, quote = '"', escape = '"', columns = {columns},
                store_rejects = true, filename = '_path', hive_partitioning = false)"""
        )
        # A record of several faults is rejected once per fault; the line it began on identifies it.
        self.db.execute(
            """create or replace temp table malformed as
            select f.file_id as _file_id, e.line as _line, any_value(e.csv_line) as raw_text
            from reject_errors as e
            inner join reject_scans as s on e.scan_id = s.scan_id and e.file_id = s.file_id
            inner join batch_files as f on s.file_path = f.path
            group by all"""
        )
        # The line of a record is its position among the good ones, moved by the header and by the broken lines
        # before it (exact unless quoted fields hold line breaks).
        fields = ", ".join(identifier(name) for name in names)
        self.db.execute(
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
            if self.db.execute("select count(*) from malformed").fetchone()[0]
            else f"""create or replace temp table staged as
            with first as (select _path, min(_position) as _first from lines group by _path)
            select {fields}, f.file_id as _file_id, l._position - first._first + 2 as _line
            from lines as l inner join first using (_path) inner join batch_files as f on f.path = l._path"""
        )
        return Incoming("staged", dict(batch[0].columns)), self._quarantine_malformed(), batch

    def _stage_json_lines(self, batch: list[_Candidate]) -> tuple[Incoming, dict[int, int], list[_Candidate]]:
        self._reset_rejects()
        self._name_files(batch)
        paths = ", ".join(literal(c.file.path) for c in batch)
        self.db.execute(
            f"""create or replace temp table lines as
            select *, row_number() over () as _position
            from read_csv([{paths}], auto_detect = false, header = false, columns = {{'line': 'VARCHAR'}},
                delim = e'\\x1f', quote = '', escape = '', null_padding = true, store_rejects = true,
                max_line_size = {MAX_JSON_LINE_BYTES}, buffer_size = {4 * MAX_JSON_LINE_BYTES},
                filename = '_path', hive_partitioning = false)"""
        )
        self.db.execute(
            """create or replace temp table objects as
            with first as (select _path, min(_position) as _first from lines group by _path),
            broken as (
                select s.file_path, e.line, any_value(e.csv_line) as raw_text
                from reject_errors as e inner join reject_scans as s on e.scan_id = s.scan_id and e.file_id = s.file_id
                group by all
            ),
            judged as (
                select l.line, l._path, l._position - first._first + 1 as _line,
                    case when json_valid(l.line) then json_type(l.line) = 'OBJECT' else false end as is_object
                from lines as l inner join first using (_path) where trim(l.line) <> ''
                union all
                select raw_text, file_path, line, false from broken
            )
            select j.line, f.file_id as _file_id, j._line, j.is_object
            from judged as j inner join batch_files as f on f.path = j._path"""
        )
        self.db.execute(
            "create or replace temp table malformed as "
            "select _file_id, _line, line as raw_text from objects where not is_object"
        )
        found = self.db.execute(
            "select _file_id, k, count(*) from "
            "(select _file_id, unnest(json_keys(line)) as k from objects where is_object)"
            " group by all"
        ).fetchall()
        kept = []
        for candidate in batch:
            keys = {key for file_id, key, _ in found if file_id == candidate.file_id}
            missing = [c.name for c in self.table.columns if c.required and c.name not in keys]
            if keys and missing:
                self._reject(candidate.file, candidate.content_hash, self._missing_message(missing))
                for relation in ("objects", "malformed"):
                    self.db.execute(f"delete from {relation} where _file_id = {candidate.file_id}")
            else:
                kept.append(candidate)
        kept_ids = {candidate.file_id for candidate in kept}
        names = sorted({key for file_id, key, _ in found if file_id in kept_ids} | set(self.table.key))
        shape = json.dumps(dict.fromkeys(names, "VARCHAR"))
        fields = ", ".join(f"s.{identifier(name)}" for name in names)
        self.db.execute(
            f"""create or replace temp table staged as
            select {fields}, _file_id, _line
            from (select json_transform(line, {literal(shape)}) as s, _file_id, _line from objects where is_object)"""
        )
        return Incoming("staged", dict.fromkeys(names, "VARCHAR")), self._quarantine_malformed(), kept

    def _reset_rejects(self) -> None:
        for relation in ("reject_errors", "reject_scans"):
            self.db.execute(f"drop table if exists {relation}")

    def _name_files(self, batch: list[_Candidate]) -> None:
        self.db.execute("create or replace temp table batch_files (path varchar, file_id integer)")
        marks = ", ".join(["(?, ?)"] * len(batch))
        self.db.execute(
            f"insert into batch_files values {marks}", [value for c in batch for value in (str(c.file.path), c.file_id)]
        )

    def _quarantine_malformed(self) -> dict[int, int]:
        self.db.execute(
            f"insert into {self.quarantine} select {self.load_id}, _file_id, _line, 'malformed', "
            "cast(json_object('_text', raw_text) as varchar) from malformed"
        )
        counts = dict(self.db.execute("select _file_id, count(*) from malformed group by all").fetchall())
        if counts:
            self.report.quarantine_reasons["malformed"] += sum(counts.values())
        return counts

    # ---------------------------------------------------------------- judging and merging rows

    def _accept(self, incoming: Incoming) -> dict[int, tuple]:
        """Sorts the incoming rows into raw, superseded, quarantine and copies.

        Returns per file: rows, loaded, quarantined, duplicate, superseded, first and last event time.
        """
        table, db = self.table, self.db
        fields = ", ".join(f"{rules.typed(c, incoming, self.zones)} as {identifier(c.name)}" for c in table.columns)
        event_time = (
            f"cast({identifier(table.event_time)} as timestamp)" if table.event_time else "cast(null as timestamp)"
        )
        reasons = rules.reasons(table, incoming, self.zones)
        judged = (
            f"(select {fields}, {rules.extra(table, incoming)} as _extra, {incoming.file_id} as _file_id, "
            f"{incoming.line} as _line, {reasons} as _reasons from {incoming.relation})"
        )
        totals = db.execute(
            f"""select _file_id, count(*), count(*) filter (where _reasons <> ''),
                min({event_time}) filter (where _reasons = ''), max({event_time}) filter (where _reasons = '')
            from {judged} group by _file_id"""
        ).fetchall()
        broken = sum(row[2] for row in totals)
        conditions = ["_reasons = ''"] if broken else []
        orphan_cases = []
        for number, column in enumerate(c for c in table.columns if c.references and c.quarantines_orphans):
            name, (parent, parent_column) = identifier(column.name), column.references
            db.execute(
                f"""create or replace temp table orphans_{number} as
                select distinct {name} as value from {judged} as j
                where {name} is not null and not exists (
                    select 1 from raw.{identifier(parent)} as p where p.{identifier(parent_column)} = j.{name})"""
            )
            if db.execute(f"select count(*) from orphans_{number}").fetchone()[0]:
                is_orphan = f"{name} in (select value from orphans_{number})"
                conditions.append(f"({name} is null or not {is_orphan})")
                orphan_cases.append(f"case when {is_orphan} then 'orphan:{column.name}' end")
        good = f"(from {judged} where {' and '.join(conditions)})" if conditions else judged
        quarantined: dict[int, int] = {}
        if conditions:
            quarantined = self._quarantine_rows(incoming, reasons, orphan_cases)
        contested = self._find_contested(good)
        duplicate: dict[int, int] = {}
        superseded: dict[int, int] = {}
        if contested:
            duplicate, superseded = self._settle(good)
            is_contested = f"exists (select 1 from contested_keys as k where {self._same_key('g', 'k')})"
            good = f"(from {good} as g where not {is_contested})"
        db.execute(
            f"insert into {self.raw} ({self.columns}) "
            f"select {self.contract_columns}, _extra, {self.load_id}, _file_id, _line from {good}"
        )
        return {
            file_id: (
                rows,
                rows - quarantined.get(file_id, 0) - duplicate.get(file_id, 0),
                quarantined.get(file_id, 0),
                duplicate.get(file_id, 0),
                superseded.get(file_id, 0),
                first,
                last,
            )
            for file_id, rows, _, first, last in totals
        }

    def _same_key(self, left: str, right: str) -> str:
        return " and ".join(f"{left}.{identifier(name)} = {right}.{identifier(name)}" for name in self.table.key)

    def _quarantine_rows(self, incoming: Incoming, reasons: str, orphan_cases: list[str]) -> dict[int, int]:
        all_reasons = f"concat_ws('; ', {', '.join([f'nullif({reasons}, {literal(str())})', *orphan_cases])})"
        self.db.execute(
            f"""create or replace temp table broken_rows as
            select {incoming.file_id} as _file_id, {incoming.line} as _line, {all_reasons} as reasons,
                {rules.original(incoming)} as row
            from {incoming.relation} where {all_reasons} <> ''"""
        )
        self.db.execute(
            f"insert into {self.quarantine} select {self.load_id}, _file_id, _line, reasons, row from broken_rows"
        )
        for reason, count in self.db.execute(
            "select reason, count(*) "
            "from (select unnest(string_split(reasons, '; ')) as reason from broken_rows) group by 1"
        ).fetchall():
            self.report.quarantine_reasons[reason] += count
        return dict(self.db.execute("select _file_id, count(*) from broken_rows group by 1").fetchall())

    def _find_contested(self, good: str) -> int:
        """Writes the keys that more than one row claims to ``contested_keys``; returns how many."""
        # Twice in the batch: the hash narrows them down on integers; a collision only costs a second look.
        self.db.execute(
            f"""create or replace temp table contested_keys as
            select distinct {self.key} from {good}
            where hash({self.key}) in (select hash({self.key}) from {good} group by 1 having count(*) > 1)
            """
            if self._has_repeated_hashes(good)
            else f"create or replace temp table contested_keys as select {self.key} from {good} where false"
        )
        if self.db.execute(f"select exists (from {self.raw})").fetchone()[0]:
            self.db.execute(
                f"""insert into contested_keys select {self.key} from {self.raw} as r
                where exists (select 1 from {good} as g where {self._same_key("g", "r")})
                and not exists (select 1 from contested_keys as k where {self._same_key("k", "r")})"""
            )
        return self.db.execute("select count(*) from contested_keys").fetchone()[0]

    def _has_repeated_hashes(self, good: str) -> bool:
        sql = f"select exists (select 1 from {good} group by hash({self.key}) having count(*) > 1)"
        return self.db.execute(sql).fetchone()[0]

    def _settle(self, good: str) -> tuple[dict[int, int], dict[int, int]]:
        """Settles the contested keys. Returns per file the exact copies and the new rows that are old news."""
        names = self.contract_columns
        newer = identifier(self.table.newer_by)
        claimed = f"exists (select 1 from contested_keys as k where {self._same_key('k', 'x')})"
        self.db.execute(
            f"""create or replace temp table claims as
            select {names}, _extra, 0 as origin, _load_id, _file_id, _line from {self.raw} as x where {claimed}
            union all
            select {names}, _extra, 1, _load_id, _file_id, _line from {self.superseded} as x where {claimed}
            union all
            select {names}, _extra, 2, {self.load_id}, _file_id, _line from {good} as x where {claimed}"""
        )
        # Only versions of the same moment can be copies or need a tie broken, so only their content is hashed; and only
        # what decides goes through the windows, not the whole rows.
        self.db.execute(
            f"""create or replace temp table ties as
            select {self.key}, {newer} as newer from claims group by all having count(*) > 1"""
        )
        fields = ", ".join(f"{name} := {name}" for name in [*map(identifier, self.table.column_names), "_extra"])
        tied = f"exists (select 1 from ties as t where {self._same_key('t', 'x')} and t.newer = x.{newer})"
        self.db.execute(
            f"""create or replace temp table contenders as
            with versions as (
                select rowid as claim, {self.key}, {newer} as newer, origin, _file_id, _line,
                    case when {tied} then md5(cast(to_json(struct_pack({fields})) as varchar)) end as content
                from claims as x
            ),
            copies as (
                select *, case when content is null then 1 else row_number() over (
                    partition by {self.key}, newer, content order by origin, _file_id, _line
                ) end as copy_number
                from versions
            )
            select claim, {self.key}, origin, _file_id, copy_number, case when copy_number = 1 then row_number() over (
                partition by {self.key}, copy_number = 1 order by newer desc, content desc
            ) end as version_number
            from copies"""
            if self.db.execute("select exists (from ties)").fetchone()[0]
            else f"""create or replace temp table contenders as
            select rowid as claim, {self.key}, origin, _file_id, 1 as copy_number,
                row_number() over (partition by {self.key} order by {newer} desc) as version_number
            from claims"""
        )
        self.db.execute(
            f"""insert into {self.superseded} ({self.columns}, _superseded_load_id)
            select {self.columns}, {self.load_id} from claims
            where rowid in (select claim from contenders where version_number > 1 and origin in (0, 2))"""
        )
        self.db.execute(
            f"""delete from {self.raw} as r using contenders as c
            where {self._same_key("r", "c")} and c.origin = 0 and c.version_number > 1"""
        )
        self.db.execute(
            f"insert into {self.raw} ({self.columns}) select {self.columns} from claims "
            "where rowid in (select claim from contenders where origin = 2 and version_number = 1)"
        )
        # A replaced row is booked on the file it came from, so that loaded - superseded is what stands of a file.
        self.db.execute(
            """update ops.load_ledger set rows_superseded = rows_superseded + lost.number
            from (
                select _file_id, count(*) as number from contenders
                where origin = 0 and version_number > 1 group by 1
            ) as lost
            where lost._file_id = load_ledger.file_id"""
        )
        self.report.rows_superseded += self.db.execute(
            "select count(*) from contenders where version_number > 1 and origin in (0, 2)"
        ).fetchone()[0]
        copies = self.db.execute(
            "select _file_id, count(*) from contenders where origin = 2 and copy_number > 1 group by 1"
        ).fetchall()
        stale = self.db.execute(
            "select _file_id, count(*) from contenders where origin = 2 and version_number > 1 group by 1"
        ).fetchall()
        return dict(copies), dict(stale)

    # ---------------------------------------------------------------- orphans, ledger

    def release_orphans(self) -> None:
        """Judges quarantined rows again that only lacked a parent."""
        waiting = "not exists (select 1 from unnest(string_split(reasons, '; ')) as t(r) where r not like 'orphan:%')"
        references = [c for c in self.table.columns if c.references and c.quarantines_orphans]
        if not references or not self.db.execute(f"select exists (from {self.quarantine})").fetchone()[0]:
            return
        parents = " or ".join(
            f"exists (select 1 from raw.{identifier(c.references[0])} as p "
            f"where p.{identifier(c.references[1])} = json_extract_string(q.row, {literal('$.' + identifier(c.name))}))"
            for c in references
        )
        self.db.execute("begin transaction")
        try:
            self.db.execute(
                "create or replace temp table released as "
                f"select * from {self.quarantine} as q where {waiting} and ({parents})"
            )
            if self.db.execute("select count(*) from released").fetchone()[0]:
                self._accept_released()
            self.db.execute("commit")
        except BaseException:
            self.db.execute("rollback")
            raise

    def _accept_released(self) -> None:
        names = [
            r[0] for r in self.db.execute("select distinct unnest(json_keys(row)) from released order by 1").fetchall()
        ]
        shape = json.dumps(dict.fromkeys(names, "VARCHAR"))
        fields = ", ".join(f"s.{identifier(name)}" for name in names)
        self.db.execute(
            f"""create or replace temp table staged as select {fields}, _file_id, _line
            from (select json_transform(row, {literal(shape)}) as s, _file_id, _line from released)"""
        )
        self.db.execute(
            f"""delete from {self.quarantine} as q using released as r
            where q._file_id = r._file_id and q._line = r._line and q._load_id = r._load_id"""
        )
        counts = self._accept(Incoming("staged", dict.fromkeys(names, "VARCHAR")))
        for file_id, (rows, loaded, quarantined, duplicate, superseded, first, last) in counts.items():
            self.db.execute(
                """update ops.load_ledger set rows_loaded = rows_loaded + ?, rows_duplicate = rows_duplicate + ?,
                    rows_superseded = rows_superseded + ?, rows_quarantined = rows_quarantined - ?,
                    event_time_min = least(event_time_min, ?), event_time_max = greatest(event_time_max, ?)
                where file_id = ?""",
                [loaded, duplicate, superseded, rows - quarantined, first, last, file_id],
            )
            self.report.rows_released += rows - quarantined

    def _mark_replaced(self, batch: list[_Candidate]) -> None:
        names = ", ".join(literal(candidate.file.name) for candidate in batch) or "null"
        replaced = self.db.execute(
            "update ops.load_ledger set status = 'replaced' "
            f"where file in ({names}) and status in ('loaded', 'copy') returning file"
        ).fetchall()
        self.db.execute(f"delete from ops.load_ledger where file in ({names}) and status = 'rejected'")
        for (name,) in replaced:
            self.report.notices.append(f"{name}: has new content since it was loaded, loaded again")

    def _write_ledger(self, batch: list[_Candidate], outcome: dict[int, tuple], status: str) -> None:
        if not batch:
            return
        rows = [
            (c.file_id, self.load_id, self.table.name, c.file.name, c.file.format, status, c.file.size,
             c.file.fingerprint, c.content_hash, *outcome[c.file_id], None)
            for c in batch
        ]  # fmt: skip
        # One statement: row by row a load of thousands of small files spends its time here.
        marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
        self.db.execute(f"insert into ops.load_ledger values {marks}", [value for row in rows for value in row])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _batches(candidates: list[_Candidate]) -> Iterable[list[_Candidate]]:
    """Batches of files with the same format and columns and neighbouring identities, bounded in size."""
    shape = lambda c: (c.file.format, c.columns, c.delimiter)  # noqa: E731
    for _, group in groupby(candidates, key=shape):
        batch: list[_Candidate] = []
        rows = size = 0
        for candidate in group:
            # file_index + the first identity must give the identity, so identities in a batch follow one another
            apart = batch and candidate.file_id != batch[-1].file_id + 1
            text = candidate.file.size if candidate.file.format != "parquet" else 0
            full = rows + candidate.rows > MAX_BATCH_ROWS or size + text > MAX_BATCH_TEXT_BYTES
            if batch and (apart or full or len(batch) >= MAX_BATCH_FILES):
                yield batch
                batch, rows, size = [], 0, 0
            batch.append(candidate)
            rows, size = rows + candidate.rows, size + text
        yield batch


def check_landing_folder(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    """Remembers which landing folder a warehouse is loaded from, and refuses another one.

    Two companies in one warehouse would read as one. Raises LoadError.
    """
    connection.execute(OPS_DDL)
    known = connection.execute("select folder from ops.landing_folder").fetchone()
    if known is None:
        connection.execute("insert into ops.landing_folder values (?)", [str(raw)])
    elif known[0] != str(raw):
        raise LoadError(
            f"{raw}: this warehouse was loaded from {known[0]}; give another file with --warehouse "
            "(a landing folder that was only moved is loaded again from its files into a new one)"
        )


def load_landing(
    connection: duckdb.DuckDBPyConnection,
    raw: Path,
    tables: dict[str, RawTable],
    progress: Progress = lambda table, done, total: None,
    zones: Zones = rules.UTC,
) -> LoadReport:
    """Loads everything new below the landing folder, parents before children.

    Raises LoadError when the folder is missing or empty, or a required table has never had a row.
    """
    if not raw.is_dir():
        raise LoadError(f"{raw}: there is no such landing folder; give the right one with --raw")
    files, notices = find_files(raw, tables)
    connection.execute(OPS_DDL)
    # Half as long again otherwise; where the order of lines matters (text files) it is kept.
    connection.execute("set preserve_insertion_order = false")
    load_id = connection.execute(
        "insert into ops.loads (load_id) select coalesce(max(load_id), 0) + 1 from ops.loads returning load_id"
    ).fetchone()[0]
    report = LoadReport(load_id, notices=notices)
    if not any(files.values()):
        raise LoadError(
            f"{raw}: holds no landing files; expected <table>/*.parquet, .csv or .jsonl for tables such as customers"
        )
    total = sum(file.size for found in files.values() for file in found)
    done = 0
    for table in tables.values():
        loader = TableLoader(connection, table, load_id, zones)
        loader.ensure_tables()
        report.tables[table.name] = loader.report
        is_empty = not connection.execute(f"select exists (from {loader.raw})").fetchone()[0]
        if table.is_required and not files[table.name] and is_empty:
            raise LoadError(
                f"{table.name}: this table is required and the landing folder has no file for it; "
                f"put one at {raw / table.name}/ (.parquet, .csv or .jsonl)"
            )
        loader.release_orphans()
        next_file_id = connection.execute("select coalesce(max(file_id), 0) + 1 from ops.load_ledger").fetchone()[0]
        candidates = loader.candidates(files[table.name], next_file_id)
        chosen = sum(candidate.file.size for candidate in candidates)
        done += sum(file.size for file in files[table.name]) - chosen
        progress(table.name, done, total)

        def advance(size: int, name: str = table.name) -> None:
            nonlocal done
            done += size
            progress(name, done, total)

        loader.load(candidates, advance)
        loader.write_copies()
    connection.execute(_quarantine_view(tables))
    names = ", ".join(f"({literal(name)})" for name in tables)
    connection.execute(f"create or replace table ops.raw_tables as from (values {names}) as t(table_name)")
    return report


def _quarantine_view(tables: dict[str, RawTable]) -> str:
    parts = " union all ".join(
        f"select {literal(name)} as table_name, _load_id, _file_id, _line, reasons from quarantine.{identifier(name)}"
        for name in tables
    )
    return f"create or replace view ops.quarantined_rows as {parts}"
