"""In which currency money is reported, and what to say about money that cannot be converted."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb

from stayhouse.contract.words import counted
from stayhouse.orchestration.policy_files import read_policy_file
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.publishing.release import current_publication

TABLES = ("payments", "subscription_periods", "commissions", "compensations")
ISO_4217 = re.compile("[A-Z]{3}")


def reporting_currency(settings: Settings, seeds: Path) -> str | None:
    """The company's setting, else the most frequent currency of the loaded money that has no rate of its own.

    A currency with rates is one that is converted. None without any money: the default of dbt_project.yml fits then.
    The currency of the last publication is kept while there is money in it: one that becomes the most frequent must not
    change every amount overnight.
    """
    if settings.reporting_currency:
        return settings.reporting_currency
    with open_warehouse(settings.warehouse) as connection:
        return currency_in(connection, settings, seeds)


def currency_in(connection: duckdb.DuckDBPyConnection, settings: Settings, seeds: Path) -> str | None:
    """The same of an open warehouse."""
    return settings.reporting_currency or _own_currency(settings, _candidates(connection, seeds))


def _own_currency(settings: Settings, candidates: list[str]) -> str | None:
    published = (current_publication(settings.publish) or {}).get("reporting_currency")
    return published if published in candidates else next(iter(candidates), None)


def _candidates(connection: duckdb.DuckDBPyConnection, seeds: Path) -> list[str]:
    """The currencies of the loaded money without a rate of their own, the most frequent first."""
    rates = read_policy_file(seeds / "exchange_rates.csv").rows
    converted = {row["currency_code"].strip().upper() for row in rates}
    rows = " union all ".join(f"select upper(trim(currency)) as code from raw.{table}" for table in TABLES)
    try:
        found = connection.execute(
            f"select code from ({rows}) where code <> '' group by code order by count(*) desc, code"
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [code for (code,) in found if code not in converted]


def describe_money(settings: Settings, seeds: Path) -> list[str]:
    """One line per currency that has no rate, and how to mend it; the chosen currency before."""
    with open_warehouse(settings.warehouse) as connection:
        candidates = [] if settings.reporting_currency else _candidates(connection, seeds)
        currency = settings.reporting_currency or _own_currency(settings, candidates)
        try:
            found = connection.execute(
                "select currency_code, table_name, unconverted_count, first_date, last_date "
                "from core.unconverted_money order by all"
            ).fetchall()
        except duckdb.CatalogException:
            # The build stopped before it came to this table.
            found = []
    lines = []
    if candidates:
        why = (
            "the most frequent currency without a rate"
            if candidates[0] == currency
            else f"as in the last publication, although {candidates[0]} is more frequent now"
        )
        place = settings.where_to_set("reporting_currency", "STAYHOUSE_REPORTING_CURRENCY")
        lines.append(f"money is reported in {currency}, {why}; set {place} to choose another")
    file = settings.policy_folder / "exchange_rates.csv"
    for code, in_tables in groupby(found, key=itemgetter(0)):
        rows = list(in_tables)
        places = [f"{counted(n, 'row')} of {table} from {first} to {last}" for _, table, n, first, last in rows]
        if ISO_4217.fullmatch(code):
            # One row of policy, from the first month of any table.
            valid_from = min(first for *_, first, _ in rows).replace(day=1)
            way_out = f"add to {file}: {code},{valid_from},<rate>,ours,<reason>"
        else:
            tables = " and ".join(table for _, table, *_ in rows)
            way_out = f"{code!r} is not an ISO 4217 code: correct it in the files of {tables}"
        lines.append(
            f"{code}: no rate to {currency}, so the money of {', '.join(places)} is NULL in the marts; {way_out}"
        )
    return lines
