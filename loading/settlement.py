"""Decides between several versions of a key.

Of two versions the one with the later ``newer_by`` wins, a tie goes to the greater content hash, so that the order of
loading never matters. Rows that are equal but for that time are one version, with the later time: a source that
delivers its whole table with every run says nothing new. A table that keeps versions counts them apart. The losing
versions are kept in ``superseded.<table>``; copies are only counted. Versions that no file delivers have no claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stayhouse.contract.sql import identifier, one_row
from stayhouse.loading import ledger
from stayhouse.loading.defaults import own_time
from stayhouse.loading.target import Target


@dataclass(frozen=True)
class Settled:
    """New rows that do not become the current version of their key, by file."""

    copies: dict[int, int] = field(default_factory=dict)
    """Rows that repeat a known row, at the same time or earlier."""
    stale: dict[int, int] = field(default_factory=dict)
    """Rows that a newer version of the same key supersedes."""
    confirmed: dict[int, int] = field(default_factory=dict)
    """Rows that repeat the current version at a later time; it belongs to their file from now on."""


def merge(target: Target, good: str) -> Settled:
    """Adds the rows of a relation to the raw table, one version per key."""
    settled = Settled()
    if _find_contested(target, good):
        settled = _settle(target, good)
        is_contested = f"exists (select 1 from contested_keys as k where {target.same_key('g', 'k')})"
        good = f"(from {good} as g where not {is_contested})"
    target.db.execute(
        f"insert into {target.raw} ({target.columns}) "
        f"select {target.contract_columns}, _extra, {target.load_id}, _file_id, _line from {good}"
    )
    return settled


def _find_contested(target: Target, good: str) -> bool:
    """Writes the keys that more than one row claims to ``contested_keys``; says whether there are any."""
    key = target.key
    # Twice in the batch: the hash narrows them down on integers; a collision only costs a second look.
    repeated = target.has_rows(f"(select 1 from {good} group by hash({key}) having count(*) > 1)")
    target.db.execute(
        f"""create or replace temp table contested_keys as
        select distinct {key} from {good}
        where hash({key}) in (select hash({key}) from {good} group by 1 having count(*) > 1)
        """
        if repeated
        else f"create or replace temp table contested_keys as select {key} from {good} where false"
    )
    if target.has_rows(target.raw):
        target.db.execute(
            f"""insert into contested_keys select {key} from {target.raw} as r
            where exists (select 1 from {good} as g where {target.same_key("g", "r")})
            and not exists (select 1 from contested_keys as k where {target.same_key("k", "r")})"""
        )
    if target.has_rows("withdrawn_keys"):
        # The best version that other files deliver takes the place of a withdrawn one.
        target.db.execute(
            f"""insert into contested_keys select {key} from withdrawn_keys as w
            where not exists (select 1 from contested_keys as k where {target.same_key("k", "w")})"""
        )
    return target.has_rows("contested_keys")


def _settle(target: Target, good: str) -> Settled:
    _collect_claims(target, good)
    _rank_claims(target)
    db = target.db
    confirmed = _confirm(target)
    db.execute(
        f"""insert into {target.superseded} ({target.columns}, _superseded_load_id)
        select {target.columns}, {target.load_id} from claims
        where rowid in (select claim from contenders where is_lost and origin in (0, 2))"""
    )
    db.execute(
        f"""delete from {target.raw} as r using contenders as c
        where {target.same_key("r", "c")} and c.origin = 0 and c.is_lost"""
    )
    db.execute(
        f"insert into {target.raw} ({target.columns}) select {target.columns} from claims "
        "where rowid in (select claim from contenders where origin = 2 and version_number = 1)"
    )
    _reinstate(target)
    # A replaced row is booked on the file it came from, so that loaded - superseded is what remains of a file.
    db.execute(
        """update ops.load_ledger set rows_superseded = rows_superseded + lost.number
        from (
            select _file_id, count(*) as number from contenders
            where origin = 0 and is_lost group by 1
        ) as lost
        where lost._file_id = load_ledger.file_id"""
    )
    (superseded,) = one_row(db, "select count(*) from contenders where is_lost and origin in (0, 2)")
    target.report.rows_superseded += superseded
    return Settled(
        copies=_new_rows_by_file(target, "copy_number > 1"),
        stale=_new_rows_by_file(target, "version_number > 1"),
        confirmed=confirmed,
    )


def _confirm(target: Target) -> dict[int, int]:
    """Gives current rows that are repeated at a later time to the file that does so; returns how many by file.

    They keep their load, so that nothing downstream is recomputed for them. Decides what is lost, too.
    """
    db, newer = target.db, identifier(target.table.newer_by)
    db.execute(
        f"""create or replace temp table confirmed as
        select old.claim as old_claim, new.claim as new_claim, new._file_id, old._file_id as old_file_id
        from contenders as old inner join contenders as new on {target.same_key("old", "new")}
        where old.origin = 0 and old.copy_number > 1 and new.origin = 2 and new.version_number = 1
            and old.content = new.content"""
    )
    db.execute("alter table contenders add column is_lost boolean")
    db.execute(
        "update contenders set is_lost = version_number > 1 or (origin = 0 and copy_number > 1 "
        "and claim not in (select old_claim from confirmed))"
    )
    if not target.has_rows("confirmed"):
        return {}
    db.execute(
        f"""update {target.raw} set {newer} = n.{newer}, _file_id = n._file_id, _line = n._line
        from confirmed as c
        inner join claims as o on o.rowid = c.old_claim
        inner join claims as n on n.rowid = c.new_claim
        where {target.raw}.rowid = o.source_row"""
    )
    db.execute("update contenders set version_number = null where claim in (select new_claim from confirmed)")
    for old, rows in db.execute("select old_file_id, count(*) from confirmed group by 1").fetchall():
        ledger.book_moved(target, old, rows, are_superseded=False)
    return dict(db.execute("select _file_id, count(*) from confirmed group by 1").fetchall())


def _reinstate(target: Target) -> None:
    """Makes superseded rows current again that win since a version of their key was withdrawn."""
    db = target.db
    db.execute(
        """create or replace temp table reinstated as
        select c.source_row, c._file_id from claims as c
        where c.rowid in (select claim from contenders where origin = 1 and version_number = 1)"""
    )
    if not target.has_rows("reinstated"):
        return
    db.execute(
        f"insert into {target.raw} ({target.columns}) "
        f"select {target.contract_columns}, _extra, {target.load_id}, _file_id, _line from {target.superseded} "
        "where rowid in (select source_row from reinstated)"
    )
    db.execute(f"delete from {target.superseded} where rowid in (select source_row from reinstated)")
    for file_id, rows in db.execute("select _file_id, count(*) from reinstated group by 1").fetchall():
        ledger.book_reinstated(target, file_id, rows)


def _new_rows_by_file(target: Target, condition: str) -> dict[int, int]:
    sql = f"select _file_id, count(*) from contenders where origin = 2 and {condition} group by 1"
    return dict(target.db.execute(sql).fetchall())


def _collect_claims(target: Target, good: str) -> None:
    """Writes every version of a contested key to ``claims``: origin 0 is current, 1 superseded before, 2 new."""
    names = target.contract_columns
    claimed = f"exists (select 1 from contested_keys as k where {target.same_key('k', 'x')})"
    target.db.execute(
        f"""create or replace temp table claims as
        select {names}, _extra, 0 as origin, _load_id, _file_id, _line, rowid as source_row
        from {target.raw} as x where {claimed}
        union all
        select {names}, _extra, 1, _load_id, _file_id, _line, rowid
        from {target.superseded} as x where {claimed} and {ledger.is_delivered("x")}
        union all
        select {names}, _extra, 2, {target.load_id}, _file_id, _line, null from {good} as x where {claimed}"""
    )


def _rank_claims(target: Target) -> None:
    """Writes to ``contenders`` which copy and which version of its key each claim is; version 1 wins."""
    key, newer = target.key, identifier(target.table.newer_by)
    # Only what decides goes through the windows, not the whole rows.
    names = [*map(identifier, target.table.column_names), "_extra"]
    fields = ", ".join(f"{name} := {own_time(target, 'x') if name == newer else name}" for name in names)
    target.db.execute(
        f"""create or replace temp table contenders as
        with versions as (
            select rowid as claim, {key}, {newer} as newer, origin, _file_id, _line,
                md5(cast(to_json(struct_pack({fields})) as varchar)) as content
            from claims as x
        ),
        copies as (
            select *, row_number() over (
                partition by {key}, content order by newer desc, origin, _file_id, _line
            ) as copy_number
            from versions
        )
        select claim, {key}, origin, _file_id, content, copy_number, case when copy_number = 1 then row_number() over (
            partition by {key}, copy_number = 1 order by newer desc, content desc
        ) end as version_number
        from copies"""
    )
