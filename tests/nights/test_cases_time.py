"""Moments are UTC, days are business days, and clocks may differ: the hand-worked cases of time."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from nights.cases_fixture import ZONES

pytestmark = pytest.mark.slow


def test_an_account_completed_in_the_hour_that_comes_twice(cases):
    # On the wall clock it was completed 40 minutes before registration, which blocked every publication.
    assert cases("new_york").working_rows(
        "select registered_at, registered_date, account_completed_at from core.dim_customers where customer_id = 'repeated1'"
    ) == [(datetime(2025, 11, 2, 5, 50), date(2025, 11, 2), datetime(2025, 11, 2, 6, 10))]


def test_quiet_hours_are_those_of_the_customer_in_the_hour_that_comes_twice(cases):
    # Both messages were sent at 01:30 in New York; converted back from that clock both were at 08:30 in Vilnius.
    assert cases("new_york").rows(
        """
        select customer_id, local_attempted_at from contacts.mart_contact_violations
        where broken_rule = 'quiet_hours' and customer_id like 'quiet%'
        """
    ) == [("quiet1", datetime(2025, 11, 2, 7, 30))]


def test_a_complaint_answered_in_the_hour_that_comes_twice(cases):
    # The difference of two wall clocks would be an answer 40 minutes before the opening.
    company = cases("new_york")
    assert company.rows(
        "select answer_state, waiting_seconds from contacts.mart_inbound_answers where inbound_id = 'answered1'"
    ) == [("answered_in_time", 1200)]
    assert company.rows(
        "select round(contact_hours * 60) from feedback.mart_feedback_cases where source_id = 'answered1'"
    ) == [(20,)]


def test_first_and_last_day_written_as_moments_in_utc(cases):
    # Truncated in UTC, the customer would be new in February and churn in May: the whole company a month off.
    assert cases("berlin").working_rows(
        """
        select period_id, valid_from, valid_to from staging.stg_billing__subscription_periods
        where period_id like 'billing%' order by 1
        """
    ) == [("billing1", date(2025, 3, 1), date(2025, 6, 1)), ("billing2", date(2025, 2, 28), None)]
    assert cases("berlin").rows(
        """
        select strftime(churn_month, '%m'), new_count, churned_count from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'billing' and new_count + churned_count > 0 order by 1
        """
    ) == [("03", 1, 0), ("06", 0, 1)]


def test_a_first_action_two_seconds_before_the_registration(cases):
    # Strictly after registration the import would not count, and the customer would never be active.
    company = cases("berlin")
    assert company.rows(
        "select is_activated from activation.mart_activation_customer where customer_id = 'early1'"
    ) == [(True,)]
    assert company.rows(
        """
        select first_done_at from activation.mart_activation_actions
        where customer_id = 'early1' and first_done_at < timestamp '2025-02-03 10:05:00'
        """
    ) == [(datetime(2025, 2, 3, 10, 0, 2),)]


def test_an_account_completed_a_second_before_the_registration(cases):
    # Two clocks: the loader accepted the second, a model did not, which blocked every publication.
    assert cases("utc").working_rows(
        "select account_completed_at from core.dim_customers where customer_id = 'apart1'"
    ) == [(datetime(2025, 6, 10, 10, 0, 2),)]


def test_nobody_waits_a_negative_time(cases):
    # An answer a second before the question would wait -1 minute, or be unanswered for weeks.
    company = cases("utc")
    assert company.rows(
        """
        select inbound_id, inbound_kind, answer_state, waiting_seconds from contacts.mart_inbound_answers
        where inbound_id like 'apart%' order by 1, 2
        """
    ) == [
        ("apart1", "ticket", "answered_in_time", 0),
        ("apart2", "contact", "answered_in_time", 0),
        ("apart2", "ticket", "answered_in_time", 0),
    ]
    assert company.rows(
        """
        select source_kind, processing_hours, contact_hours, decision_hours from feedback.mart_feedback_cases
        where customer_id = 'apart2' order by 1
        """
    ) == [("response", 0, 0, None), ("signal", 0, 0, None), ("ticket", 0, 0, 0)]
    assert company.rows(
        """
        select median_seconds from feedback.mart_survey_programme
        where survey_code = 'relational' and programme_month = date '2025-06-01'
        """
    ) == [(0,)]


@pytest.mark.repetition
@pytest.mark.parametrize("zone", [name for name, zone in ZONES.items() if zone.marts])
def test_marts_that_no_case_reads_keep_their_rules_in_every_zone(cases, zone):
    assert cases(zone, whole=True).log == {}
