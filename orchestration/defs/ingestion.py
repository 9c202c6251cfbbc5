"""Raw assets: one per table of the contract, all loaded by one step, so that one run has one load number."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb

from stayhouse.contract import RawTable, contract
from stayhouse.loading import LoadError, LoadReport, TableReport, check_landing_folder, load_landing
from stayhouse.loading.suppression import ErasureError
from stayhouse.orchestration import progress
from stayhouse.orchestration.erasure import erase, is_requested, withhold_erased
from stayhouse.orchestration.event_log import forget_old_runs
from stayhouse.orchestration.resources import Run, RunResource
from stayhouse.orchestration.settings import ConfigurationError, history_folder, kept_runs
from stayhouse.orchestration.shapes import shape_landing
from stayhouse.orchestration.sources import pull_sources
from stayhouse.orchestration.warehouse import WarehouseBusy, open_warehouse
from stayhouse.shaping import ShapeError
from stayhouse.sources import SourceError

LEDGER_KEY = dg.AssetKey(["ops", "load_ledger"])
# What the ledger says of a load; the day that is built after it.
COVERED_DAY = "last covered day"


def asset_key(table: RawTable) -> dg.AssetKey:
    """The key dagster-dbt gives the dbt source of the table, so that the graph joins by itself."""
    return dg.AssetKey([table.source, table.name])


def raw_specs() -> list[dg.AssetSpec]:
    """One asset per raw table, and the ledger."""
    tables = contract()
    specs = [
        dg.AssetSpec(
            asset_key(table),
            description=table.description,
            deps=[asset_key(tables[parent]) for parent in sorted(table.parents)],
            group_name="raw",
            kinds={"duckdb", "table"},
            owners=["team:data-platform"],
            skippable=True,
            metadata={
                "contract": dg.MetadataValue.path(str(table.file.name)),
                "dagster/column_schema": dg.TableSchema(
                    columns=[
                        dg.TableColumn(
                            column.name,
                            column.data_type,
                            description=column.description,
                            constraints=dg.TableColumnConstraints(nullable=not column.required),
                        )
                        for column in table.columns
                    ]
                ),
            },
        )
        for table in tables.values()
    ]
    ledger = dg.AssetSpec(
        LEDGER_KEY,
        description="Ledger of landing files: every row of every file accounted for. One row per version of a file.",
        deps=[spec.key for spec in specs],
        group_name="raw",
        kinds={"duckdb", "table"},
        owners=["team:data-platform"],
        skippable=True,
    )
    return [*specs, ledger]


def table_metadata(report: TableReport) -> dict[str, dg.MetadataValue]:
    """What a person wants to see of a load: rows in, rows kept, rows set aside and why."""
    numbers = {
        "files loaded": report.files_loaded,
        "files known already": report.files_known,
        "rows in files": report.rows_in_files,
        "rows loaded": report.rows_loaded,
        "rows quarantined": report.rows_quarantined,
        "rows duplicate": report.rows_duplicate,
        "rows superseded": report.rows_superseded,
        "rows released from quarantine": report.rows_released,
    }
    metadata: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(value) for name, value in numbers.items()}
    if report.quarantine_reasons:
        lines = [f"| {reason} | {count} |" for reason, count in report.quarantine_reasons.most_common(20)]
        metadata["quarantine reasons"] = dg.MetadataValue.md("\n".join(["| reason | rows |", "|---|---|", *lines]))
    if report.notices or report.rejected:
        metadata["messages"] = dg.MetadataValue.md("\n".join(f"- {m}" for m in [*report.rejected, *report.notices]))
    return metadata


def newest_delays(connection: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, dict[str, dg.MetadataValue]]:
    """By table: how many days the oldest row of this load lies behind its newest, to be plotted over the runs."""
    rows = connection.execute(
        "select table_name, date_diff('day', min(event_time_min), max(event_time_max)) from ops.load_ledger "
        "where load_id = ? and event_time_min is not null group by 1",
        [load_id],
    ).fetchall()
    return {name: {"oldest row, days behind the newest": dg.MetadataValue.int(days)} for name, days in rows}


def load_document(report: LoadReport, policy_warnings: list[str]) -> dict[str, Any]:
    """The load as plain data for the run log."""
    return {
        "load_id": report.load_id,
        "notices": policy_warnings + report.notices + [n for t in report.tables.values() for n in t.notices],
        "rejected": report.rejected,
        "tables": {
            table.table: {
                "files": table.files_loaded,
                "files_known": table.files_known,
                "rows_in_files": table.rows_in_files,
                "rows_loaded": table.rows_loaded,
                "rows_quarantined": table.rows_quarantined,
                "rows_duplicate": table.rows_duplicate,
                "rows_superseded": table.rows_superseded,
                "rows_released": table.rows_released,
                "quarantine_reasons": dict(table.quarantine_reasons),
            }
            for table in report.tables.values()
        },
    }


def raw_tables() -> dg.AssetsDefinition:
    """The raw tables and the ledger, loaded in one step."""

    @dg.multi_asset(specs=raw_specs(), name="raw_tables", can_subset=False)
    def load(context: dg.AssetExecutionContext, run: RunResource) -> Iterator[dg.MaterializeResult[Any]]:
        """Loads what is new in the landing folder. Broken rows go to quarantine; a broken file fails the run."""
        forget_old_runs(context.instance, kept_runs())
        yield from _load(context, run)

    return load


def _erase_requested(context: dg.AssetExecutionContext, run: Run) -> list[str]:
    """Erases who is on the list of requests; returns notices."""
    if not is_requested(run.settings):
        return []
    done = erase(run, context.instance, history_folder(run.settings))
    counted = f"{done.customers} customers were erased; their {done.rows:,} rows have random names"
    return [counted, *done.problems]


def _load(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult[Any]]:
    settings = run.settings
    try:
        warnings = run.policy_warnings
        erased = _erase_requested(context, run)
        pulled = pull_sources(settings)
        with open_warehouse(settings.warehouse) as connection:
            check_landing_folder(connection, settings.raw)
            shaped = shape_landing(settings)
            withheld = withhold_erased(settings, connection)
            report = load_landing(
                connection,
                settings.raw,
                settings.tables,
                lambda table, done, total: progress.report("load", table, done / total if total else 1.0),
                settings.zones,
            )
            delays = newest_delays(connection, report.load_id)
            standing = dict(
                connection.execute(
                    "select table_name, sum(rows_loaded - rows_superseded) from ops.load_ledger group by 1"
                ).fetchall()
            )
    except (LoadError, ShapeError, SourceError, ErasureError, ConfigurationError, WarehouseBusy) as error:
        run.log.note(bad_input=str(error).splitlines())
        raise dg.Failure(str(error), allow_retries=False) from error
    notices = [*warnings, *erased, *pulled.notices, *shaped.notices, *shaped.left_out_in_short, *withheld]
    document = load_document(report, notices) | {"earliest_date": settings.earliest_date}
    run.log.note(load=document | {"rows_standing": standing})
    context.log.info(json.dumps(document, default=str))
    broken = {table.table for table in report.tables.values() if table.rejected}
    for table in contract().values():
        if table.name not in broken:
            yield dg.MaterializeResult(
                asset_key=asset_key(table),
                metadata=table_metadata(report.tables[table.name])
                | {"dagster/row_count": dg.MetadataValue.int(int(standing.get(table.name) or 0))}
                | delays.get(table.name, {}),
            )
    if broken:
        run.log.note(bad_input=report.rejected)
        raise dg.Failure("\n".join(report.rejected), allow_retries=False)
    covered = run.last_covered_day()
    yield dg.MaterializeResult(
        asset_key=LEDGER_KEY,
        metadata={"load number": report.load_id} | ({COVERED_DAY: covered.isoformat()} if covered else {}),
    )
