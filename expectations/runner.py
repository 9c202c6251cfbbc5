"""Validates gates inside the warehouse with Great Expectations and reports what was found.

The warehouse is opened read-only and closed before `validate` returns, so that dbt may open it for writing in the same
process afterwards. DuckDB allows one configuration per file and process: while `validate` runs, nothing else in the
process may have the file open.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.contract.sql import identifier, literal
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.reports import (
    WHOLE_TABLE,
    ExpectationResult,
    GateReport,
    Parameters,
    results_frame,
)

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.datasource.fluent import SQLDatasource
    from sqlalchemy.engine import Connection

    from stayhouse.expectations.vocabulary import HouseExpectation

__all__ = ["WarehouseError", "results_frame", "validate"]

DATASOURCE = "warehouse"

logger = logging.getLogger(__name__)


class WarehouseError(Exception):
    """The warehouse cannot be opened. The message names the file and the cause."""


def validate(
    warehouse: Path,
    gates: Sequence[Gate],
    parameters: Parameters,
    docs_dir: Path | None = None,
    memory_limit: str | None = None,
) -> list[GateReport]:
    """Validates the gates in their order and returns one report each.

    `memory_limit` is what DuckDB may use, in its own words ('5GB'); None leaves it DuckDB's default.

    A suite that cannot be built or a table that does not exist is a critical failure in its report, never an exception.
    With `docs_dir`, the results are also written there as pages to read (see data_docs); when that fails, the reports
    stay and the failure is logged.
    Raises WarehouseError when the file does not exist or is held by a writer.
    """
    if not warehouse.exists():
        raise WarehouseError(f"{warehouse}: the warehouse does not exist, build it first")
    with _quiet_context() as context, _opened(context, warehouse, memory_limit) as (datasource, connection):
        columns = _columns(connection)
        expectations = {gate.table: _expectations(gate, columns, parameters, connection) for gate in gates}
        found = _evaluated(datasource, [e for own in expectations.values() for e in own])
    reports = [_report(gate, found[gate.table]) for gate in gates]
    if docs_dir is not None:
        _write_docs(reports, parameters, docs_dir)
    return reports


@contextmanager
def _quiet_context() -> Iterator[EphemeralDataContext]:
    """A Great Expectations context in memory that reports to nobody and draws no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when GX is imported
    _postpone("scipy", "stats")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    level = logging.getLogger("great_expectations").level
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    try:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        _remove_default_sites(context)
        yield context
    finally:
        logging.getLogger("great_expectations").setLevel(level)


def _postpone(package: str, module: str) -> None:
    """Lets a module be imported when one of its names is first used.

    GX imports the statistics of SciPy for expectations that are not used here, a quarter of the time that its own
    import takes.
    """
    name = f"{package}.{module}"
    spec = find_spec(name) if name not in sys.modules else None
    if spec and spec.loader:
        spec.loader = LazyLoader(spec.loader)
        sys.modules[name] = module_from_spec(spec)
        # Without it `from scipy import stats` would look at the module, which imports it.
        setattr(sys.modules[package], module, sys.modules[name])
        spec.loader.exec_module(sys.modules[name])


def _remove_default_sites(context: EphemeralDataContext) -> None:
    """Drops the site that every GX context brings along in a temporary folder, and the folder."""
    for name, site in dict(context.variables.data_docs_sites or {}).items():
        folder = Path((site.get("store_backend") or {}).get("base_directory") or "")
        context.delete_data_docs_site(name)
        if folder.is_absolute() and folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(
    context: EphemeralDataContext, warehouse: Path, memory_limit: str | None
) -> Iterator[tuple[SQLDatasource, Connection]]:
    """The warehouse as a data source of GX, closed at the end."""
    from sqlalchemy import text
    from sqlalchemy.pool import QueuePool

    from stayhouse.expectations.duckdb_results import buffer_results

    with ExitStack() as opened:
        try:
            # The file is not part of the URL: there, GX would read $ and SQLAlchemy ? and % in its name.
            datasource = context.data_sources.add_sql(
                DATASOURCE,
                connection_string="duckdb://",
                kwargs={  # type: ignore[call-arg]  # the stub leaves it out
                    "poolclass": QueuePool,
                    "connect_args": {"database": str(warehouse.resolve()), "read_only": True},
                },
            )
            opened.callback(lambda: datasource.get_engine().dispose())
            gx_engine = datasource.get_execution_engine()
            opened.callback(gx_engine.close)
            buffer_results(gx_engine.engine)
            connection = opened.enter_context(gx_engine.engine.connect())
            if memory_limit:
                connection.exec_driver_sql(f"set memory_limit = {literal(memory_limit)}")
            answer = gx_engine.execute_query(text("select 1 as alive")).fetchall()
        except Exception as error:  # GX wraps the driver's errors in several of its own
            raise WarehouseError(f"{warehouse}: cannot be read: {_first_line(_root(error))}") from error
        if answer != [(1,)]:
            # Without its rows every expectation would pass: better no result than that one.
            raise WarehouseError("Great Expectations receives no rows from DuckDB, see expectations/duckdb_results.py")
        yield datasource, connection


def _write_docs(reports: Sequence[GateReport], parameters: Parameters, docs_dir: Path) -> None:
    from stayhouse.expectations.data_docs import write_data_docs

    try:
        write_data_docs(reports, parameters, docs_dir)
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
    for table, column, data_type in connection.execute(text(query)).tuples():
        columns.setdefault(str(table), {})[str(column)] = str(data_type)
    return columns


def _evaluated(
    datasource: SQLDatasource, expectations: Sequence[HouseExpectation]
) -> dict[str, list[ExpectationValidationResult]]:
    """The results by table. All tables are one suite: GX takes longer to set up a table than DuckDB to query it."""
    import great_expectations as gx

    results: dict[str, list[ExpectationValidationResult]] = defaultdict(list)
    if expectations:
        asset = datasource.add_query_asset("all", query="SELECT 1 as one")
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        for item in batch.validate(gx.ExpectationSuite(name="all", expectations=list(expectations))).results:
            # Every expectation that was handed over carries the name of its table.
            assert item.expectation_config is not None
            assert item.expectation_config.meta is not None
            results[item.expectation_config.meta["table"]].append(item)
    return results


def _expectations(
    gate: Gate, columns: dict[str, dict[str, str]], parameters: Parameters, connection: Connection
) -> list[HouseExpectation]:
    """The suite of a gate, on its table. One gate that cannot be evaluated must not hide the others."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from stayhouse.expectations.suites import build_suite
    from stayhouse.expectations.vocabulary import ExpectSuiteToBeBuilt, ExpectTableToExist, fault

    table = ".".join(identifier(part) for part in gate.table.split("."))
    if gate.table not in columns:
        problem = f"the table {gate.table} does not exist in the warehouse"
        own = [fault(ExpectTableToExist, problem, "Build it, or remove the gate together with the table.")]
    else:
        try:
            connection.execute(text(f"select 1 from {table} limit 0"))
            own = build_suite(gate, parameters, columns[gate.table], columns)
        except DBAPIError as error:  # a view, for one, whose tables are missing
            problem = f"{gate.table} cannot be read: {_first_line(_root(error))}"
            own = [fault(ExpectTableToExist, problem, "Build it again.")]
        except Exception as error:
            problem = f"the suite of {gate.table} could not be built: {type(error).__name__}: {error}"
            own = [fault(ExpectSuiteToBeBuilt, problem, "Correct the suite module, or the YAML of the mart.")]
    return [expectation.on_table(gate.table, table) for expectation in own]


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _report(gate: Gate, results: Sequence[ExpectationValidationResult]) -> GateReport:
    return GateReport(
        gate.asset_key, gate.table, gate.stage, tuple(_expectation_result(gate.table, item) for item in results)
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
        message = f"{table}: {config.type} on {column} could not be evaluated: {crash} Correct the suite or the table."
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
        description=config.description or "",
        notes=" ".join(config.notes or ()) if isinstance(config.notes, list) else config.notes or "",
        rules=tuple(dict.fromkeys((config.kwargs.get("phrases") or {}).values())),
    )


def _message(table: str, kwargs: dict[str, Any], findings: list[dict[str, Any]], observed: str) -> str:
    if not findings:
        return f"{table}: {observed}."
    phrases, unit = kwargs.get("phrases") or {}, kwargs.get("unit", "row")
    clauses = []
    for finding in findings:
        rule, count = finding["rule"], finding["unexpected_count"]
        kind, _, name = rule.partition(":")
        phrase = phrases.get(rule) or phrases.get(kind, rule).replace("{name}", name)
        clauses.append(f"{phrase} ({count:,} {unit}{'s' * (count != 1)})" if unit else phrase)
    clause = "; ".join(clauses)
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
