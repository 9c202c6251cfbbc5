"""What counts where a file or a row has no value: the times of files, and sentences about what was put in."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from stayhouse.contract import Column, RawTable, Zones
from stayhouse.contract.sql import EXPORT_TEXT, identifier
from stayhouse.contract.tables import FILE_TIME, ROW_HASH
from stayhouse.contract.words import counted, listed
from stayhouse.loading.candidate import Batch
from stayhouse.loading.contract_sql import Incoming, present
from stayhouse.loading.discovery import SET_ASIDE, LandingFile
from stayhouse.loading.naming import EXPORT_FILE
from stayhouse.loading.reports import FileTotals
from stayhouse.loading.target import Target

DAY_SECONDS = 86_400
NAMED_FILES = 3
# Files whose rows have the time of the file: those of the ledger, and those of the batch under way.
FILE_TIMES = """create or replace temp view file_times as
    select file_id, file_time from ops.load_ledger where file_time is not null
    union all select file_id, file_time from arriving_times"""


def begin_times(target: Target) -> None:
    """Forgets the times of an earlier batch."""
    target.db.execute("create or replace temp table arriving_times (file_id integer, file_time timestamp)")
    target.db.execute(FILE_TIMES)


def with_file_times(target: Target, batch: Batch, incoming: Incoming) -> Incoming:
    """The rows of a batch with the times of their files, where a row needs one."""
    column = target.table.column(target.table.newer_by)
    begin_times(target)
    if not batch or column.default != FILE_TIME or not _lacks_some(target, column, incoming):
        return incoming
    times = [(c.file_id, file_time(c.file, target.zones)) for c in batch]
    marks = ", ".join(["(?, ?)"] * len(times))
    target.db.execute(f"insert into arriving_times values {marks}", [value for pair in times for value in pair])
    return of_known_files(incoming)


def of_known_files(incoming: Incoming) -> Incoming:
    """The same rows with the times of their files, as `file_times` knows them."""
    relation = (
        f"(select r.*, t.file_time as _file_time from {incoming.relation} as r left join "
        "(select file_id, max(file_time) as file_time from file_times group by 1) as t "
        f"on t.file_id = r.{incoming.file_id})"
    )
    return replace(incoming, relation=relation, file_time="_file_time")


def own_time(target: Target, relation: str) -> str:
    """SQL expression: the time that makes a row a version of its own; NULL where rows that are equal otherwise are one.

    Where the source gave no time it is that of the file, which says nothing of the row.
    """
    newer = identifier(target.table.newer_by)
    if not target.table.keeps_versions:
        return "null"
    is_timed = (
        f"exists (select 1 from file_times as t where t.file_id = {relation}._file_id "
        f"and t.file_time = {relation}.{newer})"
    )
    return f"case when not {is_timed} then {relation}.{newer} end"


def note_times(target: Target) -> None:
    """Keeps the times of the files of a batch in the ledger."""
    if target.has_rows("arriving_times"):
        target.db.execute(
            "update ops.load_ledger set file_time = a.file_time "
            "from arriving_times as a where a.file_id = load_ledger.file_id"
        )


def _lacks_some(target: Target, column: Column, incoming: Incoming) -> bool:
    if column.name not in incoming.columns:
        return True
    return target.has_rows(f"(select 1 from {incoming.relation} where not {present(column, incoming)})")


def file_time(file: LandingFile, zones: Zones) -> datetime:
    """When the file was last written, as the source would write it: in its zone, without an offset."""
    return datetime.fromtimestamp(file.modified_at(), UTC).astimezone(ZoneInfo(zones.source)).replace(tzinfo=None)


def time_problem(table: RawTable, file: LandingFile, columns: Sequence[str]) -> str | None:
    """Why the time of a file cannot be that of its rows, with the way out; None when it can, or need not."""
    column = table.column(table.newer_by)
    if column.default != FILE_TIME or column.name in columns:
        return None
    seconds = file.modified_at()
    written = datetime.fromtimestamp(seconds, UTC)
    if written.date() >= date.fromisoformat(column.earliest) and seconds <= time.time() + DAY_SECONDS:
        return None
    return (
        f"has no column {column.name}, and its own time, {written:%Y-%m-%d %H:%M} UTC, cannot be that of its rows; "
        f"add the column, give the file its right time, {SET_ASIDE}"
    )


def note_defaults(target: Target, batch: Batch, totals: Sequence[FileTotals], copies: Mapping[int, int]) -> None:
    """Says which columns have their default, in which files, and in how many rows.

    `copies` are rows by file that repeat others: without a key of their own nobody knows that they were meant twice.
    """
    by_file = {total.file_id: total for total in totals}
    names = {candidate.file_id: candidate.file.name for candidate in batch}
    # The result of a shape has the time of its export: exports seldom say when a row was written.
    shaped = {candidate.file_id for candidate in batch if EXPORT_FILE in dict(candidate.columns)}
    for number, column in enumerate(columns_with_default(target.table)):
        missing = {file_id: total.lacking[number] for file_id, total in by_file.items() if total.lacking[number]}
        if column.default == FILE_TIME:
            missing = {file_id: rows for file_id, rows in missing.items() if file_id not in shaped}
        whole = [names[file_id] for file_id in names if missing.get(file_id) == _rows(by_file.get(file_id))]
        if whole:
            target.report.notices.append(
                f"{column.name} is missing in {listed(whole, NAMED_FILES)}: {_consequence(column, True)}"
            )
        for file_id, rows in missing.items():
            if names[file_id] not in whole:
                where = f"{counted(rows, 'row')} of {names[file_id]}"
                target.report.notices.append(f"{column.name} is missing in {where}: {_consequence(column, False)}")
        repeated = {file_id: copies[file_id] for file_id in missing if copies.get(file_id)}
        if column.default == ROW_HASH and repeated:
            number = sum(repeated.values())
            where = f"{counted(number, 'row')} of {listed([names[file_id] for file_id in repeated], NAMED_FILES)}"
            words = "is counted as a duplicate" if number == 1 else "are counted as duplicates"
            target.report.notices.append(
                f"without {column.name}, {where} {words}, because another row has the same values; "
                f"deliver {column.name} if each of them counts"
            )


def columns_with_default(table: RawTable) -> list[Column]:
    """The columns that have a default, in the order of the contract."""
    return [column for column in table.columns if column.default is not None]


def lacking(table: RawTable, incoming: Incoming) -> list[str]:
    """SQL predicates of a row without a value, in the order of `columns_with_default`."""
    # A broken line of an export lacks everything, and goes to quarantine for that.
    is_whole = f"{EXPORT_TEXT} is null" if EXPORT_TEXT in incoming.columns else "true"
    return [
        f"({is_whole} and not {present(column, incoming)})" if column.name in incoming.columns else is_whole
        for column in columns_with_default(table)
    ]


def _rows(total: FileTotals | None) -> int:
    return total.rows if total else -1


def _consequence(column: Column, is_every_row: bool) -> str:
    if column.default == ROW_HASH:
        return f"{column.default_in_words} is used, so rows that are equal in all fields count once"
    if column.default == FILE_TIME:
        return f"{column.default_in_words} is used"
    return f"{'every row counts' if is_every_row else 'counted'} as {column.default_in_words}"
