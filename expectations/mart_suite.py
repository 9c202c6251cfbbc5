"""The suite of a mart, from the rules of its YAML and the columns it has in the warehouse. Needs no dbt.

Names carry the meaning (see the naming rules): `_pct` is 0-100, `_num` over `_den` is a rate, `_count` counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stayhouse.contract.personal_data import EMAIL, PHONE
from stayhouse.contract.sql import NUMERIC_TYPES, identifier, literal
from stayhouse.expectations.gates import Bounds, Gate
from stayhouse.expectations.mart_profile import changes
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import (
    PERCENT_ROUNDING,
    ExpectColumnsOfTheContract,
    ExpectMartToBePlausible,
    ExpectMartToContinueThePublication,
    ExpectMartToKeepItsRules,
    HouseExpectation,
)

# Percentages of this kind may be below 0 or above 100: a net loss, a change, a difference of two rates. Any other
# exception is stated in the mart's YAML: `config: {meta: {bounds: [0, null]}}` on the column.
OPEN_PERCENTAGE = re.compile(r"(^|_)(net|nrr|change|growth|delta|diff|lift)(_|$)")
# Digits in such columns are identifiers, not phone numbers.
IDENTIFIER_SUFFIXES = ("_id", "_key", "_code", "_hash", "_version")


class MartSuiteError(Exception):
    """The mart cannot be validated. The message names the mart and what is missing."""


def _percent_rules(names: Sequence[str], bounds: Mapping[str, Bounds]) -> list[RowRule]:
    rules = []
    for name in names:
        low, high = _bounds_of(name, bounds)
        tests = [f"{identifier(name)} < {low} - {PERCENT_ROUNDING}"] * (low is not None)
        tests += [f"{identifier(name)} > {high} + {PERCENT_ROUNDING}"] * (high is not None)
        if tests:
            phrase = f"{name} is outside {'-inf' if low is None else low}..{'inf' if high is None else high}"
            rules.append(RowRule(f"out_of_range:{name}", " or ".join(tests), (name,), phrase))
    return rules


def _bounds_of(name: str, bounds: Mapping[str, Bounds]) -> Bounds:
    if name in bounds:
        return bounds[name]
    return (None, None) if OPEN_PERCENTAGE.search(name) else (0, 100)


def _rate_rules(numbers: Sequence[str], bounds: Mapping[str, Bounds]) -> list[RowRule]:
    """Rules for shares: a pair with an average beside it (points over answers) has no such order."""
    rules = []
    for den in (name for name in numbers if name.endswith("_den")):
        num, pct = den.removesuffix("_den") + "_num", den.removesuffix("_den") + "_pct"
        if num in numbers and pct in numbers and _bounds_of(pct, bounds)[1] == 100:
            rules.append(
                RowRule(
                    f"above_base:{num}", f"{identifier(num)} > {identifier(den)}", (num, den), f"{num} exceeds {den}"
                )
            )
        if pct in numbers:
            # Design: 0/0 is NULL, "not measurable", never 0 %.
            rules.append(
                RowRule(
                    f"rate_of_nothing:{pct}",
                    f"coalesce({identifier(den)}, 0) = 0 and {identifier(pct)} is not null",
                    (pct, den),
                    f"{pct} has a value though {den} is empty",
                )
            )
    return rules


def _personal_rules(columns: Mapping[str, str], grain: Sequence[str]) -> list[RowRule]:
    # What may hold personal data is not repeated in a sample.
    shown = tuple(name for name in grain if name.endswith(IDENTIFIER_SUFFIXES) or not _is_text(columns[name]))
    rules = []
    for name, data_type in columns.items():
        if not _is_text(data_type):
            continue
        text = identifier(name) if data_type == "VARCHAR" else f"cast({identifier(name)} as varchar)"
        # contains() is far cheaper than a regular expression and settles nearly every row.
        tests = [f"(contains({text}, '@') and regexp_matches({text}, {literal(EMAIL)}))"]
        if not name.endswith(IDENTIFIER_SUFFIXES):
            tests.append(f"regexp_matches({text}, {literal(PHONE)})")
        phrase = f"{name} holds an e-mail address or a phone number"
        rules.append(RowRule(f"personal_data:{name}", " or ".join(tests), (name,), phrase, shown=shown))
    return rules


def _is_text(data_type: str) -> bool:
    return data_type.startswith(("VARCHAR", "JSON", "STRUCT", "MAP"))


def _grain_rules(grain: Sequence[str]) -> list[RowRule]:
    return [RowRule(f"missing:{name}", f"{identifier(name)} is null", (name,), f"{name} is NULL") for name in grain]


def _count_rules(numbers: Sequence[str]) -> list[RowRule]:
    return [
        RowRule(f"negative:{name}", f"{identifier(name)} < 0", (name,), f"{name} is negative")
        for name in numbers
        if name.endswith(("_count", "_den"))
    ]


def mart_expectations(
    gate: Gate, columns: Mapping[str, str], parameters: Parameters, parents: Mapping[str, str]
) -> list[HouseExpectation]:
    """The suite of a mart: what its YAML states, and what the names of its columns promise.

    `columns` are name -> DuckDB type as found; `parents` are model -> table with its schema, for references.
    Raises MartSuiteError when the mart's YAML states no grain.
    """
    if not gate.grain:
        raise MartSuiteError(f"{gate.table}: state its grain in the YAML beside the SQL (config: meta: grain: [...])")
    needed = dict.fromkeys([*gate.columns, *gate.grain])
    if any(name not in columns for name in needed):
        return [
            ExpectColumnsOfTheContract.of(
                gate.table,
                dict.fromkeys(needed, ()),
                remedy="Give the column back to the model, or change its YAML together with the model.",
                notes="Readers of the mart and its own rules rely on these columns.",
            )
        ]
    numbers = [name for name, data_type in columns.items() if data_type.startswith(NUMERIC_TYPES)]
    critical = [
        *_grain_rules(gate.grain),
        *_percent_rules([name for name in numbers if name.endswith("_pct")], gate.bounds),
        *_rate_rules(numbers, gate.bounds),
        *_count_rules(numbers),
        *_personal_rules(columns, gate.grain),
        *(rule for rule in gate.rules if rule.severity == "critical"),
    ]
    references = [
        (column, parents.get(parent, parent), parent_column) for column, parent, parent_column in gate.references
    ]
    suite: list[HouseExpectation] = [ExpectMartToKeepItsRules.of(gate.grain, critical, references)]
    plausible = [rule for rule in gate.rules if rule.severity != "critical"]
    if plausible:
        suite.append(
            ExpectMartToBePlausible.of(
                plausible,
                gate.grain,
                severity="warning",
                remedy="Look at the rows; the run goes on.",
                notes="What is unusual is often a delivery that is not complete.",
                description="The rows are plausible.",
            )
        )
    published = parameters.published.get(gate.table)
    if published and published.rows:
        compared = changes(published, columns, gate.grain, parameters.lost_limit_pct, parameters.compared_from_rows)
        suite.append(ExpectMartToContinueThePublication.of(*compared))
    return suite
