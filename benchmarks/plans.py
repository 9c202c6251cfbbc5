"""Writes what the dearest models of a run spend their time on to benchmarks/plans.md: the operators of their plans.

A model that continues from keys of its run, and one in Python, has no plan that could be looked at afterwards; it is
named without one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.benchmarks import results

FILE = Path(__file__).with_name("plans.md")
TITLE = "# Query plans of the dearest models"
INTRODUCTION = """\
`make bench` writes this file: of the ten models that take the most CPU seconds in one more run the operators with at
least a twentieth of the time of the plan, in the order in which DuckDB runs them."""
HEADER = ("operator", "of", "rows", "seconds", "share")
SHOWN_SHARE = 0.05
DETAILS = ("Table", "Aggregates", "Conditions", "Filters", "Groups", "Order By", "Join Type", "Projections")
LONGEST_DETAIL = 70

Plans = dict[str, tuple[float, list[list[str]] | None]]
"""By model its CPU seconds in a run and the rows of its table, None without a plan."""


def record(heading: str, command: str, plans: Plans) -> None:
    """Writes the section `heading`: by model its CPU seconds in the run, and the dear operators of its plan."""
    lines = [f"`{command}`, {results.circumstances()}."]
    for model, (seconds, operators) in plans.items():
        lines += ["", f"### {model}, {seconds:.1f} CPU s", ""]
        lines += results.markdown(HEADER, operators) if operators else ["Without a plan."]
    results.write(FILE, TITLE, INTRODUCTION, results.read(FILE) | {heading: "\n".join(lines)})


def plans_of(dearest: Mapping[str, tuple[float, bool]], warehouse: Path, target: Path) -> Plans:
    """The plans of those models whose SQL was run as a whole, from the SQL that dbt compiled for them."""
    compiled = {file.stem: file for file in (target / "compiled").rglob("*.sql")}
    found: Plans = {}
    with duckdb.connect(warehouse, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for model, (seconds, is_whole) in dearest.items():
            file = compiled.get(model) if is_whole else None
            found[model] = (seconds, dear_operators(connection, file.read_text()) if file else None)
    return found


def dear_operators(connection: duckdb.DuckDBPyConnection, sql: str) -> list[list[str]] | None:
    """Rows of the table of one plan, the first operator that runs first; None when the SQL cannot be run again."""
    try:
        ((_, document),) = connection.execute(f"explain (analyze, format json) {sql}").fetchall()
    except duckdb.Error:
        return None
    operators = list(_walk(json.loads(document)))
    total = sum(operator["operator_timing"] for operator in operators)
    return [
        [
            operator["operator_name"].strip().lower(),
            _detail(operator.get("extra_info") or {}),
            f"{operator['operator_cardinality']:,}",
            f"{operator['operator_timing']:.2f}",
            f"{operator['operator_timing'] / total:.0%}",
        ]
        for operator in operators
        if operator["operator_timing"] >= SHOWN_SHARE * total
    ]


def _walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The operators of a plan, what is read before what reads it."""
    for child in node.get("children") or ():
        yield from _walk(child)
    if "operator_timing" in node:
        yield node


def _detail(information: Mapping[str, Any]) -> str:
    """The most telling part of what DuckDB says of an operator, in one line that a table can hold."""
    for name in DETAILS:
        if value := information.get(name):
            text = ", ".join(value) if isinstance(value, list) else str(value)
            line = re.sub(r"\s+", " ", text).replace("|", "\\|")
            return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"
    return ""
