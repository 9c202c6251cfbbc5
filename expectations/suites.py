"""Builds the suite of a gate. Importing this imports Great Expectations."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping

from stayhouse.expectations.contract_suite import contract_expectations
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.mart_suite import mart_expectations
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.vocabulary import HouseExpectation


def build_suite(
    gate: Gate, parameters: Parameters, columns: Mapping[str, str], tables: Iterable[str] = ()
) -> list[HouseExpectation]:
    """The suite of a gate. `columns` are name -> DuckDB type of the table as it is in the warehouse.

    `tables` are all tables of the warehouse, with their schemas. Raises whatever the suite module raises; the runner
    reports it as a critical failure.
    """
    if gate.stage == "mart":
        parents = {table.split(".")[1]: table for table in tables}
        return mart_expectations(gate, columns, parameters, parents)
    if own := own_suite(gate):
        return own(parameters)
    return contract_expectations(gate.table.split(".")[1], parameters)


def own_suite(gate: Gate) -> Callable[[Parameters], list[HouseExpectation]] | None:
    """The function that builds the suite of a raw table; None when it has none beyond its contract."""
    module_name, function_name = gate.suite.split(":")
    if importlib.util.find_spec(module_name) is None:
        return None
    return getattr(importlib.import_module(module_name), function_name, None)
