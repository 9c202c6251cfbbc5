"""Gates: the expectation suites as blocking asset checks, one step for raw tables and one for marts.

A blocking check holds back steps that depend on its asset. All dbt models are one step, so what holds here is
raw -> checks -> dbt -> checks -> publication.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from stayhouse.contract.sql import one_row
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.mart_profile import Profile
from stayhouse.expectations.reports import GateReport, Parameters
from stayhouse.orchestration import progress
from stayhouse.orchestration.check_results import write_results
from stayhouse.orchestration.resources import Run, RunResource
from stayhouse.orchestration.selection import note_checks
from stayhouse.orchestration.settings import Settings, memory_limit
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.publishing.release import current_publication, day_of

CHECK_NAME = "expectations"
DOCS_INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Stayhouse: what was checked</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }</style>
<h1>What was checked</h1>
<ul>
<li><a href="raw/index.html">What arrived</a>: the raw tables, before dbt</li>
<li><a href="mart/index.html">What was published</a>: the marts, after dbt</li>
</ul>
</html>
"""


def check_specs(gates: tuple[Gate, ...]) -> list[dg.AssetCheckSpec]:
    """One blocking check per gate."""
    return [
        dg.AssetCheckSpec(
            CHECK_NAME,
            asset=dg.AssetKey(list(gate.asset_key)),
            blocking=True,
            description=f"The expectation suite of {gate.table}.",
        )
        for gate in gates
    ]


def evaluate(run: Run, gates: tuple[Gate, ...], stage: str, as_of: date, run_id: str) -> list[GateReport]:
    """Runs the suites, writes their results to the warehouse and the Data Docs, and notes what failed."""
    from stayhouse.expectations.runner import results_frame, validate

    settings = run.settings
    progress.report(f"check {stage}", f"{len(gates)} suites", 0.0)
    with open_warehouse(settings.warehouse) as connection:
        newest, checked = one_row(
            connection,
            "select coalesce(max(load_id), 0), coalesce(max(load_id) filter (where is_checked), 0) from ops.loads",
        )
        published = _last_published(settings, as_of, connection) if stage == "mart" else {}
    # All loads that have not passed yet, not just the newest: a failed run must not hide its rows from the next.
    # When none has passed, the whole table is evaluated, which needs no look-up of what is new.
    since = min(checked + 1, newest) if checked and not run.full_refresh else 0
    parameters = Parameters(as_of, since, run_id, earliest=settings.earliest_date, **published)
    reports = validate(settings.warehouse, gates, parameters, _docs(run, stage), memory_limit())
    frame = results_frame(reports, run_id, as_of)
    with open_warehouse(settings.warehouse) as connection:
        write_results(connection, frame, run_id, stage)
        if stage == "raw" and not any(report.severity == "error" for report in reports):
            connection.execute("update ops.loads set is_checked = true where load_id <= ?", [newest])
    failures = [(report, result) for report in reports for result in report.failures]
    run.log.note(**{
        f"{stage}_checks": {
            "expectations": sum(len(report.expectations) for report in reports),
            "errors": [result.message for _, result in failures if result.severity == "critical"],
            "warnings": [result.message for _, result in failures if result.severity != "critical"],
        }
    })  # fmt: skip
    progress.report(f"check {stage}", f"{len(gates)} suites", 1.0)
    return reports


def _last_published(settings: Settings, as_of: date, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What marts are compared with: those last published, unless they describe a later day, and what may be lost."""
    document = current_publication(settings.publish)
    if document is None:
        return {}
    limit, compared_from = one_row(
        connection, "select policy.published_lost_pct, policy.min_reliable_count from core.policy"
    )
    published = {
        mart: Profile(**stated)
        for mart, stated in document.get("profiles", {}).items()
        if day_of(document, mart) <= as_of
    }
    return {"published": published, "lost_limit_pct": limit, "compared_from_rows": compared_from}


def _docs(run: Run, stage: str) -> Path:
    """The folder of a stage's pages, and the page that leads to both."""
    run.docs.mkdir(parents=True, exist_ok=True)
    (run.docs / "index.html").write_text(DOCS_INDEX)
    return run.docs / stage


def check_result(report: GateReport) -> dg.AssetCheckResult:
    """A gate report as Dagster shows it: what failed, on what, how often."""
    rows = [
        dg.TableRecord({
            "expectation": result.expectation,
            "column": result.column,
            "severity": result.severity,
            "unexpected": result.unexpected_count,
            "message": result.message,
        })
        for result in report.failures
    ]  # fmt: skip
    metadata: dict[str, Any] = {
        "expectations": len(report.expectations),
        "failed": len(report.failures),
        "unexpected rows": sum(result.unexpected_count for result in report.failures),
    }
    if rows:
        schema = dg.TableSchema([
            dg.TableColumn(name, "int" if name == "unexpected" else "string")
            for name in ("expectation", "column", "severity", "unexpected", "message")
        ])  # fmt: skip
        metadata["failures"] = dg.MetadataValue.table(rows, schema=schema)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(report.asset_key)),
        check_name=CHECK_NAME,
        passed=report.passed,
        severity=dg.AssetCheckSeverity.ERROR if report.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def raw_expectations(gates: tuple[Gate, ...]) -> dg.AssetChecksDefinition:
    """The suites of the raw tables, evaluated in one step."""

    @dg.multi_asset_check(specs=check_specs(gates), name="raw_expectations")
    def check_raw(context: dg.AssetCheckExecutionContext, run: RunResource) -> Iterator[dg.AssetCheckResult]:
        """Evaluates what arrived. Row rules look at the rows of the newest load; a full refresh looks at all."""
        op = context.op_execution_context
        asked = date.fromisoformat(op.partition_key) if op.has_partition_key else run.day
        as_of = asked or run.last_covered_day() or date(1970, 1, 1)
        for report in evaluate(run, gates, "raw", as_of, op.run_id):
            yield check_result(report)

    return check_raw


def mart_expectations(gates: tuple[Gate, ...]) -> dg.AssetChecksDefinition:
    """The suites of the marts, evaluated in one step."""

    @dg.multi_asset_check(specs=check_specs(gates), name="mart_expectations", can_subset=True)
    def check_marts(context: dg.AssetCheckExecutionContext, run: RunResource) -> Iterator[dg.AssetCheckResult]:
        """Evaluates what would be published."""
        op = context.op_execution_context
        as_of = date.fromisoformat(op.partition_key) if op.has_partition_key else run.last_covered_day()
        if as_of is None:
            raise dg.Failure("nothing is loaded, so there is no day to check", allow_retries=False)
        picked = {key.asset_key for key in context.selected_asset_check_keys}
        chosen = tuple(gate for gate in gates if dg.AssetKey(list(gate.asset_key)) in picked)
        reports = evaluate(run, chosen, "mart", as_of, op.run_id)
        with open_warehouse(run.settings.warehouse) as connection:
            passed = [".".join(report.asset_key) for report in reports if report.severity != "error"]
            note_checks(connection, passed, as_of)
        for report in reports:
            yield check_result(report)

    return check_marts
