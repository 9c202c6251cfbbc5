"""What a run does on PostgreSQL, where dbt builds there; with DuckDB as target none of it does anything."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import duckdb

from stayhouse.contract.sql import connect
from stayhouse.expectations.registry import mart_gates
from stayhouse.orchestration import progress
from stayhouse.orchestration.company import DUCKDB, POSTGRES
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.postgres import Server, ServerError, attached
from stayhouse.postgres.server import NAME, run
from stayhouse.publishing.release import Mart, current_publication

# How far incremental models have come.
MARKS = "ops.model_watermarks"
# What the steps behind dbt read besides the marts and what these refer to.
READ_OF_CORE = ("policy", "run_context", "unconverted_money", "unknown_policy_codes", "fct_survey_answers")


def target_variables(settings: Settings) -> dict[str, str]:
    """What profiles.yml reads of the target."""
    if settings.server is None:
        return {"STAYHOUSE_TARGET": DUCKDB}
    return {"STAYHOUSE_TARGET": POSTGRES} | settings.server.variables


def prepare_dbt(settings: Settings) -> None:
    """Lets dbt run Python models beside the server."""
    if settings.server:
        from stayhouse.postgres.python_models import enable

        enable()


def check_server(settings: Settings) -> None:
    """Raises ConfigurationError when the server cannot be used, before anything is loaded."""
    if settings.server is None:
        return
    from importlib.util import find_spec

    if find_spec("dbt.adapters.postgres") is None:
        raise ConfigurationError(
            "target = \"postgres\" needs dbt-postgres; install it by pip install 'stayhouse[target-postgres]' "
            "(make postgres in a clone)"
        )
    try:
        with connect() as connection, attached(connection, settings.server, read_only=True):
            pass
    except ServerError as error:
        raise ConfigurationError(str(error)) from error


@contextmanager
def open_target(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to where dbt builds."""
    if settings.server is None:
        with open_warehouse(settings.warehouse) as connection:
            yield connection
        return
    with connect() as connection, attached(connection, settings.server):
        connection.execute(f"use {NAME}.ops")
        try:
            yield connection
        finally:
            connection.execute("use memory")


def ship_rows(settings: Settings) -> dict[str, int]:
    """Sends what has been loaded to the server; returns the rows sent by table."""
    if settings.server is None:
        return {}
    progress.report("ship", str(settings.server), 0.0)
    sent = _ship(settings, settings.server)
    progress.report("ship", str(settings.server), 1.0)
    return sent


def _ship(settings: Settings, server: Server) -> dict[str, int]:
    from stayhouse.postgres.shipping import ship

    with open_warehouse(settings.warehouse) as connection, attached(connection, server):
        return ship(connection).rows


def fetch_tables(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Brings the marts and what is read beside them into the working file."""
    if settings.server is None:
        return
    marts = {gate.asset_key[1] for gate in mart_gates()}
    parents = {reference[1] for gate in mart_gates() for reference in gate.references}
    progress.report("fetch", str(settings.server), 0.0)
    _fetch(settings, settings.server, _named(manifest, marts | parents | {*READ_OF_CORE}))
    progress.report("fetch", str(settings.server), 1.0)


def fetch_findings(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Brings the marts that are views again: they show what the gates have found since dbt has run."""
    if settings.server is None:
        return
    _ship(settings, settings.server)
    marts = _named(manifest, {gate.asset_key[1] for gate in mart_gates()})
    _fetch(settings, settings.server, [node for node in marts if node["config"]["materialized"] == "view"])


def _named(manifest: Mapping[str, Any], names: Container[str]) -> list[Mapping[str, Any]]:
    """The models and seeds of some names."""
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["name"] in names
    ]


def _fetch(settings: Settings, server: Server, nodes: Iterable[Mapping[str, Any]]) -> None:
    from stayhouse.postgres.fetching import fetch

    tables = {
        f"{node['schema']}.{node['alias']}": {
            name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")
        }
        for node in nodes
    }
    with open_warehouse(settings.warehouse) as connection, attached(connection, server, read_only=True):
        fetch(connection, tables)


def forget_built(settings: Settings) -> list[str]:
    """Has the next run build everything on the server from all rows, as after an erasure; returns notices."""
    if settings.server is None:
        return []
    with connect() as connection, attached(connection, settings.server):
        found = connection.execute(
            f"from duckdb_tables() where database_name = '{NAME}' and schema_name || '.' || table_name = '{MARKS}'"
        )
        if found.fetchall():
            run(connection, f"delete from {MARKS}")
    return [f"{settings.server}: still holds the erased rows; the next run that publishes there removes them"]


def watermarks(settings: Settings) -> str:
    """The table of the working file that says how far the incremental models have come."""
    from stayhouse.postgres.fetching import WATERMARKS

    return WATERMARKS if settings.server else MARKS


def check_publication(settings: Settings, marts: Sequence[Mart]) -> None:
    """Raises ServerError, before files are released, where the server could not follow with these marts."""
    if settings.server is None:
        return
    from stayhouse.postgres.release import published_run, require_replaceable

    with connect() as connection, attached(connection, settings.server, read_only=True):
        require_replaceable(connection, settings.server)
        there = published_run(connection)
    current = current_publication(settings.publish)
    if any(mart.carried for mart in marts) and current and there != current["run_id"]:
        raise ServerError(
            f"{settings.server}: has {f'the marts of run {there}' if there else 'no marts yet'}, and the files those "
            f"of run {current['run_id']} ({current['as_of_date']}), so a part cannot be published beside them; "
            "build everything, without --select"
        )


def publish_on_server(settings: Settings, marts: Sequence[Mart], as_of: date, run_id: str, stale_feeds: str) -> None:
    """Gives readers of the server the marts of this run, all at once."""
    if settings.server is None:
        return
    from stayhouse.postgres.release import Table, publish

    tables = [
        Table("published." + mart.name if mart.carried else mart.full_name, mart.name, mart.description, mart.columns)
        for mart in marts
    ]
    progress.report("publish", str(settings.server), 0.0)
    with connect() as connection, attached(connection, settings.server):
        publish(connection, settings.server, tables, as_of, run_id, stale_feeds)
