"""Which table is guarded by which suite. Free of Great Expectations, so that Dagster can load it at no cost.

Raw gates follow from the raw contract, mart gates from the YAML beside the SQL of the marts: nobody lists them here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stayhouse.contract import REPO_ROOT, contract, read_yaml
from stayhouse.expectations.gates import Bounds, Gate
from stayhouse.expectations.row_rules import RowRule

MARTS_FOLDER = REPO_ROOT / "models" / "marts"


class RegistryError(Exception):
    """A YAML file of a mart cannot be read as a gate. The message names the file."""


@cache
def raw_gates() -> tuple[Gate, ...]:
    """One gate per table of the raw contract, parents before children, and the gate of the load ledger."""
    tables = tuple(
        Gate(
            (table.source, table.name),
            f"raw.{table.name}",
            f"stayhouse.expectations.raw.{table.source}:{table.name}",
            "raw",
        )
        for table in contract().values()
    )
    return (
        Gate(("ops", "load_ledger"), "ops.load_ledger", "stayhouse.expectations.ledger_suite:load_ledger", "raw"),
        *tables,
    )


@cache
def mart_gates() -> tuple[Gate, ...]:
    """The gates of this repository's marts, read once."""
    return read_mart_gates(MARTS_FOLDER)


def read_mart_gates(folder: Path) -> tuple[Gate, ...]:
    """One gate per model described under `folder`/<domain>/, in the order of their names.

    Read from each model: its columns, `config.meta.grain`, `config.meta.bounds` of columns, and its data tests
    rows_satisfy and relationships. Raises RegistryError when a file is not YAML, describes a mart twice or states a
    rule of another shape.
    """
    gates: dict[str, Gate] = {}
    for file in sorted((*folder.glob("*/**/*.yml"), *folder.glob("*/**/*.yaml"))):
        try:
            models = (read_yaml(file) or {}).get("models") or []
        except (yaml.YAMLError, AttributeError) as error:
            raise RegistryError(f"{file}: not the YAML of a model: {error}") from error
        domain = file.relative_to(folder).parts[0]
        for model in models:
            name = model["name"]
            if (model.get("config") or {}).get("enabled") is False:
                continue
            if name in gates:
                raise RegistryError(f"{file}: {name} is described twice")
            gates[name] = _mart_gate(domain, model, file)
    return tuple(gates[name] for name in sorted(gates))


def _mart_gate(domain: str, model: dict[str, Any], file: Path) -> Gate:
    name, columns = model["name"], model.get("columns") or []
    tests: dict[str, Any] = {}
    for entry in model.get("data_tests") or ():
        tests |= entry if isinstance(entry, dict) else {}
    rules = ((tests.get("rows_satisfy") or {}).get("arguments") or {}).get("rules") or {}
    known = tuple(column["name"] for column in columns)
    return Gate(
        (domain, name),
        f"{domain}.{name}",
        "",
        "mart",
        columns=known,
        grain=tuple(_meta(model).get("grain") or ()),
        bounds=dict(_bounds(column, file) for column in columns if _meta(column).get("bounds")),
        rules=tuple(_row_rule(rule, stated, known, file) for rule, stated in rules.items()),
        references=tuple(reference for column in columns for reference in _references(column)),
    )


def _row_rule(name: str, stated: str | dict[str, str], columns: tuple[str, ...], file: Path) -> RowRule:
    rule = {"expression": stated} if isinstance(stated, str) else stated
    unknown = set(rule) - {"expression", "message", "severity"}
    if unknown or "expression" not in rule or rule.get("severity", "critical") not in ("critical", "warning"):
        raise RegistryError(f"{file}: {name}: a rule has expression, message and severity (critical or warning)")
    expression = " ".join(rule["expression"].split())
    if "{{" in expression:
        raise RegistryError(f"{file}: {name}: a rule of a mart is plain SQL; the gate evaluates it without dbt")
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", expression)))
    return RowRule(
        name,
        f"({expression}) is not true",
        tuple(column for column in columns if column in words),
        rule.get("message") or f"{name} does not hold: {expression}",
        rule.get("severity", "critical"),
    )


def _references(column: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = []
    for test in column.get("data_tests") or ():
        if isinstance(test, dict) and "relationships" in test:
            arguments = test["relationships"]["arguments"]
            parent = re.fullmatch(r"ref\('(\w+)'\)", arguments["to"])
            found.append((column["name"], parent[1] if parent else arguments["to"], arguments["field"]))
    return found


def _meta(column: dict[str, Any]) -> dict[str, Any]:
    return (column.get("config") or {}).get("meta") or {}


def _bounds(column: dict[str, Any], file: Path) -> tuple[str, Bounds]:
    bounds = _meta(column)["bounds"]
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise RegistryError(f"{file}: {column['name']}: bounds are [lowest, highest], null for open, not {bounds!r}")
    return column["name"], (bounds[0], bounds[1])
