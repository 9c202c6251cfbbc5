"""Anonymous answers and the closed loop: the hand-worked cases."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_anonymous_answers_are_a_class_of_their_own(cases):
    """Guards against three answers of nobody known that no published index contains, and that wait for a call for ever."""
    company = cases("utc")
    assert company.rows(
        """
        select period_kind, respondents_count, answers_count, top_count, bottom_count, gap_points
        from cx.mart_cx_indices
        where metric_code = 'nps' and dimension_name = 'anonymous' and answers_count > 0
            and period_kind in ('month', 'quarter') order by 1
        """
    ) == [("month", 3, 3, 2, 1, None), ("quarter", 3, 3, 2, 1, None)]
    assert company.rows(
        """
        select unit_code, is_anonymous, is_followup_required, due_at, count(*) from feedback.mart_feedback_cases
        where customer_id is null group by all
        """
    ) == [("anonymous", True, False, None, 3)]


def test_a_robot_does_not_keep_the_deadline_of_a_complaint(cases):
    """Guards against a complaint that counts as answered after a second because a robot confirmed it."""
    assert cases("utc").rows(
        """
        select contact_hours, strftime(due_at, '%d %H'), is_in_time, is_mature from feedback.mart_feedback_cases
        where source_id = 'anonymous_robot'
        """
    ) == [(48, "03 10", False, True)]
