"""What dbt found in a build, as sentences: rule, values, number of rows, and the way out; never the name of a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from stayhouse.contract import contract
from stayhouse.contract.sql import identifier, identifiers
from stayhouse.contract.words import counted
from stayhouse.expectations.reports import WHOLE_TABLE
from stayhouse.expectations.row_rules import CONTEXT

# Data tests that return a row per broken rule.
TESTS_OF_RULES = ("rows_satisfy", "unique_grain")
SHOWN_ROWS = 3
SHOWN_CHARACTERS = 60
MODEL_IS_BUILT = "model_is_built"
OUR_FAULT = "The files have passed their checks, so the models are at fault: report this with the values."
LOOK = "Look at the rows; the run goes on."


@dataclass(frozen=True)
class Finding:
    """A check of a model and its result."""

    table: str
    """With its schema: 'core.dim_customers'."""
    check: str
    """Name of the check, for machines."""
    column: str
    severity: str
    """'critical' withholds the publication, 'warning' does not."""
    is_passed: bool
    observed: str = ""
    rows: int = 0
    """Rows that break the rule."""
    message: str = ""
    """Empty when passed."""


def describe(
    results: Iterable[Any], nodes: Mapping[str, Any], cursor: duckdb.DuckDBPyConnection | None
) -> list[Finding]:
    """The findings of dbt's results: every test that ran, and every model that could not be built.

    `nodes` are those of the manifest. Values are read through `cursor`; without it the sentences have none.
    """
    found = []
    for result in results:
        kind, status = str(result.node.resource_type), str(result.status)
        if kind == "test" and status in ("pass", "warn", "fail"):
            found.append(_test(result, nodes, cursor))
        elif status in ("error", "fail", "runtime error"):
            found.append(_not_evaluated(result, nodes))
    return found


def _test(result: Any, nodes: Mapping[str, Any], cursor: duckdb.DuckDBPyConnection | None) -> Finding:
    node, status = result.node, str(result.status)
    table, column = _table(node, nodes), getattr(node, "column_name", None) or WHOLE_TABLE
    metadata = getattr(node, "test_metadata", None)
    check = metadata.name if metadata else node.name
    declared = "warning" if str(node.config.severity).lower() == "warn" else "critical"
    if status == "pass":
        return Finding(table, check, column, declared, True, "holds")
    severity = "warning" if status == "warn" else "critical"
    clauses, count = _clauses(node, nodes, cursor, int(result.failures or 0))
    way_out = node.config.meta.get("remedy") or (LOOK if status == "warn" else OUR_FAULT)
    message = f"{table}: {'; '.join(clauses)}. {way_out}"
    return Finding(table, check, column, severity, False, counted(count, "row"), count, message)


def _not_evaluated(result: Any, nodes: Mapping[str, Any]) -> Finding:
    node = result.node
    if str(node.resource_type) == "unit_test":  # of code, for those who write it
        # unit_test.stayhouse.<model>.<name>; a test that does not hold has another node than one that cannot run.
        model = node.unique_id.split(".")[-2]
        return Finding(model, node.name, WHOLE_TABLE, "critical", False, message=f"{node.name}: {result.message}")
    what = "could not be built" if str(node.resource_type) in ("model", "seed", "snapshot") else "could not be checked"
    cause = _cause(result.message or str(result.status))
    table = _table(node, nodes)
    message = f"{table}: {what}: {cause}. Correct {node.original_file_path}, or the policy that it reads."
    return Finding(table, MODEL_IS_BUILT, WHOLE_TABLE, "critical", False, cause, 0, message)


def _cause(message: str) -> str:
    """The line of dbt's message that says why; the first only repeats the name of the node."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    repeated = re.compile(r"(Database|Compilation|Runtime) Error(?: in |$)|compiled code at ")
    causes = [line for line in lines if not repeated.match(line)]
    return (causes or lines or [message])[0].rstrip(".")


def _table(node: Any, nodes: Mapping[str, Any]) -> str:
    """The relation that a node makes, or that a test is about: of several models the first mart."""
    if str(node.resource_type) != "test":
        return f"{node.schema}.{node.alias}"
    attached = getattr(node, "attached_node", None)
    models = [nodes[key] for key in ([attached] if attached else node.depends_on.nodes) if key in nodes]
    models.sort(key=lambda model: not model.name.startswith("mart_"))
    return f"{models[0].schema}.{models[0].alias}" if models else "the warehouse"


def _prevented(node: Any) -> str:
    """What a singular test says in its first lines that it prevents."""
    opening = []
    for line in str(node.raw_code).strip().splitlines():
        if not line.startswith("-- "):
            break
        opening.append(line.removeprefix("-- "))
    text = re.sub(r" \([A-Z]+-\d+(, [A-Z]+-\d+)*\)", "", " ".join(opening))
    return f"fails the check that prevents {text.removeprefix('Prevents ').split('. ')[0].rstrip('.')}"


def _clauses(
    node: Any, nodes: Mapping[str, Any], cursor: duckdb.DuckDBPyConnection | None, failures: int
) -> tuple[list[str], int]:
    """What is wrong, a clause per broken rule with its values, and how many rows break them."""
    metadata = getattr(node, "test_metadata", None)
    if cursor is None or metadata is None or metadata.name not in TESTS_OF_RULES:
        values = _shown(cursor, str(node.compiled_code)) if cursor else ""
        return [f"{_stated(node) or _prevented(node)} ({_counted(failures)}{values})"], failures
    model = nodes[node.attached_node]
    grain = list(model.config.meta.get("grain") or ())
    clauses, total = [], 0
    for rule, _, count in cursor.execute(node.compiled_code).fetchall():
        phrase, where = _rule(rule, metadata.kwargs.get("rules") or {}, grain)
        values = _broken_rows(cursor, model, rule, where, grain)
        clauses.append(f"{phrase} ({_counted(count)}{values})")
        total += count
    return clauses, total


def _stated(node: Any) -> str | None:
    """The clause that the YAML gives a test, or what follows from its kind."""
    metadata = getattr(node, "test_metadata", None)
    if metadata is None:
        return None
    if message := node.config.meta.get("message"):
        return str(message)
    if metadata.name == "relationships":
        parent = re.sub(r".*ref\('(\w+)'\).*", r"\1", str(metadata.kwargs.get("to")))
        return f"{node.column_name} is not in {parent}"
    return f"{getattr(node, 'column_name', None) or 'the rows'} break the rule {metadata.name}"


def _rule(rule: str, rules: Mapping[str, Any], grain: Sequence[str]) -> tuple[str, str | None]:
    """A broken rule in words, and the condition of the rows that break it where it is plain SQL."""
    kind, _, name = rule.partition(":")
    if kind == "missing" and rule not in rules:
        return f"{name} is missing", f"{identifier(name)} is null"
    if kind == "repeated" and rule not in rules:
        return f"several rows have the same {' and '.join(grain) or 'content'}", None
    parts = rules.get(rule, rule)
    expression = " ".join(str(parts if isinstance(parts, str) else parts["expression"]).split())
    text = None if isinstance(parts, str) else parts.get("message")
    return text or f"this does not hold: {expression}", None if "{{" in expression else f"({expression}) is not true"


def _broken_rows(
    cursor: duckdb.DuckDBPyConnection, model: Any, rule: str, where: str | None, grain: Sequence[str]
) -> str:
    """A few rows of a model that break a rule, in words; empty when they cannot be asked for."""
    hidden = {column.name for table in contract().values() for column in table.columns if column.is_hidden}
    if rule.startswith("repeated:"):
        if not grain:
            return ""
        sql = f"select {identifiers(grain)} from {model.relation_name} group by all having count(*) > 1 order by all"
    elif where is None:
        return ""
    else:
        words = set(re.findall(r"\w+", where))
        names = list(dict.fromkeys([*grain, *(name for name in model.columns if name in words)]))
        context = ", ".join(f"{name} as (select * from core.{name})" for name in CONTEXT if f"from {name}" in where)
        columns = identifiers(name for name in names if name not in hidden) or "1 as row"
        sql = f"{f'with {context} ' if context else ''}select {columns} from {model.relation_name} where {where}"
        sql += " order by all"
    try:
        return _shown(cursor, sql)
    except duckdb.Error:
        # A rule that only dbt can read; the sentence does without values.
        return ""


def _shown(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The first rows of a query in words: ', such as a 1, b 2 | a 3, b 4'."""
    found = cursor.execute(sql)
    names = [column for column, *_ in found.description]
    rows = found.fetchmany(SHOWN_ROWS)
    shown = " | ".join(", ".join(f"{n} {_value(v)}" for n, v in zip(names, row, strict=True)) for row in rows)
    return f", such as {shown}" if shown else ""


def _value(value: object) -> str:
    text = "empty" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _counted(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
