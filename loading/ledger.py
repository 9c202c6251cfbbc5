"""The ledger of landing files: one row per version of a file, so that every row of every file is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from stayhouse.contract.sql import literal, literals, one_row
from stayhouse.loading.candidate import Batch, Candidate
from stayhouse.loading.discovery import LandingFile, fingerprint_of
from stayhouse.loading.target import Target

DDL = Path(__file__).with_name("ops.sql").read_text()
# What became of the rows of a file.
COUNTS = ("rows_loaded", "rows_quarantined", "rows_duplicate", "rows_superseded", "event_time_min", "event_time_max")
# The content of a file that is to be read again although it did not change.
UNKNOWN_CONTENT = ""


@dataclass(frozen=True)
class LedgerEntry:
    """What the ledger knows of the last version of a file."""

    file: str
    fingerprint: str
    content_hash: str
    status: str
    file_id: int


class FileCounts(NamedTuple):
    """What became of the rows of one file, in the order of the ledger's columns."""

    rows: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicate: int = 0
    superseded: int = 0
    first_event: datetime | None = None
    last_event: datetime | None = None


def next_file_id(target: Target) -> int:
    """The first identity that no file has yet."""
    return int(one_row(target.db, "select coalesce(max(file_id), 0) + 1 from ops.load_ledger")[0])


def known_files(target: Target) -> list[LedgerEntry]:
    """The files of the table that the ledger knows, without replaced versions, in the order of loading."""
    rows = target.db.execute(
        "select file, fingerprint, content_hash, status, file_id from ops.load_ledger "
        "where table_name = ? and status <> 'replaced' order by file_id",
        [target.table.name],
    ).fetchall()
    return [LedgerEntry(*row) for row in rows]


def note_fingerprint(target: Target, file_id: int, fingerprint: str) -> None:
    """Remembers how a known file looks now, so that its content need not be read again."""
    target.db.execute("update ops.load_ledger set fingerprint = ? where file_id = ?", [fingerprint, file_id])


def reject(target: Target, file: LandingFile, content_hash: str, problem: str) -> None:
    """Reports a file that cannot be read and writes it to the ledger; it is tried again on the next run."""
    message = f"{file.name}: {problem}"
    target.report.rejected.append(message)
    target.db.execute(
        "insert into ops.load_ledger "
        "values (-1, ?, ?, ?, ?, 'rejected', ?, ?, ?, null, 0, 0, 0, 0, null, null, ?, null)",
        [target.load_id, target.table.name, file.name, file.format, file.size, file.fingerprint, content_hash, message],
    )


def forget_rejections(target: Target) -> None:
    """Forgets which files were rejected before a load, which rejects those again that are still broken."""
    is_rejected = f"from ops.load_ledger where table_name = {literal(target.table.name)} and status = 'rejected'"
    # A delete that finds nothing costs ten times as much as the question.
    if one_row(target.db, f"select exists ({is_rejected})")[0]:
        target.db.execute(f"delete {is_rejected}")


def mark_replaced(target: Target, batch: Batch) -> dict[int, int]:
    """Marks earlier versions of these files as replaced; returns their identities with those of the new ones."""
    new = {candidate.file.name: candidate.file_id for candidate in batch}
    names = literals(new) or "null"
    replaced = target.db.execute(
        "update ops.load_ledger set status = 'replaced' where table_name = ? "
        f"and file in ({names}) and status in ('loaded', 'copy') returning file, file_id, content_hash",
        [target.table.name],
    ).fetchall()
    for name, _, content_hash in replaced:
        if content_hash != UNKNOWN_CONTENT:
            target.report.notices.append(
                f"{name}: has new content since it was loaded; it replaces what the old brought"
            )
    return {old: new[name] for name, old, _ in replaced}


def is_delivered(relation: str) -> str:
    """SQL predicate: the file of a row is still delivered with the content that holds the row."""
    return (
        f"{relation}._file_id in (select file_id from ops.load_ledger where status = 'loaded' "
        "union all select new_file_id from replaced_files)"
    )


def mark_shared(target: Target) -> None:
    """Has files read again that repeated rows of others: a row that was withdrawn may be one of theirs."""
    target.db.execute(
        f"update ops.load_ledger set content_hash = '{UNKNOWN_CONTENT}', fingerprint = '' "
        "where table_name = ? and status in ('loaded', 'copy') and rows_duplicate > 0",
        [target.table.name],
    )


def shared_files(target: Target) -> set[str]:
    """Names of the files that are to be read again."""
    found = target.db.execute(
        "select file from ops.load_ledger where table_name = ? and content_hash = ? and status in ('loaded', 'copy')",
        [target.table.name, UNKNOWN_CONTENT],
    ).fetchall()
    return {name for (name,) in found}


def book_moved(target: Target, old: int, rows: int, are_superseded: bool) -> None:
    """Books rows of a replaced file as repeated by the file that replaces it."""
    target.db.execute(
        "update ops.load_ledger set rows_loaded = rows_loaded - ?, rows_duplicate = rows_duplicate + ?, "
        "rows_superseded = rows_superseded - ? where file_id = ?",
        [rows, rows, rows if are_superseded else 0, old],
    )


def book_retired(target: Target, file_id: int, rows: int) -> None:
    """Moves rows of a file from loaded to quarantined after their parents were withdrawn."""
    target.db.execute(
        "update ops.load_ledger set rows_loaded = rows_loaded - ?, rows_quarantined = rows_quarantined + ? "
        "where file_id = ?",
        [rows, rows, file_id],
    )


def book_reinstated(target: Target, file_id: int, rows: int) -> None:
    """Books superseded rows of a file as current again."""
    target.db.execute(
        "update ops.load_ledger set rows_superseded = rows_superseded - ? where file_id = ?", [rows, file_id]
    )


def write_entries(target: Target, batch: Batch, outcome: Mapping[int, FileCounts], status: str) -> None:
    """One entry per file of a batch."""
    if not batch:
        return
    rows = [
        (c.file_id, target.load_id, target.table.name, c.file.name, c.file.format, status, c.file.size,
         c.file.fingerprint, c.content_hash, *outcome[c.file_id], None, None)
        for c in batch
    ]  # fmt: skip
    # One statement: row by row a load of thousands of small files spends its time here.
    marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    target.db.execute(f"insert into ops.load_ledger values {marks}", [value for row in rows for value in row])


def write_copy(target: Target, candidate: Candidate) -> None:
    """Accounts for a file whose content was loaded under another name: every row is a duplicate."""
    found = target.db.execute(
        "select file, rows_in_file from ops.load_ledger "
        "where table_name = ? and content_hash = ? and status = 'loaded' order by file_id limit 1",
        [target.table.name, candidate.content_hash],
    ).fetchone()
    if found is None:
        return  # the original was rejected or postponed; this file is looked at again on the next run
    original, rows = found
    write_entries(target, [candidate], {candidate.file_id: FileCounts(rows=rows, duplicate=rows)}, "copy")
    target.report.notices.append(
        f"{candidate.file.name}: has the same content as {original}, so all its rows are duplicates"
    )
    target.report.files_loaded += 1
    target.report.rows_in_files += rows
    target.report.rows_duplicate += rows


def book_released(target: Target, file_id: int, counts: FileCounts) -> None:
    """Moves rows of a file from quarantined to loaded after their parents have come."""
    released = counts.rows - counts.quarantined
    target.db.execute(
        """update ops.load_ledger set rows_loaded = rows_loaded + ?, rows_duplicate = rows_duplicate + ?,
            rows_superseded = rows_superseded + ?, rows_quarantined = rows_quarantined - ?,
            event_time_min = least(event_time_min, ?), event_time_max = greatest(event_time_max, ?)
        where file_id = ?""",
        [
            counts.loaded,
            counts.duplicate,
            counts.superseded,
            released,
            counts.first_event,
            counts.last_event,
            file_id,
        ],
    )
    target.report.rows_released += released


def fingerprints(db: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Names and fingerprints of the files that were loaded."""
    db.execute(DDL)
    return set(db.execute("select file, fingerprint from ops.load_ledger where status <> 'rejected'").fetchall())


def note_rewritten(db: duckdb.DuckDBPyConnection, raw: Path, files: Mapping[str, tuple[str, str]]) -> None:
    """Remembers the new content of files that were written again without erased customers; none is loaded again.

    `files` are names with the content hash before and after.
    """
    for name, (old, new) in files.items():
        file = raw / name
        if file.exists():
            status = file.stat()
            db.execute(
                "update ops.load_ledger set content_hash = ?, fingerprint = ?, bytes = ? "
                "where file = ? and content_hash in (?, ?)",
                [new, fingerprint_of(status), status.st_size, name, old, new],
            )
