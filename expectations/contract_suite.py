"""Expectations that follow from the raw contract alone: a new raw table is guarded the moment its YAML exists.

The loader keeps the same rules and sends breaking rows to quarantine; here the table itself is asked, so that a bug in
the loader or a hand that reached around it is seen. The names of the rules are those of the quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence

from stayhouse.contract import Column, RawTable, clock_tolerance_minutes, contract
from stayhouse.contract.personal_data import is_plain_contact_data
from stayhouse.contract.sql import ORIGIN_COLUMNS, TECHNICAL_COLUMNS, identifier, literal, literals, raw_type
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.row_rules import RowRule
from stayhouse.expectations.vocabulary import (
    ExpectColumnsOfTheContract,
    ExpectHashesNotToBeNumbers,
    ExpectIntervalsNotToOverlap,
    ExpectKeyToBeUnique,
    ExpectNoPlainContactData,
    ExpectNoUnknownColumns,
    ExpectParentsToExist,
    ExpectReferencesToBeKnown,
    ExpectRowsToBePlausible,
    ExpectRowsToKeepTheContract,
    ExpectTableNotToBeEmpty,
    ExpectUsualDailyVolume,
    HouseExpectation,
    is_bare_number,
)

# Bare digits in a column of hashes: 2 % of hashes of 8 hexadecimal digits by chance, all of the phone numbers (ours).
BARE_NUMBERS_LIMIT_PCT = 10
BARE_NUMBERS_MIN_ROWS = 20
HASH_REMEDY = "Hash the values before they are delivered, and erase the delivered files."
LOADER_PROMISE = "The loader quarantines such rows: find out how they got past it, then load the files again."


def _expected_types(table: RawTable) -> dict[str, list[str]]:
    """The types that each column may have: JSON is text that the loader has checked, or DuckDB's own type."""
    types = {column.name: raw_type(column) for column in table.columns} | TECHNICAL_COLUMNS
    json = {"_extra", *(column.name for column in table.columns if column.data_type == "json")}
    return {name: [data_type, "JSON"] if name in json else [data_type] for name, data_type in types.items()}


def _column_rules(table: RawTable, column: Column) -> list[RowRule]:
    name, value, ingested = column.name, identifier(column.name), identifier(table.newer_by)
    rules = []
    if column.required:
        is_text = column.data_type == "varchar"
        # Only text that sorts before '!' can be blank; trimming every value would be the dearest part of the scan.
        blank = f"{value} is null or ({value} < '!' and trim({value}) = '')" if is_text else f"{value} is null"
        rules.append(RowRule(f"missing:{name}", blank, (name,), f"{name} is missing"))
    if column.accepted:
        rules.append(
            RowRule(
                f"not_allowed:{name}",
                f"{value} not in ({literals(column.accepted)})",
                (name,),
                f"{name} is none of {', '.join(column.accepted)}",
            )
        )
    bounds = [f"{value} < {column.minimum}"] * (column.minimum is not None)
    bounds += [f"{value} > {column.maximum}"] * (column.maximum is not None)
    if bounds:
        rules.append(
            RowRule(f"out_of_range:{name}", " or ".join(bounds), (name,), f"{name} is not {column.range_in_words}")
        )
    if column.is_moment:
        earliest = f"{column.data_type} {literal(column.earliest)}"
        rules.append(
            RowRule(f"implausible_time:{name}", f"{value} < {earliest}", (name,), f"{name} is before {column.earliest}")
        )
        if not column.is_ingestion_time and not column.may_be_future:
            rules.append(
                RowRule(
                    f"in_future:{name}",
                    f"{value} > {ingested} + interval {clock_tolerance_minutes()} minute",
                    (name, table.newer_by),
                    f"{name} lies after {table.newer_by}",
                )
            )
    if column.not_before:
        rules.append(
            RowRule(
                f"before_start:{name}",
                f"{value} < {identifier(column.not_before)} - interval {clock_tolerance_minutes()} minute",
                (name, column.not_before),
                f"{name} lies before {column.not_before}",
            )
        )
    return rules


def contract_rules(table: RawTable) -> list[RowRule]:
    """The critical row rules of a raw table."""
    rules = [rule for column in table.columns for rule in _column_rules(table, column)]
    if table.interval:
        start, end = table.interval
        rules.append(
            RowRule(
                f"negative_interval:{end}",
                f"{identifier(end)} < {identifier(start)}",
                (end, start),
                f"{end} lies before {start}",
            )
        )
    return rules


def _plain_data_rules(table: RawTable) -> list[RowRule]:
    return [
        RowRule(
            f"not_hashed:{column.name}",
            is_plain_contact_data(identifier(column.name)),
            (column.name,),
            f"{column.name} holds readable contact data instead of a hash",
        )
        for column in table.columns
        if column.is_hash
    ]


def _references(table: RawTable, quarantined: bool) -> list[tuple[str, str, str]]:
    return [
        (column.name, f"raw.{column.references[0]}", column.references[1])
        for column in table.columns
        if column.references and column.quarantines_orphans is quarantined
    ]


def arrived(parameters: Parameters) -> str:
    """Predicate for the rows that the row rules look at."""
    return f"_load_id >= {parameters.since_load_id}" if parameters.since_load_id else "true"


def contract_expectations(
    name: str, parameters: Parameters, implausible: Sequence[RowRule] = (), one_interval_per: Sequence[str] = ()
) -> list[HouseExpectation]:
    """The suite of a raw table, from its contract.

    `implausible` are warnings that only this table has. `one_interval_per` names the columns of which one combination
    has one interval at a time.
    """
    table = contract(parameters.earliest)[name]
    where = arrived(parameters)
    since = where if parameters.since_load_id else None
    origin = [*table.key, *ORIGIN_COLUMNS]
    personal = [column.name for column in table.columns if column.is_hidden]
    rules = contract_rules(table)
    suite: list[HouseExpectation] = [
        ExpectColumnsOfTheContract.of(
            f"raw.{name}",
            _expected_types(table),
            remedy="Load the warehouse again in full: the contract has changed since the table was created.",
            notes="Staging selects these columns by name and relies on their types.",
        ),
        ExpectRowsToKeepTheContract.of(
            rules,
            origin,
            severity="critical",
            personal=personal,
            where=where,
            remedy=LOADER_PROMISE,
            notes="Every mart takes these rules for granted.",
            description="No row breaks the contract: " + ", ".join(rule.name for rule in rules) + ".",
        ),
        ExpectKeyToBeUnique.of(
            table.key,
            arrived_where=since,
            remedy="The loader keeps one row per key, the newest: load the files of this table again.",
            notes="A repeated key counts facts twice and doubles joins.",
        ),
    ]
    if table.is_required:
        suite.append(ExpectTableNotToBeEmpty.of())
    if quarantined := _references(table, quarantined=True):
        suite.append(
            ExpectParentsToExist.of(
                quarantined,
                origin,
                severity="critical",
                where=where,
                remedy="Such rows wait in quarantine until their parent arrives: find out how they got past it.",
                notes="A fact without its customer is in no mart and would be lost unseen.",
            )
        )
    if reported := _references(table, quarantined=False):
        suite.append(
            ExpectReferencesToBeKnown.of(
                reported,
                origin,
                severity="warning",
                where=where,
                remedy="Ask for the missing parents; until then the rows count as without one.",
                notes="Breakdowns by the parent show these rows as unknown.",
            )
        )
    if plain := _plain_data_rules(table):
        suite.append(
            ExpectNoPlainContactData.of(
                plain,
                origin,
                severity="critical",
                column=plain[0].columns[0],
                personal=personal,
                where=where,
                remedy=HASH_REMEDY,
                notes="DQ-11: personal data must not reach the warehouse in readable form.",
                description="Contact data is hashed.",
            )
        )
        suite += [
            ExpectHashesNotToBeNumbers.of(
                RowRule(f"bare_number:{name}", is_bare_number(name), (name,), f"{name} holds bare numbers, not hashes"),
                BARE_NUMBERS_LIMIT_PCT,
                min_rows=BARE_NUMBERS_MIN_ROWS,
                where=f"{where} and {identifier(name)} is not null",
                remedy=HASH_REMEDY,
                notes="DQ-11: a phone number written as digits is as readable as any other.",
            )
            for name in (rule.columns[0] for rule in plain)
        ]
    soft = list(implausible)
    if table.interval:
        start, end = table.interval
        soft.append(
            RowRule(
                f"empty_interval:{end}",
                f"{identifier(end)} = {identifier(start)}",
                (end, start),
                f"{end} equals {start}",
                "warning",
            )
        )
        if one_interval_per:
            suite.append(ExpectIntervalsNotToOverlap.of(one_interval_per, start, end, origin, since))
    if soft:
        suite.append(
            ExpectRowsToBePlausible.of(
                soft,
                origin,
                severity="warning",
                personal=personal,
                where=where,
                remedy="Ask the source system to correct the rows; the marts use them as they are.",
                notes="Such a row does not contradict the contract but cannot be quite true.",
                description="Rows are plausible: none has " + ", ".join(rule.name for rule in soft) + ".",
            )
        )
    suite.append(ExpectNoUnknownColumns.of(where))
    if table.event_time and table.has_daily_volume:
        suite.append(ExpectUsualDailyVolume.of(table.event_time, parameters.as_of))
    return suite
