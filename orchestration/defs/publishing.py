"""Publication as an asset. It depends directly on every gated mart: a blocking check stops direct dependents only."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from stayhouse.contract import contract
from stayhouse.contract.sql import one_row
from stayhouse.expectations.registry import mart_gates
from stayhouse.loading.suppression import ErasureFolder
from stayhouse.orchestration import progress
from stayhouse.orchestration.defs.partitions import ONE_DAY_A_RUN
from stayhouse.orchestration.feeds import stale
from stayhouse.orchestration.graph import reached
from stayhouse.orchestration.growth import forget_superseded
from stayhouse.orchestration.lineage import MART
from stayhouse.orchestration.metric_definitions import write_definitions
from stayhouse.orchestration.model_docs import LINEAGE_PAGE, MODELS_PAGE, write_model_docs
from stayhouse.orchestration.money import reporting_currency
from stayhouse.orchestration.resources import Run, RunResource
from stayhouse.orchestration.run_log import warnings_of
from stayhouse.orchestration.selection import checked_marts, chosen_marts, part_of_the_past
from stayhouse.orchestration.server import check_publication, fetch_findings, publish_on_server, watermarks
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.page import PAGE_NAME, build_page
from stayhouse.page.cards import FACTS_OF_CARDS, write_cards
from stayhouse.publishing.delivery import lists_of, write_lists
from stayhouse.publishing.release import (
    DATABASE_NAME,
    Mart,
    current_publication,
    day_of,
    make_current,
    publish,
)
from stayhouse.publishing.without_identifiers import write_without_identifiers
from stayhouse.targets import ServerError

PUBLICATION_KEY = dg.AssetKey(["publication"])


def marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """The gated marts with their descriptions."""
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    return [
        Mart(
            gate.asset_key[0],
            gate.asset_key[1],
            nodes[gate.asset_key[1]]["description"],
            {name: column["description"] for name, column in nodes[gate.asset_key[1]]["columns"].items()},
            gate.grain,
        )
        for gate in mart_gates()
    ]


def marts_without_data(manifest: Mapping[str, Any], empty_tables: list[str]) -> dict[str, list[str]]:
    """For every raw table without rows, the marts that are made from it."""
    sources = {node["name"]: key for key, node in manifest["sources"].items() if node["schema"] == "raw"}
    models = {key: [c for c in found if c.startswith("model.")] for key, found in manifest["child_map"].items()}
    return {
        table: sorted(
            name for key in reached(models, [sources[table]]) if (name := key.split(".")[-1]).startswith(MART)
        )
        for table in empty_tables
    }


def readers_of_superseded(manifest: Mapping[str, Any]) -> list[str]:
    """Models that find in superseded rows what has changed."""
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [node["alias"] for node in nodes if node["config"]["materialized"] == "changed_keys"]


def write_page(release: Path, document: dict[str, Any]) -> None:
    """The page that people look at first and the cards it leads to, beside the database they were made from."""
    companions = (
        ("Checks in detail", "data_docs/index.html"),
        ("Models and columns", f"models/{MODELS_PAGE}"),
        ("Lineage of columns", f"models/{LINEAGE_PAGE}"),
    )
    present = [(title, href) for title, href in companions if (release / href).is_file()]
    as_of = date.fromisoformat(document["as_of_date"])
    build_page(
        release / DATABASE_NAME,
        release / PAGE_NAME,
        as_of=as_of,
        published_at=document["published_at"],
        company=document.get("company"),
        missing_tables=list(document["missing_tables"]),
        stale_feeds=document.get("stale_feeds"),
        cards=write_cards(release / DATABASE_NAME, release, day_of(document, FACTS_OF_CARDS)),
        links=present,
    )


def links(published_url: str | None) -> dict[str, dg.MetadataValue]:
    """Links that a browser opens from the UI; it opens no files, so there are none without a served address."""
    pages = {"page": PAGE_NAME, "data docs": "data_docs/index.html", "models and columns": f"models/{MODELS_PAGE}"}
    if published_url is None:
        return {}
    return {name: dg.MetadataValue.url(f"{published_url}/current/{page}") for name, page in pages.items()}


def publication(days: dg.PartitionsDefinition, published_url: str | None) -> dg.AssetsDefinition:
    """What people read, as one asset."""

    @dg.asset(
        key=PUBLICATION_KEY,
        deps=[dg.AssetKey(list(gate.asset_key)) for gate in mart_gates()],
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        group_name="publication",
        kinds={"duckdb", "parquet"},
        owners=["team:data-platform"],
        metadata=links(published_url),
        description="The marts as people read them: one DuckDB file, a Parquet file per mart, the page, the Data Docs.",
    )
    def publish_day(context: dg.AssetExecutionContext, run: RunResource) -> dg.MaterializeResult[Any]:
        """Switches readers to this run's marts in one step, after every check has passed."""
        selected = context.run.asset_selection
        return _publish(run, date.fromisoformat(context.partition_key), context.run_id, selected)

    return publish_day


def _carried_warnings(settings: Settings, shown: Sequence[Mart]) -> list[str]:
    """What was said of marts that stay as they are; it still holds."""
    names = tuple(f"{mart.full_name}:" for mart in shown if mart.carried)
    said = (current_publication(settings.publish) or {}).get("warnings") or []
    return [line for line in said if line.startswith(names)]


def check_day(warehouse: Path, as_of: date) -> None:
    """Raises Failure when the marts describe another day, as after a step that was begun by hand in the UI."""
    with open_warehouse(warehouse) as connection:
        (built,) = one_row(connection, "select as_of_date from core.run_context")
    if built != as_of:
        raise dg.Failure(
            f"the marts describe {built}, so they are not published as {as_of}; run the job build_day for {as_of}",
            allow_retries=False,
        )


def marts_of_release(
    run: Run, as_of: date, selected: AbstractSet[dg.AssetKey] | None, checked: AbstractSet[str]
) -> list[Mart]:
    """The marts of a release: those that the run has built and checked, and the others as they are in the current one.

    Raises Failure when nothing has passed its checks, and when the others describe a later day.
    """
    everything = marts(run.manifest)
    chosen = {mart.full_name for mart in everything if selected and dg.AssetKey([mart.schema, mart.name]) in selected}
    chosen |= chosen_marts(run.manifest, run.domains)
    fresh = [mart for mart in everything if mart.full_name in checked and (not chosen or mart.full_name in chosen)]
    if not fresh:
        raise dg.Failure(
            f"no mart of {as_of} has passed its checks since it was built; run the job build_day for {as_of}",
            allow_retries=False,
        )
    current = current_publication(run.settings.publish)
    others = [mart for mart in everything if mart not in fresh and current and mart.full_name in current["rows"]]
    if current is None or not others:
        return fresh
    if (later := part_of_the_past(current, as_of)) is not None:
        raise dg.Failure(later, allow_retries=False)
    return fresh + [replace(mart, carried=day_of(current, mart.full_name)) for mart in others]


def companions_without_identifiers(settings: Settings) -> list[Callable[[Path, dict[str, Any]], object]]:
    """Writes the part of a release that has no identifiers, if the settings ask for it."""
    if not settings.without_identifiers:
        return []
    key = ErasureFolder(settings.erasure).surrogate_key()
    return [lambda release, _: write_without_identifiers(release, key)]


def check_server_follows(run: Run, as_of: date, shown: Sequence[Mart]) -> None:
    """Raises Failure when readers of the files would get this day, and those of the server could not."""
    current = current_publication(run.settings.publish)
    if current and date.fromisoformat(current["as_of_date"]) > as_of and not run.make_current:
        return
    try:
        check_publication(run.settings, shown)
    except ServerError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def follow_on_server(run: Run, as_of: date, shown: Sequence[Mart], run_id: str, stale_feeds: str) -> None:
    """Gives readers of the server what those of the files have; Failure when it cannot."""
    if run.settings.server is None:
        return
    published = run.log.read()["published"]
    run.log.note(published=published | {"on_server": False})
    try:
        publish_on_server(run.settings, shown, as_of, run_id, stale_feeds)
    except ServerError as error:
        raise dg.Failure(
            f"{as_of} is published in the files and not on the server: {error}", allow_retries=False
        ) from error
    run.log.note(published=published | {"on_server": True})


def _publish(
    run: Run, as_of: date, run_id: str, selected: AbstractSet[dg.AssetKey] | None
) -> dg.MaterializeResult[Any]:
    settings = run.settings
    check_day(settings.warehouse, as_of)
    fetch_findings(settings, run.manifest)
    with open_warehouse(settings.warehouse) as warehouse:
        shown = marts_of_release(run, as_of, selected, checked_marts(warehouse, as_of))
    check_server_follows(run, as_of, shown)
    built = [mart.full_name for mart in shown if not mart.carried]
    is_whole = len(built) == len(mart_gates())
    log = run.log.read()
    standing = log.get("load", {}).get("rows_standing", {})
    missing = (
        marts_without_data(run.manifest, [table for table in contract() if not standing.get(table)]) if standing else {}
    )
    late = {feed.table: feed.last_day and feed.last_day.isoformat() for feed in stale(run.feeds(as_of))}
    details = {
        "missing_tables": missing,
        "stale_feeds": late,
        "warnings": warnings_of(log) + _carried_warnings(settings, shown),
        "reporting_currency": reporting_currency(settings, run.dbt.seeds),
        "company": settings.name,
        "raw": str(settings.raw),
        "policy": str(settings.policy) if settings.policy else None,
    }
    models = settings.target / "model_docs"
    if is_whole:
        # They show types as the warehouse has them, so every model must be there.
        write_model_docs(run.dbt, as_of, models)
    with open_warehouse(settings.warehouse) as warehouse:
        result = publish(
            warehouse,
            settings.publish,
            shown,
            as_of,
            run_id.split("-")[0],
            details,
            lambda mart, share: progress.report("publish", mart, share),
            companions=[
                lambda release, _: write_definitions(release, run.manifest, run.dbt.seeds, settings.policy),
                lambda release, _: shutil.copytree(run.docs, release / "data_docs"),
                *([lambda release, _: shutil.copytree(models, release / "models")] if models.is_dir() else []),
                lambda release, document: document.update(
                    lists=write_lists(
                        release,
                        [one for one in lists_of(run.manifest) if one.table in document["rows"]],
                        settings.lists_per_owner,
                    )
                ),
                write_page,
                *companions_without_identifiers(settings),
            ],
            kept=settings.kept_releases,
        )
        if settings.kept_loads:
            forget_superseded(warehouse, settings.kept_loads, readers_of_superseded(run.manifest), watermarks(settings))
    if run.make_current:
        result = make_current(settings.publish, result)
    run.log.note(
        published={
            "as_of": as_of,
            "rows": result.rows,
            "lists": result.lists,
            "folder": str(result.folder),
            "current_day": result.current_day,
            "is_current": result.is_current,
            "stale_feeds": details["stale_feeds"],
            "built": [] if is_whole else built,
        },
        missing_tables=missing,
    )
    if result.is_current:
        follow_on_server(run, as_of, shown, run_id.split("-")[0], ", ".join(late))
    progress.report("publish", "current", 1.0)
    return dg.MaterializeResult(
        metadata={
            "as of": as_of.isoformat(),
            "what readers get": result.current_day.isoformat(),
            "rows": dg.MetadataValue.int(sum(result.rows.values())),
            "rows by mart": dg.MetadataValue.md(
                "\n".join(["| mart | rows |", "|---|---|", *(f"| {m} | {n:,} |" for m, n in result.rows.items())])
            ),
            "page": dg.MetadataValue.path(str(result.folder / PAGE_NAME)),
            "database": dg.MetadataValue.path(str(result.folder / DATABASE_NAME)),
            "data docs": dg.MetadataValue.path(str(result.folder / "data_docs" / "index.html")),
        }
    )
