"""The suite of a mart, from its grain, its bounds and the columns it has in the warehouse. Needs no dbt.

Names carry the meaning (see the naming rules): `_pct` is 0-100, `_num` over `_den` is a rate, `_count` counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from expectations.registry import Gate
from expectations.row_rules import RowRule, identifier, literal
from expectations.vocabulary import (
    EMAIL,
    PERCENT_ROUNDING,
    PHONE,
    ExpectColumnsOfTheContract,
    ExpectCountsNotNegative,
    ExpectGrainToBeFilled,
    ExpectGrainToBeUnique,
    ExpectMartRowsToBeCoherent,
    ExpectMartRowsToBePlausible,
    ExpectNoPersonalDataInText,
    ExpectNumeratorNotAboveDenominator,
    ExpectPercentagesWithinBounds,
    HouseExpectation,
)

# Percentages of this kind may be below 0 or above 100: a net loss, a change, a difference of two rates. Any other
# exception is stated in the mart's YAML: `config: {meta: {bounds: [0, null]}}` on the column.
OPEN_PERCENTAGE = re.compile(r"(^|_)(net|nrr|change|growth|delta|diff|lift)(_|$)")
# Digits in such columns are identifiers, not phone numbers.
IDENTIFIER_SUFFIXES = ("_id", "_key", "_code", "_hash", "_version")
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
MODEL_REMEDY = "Correct the model: the mart is withheld and the last good publication stays."


class MartSuiteError(Exception):
    """The mart cannot be judged. The message names the mart and what is missing."""


def _percent_rules(names: Sequence[str], bounds: Mapping[str, tuple[float | None, float | None]]) -> list[RowRule]:
    rules = []
    for name in names:
        low, high = _bounds_of(name, bounds)
        tests = [f"{identifier(name)} < {low} - {PERCENT_ROUNDING}"] * (low is not None)
        tests += [f"{identifier(name)} > {high} + {PERCENT_ROUNDING}"] * (high is not None)
        if tests:
            phrase = f"{name} is outside {'-inf' if low is None else low}..{'inf' if high is None else high}"
            rules.append(RowRule(f"out_of_range:{name}", " or ".join(tests), (name,), phrase))
    return rules


def _bounds_of(name: str, bounds: Mapping[str, tuple[float | None, float | None]]) -> tuple[float | None, float | None]:
    if name in bounds:
        return bounds[name]
    return (None, None) if OPEN_PERCENTAGE.search(name) else (0, 100)


def _rate_rules(numbers: Sequence[str], bounds: Mapping[str, tuple[float | None, float | None]]) -> list[RowRule]:
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


def _personal_rules(columns: Mapping[str, str]) -> list[RowRule]:
    rules = []
    for name, data_type in columns.items():
        if not data_type.startswith(("VARCHAR", "JSON", "STRUCT", "MAP")):
            continue
        text = identifier(name) if data_type == "VARCHAR" else f"cast({identifier(name)} as varchar)"
        # contains() is far cheaper than a regular expression and settles nearly every row.
        tests = [f"(contains({text}, '@') and regexp_matches({text}, {literal(EMAIL)}))"]
        if not name.endswith(IDENTIFIER_SUFFIXES):
            tests.append(f"regexp_matches({text}, {literal(PHONE)})")
        phrase = f"{name} holds an e-mail address or a phone number"
        rules.append(RowRule(f"personal_data:{name}", " or ".join(tests), (name,), phrase))
    return rules


def mart_expectations(gate: Gate, columns: Mapping[str, str], rules: Sequence[RowRule] = ()) -> list[HouseExpectation]:
    """The suite of a mart. `columns` are name -> DuckDB type as found; `rules` are what this mart has of its own.

    Raises MartSuiteError when the mart's YAML states no grain.
    """
    if not gate.grain:
        raise MartSuiteError(f"{gate.table}: state its grain in the YAML beside the SQL (config: meta: grain: [...])")
    needed = list(dict.fromkeys([*gate.grain, *gate.bounds, *(name for rule in rules for name in rule.columns)]))
    suite: list[HouseExpectation] = [
        ExpectColumnsOfTheContract.of(
            gate.table,
            dict.fromkeys(needed, ()),
            remedy="Give the column back to the model, or change the rule that reads it together with the model.",
            notes="Readers of the mart and its own rules rely on these columns.",
        )
    ]
    grain = [name for name in gate.grain if name in columns]
    judged = [rule for rule in rules if set(rule.columns) <= set(columns)]
    numbers = [name for name, data_type in columns.items() if data_type.startswith(NUMERIC)]
    percentages = _percent_rules([name for name in numbers if name.endswith("_pct")], gate.bounds)
    rates = _rate_rules(numbers, gate.bounds)
    counts = [
        RowRule(f"negative:{name}", f"{identifier(name)} < 0", (name,), f"{name} is negative")
        for name in numbers
        if name.endswith(("_count", "_den"))
    ]
    if len(grain) == len(gate.grain):
        suite.append(
            ExpectGrainToBeUnique.of(grain, remedy=MODEL_REMEDY, notes="A repeated row is added twice by every reader.")
        )
    families = [
        (
            ExpectGrainToBeFilled,
            [RowRule(f"missing:{name}", f"{identifier(name)} is null", (name,), f"{name} is NULL") for name in grain],
            "The columns of the grain are never NULL.",
            "A row without its key cannot be looked up or joined.",
        ),
        (
            ExpectPercentagesWithinBounds,
            percentages,
            "Percentages lie within their bounds.",
            "A share beyond its bounds means that numerator and denominator count different things.",
        ),
        (
            ExpectNumeratorNotAboveDenominator,
            rates,
            "Numerators do not exceed their denominators, and 0/0 is NULL.",
            "The counted part belongs to its base.",
        ),
        (ExpectCountsNotNegative, counts, "Counts are not negative.", "Nothing happens less than zero times."),
    ]
    for kind, family, description, notes in families:
        if family:
            suite.append(
                kind.of(
                    family, grain, severity="critical", remedy=MODEL_REMEDY, notes=notes, description=description
                )
            )  # fmt: skip
    if personal := _personal_rules(columns):
        suite.append(
            ExpectNoPersonalDataInText.of(
                personal,
                grain,
                severity="critical",
                personal=[rule.columns[0] for rule in personal if not rule.columns[0].endswith(IDENTIFIER_SUFFIXES)],
                remedy="Mask the text where it enters the warehouse, and rebuild.",
                notes="DQ-11: marts carry customer_id only.",
                description="No text column holds an e-mail address or a phone number.",
            )
        )
    for kind, severity in ((ExpectMartRowsToBeCoherent, "critical"), (ExpectMartRowsToBePlausible, "warning")):
        if own := [rule for rule in judged if rule.severity == severity]:
            suite.append(
                kind.of(
                    own,
                    grain,
                    severity=severity,
                    remedy=MODEL_REMEDY if severity == "critical" else "Look at the rows; the run goes on.",
                    notes="Two columns that contradict each other make both useless.",
                    description="Rows do not contradict themselves: none has " + ", ".join(r.name for r in own) + ".",
                )
            )
    return suite
