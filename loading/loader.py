"""Loads landing files into raw tables: each file whole or not at all, every row accounted for.

The unit of work is a batch of files of one table, one format and one set of columns, loaded in one transaction:

1. rows that break the contract go to ``quarantine.<table>`` with all their reasons;
2. rows whose key nobody else claims go straight into ``raw.<table>``;
3. contested keys (twice in the batch, or known already) are settled;
4. the ledger is written.

A file with new content replaces what its old content brought (``replacement``). Orphans (rows whose parent is not
there) wait in quarantine and are evaluated again whenever their parents grow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from stayhouse.contract import RawTable, Zones
from stayhouse.contract.days import last_closed_day
from stayhouse.contract.sql import identifier, literal, one_row
from stayhouse.contract.words import listed
from stayhouse.loading import contract_sql as rules
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Batch, Candidate, batches
from stayhouse.loading.contract_sql import Incoming
from stayhouse.loading.defaults import (
    NAMED_FILES,
    begin_times,
    note_defaults,
    note_times,
    of_known_files,
    with_file_times,
)
from stayhouse.loading.discovery import LandingFile, find_files
from stayhouse.loading.examples import note_examples
from stayhouse.loading.feed_days import forget_feed_days, record_feed_days
from stayhouse.loading.inspection import choose, first_line
from stayhouse.loading.ledger import FileCounts, LedgerEntry
from stayhouse.loading.reading import read, stage_objects
from stayhouse.loading.refusals import no_file_of, no_files, no_folder, of_another
from stayhouse.loading.replacement import begin, carry_over, retire_orphans, take_over
from stayhouse.loading.reports import FileTotals, LoadError, LoadReport, Progress, TableReport
from stayhouse.loading.settlement import merge
from stayhouse.loading.target import Target, transaction
from stayhouse.loading.validation import validate

UNKNOWN_COLUMNS = "unknown columns "


class _FilesChanged(Exception):
    """Files were written to while they were read."""

    def __init__(self, files: list[LandingFile]):
        self.files = files


def check_landing_folder(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    """Remembers which landing folder a warehouse is loaded from, and refuses another one.

    Two companies in one warehouse would read as one. Raises LoadError.
    """
    connection.execute(ledger.DDL)
    known = connection.execute("select folder from ops.landing_folder").fetchone()
    if known is None:
        connection.execute("insert into ops.landing_folder values (?)", [str(raw)])
    elif known[0] != str(raw):
        raise LoadError(of_another(raw, known[0]))


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
        raise LoadError(no_folder(raw))
    found = find_files(raw, tables)
    connection.execute(ledger.DDL)
    # Half as long again otherwise; where the order of lines matters (text files) it is kept.
    connection.execute("set preserve_insertion_order = false")
    report = LoadReport(_begin(connection), notices=found.notices)
    if not any(found.files.values()):
        raise LoadError(no_files(raw))
    total = sum(file.size for files in found.files.values() for file in files)
    done = 0

    def advance(table: str, size: int) -> None:
        nonlocal done
        done += size
        progress(table, done, total)

    targets = [Target(connection, table, report.load_id, zones, TableReport(table.name)) for table in tables.values()]
    with transaction(connection):
        for target in targets:
            target.ensure_tables()
    for target in targets:
        report.tables[target.table.name] = target.report
        _load_table(target, raw, found.files[target.table.name], advance)
    connection.execute(_quarantine_view(tables))
    names = ", ".join(f"({literal(name)})" for name in tables)
    connection.execute(f"create or replace table ops.raw_tables as from (values {names}) as t(table_name)")
    forget_feed_days(connection)
    record_feed_days(connection, tables, zones, last_closed_day(zones.business))
    return report


def _begin(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of a new load."""
    sql = "insert into ops.loads (load_id) select coalesce(max(load_id), 0) + 1 from ops.loads returning load_id"
    return int(one_row(connection, sql)[0])


def _load_table(target: Target, raw: Path, files: Sequence[LandingFile], advance: Callable[[str, int], None]) -> None:
    name = target.table.name
    begin_times(target)
    if target.table.is_required and not files and not target.has_rows(target.raw):
        raise LoadError(no_file_of(name, raw))
    retire_orphans(target)
    release_orphans(target)
    ledger.forget_rejections(target)
    chosen = choose(target, files)
    advance(name, sum(file.size for file in files) - sum(candidate.file.size for candidate in chosen.candidates))
    for candidate, original in chosen.moves:
        _move(target, candidate, original)
    _load_candidates(target, chosen.candidates, lambda size: advance(name, size))
    for candidate in chosen.copies:
        ledger.write_copy(target, candidate)
    # A row that a file no longer holds may lie in others, which were found to repeat it and are asked again, once each.
    shared = ledger.shared_files(target)
    if shared:
        again = choose(target, [file for file in files if file.name in shared])
        _load_candidates(target, again.candidates, lambda size: None)
    note_examples(target)


def _move(target: Target, candidate: Candidate, original: LedgerEntry) -> None:
    """Gives the rows of a file to the one that has its content now, as when a log is rotated."""
    (rows,) = one_row(target.db, "select rows_in_file from ops.load_ledger where file_id = ?", [original.file_id])
    with target.transaction():
        ledger.write_entries(target, [candidate], {candidate.file_id: FileCounts(rows=rows, duplicate=rows)}, "copy")
        take_over(target, original.file_id, candidate.file_id)
        target.db.execute("update ops.load_ledger set status = 'replaced' where file_id = ?", [original.file_id])
    target.report.notices.append(
        f"{candidate.file.name}: has the same content as {original.file} had, so it takes over the rows of that file"
    )
    target.report.files_loaded += 1
    target.report.rows_in_files += rows
    target.report.rows_duplicate += rows


def _load_candidates(target: Target, candidates: Sequence[Candidate], advance: Callable[[int], None]) -> None:
    """Loads the candidates batch by batch; a file that spoils its batch is singled out and rejected."""
    queue = list(batches(candidates))
    while queue:
        batch = queue.pop(0)
        before = deepcopy(target.report)
        target.db.execute("begin transaction")
        try:
            load_batch(target, batch)
            changed = [candidate.file for candidate in batch if not candidate.file.is_unchanged()]
            if changed:
                raise _FilesChanged(changed)
            target.db.execute("commit")
            advance(sum(candidate.file.size for candidate in batch))
        except _FilesChanged as change:
            target.db.execute("rollback")
            target.report.become(before)
            for file in change.files:
                target.report.notices.append(f"{file.name}: was written to while it was read; left for the next run")
            rest = [candidate for candidate in batch if candidate.file not in change.files]
            queue[:0] = [rest] if rest else []
        except duckdb.Error as error:
            target.db.execute("rollback")
            target.report.become(before)
            if len(batch) > 1:
                queue[:0] = [[candidate] for candidate in batch]
            elif batch[0].text and batch[0].text.is_regular:
                # What DuckDB cannot read may still be read line by line.
                queue.insert(0, [replace(batch[0], text=replace(batch[0].text, is_regular=False))])
            else:
                problem = f"cannot be read ({first_line(error)})"
                ledger.reject(target, batch[0].file, batch[0].content_hash, problem)


def load_batch(target: Target, batch: Batch) -> None:
    """Loads the files of a batch and accounts for them, inside a transaction of the caller."""
    found = read(target, batch)
    begin(target, found.batch)
    totals, counts = accept(target, with_file_times(target, found.batch, found.incoming))
    copies = {file_id: accepted.counts.duplicate for file_id, accepted in counts.items()}
    note_defaults(target, found.batch, totals, copies)
    outcome = {}
    for candidate in found.batch:
        accepted = counts.get(candidate.file_id, Accepted())
        malformed = found.malformed.get(candidate.file_id, 0)
        outcome[candidate.file_id] = accepted.counts._replace(
            rows=accepted.counts.rows + malformed, quarantined=accepted.counts.quarantined + malformed
        )
    _notice_unknown_columns(target, found.batch, found.incoming)
    target.report.headers[tuple(found.incoming.columns)] += len(found.batch)
    ledger.write_entries(target, found.batch, outcome, "loaded")
    note_times(target)
    unchanged = sum(accepted.unchanged for accepted in counts.values())
    report = target.report
    report.files_loaded += len(found.batch)
    report.rows_in_files += sum(file.rows for file in outcome.values())
    report.rows_loaded += sum(file.loaded for file in outcome.values()) - unchanged
    report.rows_quarantined += sum(file.quarantined for file in outcome.values())
    report.rows_duplicate += sum(file.duplicate for file in outcome.values()) + unchanged


def _notice_unknown_columns(target: Target, batch: Batch, incoming: Incoming) -> None:
    unknown = rules.unknown_columns(target.table, incoming)
    if unknown and batch:
        names = listed([candidate.file.name for candidate in batch], NAMED_FILES)
        target.report.notices.append(f"{names}: {UNKNOWN_COLUMNS}{', '.join(unknown)} are kept in _extra")


class Accepted(NamedTuple):
    """What became of the rows of a file, and how many of the loaded ones its old content had brought already."""

    counts: FileCounts = FileCounts()
    unchanged: int = 0


def accept(target: Target, incoming: Incoming) -> tuple[list[FileTotals], dict[int, Accepted]]:
    """Sorts the incoming rows into raw, superseded, quarantine and copies; returns what became of them by file."""
    validated = validate(target, incoming)
    carried = carry_over(target, validated.good)
    settled = merge(target, carried.good)
    accepted = {}
    for total in validated.totals:
        quarantined = validated.quarantined.get(total.file_id, 0)
        duplicate = settled.copies.get(total.file_id, 0)
        counts = FileCounts(
            total.rows,
            total.rows - quarantined - duplicate,
            quarantined,
            duplicate,
            settled.stale.get(total.file_id, 0) + carried.superseded[total.file_id],
            total.first_event,
            total.last_event,
        )
        unchanged = carried.unchanged[total.file_id] + settled.confirmed.get(total.file_id, 0)
        accepted[total.file_id] = Accepted(counts, unchanged)
    return validated.totals, accepted


def release_orphans(target: Target) -> None:
    """Evaluates quarantined rows again that only lacked a parent."""
    references = [(c.name, c.references) for c in target.table.columns if c.references and c.quarantines_orphans]
    if not references or not target.has_rows(target.quarantine):
        return
    waiting = "not exists (select 1 from unnest(string_split(reasons, '; ')) as t(r) where r not like 'orphan:%')"
    parents = " or ".join(
        f"exists (select 1 from raw.{identifier(parent)} as p "
        f"where p.{identifier(column)} = json_extract_string(q.row, {literal('$.' + identifier(name))}))"
        for name, (parent, column) in references
    )
    with target.transaction():
        target.db.execute(
            "create or replace temp table released as "
            f"select * from {target.quarantine} as q where {waiting} and ({parents})"
        )
        if target.has_rows("released"):
            _accept_released(target)


def _accept_released(target: Target) -> None:
    keys = target.db.execute("select distinct unnest(json_keys(row)) from released order by 1").fetchall()
    begin_times(target)
    incoming = of_known_files(stage_objects(target, [name for (name,) in keys], "row", "released"))
    target.db.execute(
        f"""delete from {target.quarantine} as q using released as r
        where q._file_id = r._file_id and q._line = r._line and q._load_id = r._load_id"""
    )
    target.db.execute("create or replace temp table replaced_files (old_file_id integer, new_file_id integer)")
    for file_id, accepted in accept(target, incoming)[1].items():
        ledger.book_released(target, file_id, accepted.counts)


def _quarantine_view(tables: dict[str, RawTable]) -> str:
    parts = " union all ".join(
        f"select {literal(name)} as table_name, _load_id, _file_id, _line, reasons from quarantine.{identifier(name)}"
        for name in tables
    )
    return f"create or replace view ops.quarantined_rows as {parts}"
