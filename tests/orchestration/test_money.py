"""The currency of reports is the company's own; money that cannot be converted is reported before anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stayhouse.orchestration.money import describe_money, reporting_currency
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.warehouse import open_warehouse


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "policy").mkdir()
    rates(tmp_path / "policy")
    return Settings(
        raw=tmp_path / "raw", policy=tmp_path / "policy", warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p"
    )


def rates(folder: Path, *codes: str) -> None:
    lines = ["currency_code,valid_from,rate_to_reporting,origin,reason"]
    (folder / "exchange_rates.csv").write_text("\n".join(lines + [f"{code},2025-01-01,2,ours,x" for code in codes]))


def load(settings: Settings, *currencies: str) -> None:
    with open_warehouse(settings.warehouse) as connection:
        connection.execute("create schema raw")
        for table in ("payments", "subscription_periods", "commissions", "compensations"):
            connection.execute(f"create table raw.{table} (currency varchar)")
        connection.executemany("insert into raw.payments values (?)", [[code] for code in currencies])


def test_the_only_currency_of_a_company_is_the_one_of_its_reports(settings):
    """A shop with dollars only published a revenue of 0.00, because reports were in euro and nobody had said so."""
    load(settings, "usd", "USD ", "")
    assert reporting_currency(settings, settings.policy) == "USD"
    assert describe_money(settings, settings.policy) == [
        "money is reported in USD, the most frequent currency without a rate; "
        "set STAYHOUSE_REPORTING_CURRENCY to choose another"
    ]


def test_a_currency_with_rates_is_converted_and_not_reported_in(settings):
    load(settings, "USD", "USD", "GBP", "GBP", "EUR")
    rates(settings.policy, "usd", "GBP")
    assert reporting_currency(settings, settings.policy) == "EUR"


def test_the_setting_comes_first(settings):
    load(settings, "USD")
    chosen = replace(settings, reporting_currency="CHF")
    assert reporting_currency(chosen, settings.policy) == "CHF"
    assert describe_money(chosen, settings.policy) == []


def test_without_any_money_the_default_of_the_project_holds(settings):
    assert reporting_currency(settings, settings.policy) is None


def test_a_line_names_currency_days_file_and_the_row_to_add(settings):
    """A currency of payments and subscriptions had two rows to paste, and the later one began in the middle of the money."""
    load(settings, "EUR")
    with open_warehouse(settings.warehouse) as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.unconverted_money as select * from (values "
            "('payments', 'CHF', 2, date '2025-01-03', date '2025-02-03'), "
            "('subscription_periods', 'CHF', 1, date '2024-12-31', date '2024-12-31'), "
            "('payments', 'FRANC', 1, date '2025-01-03', date '2025-01-03')"
            ") as t (table_name, currency_code, unconverted_count, first_date, last_date)"
        )
    francs, odd = describe_money(replace(settings, reporting_currency="EUR"), settings.policy)
    assert francs.startswith(
        "CHF: no rate to EUR, so the money of 2 rows of payments from 2025-01-03 to 2025-02-03, "
        "1 row of subscription_periods from 2024-12-31 to 2024-12-31 is NULL in the marts"
    )
    assert francs.endswith(f"{settings.policy / 'exchange_rates.csv'}: CHF,2024-12-01,<rate>,ours,<reason>")
    assert odd.endswith("'FRANC' is not an ISO 4217 code: correct it in the files of payments")


def test_a_currency_that_is_no_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("STAYHOUSE_REPORTING_CURRENCY", "euro")
    with pytest.raises(ConfigurationError, match="euro: STAYHOUSE_REPORTING_CURRENCY takes an ISO 4217 code"):
        Settings.resolve(raw=tmp_path)


def test_a_currency_that_becomes_more_frequent_does_not_take_over(settings):
    """Dollars came to outnumber euro, and every amount of every month was in dollars."""
    load(settings, "EUR", "USD", "USD")
    (settings.publish / "current").mkdir(parents=True)
    stated = settings.publish / "current" / "publication.json"
    stated.write_text('{"reporting_currency": "EUR"}')
    assert reporting_currency(settings, settings.policy) == "EUR"
    assert describe_money(settings, settings.policy) == [
        "money is reported in EUR, as in the last publication, although USD is more frequent now; "
        "set STAYHOUSE_REPORTING_CURRENCY to choose another"
    ]
    rates(settings.policy, "EUR")
    assert reporting_currency(settings, settings.policy) == "USD"
    stated.write_text('{"reporting_currency": "GBP"}')
    rates(settings.policy)
    assert reporting_currency(settings, settings.policy) == "USD"
