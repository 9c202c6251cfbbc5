"""Judges gates inside the warehouse with Great Expectations and tells what was found.

The warehouse is opened read-only and closed before `validate` returns, so that dbt may open it for writing in the same
process afterwards. DuckDB allows one configuration per file and process: while `validate` runs, nothing else in the
process may have the file open.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.registry import Gate
from expectations.reports import (
    WHOLE_TABLE,
    ExpectationResult,
    GateReport,
    Parameters,
    results_frame,
)

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.datasource.fluent import SQLDatasource
    from sqlalchemy.engine import Connection

__all__ = ["WarehouseError", "results_frame", "validate"]

DATASOURCE = "warehouse"


class WarehouseError(Exception):
    """The warehouse cannot be opened. The message names the file and the cause."""


def validate(
    warehouse: Path, gates: Sequence[Gate], parameters: Parameters, docs_dir: Path | None = None
) -> list[GateReport]:
    """Judges the gates in their order and returns one report each.

    A suite that cannot be built or a table that does not exist is a critical failure in its report, never an exception.
    With `docs_dir`, the results are also written there as pages to read (see data_docs).
    Raises WarehouseError when the file does not exist or is held by a writer.
    """
    if not warehouse.exists():
        raise WarehouseError(f"{warehouse}: the warehouse does not exist, build it first")
    with _quiet_context() as context, _opened(context, warehouse) as (datasource, connection):
        columns = _columns(connection)
        results = [_judge(context, datasource, gate, columns.get(gate.table), parameters) for gate in gates]
        reports = [_report(gate, result) for gate, result in zip(gates, results, strict=True)]
        if docs_dir is not None:
            from expectations.data_docs import write_data_docs

            write_data_docs(context, reports, parameters, docs_dir)
        return reports


@contextmanager
def _quiet_context() -> Iterator[EphemeralDataContext]:
    """A Great Expectations context in memory that reports to nobody and draws no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when GX is imported
    import great_expectations as gx

    from expectations.data_docs import remove_default_sites

    level = logging.getLogger("great_expectations").level
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    try:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        remove_default_sites(context)
        yield context
    finally:
        logging.getLogger("great_expectations").setLevel(level)


@contextmanager
def _opened(context: EphemeralDataContext, warehouse: Path) -> Iterator[tuple[SQLDatasource, Connection]]:
    """The warehouse as a data source of GX, closed at the end."""
    from sqlalchemy import text
    from sqlalchemy.pool import NullPool

    from expectations.duckdb_results import buffer_results

    datasource = connection = None
    try:
        datasource = context.data_sources.add_sql(
            DATASOURCE,
            connection_string=f"duckdb:///{warehouse.resolve()}",
            kwargs={"poolclass": NullPool, "connect_args": {"read_only": True}},
        )
        engine = datasource.get_execution_engine().engine
        buffer_results(engine)
        # GX opens and closes a connection per query. One that stays open keeps DuckDB from reading the file anew.
        connection = engine.connect()
        # Without its rows every expectation would pass (see duckdb_results): better no result than that one.
        if datasource.get_execution_engine().execute_query(text("select 1 as alive")).fetchall() != [(1,)]:
            raise WarehouseError("Great Expectations receives no rows from DuckDB, see expectations/duckdb_results.py")
    except Exception as error:  # GX wraps the driver's errors in several of its own
        raise WarehouseError(f"{warehouse}: cannot be read: {_first_line(error)}") from error
    try:
        yield datasource, connection
    finally:
        connection.close()
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()


def _columns(connection: Connection) -> dict[str, dict[str, str]]:
    """Columns and their types of every table of the warehouse, by 'schema.table'."""
    from sqlalchemy import text

    columns: dict[str, dict[str, str]] = {}
    query = """
        select table_schema || '.' || table_name, column_name, data_type from information_schema.columns
        where table_catalog = current_database() order by table_schema, table_name, ordinal_position
    """
    for table, column, data_type in connection.execute(text(query)):
        columns.setdefault(table, {})[column] = data_type
    return columns


def _judge(
    context: EphemeralDataContext,
    datasource: SQLDatasource,
    gate: Gate,
    columns: dict[str, str] | None,
    parameters: Parameters,
) -> ExpectationSuiteValidationResult:
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier

    from expectations import vocabulary

    suite, problem = None, None
    if columns is None:
        problem = vocabulary.fault(
            vocabulary.ExpectTableToExist,
            f"the table {gate.table} does not exist in the warehouse",
            "Build it, or remove the gate together with the table.",
        )
    else:
        try:
            suite = gate.build_suite(parameters, columns)
        except Exception as error:  # a broken suite must not hide the other gates
            problem = vocabulary.fault(
                vocabulary.ExpectSuiteToBeBuilt,
                f"the suite {gate.suite} could not be built: {type(error).__name__}: {error}",
                "Correct the suite module.",
            )
    if problem is not None:
        suite = gx.ExpectationSuite(name=gate.table, expectations=[problem])
        asset = datasource.add_query_asset(gate.table, query=f"SELECT '{gate.table}' as absent_table")
    else:
        schema, table = gate.table.split(".")
        with warnings.catch_warnings():
            # GX would rather have a data source per schema; one context for all tables is the simpler thing.
            warnings.simplefilter("ignore", DeprecationWarning)
            asset = datasource.add_table_asset(gate.table, table_name=table, schema_name=schema)
    definition = gx.ValidationDefinition(
        name=gate.table, data=asset.add_batch_definition_whole_table("all"), suite=context.suites.add(suite)
    )
    return context.validation_definitions.add(definition).run(run_id=RunIdentifier(run_name=parameters.run_id))


def _report(gate: Gate, result: ExpectationSuiteValidationResult) -> GateReport:
    return GateReport(
        gate.asset_key, gate.table, gate.stage, tuple(_expectation_result(gate.table, item) for item in result.results)
    )


def _expectation_result(table: str, item: Any) -> ExpectationResult:
    config, result = item.expectation_config, item.result or {}
    column = config.kwargs.get("column", WHOLE_TABLE)
    crash = _crash(item.exception_info)
    details = result.get("details") or {}
    findings = details.get("findings") or []
    severity = str(getattr(config.severity, "value", config.severity))
    if crash:
        severity, observed, count = "critical", crash, 0
        message = f"{table}: {config.type} on {column} could not be judged: {crash} Correct the suite or the table."
    else:
        observed = str(result.get("observed_value"))
        count = sum(finding["unexpected_count"] for finding in findings)
        message = _message(table, config.kwargs, findings, observed)
        if item.success and details.get("is_skipped"):
            severity = "info"
    return ExpectationResult(
        suite=table,
        expectation=config.type,
        column=column,
        severity=severity,
        success=bool(item.success) and not crash,
        observed=observed,
        unexpected_count=count,
        sample=tuple(row for finding in findings for row in finding["sample"])[:5],
        message=message,
    )


def _message(table: str, kwargs: dict[str, Any], findings: list[dict[str, Any]], observed: str) -> str:
    if not findings:
        return f"{table}: {observed}."
    phrases, unit = kwargs.get("phrases") or {}, kwargs.get("unit", "row")
    told = []
    for finding in findings:
        phrase, count = phrases.get(finding["rule"], finding["rule"]), finding["unexpected_count"]
        told.append(f"{phrase} ({count:,} {unit}{'s' * (count != 1)})" if unit else phrase)
    clause = "; ".join(told)
    if not unit and observed not in clause and not observed.startswith(findings[0]["rule"]):
        clause += f" ({observed})"
    return f"{table}: {clause}. {kwargs['remedy']}"


def _crash(exception_info: dict[str, Any] | None) -> str | None:
    """The text of the exception inside an expectation. GX nests it one level deeper when a metric raised it."""
    infos = [exception_info or {}, *(value for value in (exception_info or {}).values() if isinstance(value, dict))]
    for info in infos:
        if info.get("raised_exception"):
            return _first_line(info.get("exception_message") or "unknown error")
    return None


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
