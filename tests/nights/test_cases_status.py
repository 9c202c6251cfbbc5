"""Who is a customer on which day: the hand-worked cases of contracts."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_a_pause_is_no_churn_and_no_revenue(cases):
    months = cases("utc").rows(
        """
        select strftime(churn_month, '%m'), left_count, returned_count, closing_count, paused_count
        from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'pause' and churn_month >= date '2025-02-01' order by 1
        """
    )
    assert months == [
        ("02", 0, 0, 1, 0),
        ("03", 0, 0, 1, 1),
        ("04", 0, 0, 1, 1),
        ("05", 0, 0, 1, 0),
        ("06", 0, 0, 1, 0),
    ]
