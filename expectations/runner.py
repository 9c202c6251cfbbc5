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
from contextlib import ExitStack, contextmanager
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
from orchestration.warehouse import memory_limit

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.datasource.fluent.sql_datasource import TableAsset
    from sqlalchemy.engine import Connection

    from expectations.vocabulary import HouseExpectation

__all__ = ["WarehouseError", "results_frame", "validate"]

DATASOURCE = "warehouse"

logger = logging.getLogger(__name__)


class WarehouseError(Exception):
    """The warehouse cannot be opened. The message names the file and the cause."""


def validate(
    warehouse: Path, gates: Sequence[Gate], parameters: Parameters, docs_dir: Path | None = None
) -> list[GateReport]:
    """Judges the gates in their order and returns one report each.

    A suite that cannot be built or a table that does not exist is a critical failure in its report, never an exception.
    With `docs_dir`, the results are also written there as pages to read (see data_docs); when that fails, the reports
    stand and the failure is logged.
    Raises WarehouseError when the file does not exist or is held by a writer.
    """
    if not warehouse.exists():
        raise WarehouseError(f"{warehouse}: the warehouse does not exist, build it first")
    with _quiet_context() as context, _opened(context, warehouse) as (datasource, connection):
        columns = _columns(connection)
        results = [_judge(context, datasource, gate, columns, parameters) for gate in gates]
        reports = [_report(gate, result) for gate, result in zip(gates, results, strict=True)]
        if docs_dir is not None:
            _write_docs(context, reports, parameters, docs_dir)
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

    with ExitStack() as opened:
        try:
            # The file is no part of the URL: there, GX would read $ and SQLAlchemy ? and % in its name.
            datasource = context.data_sources.add_sql(
                DATASOURCE,
                connection_string="duckdb://",
                kwargs={
                    "poolclass": NullPool,
                    "connect_args": {"database": str(warehouse.resolve()), "read_only": True},
                },
            )
            opened.callback(lambda: datasource.get_engine().dispose())
            gx_engine = datasource.get_execution_engine()
            opened.callback(gx_engine.close)
            buffer_results(gx_engine.engine)
            # GX opens and closes a connection per query. One that stays open keeps DuckDB from reading the file anew.
            connection = opened.enter_context(gx_engine.engine.connect())
            connection.exec_driver_sql(f"set memory_limit = '{memory_limit()}'")
            answer = gx_engine.execute_query(text("select 1 as alive")).fetchall()
        except Exception as error:  # GX wraps the driver's errors in several of its own
            raise WarehouseError(f"{warehouse}: cannot be read: {_first_line(_root(error))}") from error
        if answer != [(1,)]:
            # Without its rows every expectation would pass: better no result than that one.
            raise WarehouseError("Great Expectations receives no rows from DuckDB, see expectations/duckdb_results.py")
        yield datasource, connection


def _write_docs(
    context: EphemeralDataContext, reports: Sequence[GateReport], parameters: Parameters, docs_dir: Path
) -> None:
    from expectations.data_docs import write_data_docs

    try:
        write_data_docs(context, reports, parameters, docs_dir)
    except Exception:  # pages are for reading; the verdict must not depend on them
        logger.exception("the Data Docs could not be written to %s", docs_dir)


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
    columns: dict[str, dict[str, str]],
    parameters: Parameters,
) -> ExpectationSuiteValidationResult:
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier

    try:
        asset, suite = _prepared(datasource, gate, columns, parameters)
    except _CannotJudge as cause:  # one gate that cannot be judged must not hide the others
        asset = datasource.add_query_asset(gate.table, query=f"SELECT '{gate.table}' as not_judged")
        suite = gx.ExpectationSuite(name=gate.table, expectations=[cause.expectation])
    definition = gx.ValidationDefinition(
        name=gate.table, data=asset.add_batch_definition_whole_table("all"), suite=context.suites.add(suite)
    )
    return context.validation_definitions.add(definition).run(run_id=RunIdentifier(run_name=parameters.run_id))


class _CannotJudge(Exception):
    """A gate cannot be judged; `expectation` is the failing one that says so."""

    def __init__(self, expectation: HouseExpectation):
        super().__init__(expectation.description)
        self.expectation = expectation


def _prepared(
    datasource: SQLDatasource, gate: Gate, columns: dict[str, dict[str, str]], parameters: Parameters
) -> tuple[TableAsset, ExpectationSuite]:
    """The table of a gate as an asset of GX, and the gate's suite. Raises _CannotJudge."""
    from expectations.vocabulary import ExpectSuiteToBeBuilt, ExpectTableToExist, fault

    if gate.table not in columns:
        text = f"the table {gate.table} does not exist in the warehouse"
        raise _CannotJudge(fault(ExpectTableToExist, text, "Build it, or remove the gate together with the table."))
    try:
        suite = gate.build_suite(parameters, columns[gate.table], columns)
    except Exception as error:
        text = f"the suite {gate.suite} could not be built: {type(error).__name__}: {error}"
        raise _CannotJudge(fault(ExpectSuiteToBeBuilt, text, "Correct the suite module.")) from error
    schema, table = gate.table.split(".")
    try:
        with warnings.catch_warnings():
            # GX would rather have a data source per schema; one context for all tables is the simpler thing.
            warnings.simplefilter("ignore", DeprecationWarning)
            asset = datasource.add_table_asset(gate.table, table_name=table, schema_name=schema)
    except Exception as error:  # a view, for one, whose tables are gone
        text = f"{gate.table} cannot be read: {_first_line(_root(error))}"
        raise _CannotJudge(fault(ExpectTableToExist, text, "Build it again.")) from error
    return asset, suite


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


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
        rule, count = finding["rule"], finding["unexpected_count"]
        kind, _, name = rule.partition(":")
        phrase = phrases.get(rule) or phrases.get(kind, rule).replace("{name}", name)
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
