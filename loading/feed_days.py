"""How far every raw table reaches, kept in `ops.feed_days` which decides the day that a run can describe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from stayhouse.contract import RawTable, Zones
from stayhouse.contract.days import last_day_sql
from stayhouse.contract.sql import literal
from stayhouse.loading.ledger import DDL


def record_feed_days(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, RawTable], zones: Zones, until: date
) -> dict[str, date | None]:
    """Writes and returns the last business day, at most `until`, that each table reaches; None without such a row."""
    days = " union all ".join(
        f"select date {literal(until)}, {literal(name)}, ({last_day_sql(table, zones, until)})"
        for name, table in tables.items()
    )
    connection.execute(DDL)
    connection.execute("delete from ops.feed_days where until_date = ?", [until])
    found = connection.execute(f"insert into ops.feed_days {days} returning table_name, last_date").fetchall()
    return dict(found)


def forget_feed_days(connection: duckdb.DuckDBPyConnection) -> None:
    """New rows may reach other days, so what was known before a load no longer holds."""
    connection.execute("delete from ops.feed_days")
