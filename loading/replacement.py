"""A file that is delivered again: its new content replaces what its old content brought.

Rows that both contents hold stay as they are and change their origin only, so that nothing downstream is recomputed for
them. The others are withdrawn: they go to ``superseded.<table>``, from which incremental models find what changed, and
the best version that other files deliver takes their place. The origin of a row (``_file_id``) is therefore always the
version of a file that delivers it now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from stayhouse.contract.sql import identifier, identifiers, literal, one_row
from stayhouse.loading import ledger
from stayhouse.loading.candidate import Batch
from stayhouse.loading.contract_sql import row_as_json
from stayhouse.loading.defaults import own_time
from stayhouse.loading.target import Target


@dataclass(frozen=True)
class Carried:
    """What became of the old rows of files that were delivered again."""

    good: str
    """A FROM item of the rows that are new."""
    unchanged: Counter[int] = field(default_factory=Counter)
    """Rows that the old content brought too, by new file."""
    superseded: Counter[int] = field(default_factory=Counter)
    """Those of them that a newer version of the same key supersedes."""


def begin(target: Target, batch: Batch) -> None:
    """Writes the earlier versions of the files of a batch to ``replaced_files`` and marks them as replaced."""
    db = target.db
    db.execute("create or replace temp table replaced_files (old_file_id integer, new_file_id integer)")
    replaced = ledger.mark_replaced(target, batch)
    if not replaced:
        return
    values = ", ".join(f"({old}, {new})" for old, new in replaced.items())
    db.execute(f"insert into replaced_files values {values}")
    heirs = db.execute(
        """select original.file_id, min(copy.file_id) from ops.load_ledger as original
        inner join ops.load_ledger as copy using (table_name, content_hash)
        where original.file_id in (select old_file_id from replaced_files) and copy.status = 'copy'
            and content_hash <> '' group by 1"""
    ).fetchall()
    for old, heir in heirs:
        take_over(target, old, heir)


def take_over(target: Target, old: int, new: int) -> None:
    """Gives the rows of a file to another file with the same content, whose entry says that all of them are copies."""
    for relation in (target.raw, target.superseded, target.quarantine):
        target.db.execute(f"update {relation} set _file_id = {new} where _file_id = {old}")
    # With the time of the file that brought them: the same bytes say nothing new.
    taken = (*ledger.COUNTS, "file_time")
    counts = ", ".join(f"{name} = {name}_of_old" for name in taken)
    of_old = ", ".join(f"{name} as {name}_of_old" for name in taken)
    target.db.execute(
        f"""update ops.load_ledger set status = 'loaded', {counts}
        from (select {of_old} from ops.load_ledger where file_id = {old}) as old
        where file_id = {new}"""
    )
    target.db.execute(
        f"""update ops.load_ledger set rows_loaded = 0, rows_quarantined = 0, rows_superseded = 0,
            rows_duplicate = rows_in_file, event_time_min = null, event_time_max = null where file_id = {old}"""
    )


def carry_over(target: Target, good: str) -> Carried:
    """Keeps the old rows of replaced files that are delivered again, and withdraws the others."""
    db = target.db
    db.execute(f"create or replace temp table withdrawn_keys as select {target.key} from {target.raw} where false")
    if not target.has_rows("replaced_files"):
        return Carried(good)
    db.execute(f"create or replace temp table arriving as from {good}")
    carried = Carried(
        "(from arriving as a where not exists (select 1 from unchanged_rows as u "
        "where u._file_id = a._file_id and u._line = a._line))"
    )
    columns, newer = identifiers((*target.table.column_names, "_extra")), identifier(target.table.newer_by)
    db.execute("create or replace temp table unchanged_rows (_file_id integer, _line bigint)")
    for relation, is_superseded in ((target.raw, False), (target.superseded, True)):
        same = " and ".join(
            f"r.{identifier(name)} is not distinct from a.{identifier(name)}"
            for name in (*target.table.column_names, "_extra")
            if name != target.table.newer_by
        )
        same += f" and {_is_as_new(target, is_superseded)}"
        db.execute(
            f"""create or replace temp table kept_rows as
            select r.row_id, min(r._file_id) as old_file_id, min(a._file_id) as _file_id, min(a._line) as _line,
                min(a.{newer}) as newer
            from (select rowid as row_id, {columns}, _file_id from {relation}
                  where _file_id in (select old_file_id from replaced_files)) as r
            inner join replaced_files as f on f.old_file_id = r._file_id
            inner join arriving as a
                on a._file_id = f.new_file_id and {target.same_key("a", "r")} and {same}
            group by r.row_id"""
        )
        db.execute(
            f"""update {relation} set _file_id = kept._file_id, _line = kept._line, {newer} = kept.newer
            from kept_rows as kept where {relation}.rowid = kept.row_id"""
        )
        db.execute("insert into unchanged_rows select _file_id, _line from kept_rows")
        moved = db.execute("select old_file_id, _file_id, count(*) from kept_rows group by all").fetchall()
        for old, new, number in moved:
            ledger.book_moved(target, old, number, is_superseded)
            carried.unchanged[new] += number
            carried.superseded[new] += number if is_superseded else 0
    _withdraw(target)
    return carried


def _is_as_new(target: Target, is_superseded: bool) -> str:
    """SQL predicate: an arriving row (a) has the time of the row that it repeats (r), or a later one of a current row.

    A superseded row may win by a later time, and a current one may lose by an earlier one, so these are settled like
    other rows.
    """
    newer = identifier(target.table.newer_by)
    same = f"r.{newer} is not distinct from a.{newer}"
    if is_superseded:
        return same
    are_one = " and ".join(f"{own_time(target, relation)} is null" for relation in ("a", "r"))
    return f"({same} or (a.{newer} > r.{newer} and {are_one}))"


def _withdraw(target: Target) -> None:
    """Takes the rows that only old versions of files brought out of the raw table and the quarantine."""
    db = target.db
    outdated = "_file_id in (select old_file_id from replaced_files)"
    db.execute(f"insert into withdrawn_keys select distinct {target.key} from {target.raw} where {outdated}")
    (never_current,) = one_row(db, f"select count(*) from {target.superseded} where {outdated}")
    db.execute(
        f"insert into {target.superseded} ({target.columns}, _superseded_load_id) "
        f"select {target.columns}, {target.load_id} from {target.raw} where {outdated}"
    )
    db.execute(
        f"""update ops.load_ledger set rows_superseded = rows_superseded + withdrawn.number
        from (select _file_id, count(*) as number from {target.raw} where {outdated} group by 1) as withdrawn
        where withdrawn._file_id = load_ledger.file_id"""
    )
    (withdrawn,) = one_row(db, f"select count(*) from {target.raw} where {outdated}")
    db.execute(f"delete from {target.raw} where {outdated}")
    db.execute(f"delete from {target.quarantine} where {outdated}")
    # No row of them is left, so they cover no day.
    db.execute(
        "update ops.load_ledger set event_time_min = null, event_time_max = null "
        "where file_id in (select old_file_id from replaced_files)"
    )
    if withdrawn:
        target.report.rows_withdrawn += withdrawn
        target.report.notices.append(
            f"{target.table.name}: {withdrawn:,} rows are withdrawn, which the files that brought them no longer hold"
        )
    if withdrawn or never_current:
        ledger.mark_shared(target)


def retire_orphans(target: Target) -> None:
    """Moves rows whose parent was withdrawn back to quarantine, where they wait for it.

    A trace without a file stays in the superseded table, from which incremental models find what changed.
    """
    for column in target.table.columns:
        if not column.references or not column.quarantines_orphans:
            continue
        parent, parent_column = (identifier(name) for name in column.references)
        target.db.execute(
            f"""create or replace temp table vanished as
            select distinct {parent_column} as parent_key from superseded.{parent} as s
            where _superseded_load_id > (select coalesce(max(load_id) filter (where is_checked), 0) from ops.loads)
                and not exists (
                    select 1 from raw.{parent} as p where p.{parent_column} = s.{parent_column})"""
        )
        if target.has_rows("vanished"):
            _retire(target, column.name)


def _retire(target: Target, column: str) -> None:
    db, name = target.db, identifier(column)
    is_orphan = f"{name} in (select parent_key from vanished)"
    with target.transaction():
        counts = db.execute(f"select _file_id, count(*) from {target.raw} where {is_orphan} group by 1").fetchall()
        db.execute(
            f"""insert into {target.quarantine}
            select {target.load_id}, _file_id, _line, {literal(f"orphan:{column}")}, {row_as_json(target.table)}
            from {target.raw} where {is_orphan}"""
        )
        db.execute(
            f"""insert into {target.superseded} ({target.contract_columns}, _extra, _load_id, _superseded_load_id)
            select {target.contract_columns}, _extra, _load_id, {target.load_id} from {target.raw} where {is_orphan}"""
        )
        db.execute(f"delete from {target.raw} where {is_orphan}")
        for file_id, number in counts:
            ledger.book_retired(target, file_id, number)
            target.report.rows_retired += number
            target.report.quarantine_reasons[f"orphan:{column}"] += number
        if counts:
            target.report.notices.append(
                f"{target.table.name}: {sum(number for _, number in counts):,} rows wait in quarantine, since the row "
                f"that {column} refers to was withdrawn"
            )
