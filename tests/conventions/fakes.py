"""Small manifest nodes, to show that each lint catches its fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conventions.lints import Node, Project


def columns(types: Mapping[str, str], description: str = "Something. NULL when not.") -> dict[str, dict[str, Any]]:
    return {name: {"name": name, "data_type": kind, "description": description} for name, kind in types.items()}


def model(
    name: str,
    folder: str,
    *,
    reads: Sequence[Node | str] = (),
    sql: str = "select 1",
    types: Mapping[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A model of `models/<folder>`; `reads` are nodes or unique ids."""
    node = {
        "name": name,
        "unique_id": f"model.stayhouse.{name}",
        "resource_type": "model",
        "fqn": ["stayhouse", *folder.split("/"), name],
        "schema": folder.split("/")[-1],
        "description": "What it is for. One row per thing.",
        "raw_code": sql,
        "columns": columns(types or {}),
        "access": "public",
        "group": folder.split("/")[-1],
        "config": {"meta": {}, "contract": {"enforced": True}},
        "depends_on": {"nodes": [r if isinstance(r, str) else r["unique_id"] for r in reads]},
    }
    return node | changes


def generic_test(kind: str, on: Node, **arguments: Any) -> dict[str, Any]:
    return {
        "name": f"{kind}_{on['name']}",
        "unique_id": f"test.stayhouse.{kind}_{on['name']}",
        "resource_type": "test",
        "attached_node": on["unique_id"],
        "test_metadata": {"name": kind, "kwargs": arguments},
    }


def singular_test(name: str, sql: str, refs: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "name": name,
        "unique_id": f"test.stayhouse.{name}",
        "resource_type": "test",
        "raw_code": sql,
        "refs": [{"name": ref} for ref in refs],
        "config": {"meta": {}},
    }


def project_of(*nodes: Node, **parts: Any) -> Project:
    return Project(nodes={node["unique_id"]: node for node in nodes}, **parts)
