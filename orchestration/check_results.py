"""Results of the gates and of the checks of models, in one table of the warehouse, which a mart publishes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import duckdb

from stayhouse.expectations.reports import RESULT_COLUMNS
from stayhouse.orchestration.model_checks import Finding
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import kept_runs
from stayhouse.orchestration.warehouse import open_warehouse

if TYPE_CHECKING:
    import pandas as pd


def note_model_checks(run: Run, findings: Sequence[Finding], run_id: str, as_of: date) -> None:
    """Writes what dbt found to where the gates write their results."""
    frame = findings_frame(findings, run_id, as_of)
    with open_warehouse(run.settings.warehouse) as connection:
        write_results(connection, frame, run_id, "model")


def findings_frame(findings: Sequence[Finding], run_id: str, as_of: date) -> pd.DataFrame:
    """One row per finding, with the columns of the gates' results."""
    import pandas as pd

    rows = [
        (
            run_id, as_of, "model", one.table.replace(".", "/"), one.check, one.column,
            one.severity, one.is_passed, one.observed, one.rows, one.message,
        )
        for one in findings
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(RESULT_COLUMNS))


def write_results(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, run_id: str, stage: str) -> None:
    """Replaces the results of a stage of a run, with the time, and forgets those of old runs."""
    names = ", ".join(frame.columns)
    connection.execute("delete from ops.expectation_results where run_id = ? and stage = ?", [run_id, stage])
    connection.execute(
        f"insert into ops.expectation_results ({names}, checked_at) select {names}, ? from frame",
        [datetime.now(UTC).replace(tzinfo=None, microsecond=0)],
    )
    connection.execute(
        """
        delete from ops.expectation_results where run_id not in (
            select run_id from ops.expectation_results group by run_id
            order by max(checked_at) desc nulls last limit ?
        )
        """,
        [kept_runs()],
    )
