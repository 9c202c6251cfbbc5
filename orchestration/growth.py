"""What a warehouse may forget, so that it does not grow for ever."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from stayhouse.contract import contract
from stayhouse.contract.sql import identifier, literals, one_row


def forget_superseded(
    connection: duckdb.DuckDBPyConnection, kept_loads: int, models: Iterable[str], marks: str = "ops.model_watermarks"
) -> int:
    """Deletes rows that were superseded more than `kept_loads` loads ago; returns how many.

    `models` are those that find what has changed in superseded rows; what one of them has not taken in yet is kept.
    `marks` is the table that says so.
    """
    readers = list(models)
    newest, taken_in, marked = one_row(
        connection,
        f"""
        select (select coalesce(max(load_id), 0) from ops.loads), min(load_id), count(distinct model_name)
        from {marks} where model_name in ({literals(readers)})
        """,
    )
    if marked < len(readers):
        return 0
    until = min(newest - kept_loads, taken_in)
    deleted = 0
    for name in contract():
        (rows,) = one_row(
            connection,
            f"delete from superseded.{identifier(name)} where _superseded_load_id <= ?",
            [until],
        )
        deleted += int(rows)
    return deleted
