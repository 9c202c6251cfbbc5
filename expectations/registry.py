"""Which table is guarded by which suite. Free of Great Expectations, so that Dagster can load it at no cost.

Raw gates follow from the raw contract, mart gates from the YAML beside the SQL of the marts: nobody lists them here.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from expectations.reports import Parameters
from expectations.row_rules import RowRule
from orchestration.contract import REPO_ROOT, contract

if TYPE_CHECKING:
    from expectations.vocabulary import HouseExpectation

MARTS_FOLDER = REPO_ROOT / "models" / "marts"
Bounds = tuple[float | None, float | None]


class RegistryError(Exception):
    """A YAML file of a mart cannot be read as a gate. The message names the file."""


@dataclass(frozen=True)
class Gate:
    """A table and the suite that guards it."""

    asset_key: tuple[str, ...]
    table: str
    """Name with its schema: 'raw.customers'."""
    suite: str
    """Of a raw table: where the suite is built, 'module:function'. Imported when needed; need not exist."""
    stage: str
    """'raw': validated before dbt runs. 'mart': validated before publication."""
    columns: tuple[str, ...] = ()
    """Of a mart: the columns of its contract."""
    grain: tuple[str, ...] = ()
    """Of a mart: the columns that name a row."""
    bounds: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    """Of a mart: percentages with bounds other than 0..100; None is open."""
    rules: tuple[RowRule, ...] = field(default=(), hash=False)
    """Of a mart: the rules of its data test rows_satisfy."""
    references: tuple[tuple[str, str, str], ...] = ()
    """Of a mart: its data tests `relationships`, as (column, model that holds it, column there)."""

    def build_suite(
        self, parameters: Parameters, columns: Mapping[str, str], tables: Iterable[str] = ()
    ) -> list[HouseExpectation]:
        """The suite of this gate. `columns` are name -> DuckDB type of the table as it is in the warehouse.

        `tables` are all tables of the warehouse, with their schemas. Raises whatever the suite module raises; the
        runner reports it as a critical failure.
        """
        own = self._own_function() if self.suite else None
        if self.stage == "mart":
            from expectations.mart_suite import mart_expectations

            parents = {table.split(".")[1]: table for table in tables}
            return mart_expectations(self, columns, parameters, parents)
        if own:
            return own(parameters)
        from expectations.contract_suite import contract_expectations

        return contract_expectations(self.table.split(".")[1], parameters)

    def _own_function(self) -> Callable | None:
        module_name, function_name = self.suite.split(":")
        if importlib.util.find_spec(module_name) is None:
            return None
        return getattr(importlib.import_module(module_name), function_name, None)


def raw_gates() -> tuple[Gate, ...]:
    """One gate per table of the raw contract, parents before children, and the gate of the load ledger."""
    tables = tuple(
        Gate((table.source, table.name), f"raw.{table.name}", f"expectations.raw.{table.source}:{table.name}", "raw")
        for table in contract().values()
    )
    return (Gate(("ops", "load_ledger"), "ops.load_ledger", "expectations.ledger_suite:load_ledger", "raw"), *tables)


def mart_gates(folder: Path = MARTS_FOLDER) -> tuple[Gate, ...]:
    """One gate per model described under `folder`/<domain>/, in the order of their names.

    Read from each model: its columns, `config.meta.grain`, `config.meta.bounds` of columns, and its data tests
    rows_satisfy and relationships. Raises RegistryError when a file is not YAML, describes a mart twice or states a
    rule of another shape.
    """
    gates: dict[str, Gate] = {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for file in sorted((*folder.glob("*/**/*.yml"), *folder.glob("*/**/*.yaml"))):
        try:
            models = (yaml.load(file.read_text(), Loader=loader) or {}).get("models") or []
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


def _mart_gate(domain: str, model: dict, file: Path) -> Gate:
    name, columns = model["name"], model.get("columns") or []
    tests: dict[str, dict] = {}
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


def _row_rule(name: str, stated: str | dict, columns: tuple[str, ...], file: Path) -> RowRule:
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


def _references(column: dict) -> list[tuple[str, str, str]]:
    found = []
    for test in column.get("data_tests") or ():
        if isinstance(test, dict) and "relationships" in test:
            arguments = test["relationships"]["arguments"]
            parent = re.fullmatch(r"ref\('(\w+)'\)", arguments["to"])
            found.append((column["name"], parent[1] if parent else arguments["to"], arguments["field"]))
    return found


def _meta(column: dict) -> dict:
    return (column.get("config") or {}).get("meta") or {}


def _bounds(column: dict, file: Path) -> tuple[str, Bounds]:
    bounds = _meta(column)["bounds"]
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise RegistryError(f"{file}: {column['name']}: bounds are [lowest, highest], null for open, not {bounds!r}")
    return column["name"], (bounds[0], bounds[1])


RAW_GATES = raw_gates()
MART_GATES = mart_gates()
