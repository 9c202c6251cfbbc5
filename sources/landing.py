"""Pulled rows become files: only those that differ from what the last pull has found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from stayhouse.contract.sql import columns_of, connect_for_work, identifier, literal, literals

HASH = "_hash"
COPY = "_copy"
PULLED_AT = "pulled_at"


@dataclass(frozen=True)
class Target:
    """Where the rows of a table go, and what is remembered of them."""

    folder: Path
    prefix: str
    """Beginning of the names of its files; the moment of the pull follows, so that names sort."""
    seen: Path
    """Hashes of the rows that the next pull may find again. No values, so nobody can be found in it."""
    scratch: Path
    """Folder for what does not fit into memory."""
    columns: tuple[tuple[str, str], ...]
    """Name in the file and column of the table; empty: all as they are."""
    kept: str
    """Condition on a pulled row that the next pull may find again; `latest` is the last cursor."""
    cursor: str | None

    def file(self, pulled_at: float) -> Path:
        moment = datetime.fromtimestamp(pulled_at, UTC).strftime("%Y%m%dT%H%M%S%fZ")
        return self.folder / f"{self.prefix}-{moment}.parquet"


def land(pulled: Sequence[Path], target: Target, pulled_at: float, memory_limit: str) -> int:
    """Writes what is new in the pulled files as one file, and remembers what the next pull may find again.

    May be interrupted and called again with the same files. Returns the number of new rows.
    """
    # What a killed pull has left there is removed by the next one.
    shutil.rmtree(target.scratch, ignore_errors=True)
    try:
        with closing(connect_for_work(memory_limit=memory_limit, spill=target.scratch)) as db:
            if _remembered(db, target) == str(pulled_at):
                return 0
            _number(db, pulled)
            rows = _write_new(db, target, pulled_at)
            _remember(db, target, pulled_at)
        return rows
    finally:
        shutil.rmtree(target.scratch, ignore_errors=True)


def _number(db: duckdb.DuckDBPyConnection, pulled: Sequence[Path]) -> None:
    """All pulled rows with a hash; equal rows are counted, because a table without a key may hold a row twice."""
    db.execute(
        f"""create temp table pulled as
        select rows, {HASH}, row_number() over (partition by {HASH}) as {COPY}
        from (
            select rows, md5(cast(rows as varchar)) as {HASH}
            from read_parquet([{literals(map(str, pulled))}], union_by_name = true) as rows
        )"""
    )


def _write_new(db: duckdb.DuckDBPyConnection, target: Target, pulled_at: float) -> int:
    known = f"(select {HASH}, count(*) as copies from read_parquet({literal(target.seen)}) group by all)"
    if not target.seen.exists():
        known = f"(select '' as {HASH}, 0 as copies where false)"
    db.execute(
        f"""create temp view fresh as
        select pulled.rows from pulled left join {known} as known using ({HASH})
        where pulled.{COPY} > coalesce(known.copies, 0)"""
    )
    (rows,) = db.execute("select count(*) from fresh").fetchall()[0]
    if rows:
        chosen = target.columns or [(name, name) for name in _columns(db)]
        fields = [f"struct_extract(rows, {literal(column)}) as {identifier(name)}" for name, column in chosen]
        path = target.file(pulled_at)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(db, f"select {', '.join(fields)} from fresh", path, pulled_at)
    return int(rows)


def _columns(db: duckdb.DuckDBPyConnection) -> list[str]:
    db.execute("create temp view flat as select unnest(rows) from pulled")
    return list(columns_of(db, "flat"))


def _remembered(db: duckdb.DuckDBPyConnection, target: Target) -> str | None:
    """The pull whose rows are landed: what it remembers is less than it found, so it must not be landed again."""
    if not target.seen.exists():
        return None
    found = db.execute(
        f"select decode(value) from parquet_kv_metadata({literal(target.seen)}) "
        f"where decode(key) = {literal(PULLED_AT)}"
    ).fetchall()
    return str(found[0][0]) if found else None


def _remember(db: duckdb.DuckDBPyConnection, target: Target, pulled_at: float) -> None:
    cursor = f"struct_extract(rows, {literal(target.cursor)})" if target.cursor else "null"
    target.seen.parent.mkdir(parents=True, exist_ok=True)
    _write(
        db,
        f"""select {HASH} from (select {HASH}, {cursor} as value, max({cursor}) over () as latest from pulled)
        where value is null or {target.kept}""",
        target.seen,
        options=f", kv_metadata {{{PULLED_AT}: {literal(pulled_at)}}}",
    )


def _write(
    db: duckdb.DuckDBPyConnection, query: str, path: Path, modified_at: float | None = None, options: str = ""
) -> None:
    """A Parquet file by one rename; the loader passes over names that begin with a dot."""
    fresh = path.with_name(f".{path.name}.new")
    db.execute(f"copy ({query}) to {literal(fresh)} (format parquet, compression zstd{options})")
    if modified_at is not None:
        os.utime(fresh, (modified_at, modified_at))
    os.replace(fresh, path)
