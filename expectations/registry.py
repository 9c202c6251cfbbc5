"""Which table is guarded by which suite. Free of Great Expectations, so that Dagster can load it at no cost.

Raw gates follow from the raw contract, mart gates from the YAML beside the SQL of the marts: nobody lists them here.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from expectations.reports import Parameters
from orchestration.contract import REPO_ROOT, contract

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

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
    """Where the suite is built, 'module:function'. Imported when needed, and need not exist (see `build_suite`)."""
    stage: str
    """'raw': judged before dbt runs. 'mart': judged before publication."""
    grain: tuple[str, ...] = ()
    """Of a mart: the columns that name a row."""
    bounds: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    """Of a mart: percentages with bounds other than 0..100; None is open."""

    def build_suite(self, parameters: Parameters, columns: Mapping[str, str]) -> ExpectationSuite:
        """The suite of this gate. `columns` are name -> DuckDB type of the table as it is in the warehouse.

        A raw table without a function of its own is held against its contract, a mart against its shape.
        Raises whatever the suite module raises; the runner reports it as a critical failure.
        """
        from great_expectations import ExpectationSuite

        own = self._own_function()
        if self.stage == "mart":
            from expectations.mart_suite import mart_expectations

            expectations = mart_expectations(self, columns, own(parameters) if own else ())
        elif own:
            expectations = own(parameters)
        else:
            from expectations.contract_suite import contract_expectations

            expectations = contract_expectations(self.table.split(".")[1], parameters)
        return ExpectationSuite(name=self.table, expectations=expectations)

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

    Read from each model: `config.meta.grain`, and `config.meta.bounds` of its columns.
    Raises RegistryError when a file is not YAML or describes a mart twice.
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
            config = model.get("config") or {}
            name = model["name"]
            if config.get("enabled") is False:
                continue
            if name in gates:
                raise RegistryError(f"{file}: {name} is described twice")
            gates[name] = Gate(
                (domain, name),
                f"{domain}.{name}",
                f"expectations.marts.{domain}:{name}",
                "mart",
                tuple((config.get("meta") or {}).get("grain") or ()),
                dict(_bounds(column, file) for column in model.get("columns") or () if _meta(column).get("bounds")),
            )
    return tuple(gates[name] for name in sorted(gates))


def _meta(column: dict) -> dict:
    return (column.get("config") or {}).get("meta") or {}


def _bounds(column: dict, file: Path) -> tuple[str, Bounds]:
    bounds = _meta(column)["bounds"]
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise RegistryError(f"{file}: {column['name']}: bounds are [lowest, highest], null for open, not {bounds!r}")
    return column["name"], (bounds[0], bounds[1])


RAW_GATES = raw_gates()
MART_GATES = mart_gates()
