"""Starts of sources: the hand-worked cases of a company whose sources begin at different times."""

from __future__ import annotations

from datetime import date

import pytest
from nights.cases_fixture import ZONES

from stayhouse.expectations.registry import mart_gates
from stayhouse.expectations.reports import Parameters
from stayhouse.expectations.runner import validate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def late(cases):
    return cases("late_tracking")


def test_each_source_begins_by_itself(late):
    starts = late.rows(
        """
        select source_code, observed_from_date, rows_before_count from quality.mart_observation_starts
        where rows_count > 0 order by 1
        """
    )
    assert starts == [
        # The only contract since January has neither a payment nor an end, which would show that the table is complete.
        ("billing", date(2024, 3, 10), 1),
        # Strays: the event of the ordinary customer of every zone, and that of the case.
        ("events", date(2025, 4, 1), 2),
        ("payments", date(2024, 3, 10), 0),
    ]


def test_late_tracking_hides_no_churn(late):
    # Contracts older than the first event once counted only survivors, so half of the churn was lost.
    curve = late.rows(
        """
        select period_order, surviving_pct from retention.mart_survival
        where dimension_name = 'channel' and dimension_value = 'older' and period_grain_code = 'day' and churned_count > 0
        """
    )
    assert curve == [(184, 50.0)]
    months = late.rows(
        """
        select churned_count, churn_num, churn_den, churn_pct, is_final from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'older' and churn_month = date '2024-09-01'
        """
    )
    assert months == [(2, 2, 4, 50.0, True)]


def test_late_tracking_hides_no_revenue(late):
    # Cohorts of payers once began with the first event, so the first year of payments had none.
    cells = late.rows(
        """
        select last_period_order, retained_num, retained_den, retained_pct from retention.mart_retention_grid
        where setting_code = 'revenue_months_ch' and dimension_value = 'older' and cohort_label = '2024-03-01'
            and definition_code = 'on' and last_period_order in (0, 6) order by 1
        """
    )
    assert [(order, pct) for order, _, _, pct in cells] == [(0, 100.0), (6, 50.0)]
    values = late.rows(
        "select customer_id, ltv_long_amount is not null from retention.mart_customer_value where customer_id like 'older%'"
    )
    assert set(values) == {(f"older{number}", True) for number in range(1, 5)}


def test_months_before_a_source_are_not_measurable(late):
    # A churn of 0 % was once reliable and final for months with unknown ends.
    months = late.rows(
        """
        select opening_count, churn_num, churn_den, churn_pct, is_complete, is_final, is_reliable
        from churn.mart_churn_monthly
        where dimension_name = 'all' and churn_month = date '2024-02-01'
        """
    )
    assert months == [(1, None, None, None, False, False, False)]
    first = late.rows("select min(snapshot_date) from usage_health.mart_usage_health_summary")
    assert first == [(date(2025, 4, 1),)]


def test_registered_a_day_before_tracking_is_measured(late):
    # 64,000 customers who registered a day before the first event were once in no rate, and five marts were empty.
    measured = late.rows(
        """
        select customer_id, is_measurable from activation.mart_activation_customer
        where customer_id like 'daybefore%' or customer_id like 'stray%' or customer_id = 'older1' order by 1
        """
    )
    assert measured == [
        ("daybefore1", True),
        ("daybefore2", False),
        ("daybefore3", True),
        ("older1", False),
        ("stray1", False),
    ]
    cohorts = late.rows(
        """
        select distinct cohort_start_date, cohort_size_count from retention.mart_retention_grid
        where setting_code = 'reg_days_ch' and cohort_size_count > 0 order by 1
        """
    )
    assert cohorts == [(date(2025, 3, 31), 1), (date(2025, 4, 11), 1)]


def test_use_before_registration_and_unmeasured_customers_are_reported(late):
    counts = late.rows(
        """
        select before_registration_count, unmeasured_customers_count, registered_customers_count
        from quality.mart_observation_starts where source_code = 'events'
        """
    )
    # Unmeasured: the ordinary customer, the four with old contracts, the stray one and the one of two days before.
    assert counts == [(1, 7, 9)]
    (gate,) = (gate for gate in mart_gates() if gate.asset_key[-1] == "mart_observation_starts")
    (report,) = validate(late.settings.warehouse, [gate], Parameters(ZONES["late_tracking"].last))
    assert report.severity == "warn"
    assert len(report.failures) == 1
