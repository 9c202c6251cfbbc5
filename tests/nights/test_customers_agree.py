"""All marts agree on who is a customer, and on the population of each question.

The marts are found in the manifest: a new one is covered without a line here.
"""

from __future__ import annotations

import duckdb
import pytest

from stayhouse.orchestration.dbt_session import DbtSession

pytestmark = pytest.mark.slow

STATUS = {"customer_status", "is_paying"}


def marts(session: DbtSession) -> list:
    nodes = session.parse().nodes.values()
    return [node for node in nodes if node.resource_type == "model" and node.fqn[1] == "marts"]


def is_of_the_as_of_date(node) -> bool:
    """A mart declares the day of its status by `status_day`; one row per customer means the as-of date."""
    declared = node.config.meta.get("status_day")
    return declared == "as_of" or (declared is None and node.config.meta["grain"] == ["customer_id"])


def rows(company, sql: str) -> list[tuple]:
    with duckdb.connect(company.settings.warehouse, read_only=True) as db:
        return db.execute(sql).fetchall()


def test_every_mart_of_customers_says_their_status(dbt_session):
    """324 of 1,496 customers in the usage marts paid nothing, and no column showed it."""
    silent = [
        node.name for node in marts(dbt_session) if "customer_id" in node.columns and not set(node.columns) >= STATUS
    ]
    assert silent == []


def test_marts_agree_on_the_status_of_the_as_of_date(straight):
    """An expired trial was `left` in one mart and not a churn in another."""
    asked = [node for node in marts(straight.session) if set(node.columns) >= STATUS and is_of_the_as_of_date(node)]
    assert len(asked) > 5
    for node in asked:
        differing = rows(
            straight,
            f"""
            select marts.customer_id, marts.customer_status, periods.status
            from {node.schema}.{node.name} as marts
            left join core.customer_status_periods as periods
                on marts.customer_id = periods.customer_id and periods.valid_to is null
            where periods.status is distinct from marts.customer_status
                or periods.is_paying is distinct from marts.is_paying
            """,
        )
        assert differing == [], node.name


def test_early_drop_offs_are_one_population(straight):
    """188 customers had dropped off early in one mart and 210 in the other."""
    sums = rows(
        straight,
        """
        select dimension_name, cohort_label = 'all', sum(dropped_early_num) from activation.mart_early_dropoff
        where dimension_name <> 'topic' group by all
        """,
    )
    assert {name for name, _, _ in sums} == {"all", "segment", "last_done_step", "attribute_company_size"}
    assert len(sums) == 8
    assert len({dropped for _, _, dropped in sums}) == 1
    assert sums[0][2] > 0


def test_the_risk_group_is_one_population(straight):
    """The risk group had three sizes: on the card, in the recency bands and in the report by manager."""
    by_card = rows(straight, "select customer_id from customer_360.mart_customer_360 where is_in_risk_group order by 1")
    by_use = rows(straight, "select customer_id from usage_health.mart_usage_health where is_in_risk_group order by 1")
    assert by_card == by_use != []
