"""Packaged shapes of several tools at once: from exports to a publication, without a line of SQL of one's own."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from stayhouse.orchestration.commands.init import write_company
from stayhouse.orchestration.runner import PUBLISHED, build
from stayhouse.orchestration.settings import Settings
from stayhouse.shaping.packaged import copy_examples, packaged_tools

EXPORTED_AT = datetime(2025, 7, 1, tzinfo=UTC).timestamp()


@pytest.mark.slow
@pytest.mark.repetition
@pytest.mark.parametrize(
    ("tools", "customers", "payments", "domains"),
    [
        # Three systems that bill at once, as after two acquisitions.
        pytest.param(
            ["chargebee", "paddle", "recurly", "posthog", "segment", "ga4", "amplitude", "survicate"],
            2,
            9,
            (),
            id="three that bill",
        ),
        # What their exports become is tested in tests/shaping; here, that a run takes it. The first builds every mart.
        pytest.param(["stripe", "mixpanel", "zendesk", "survicate"], 4, 4, ("churn",), id="stripe"),
        pytest.param(
            ["fivetran_stripe", "hubspot", "intercom", "mailchimp", "typeform", "delighted"],
            2,
            4,
            ("churn",),
            id="fivetran_stripe",
        ),
        pytest.param(
            ["salesforce", "dlt_stripe", "fivetran_zendesk", "customerio", "braze", "qualtrics"],
            2,
            4,
            ("churn",),
            id="salesforce",
        ),
        pytest.param(["shop"], 2, 4, ("churn",), id="shop"),
    ],
)
def test_exports_of_several_tools_become_a_publication(tools, customers, payments, domains, tmp_path: Path) -> None:
    """A company with billing, product analytics, a help desk and surveys should publish on its first evening."""
    home = tmp_path / "acme"
    write_company(home, tools, packaged_tools())
    copy_examples(tools, home / "exports")
    for path in (home / "exports").rglob("*"):
        os.utime(path, (EXPORTED_AT, EXPORTED_AT))
    outcome = build(Settings.resolve(company=home), dagster_home=tmp_path / "dagster", domains=domains)
    assert outcome.exit_code == PUBLISHED, outcome.log
    tables = outcome.log["load"]["tables"]
    assert {name: table for name, table in tables.items() if table["rows_quarantined"]} == {}
    with duckdb.connect(home / "published" / "current" / "stayhouse.duckdb", read_only=True) as marts:
        if not domains:
            assert marts.execute("select count(*) from customer_360.mart_customer_360").fetchone() == (customers,)
        assert marts.execute("select max(new_count) > 0 from churn.mart_churn_monthly").fetchone() == (True,)
    with duckdb.connect(Settings.resolve(company=home).warehouse, read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from raw.customers").fetchone() == (customers,)
        assert warehouse.execute("select count(*) from raw.payments").fetchone() == (payments,)
