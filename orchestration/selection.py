"""Runs that build a part: which marts a choice of domains means, and which of the working file may be published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import duckdb

from stayhouse.contract.sql import literals
from stayhouse.contract.words import did_you_mean
from stayhouse.expectations.registry import mart_gates
from stayhouse.orchestration.graph import reached
from stayhouse.orchestration.settings import ConfigurationError

# Marts of the working file that have passed their checks, with the day that they describe.
CHECKED = """
create schema if not exists ops;
create table if not exists ops.checked_marts (mart_name varchar not null, as_of_date date not null)
"""


def chosen_domains(text: str) -> tuple[str, ...]:
    """The domains of `--select activation,cx`; raises ConfigurationError for an unknown one."""
    known = sorted({gate.asset_key[0] for gate in mart_gates()})
    chosen = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not chosen:
        raise ConfigurationError(f"--select names no domain; known are {', '.join(known)}")
    for name in chosen:
        if name not in known:
            raise ConfigurationError(f"--select {name}: no such domain; {did_you_mean(name, known)}")
    return chosen


def needed_nodes(manifest: Mapping[str, Any], domains: Iterable[str]) -> set[str]:
    """Unique ids of the marts of some domains and of every model and seed that they are made from."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    wanted = {gate.asset_key[1] for gate in mart_gates() if gate.asset_key[0] in set(domains)}
    parents = {
        key: [parent for parent in node["depends_on"].get("nodes", ()) if parent in nodes]
        for key, node in nodes.items()
    }
    return set(reached(parents, [key for key, node in nodes.items() if node["name"] in wanted]))


def chosen_marts(manifest: Mapping[str, Any], domains: Iterable[str]) -> set[str]:
    """The marts that a run of some domains builds, with their schemas: theirs, and those that they are made from."""
    nodes = [manifest["nodes"][key] for key in needed_nodes(manifest, domains)]
    return {f"{node['schema']}.{node['name']}" for node in nodes} & {gate.table for gate in mart_gates()}


def forget_checks(connection: duckdb.DuckDBPyConnection, marts: Iterable[str]) -> None:
    """Takes out marts that are built now: until they are checked again, they may not be published."""
    connection.execute(CHECKED)
    connection.execute(f"delete from ops.checked_marts where mart_name in ({literals(marts) or 'null'})")


def note_checks(connection: duckdb.DuckDBPyConnection, marts: Iterable[str], as_of: date) -> None:
    """Notes marts that have passed their checks."""
    passed = list(marts)
    forget_checks(connection, passed)
    if passed:
        connection.executemany("insert into ops.checked_marts values (?, ?)", [(mart, as_of) for mart in passed])


def checked_marts(connection: duckdb.DuckDBPyConnection, as_of: date) -> set[str]:
    """The marts of a day that have passed their checks."""
    connection.execute(CHECKED)
    rows = connection.execute("select mart_name from ops.checked_marts where as_of_date = ?", [as_of]).fetchall()
    return {mart for (mart,) in rows}


def part_of_the_past(current: Mapping[str, Any] | None, as_of: date) -> str | None:
    """Why a part of a day cannot be published beside the other marts of a later one; None when it can."""
    if current is None or date.fromisoformat(current["as_of_date"]) <= as_of:
        return None
    return (
        f"a part of {as_of} cannot be published: the other marts are those of {current['as_of_date']}. "
        f"Build {as_of} whole, without --select"
    )
