"""What a run does on the engine in which dbt builds; with DuckDB as target none of it does anything."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from stayhouse.expectations.registry import mart_gates
from stayhouse.orchestration import progress
from stayhouse.orchestration.company import DUCKDB
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.postgres import Server
from stayhouse.publishing.release import Mart, current_publication
from stayhouse.targets import Engine, ServerError, Statements, Table

# How far incremental models have come.
MARKS = "ops.model_watermarks"
# What the steps behind dbt read besides the marts and what these refer to.
READ_OF_CORE = ("policy", "run_context", "unconverted_money", "unknown_policy_codes", "fct_survey_answers")


def engine_of(settings: Settings) -> Engine | None:
    """Where dbt builds; None when that is the working file."""
    match settings.server:
        case None:
            return None
        case Server() as server:
            from stayhouse.postgres.engine import PostgresEngine

            return PostgresEngine(server)
        case lake:
            from stayhouse.spark.engine import SparkEngine

            return SparkEngine(lake)


def target_variables(settings: Settings) -> dict[str, str]:
    """What profiles.yml reads of the target."""
    engine = engine_of(settings)
    return {"STAYHOUSE_TARGET": engine.target, **engine.variables} if engine else {"STAYHOUSE_TARGET": DUCKDB}


def views_go_with_tables(settings: Settings) -> bool:
    """Where a table is replaced, views over it are lost; every run makes them again."""
    return isinstance(settings.server, Server)


def prepare_dbt(settings: Settings) -> None:
    """Lets dbt run Python models beside the engine."""
    if engine := engine_of(settings):
        engine.prepare_dbt()


def check_server(settings: Settings) -> None:
    """Raises ConfigurationError when the engine cannot be used, before anything is loaded."""
    if engine := engine_of(settings):
        try:
            engine.check()
        except ServerError as error:
            raise ConfigurationError(str(error)) from error


@contextmanager
def open_target(settings: Settings) -> Iterator[Statements]:
    """What runs statements where dbt builds."""
    if engine := engine_of(settings):
        with engine.statements() as statements:
            yield statements
    else:
        with open_warehouse(settings.warehouse) as connection:
            yield connection


def ship_rows(settings: Settings) -> dict[str, int]:
    """Sends what has been loaded to the engine; returns the rows sent by table."""
    engine = engine_of(settings)
    if engine is None:
        return {}
    progress.report("ship", str(engine), 0.0)
    sent = _ship(settings, engine)
    progress.report("ship", str(engine), 1.0)
    return sent


def _ship(settings: Settings, engine: Engine) -> dict[str, int]:
    with open_warehouse(settings.warehouse) as connection:
        return engine.ship(connection)


def fetch_tables(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Brings the marts and what is read beside them into the working file."""
    engine = engine_of(settings)
    if engine is None:
        return
    marts = {gate.asset_key[1] for gate in mart_gates()}
    parents = {reference[1] for gate in mart_gates() for reference in gate.references}
    progress.report("fetch", str(engine), 0.0)
    _fetch(settings, engine, _named(manifest, marts | parents | {*READ_OF_CORE}))
    progress.report("fetch", str(engine), 1.0)


def fetch_findings(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Brings the marts that are views again: they show what the gates have found since dbt has run."""
    engine = engine_of(settings)
    if engine is None:
        return
    _ship(settings, engine)
    marts = _named(manifest, {gate.asset_key[1] for gate in mart_gates()})
    _fetch(settings, engine, [node for node in marts if node["config"]["materialized"] == "view"])


def _named(manifest: Mapping[str, Any], names: Container[str]) -> list[Mapping[str, Any]]:
    """The models and seeds of some names."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["name"] in names
    ]


def _fetch(settings: Settings, engine: Engine, nodes: Iterable[Mapping[str, Any]]) -> None:
    tables = {
        f"{node['schema']}.{node['alias']}": {
            name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")
        }
        for node in nodes
    }
    with open_warehouse(settings.warehouse) as connection:
        engine.fetch(connection, tables)


def forget_built(settings: Settings) -> list[str]:
    """Has the next run build everything on the engine from all rows, as after an erasure; returns notices."""
    engine = engine_of(settings)
    if engine is None:
        return []
    engine.forget_marks()
    return [f"{engine}: still holds the erased rows; the next run that publishes there removes them"]


def watermarks(settings: Settings) -> str:
    """The table of the working file that says how far the incremental models have come."""
    from stayhouse.targets.fetching import WATERMARKS

    return WATERMARKS if settings.server else MARKS


def check_publication(settings: Settings, marts: Sequence[Mart]) -> None:
    """Raises ServerError, before files are released, where the engine could not follow with these marts."""
    engine = engine_of(settings)
    if engine is None:
        return
    there = engine.require_replaceable()
    current = current_publication(settings.publish)
    if any(mart.carried for mart in marts) and current and there != current["run_id"]:
        raise ServerError(
            f"{engine}: has {f'the marts of run {there}' if there else 'no marts yet'}, and the files those "
            f"of run {current['run_id']} ({current['as_of_date']}), so a part cannot be published beside them; "
            "build everything, without --select"
        )


def publish_on_server(settings: Settings, marts: Sequence[Mart], as_of: date, run_id: str, stale_feeds: str) -> None:
    """Gives readers of the engine the marts of this run."""
    engine = engine_of(settings)
    if engine is None:
        return
    tables = [
        Table("published." + mart.name if mart.carried else mart.full_name, mart.name, mart.description, mart.columns)
        for mart in marts
    ]
    progress.report("publish", str(engine), 0.0)
    engine.publish(tables, as_of, run_id, stale_feeds)
