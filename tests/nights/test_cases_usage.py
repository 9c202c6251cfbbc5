"""Hand-worked cases of usage health: the risk group, and the availability of components."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def utc(cases):
    return cases("utc")


def test_inactive_and_never_used_are_at_risk_once_it_is_long_enough(utc):
    # Customers without any use were once in no risk group; this segment allows 28 days.
    risks = utc.rows(
        """
        select customer_id, customer_status, is_paying, recency_band, is_in_risk_group from usage_health.mart_usage_health
        where customer_id like 'usagerisk%' order by customer_id
        """
    )
    assert risks == [
        ("usagerisk_free", "free", False, "never_used", True),
        ("usagerisk_new", "paying", True, "never_used", False),
        ("usagerisk_paid", "paying", True, "4-6w", True),
        ("usagerisk_well", "paying", True, "2-4w", False),
    ]


def test_every_mart_has_the_same_risk_group(utc):
    # The report by account manager once showed 37 of 157, because most customers had no account manager.
    [(by_use, paying)] = utc.rows(
        """
        select count(*) filter (where is_in_risk_group), count(*) filter (where is_in_risk_group and is_paying)
        from usage_health.mart_usage_health
        """
    )
    by_band = utc.rows(
        """
        select sum(access_risk_group_count) from usage_health.mart_usage_health_summary
        where snapshot_date = date '2025-06-30' and dimension_name = 'recency_band'
        """
    )
    by_manager = utc.rows(
        """
        select sum(closing_count), sum(closing_paying_count) from usage_health.mart_risk_group_kpi
        where risk_month = date '2025-06-01' group by employee_id = 'all'
        """
    )
    assert by_band == [(by_use,)]
    assert by_manager == 2 * [(by_use, paying)]


def test_a_customer_without_account_manager_is_unassigned(utc):
    managers = utc.rows(
        """
        select employee_id, closing_count from usage_health.mart_risk_group_kpi
        where risk_month = date '2025-06-01' and employee_id in ('usagerisk_m', 'unassigned') order by 1 desc
        """
    )
    assert managers[0] == ("usagerisk_m", 1)
    assert managers[1][0] == "unassigned"
    assert managers[1][1] >= 1


def test_headline_counts_customers_and_not_free_plans(utc):
    [(customers, everybody)] = utc.rows(
        """
        select sum(customers_num), sum(access_num) from usage_health.mart_usage_health_summary
        where snapshot_date = date '2025-06-30' and dimension_name = 'health_status'
        """
    )
    assert [(customers, everybody)] == utc.rows(
        """
        select count(*) filter (where customer_status in ('paying', 'paused')), count(*)
        from usage_health.mart_usage_health
        """
    )
    assert customers < everybody


def test_a_component_is_available_since_the_trial(utc):
    # Availability once restarted with the end of the trial and with the new price.
    days = utc.rows(
        """
        select distinct available_days from usage_health.mart_component_usage
        where customer_id = 'usagerisk_paid' and component_code = 'mailings'
        """
    )
    assert days == [(121,)]
