"""SQL that several parts of the page share, and which marts it reads."""

from __future__ import annotations

import re

import duckdb

MOST_SEVERE_FIRST = "case severity when 'high' then 1 when 'medium' then 2 else 3 end"

MART = re.compile(r"\b\w+\.mart_\w+")


def marts_in(sql: str) -> set[str]:
    """The marts that a query reads, with their schemas."""
    return set(MART.findall(sql))


def has_marts(db: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the publication has every mart of a query; one that was only built in part may not."""
    rows = db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    return marts_in(sql) <= {name for (name,) in rows}
