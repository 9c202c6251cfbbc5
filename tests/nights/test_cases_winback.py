"""Win-back, refunds and commissions: the hand-worked cases."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_a_year_paid_on_the_day_before_it_begins_is_worth_a_refund(cases):
    """Guards against a year paid a day early that counts as a month, so that nine remaining months need no refund."""
    due = cases("utc").rows(
        """
        select customer_id, is_refund_due from churn.mart_churn_events
        where customer_id in ('winback_ahead', 'winback_on_the_day') order by 1
        """
    )
    assert due == [("winback_ahead", True), ("winback_on_the_day", True)]


def test_win_back_is_compared_from_the_landmark_day(cases):
    """Guards against immediate reactivations as "not contacted", and unanswered attempts as contacts."""
    compared = cases("utc").rows(
        """
        select customer_id, is_winback_contacted, is_churned_at_landmark, is_contacted_by_landmark, is_landmark_mature,
            is_reactivated_after_landmark
        from churn.mart_churn_events
        where customer_id in ('winback_contacted', 'winback_attempted', 'winback_at_once') order by 1
        """
    )
    assert compared == [
        ("winback_at_once", False, False, False, True, False),
        ("winback_attempted", False, True, False, True, True),
        ("winback_contacted", True, True, True, True, False),
    ]


def test_a_sale_whose_window_runs_is_in_no_rate(cases):
    """Guards against young lost sales that count before the others, which made young months look worst."""
    quarters = cases("utc").rows(
        """
        select strftime(period_start_date, '%m'), numerator_amount, denominator_amount, is_complete
        from metrics.mart_metric_values
        where metric_code = 'early_churn_pct' and dimension_name = 'seller' and dimension_value = 'winback_seller'
        """
    )
    assert quarters == [("04", 0, 1, False)]
    decisions = cases("utc").rows(
        "select decision_status from churn.mart_commission_clawback where employee_id = 'winback_seller' order by sold_at"
    )
    assert decisions == [("payable",), ("forfeited",)]
