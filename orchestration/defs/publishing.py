"""Publication as an asset. It depends directly on every gated mart: a blocking check stops direct dependents only."""

from datetime import date

import dagster as dg

from expectations.registry import MART_GATES
from orchestration import progress
from orchestration.contract import contract
from orchestration.defs.partitions import ONE_NIGHT_A_RUN
from orchestration.defs.partitions import nights as daily
from orchestration.defs.transformation import PROJECT_MANIFEST
from orchestration.publication import Mart, publish
from orchestration.resources import NightResource

PUBLICATION_KEY = dg.AssetKey(["publication"])


def marts() -> list[Mart]:
    """The gated marts with their descriptions."""
    nodes = {node["name"]: node for node in PROJECT_MANIFEST["nodes"].values() if node["resource_type"] == "model"}
    return [
        Mart(
            *gate.asset_key,
            nodes[gate.asset_key[1]]["description"],
            {name: column["description"] for name, column in nodes[gate.asset_key[1]]["columns"].items()},
        )
        for gate in MART_GATES
    ]


def marts_without_data(empty_tables: list[str]) -> dict[str, list[str]]:
    """For every raw table without rows, the marts that stand on it."""
    sources = {node["name"]: key for key, node in PROJECT_MANIFEST["sources"].items() if node["schema"] == "raw"}
    found: dict[str, list[str]] = {}
    for table in empty_tables:
        reached: set[str] = set()
        waiting = [sources[table]]
        while waiting:
            for child in PROJECT_MANIFEST["child_map"].get(waiting.pop(), []):
                if child.startswith("model.") and child not in reached:
                    reached.add(child)
                    waiting.append(child)
        found[table] = sorted(key.split(".")[-1] for key in reached if key.split(".")[-1].startswith("mart_"))
    return found


@dg.asset(
    key=PUBLICATION_KEY,
    deps=[dg.AssetKey(list(gate.asset_key)) for gate in MART_GATES],
    partitions_def=daily,
    backfill_policy=ONE_NIGHT_A_RUN,
    group_name="publication",
    kinds={"duckdb", "parquet"},
    owners=["team:data-platform"],
    description="The marts as people read them: one read-only DuckDB file, one Parquet file per mart, the Data Docs.",
)
def publication(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult:
    """Switches readers to this night's marts in one step, after every check has passed."""
    settings = night.settings
    as_of = date.fromisoformat(context.partition_key)
    log = night.log.read()
    standing = log.get("load", {}).get("rows_standing", {})
    missing = marts_without_data([table for table in contract() if not standing.get(table)]) if standing else {}
    details = {
        "missing_tables": missing,
        "warnings": log.get("dbt_warnings", [])
        + [w for stage in ("raw", "mart") for w in log.get(f"{stage}_checks", {}).get("warnings", [])],
        "raw": str(settings.raw),
        "policy": str(settings.policy) if settings.policy else None,
    }
    result = publish(
        settings.warehouse,
        settings.publish,
        marts(),
        as_of,
        context.run_id.split("-")[0],
        night.docs,
        details,
        lambda mart, share: progress.report("publish", mart, share),
    )
    night.log.note(
        published={"as_of": as_of, "rows": result.rows, "folder": str(result.folder)}, missing_tables=missing
    )
    progress.report("publish", "current", 1.0)
    docs = settings.publish / "current" / "data_docs" / "index.html"
    return dg.MaterializeResult(
        metadata={
            "as of": as_of.isoformat(),
            "rows": dg.MetadataValue.int(sum(result.rows.values())),
            "rows by mart": dg.MetadataValue.md(
                "\n".join(["| mart | rows |", "|---|---|", *(f"| {m} | {n:,} |" for m, n in result.rows.items())])
            ),
            "database": dg.MetadataValue.path(str(settings.publish / "current" / "stayhouse.duckdb")),
            "data docs": dg.MetadataValue.url(docs.as_uri()),
        }
    )
