"""The real campaigns of the shop as contacts: 6,589 mailings, effective where a coupon was redeemed.

Only tables that contacts need are written, loaded and built: the whole pack has a year of baskets.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest
from nights.conftest import Company

from stayhouse.contract import contract
from stayhouse.demonstration import complete_journey
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = pytest.mark.slow

TABLES = ("customers", "customer_segments", "contacts")
LAST = date.fromisoformat(complete_journey.LAST_DAY)


@pytest.fixture(scope="module")
def marts(dbt_session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaigns")
    with duckdb.connect(config={"memory_limit": "1GB"}) as pack:
        complete_journey.prepare(pack)
        for name in TABLES:
            complete_journey.write_table(pack, contract()[name], folder / "raw" / name)
    settings = replace(
        dbt_session.settings,
        raw=folder / "raw",
        policy=complete_journey.POLICY_FOLDER,
        warehouse=folder / "stayhouse.duckdb",
        target=folder / "target",
    )
    seeds, _ = prepare_policy(settings)
    shop = Company(settings, DbtSession(settings, seeds))
    shop.load()
    shop.session.build(LAST, select=["+mart_contact_kpi"], with_tests=False)
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        yield db


@pytest.fixture(scope="module")
def redeemed() -> set[tuple[str, str]]:
    """Contacts whose campaign has a coupon redeemed by the household, from the files of the package."""
    data = complete_journey.package_folder()
    with duckdb.connect() as package:
        return set(
            package.execute(
                f"""
                select distinct 'c' || lpad(campaign_id::varchar, 2, '0') || '-h' || lpad(household_id::varchar, 4, '0')
                from '{data / "campaigns.parquet"}' semi join '{data / "coupon_redemptions.parquet"}'
                using (campaign_id, household_id)
                """
            ).fetchall()
        )


def test_every_mailing_is_an_attempt_and_a_redemption_makes_it_effective(marts, redeemed):
    assert marts.execute(
        "select count(*), count(distinct contact_id), count(effective_at) from core.fct_contacts where direction = 'outbound'"
    ).fetchone() == (6_589, 6_589, 792)
    found = marts.execute("select contact_id from core.fct_contacts where is_effective").fetchall()
    assert len(redeemed) == 792
    assert set(found) == redeemed


def test_redemption_is_the_only_sign_that_counts(marts):
    assert marts.execute(
        "select distinct channel, effectiveness_rule, outcome_code from core.fct_contacts where is_effective"
    ).fetchall() == [("post", "post_clicked", "redeemed")]
    assert marts.execute(
        "select ineffective_reason, count(*) from core.fct_contacts where not is_effective group by 1"
    ).fetchall() == [("no_signal", 6_589 - 792)]


def test_the_kpi_of_the_campaigns_adds_up(marts):
    assert marts.execute(
        "select sum(attempts_count), sum(effective_num), sum(credited_effective_count) from contacts.mart_contact_kpi "
        "where dimension_name = 'channel' and channel_code = 'post'"
    ).fetchone() == (6_589, 792, 792)
