"""Makes results of DuckDB survive the way Great Expectations reads them.

GX takes the rows of a query after it has given the connection back. A DuckDB result is closed by then: GX sees no rows
and no error, so an expectation about unexpected rows would *pass* on any data (seen with GX 1.24.1, SQLAlchemy 2.1.9,
duckdb-sqlalchemy 1.5.6.5 and duckdb 1.5.6; a test fails when the day comes that this module is no longer needed).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from stayhouse.contract.sql import WITHOUT_BARS


def _buffer_rows(
    connection: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
) -> None:
    if cursor.description and not executemany:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())


def _draw_no_bars(connection: Any, _record: Any) -> None:
    connection.execute(WITHOUT_BARS)


def buffer_results(engine: Engine) -> None:
    """Fetches all rows of every query of this engine while its connection is open. House queries return few rows.

    Its connections do not draw progress bars.
    """
    if not event.contains(engine, "connect", _draw_no_bars):
        event.listen(engine, "connect", _draw_no_bars)
    if not event.contains(engine, "after_cursor_execute", _buffer_rows):
        event.listen(engine, "after_cursor_execute", _buffer_rows)
