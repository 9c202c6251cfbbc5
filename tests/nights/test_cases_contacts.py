"""Contacts and planned contacts around a churn: the hand-worked cases."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_contacts_of_a_month_count_though_the_customer_churned_before_its_end(cases):
    """Guards against a month-end population that loses churned customers and calls before a reactivation."""
    months = cases("utc").rows(
        """
        select strftime(contact_month, '%m'), customers_count, in_target_num, in_target_den
        from contacts.mart_contact_norms
        where dimension_name = 'owner' and owner_employee_id = 'contacts_churn_manager'
            and contact_month >= date '2025-03-01'
        order by 1
        """
    )
    # March: one churned on the 10th. May: one churned on the 20th, the other was called 41 days before its end.
    assert months == [("03", 2, 0, 1), ("04", 1, 0, 1), ("05", 2, 1, 1), ("06", 1, 0, 1)]


def test_the_status_of_a_contact_is_that_of_its_day(cases):
    """The status is that of the contact: today's status would show the reactivated customer as paying."""
    called = cases("utc").rows(
        """
        select is_reached_in_time, customer_status, strftime(decided_at, '%m-%d %H') from churn.mart_churn_events
        where customer_id = 'contacts_churn_called'
        """
    )
    assert called == [(True, "paying", "05-15 10")]
    churned = cases("utc").rows(
        """
        select sum(effective_num) from contacts.mart_contact_kpi
        where dimension_name = 'status' and customer_status = 'churned' and contact_month = date '2025-04-01'
        """
    )
    assert churned == [(1,)]


def test_nobody_is_inactive_while_churned(cases):
    """Guards against a missed call for a customer who was churned 31 days after the last use."""
    touches = cases("utc").rows(
        """
        select strftime(anchor_at, '%m-%d'), touch_status, customer_status from contacts.mart_contact_plan
        where customer_id = 'contacts_churn_reactivated' and rule_code = 'inactivity_call'
        """
    )
    assert touches == [("06-01", "missed", "paying")]


def test_a_service_mail_hides_no_advertisement(cases):
    """Guards against a cap switched off by a service mail ten minutes before an advertisement, which joined its burst."""
    violations = cases("utc").rows(
        """
        select contact_id, broken_rule, observed_count, allowed_count from contacts.mart_contact_violations
        where customer_id in ('disturb_service', 'disturb_plain') order by 1, 2
        """
    )
    assert violations == [
        ("disturb11c", "over_frequency_day", 2, 1),
        ("disturb11xc", "over_frequency_day", 2, 1),
    ]


def test_a_dialler_disturbs_in_every_half_hour(cases):
    """Guards against ten calls in four and a half hours as one disturbance, since each follows within half an hour."""
    counted = cases("utc").rows(
        """
        select count(*), min(contact_id), max(observed_count) from contacts.mart_contact_violations
        where customer_id = 'disturb_dialler' and broken_rule = 'over_frequency_day'
        """
    )
    assert counted == [(8, "disturb122", 9)]


def test_gateways_and_automatic_responders_reach_nobody(cases):
    """Guards against the click of a security gateway and an out-of-office reply as effective contacts."""
    contacts = cases("utc").working_rows(
        """
        select contact_id, is_effective, reached_at, ineffective_reason from core.fct_contacts
        where customer_id in ('disturb_scanner', 'disturb_holiday') order by 1
        """
    )
    assert contacts == [("disturb13", False, None, "machine_open"), ("disturb41", False, None, "auto_reply")]
    signals = cases("utc").rows(
        "select customer_id from contacts.mart_customer_contact_status where customer_id like 'disturb_%'"
        " and last_effective_at is not null"
    )
    assert signals == []


def test_an_account_manager_comes_back_from_holiday(cases):
    """Guards against a customer without an account manager for ever after the cover of a colleague."""
    periods = cases("utc").working_rows(
        """
        select employee_id, strftime(valid_from, '%Y-%m-%d'), strftime(valid_to, '%Y-%m-%d')
        from core.dim_customer_owners where customer_id = 'holiday_customer' order by 2
        """
    )
    assert periods == [
        ("holiday_m1", "2024-01-01", "2025-03-01"),
        ("holiday_m2", "2025-03-01", "2025-03-15"),
        ("holiday_m1", "2025-03-15", None),
    ]
    months = cases("utc").rows(
        """
        select strftime(contact_month, '%m'), owner_employee_id from contacts.mart_contact_norms
        where owner_employee_id like 'holiday_%' and dimension_name = 'owner' and contact_month >= date '2025-02-01'
        order by 1
        """
    )
    assert months == [(month, "holiday_m1") for month in ("02", "03", "04", "05", "06")]


def test_a_flag_on_the_last_day_does_not_clean_the_month(cases):
    """Guards against overdue customers excluded from the rate of a month by a flag on its last evening."""
    months = cases("utc").rows(
        """
        select strftime(contact_month, '%m'), dnd_count, in_target_num, in_target_den from contacts.mart_contact_norms
        where dimension_name = 'owner' and owner_employee_id = 'lastflag_manager' and contact_month >= date '2025-04-01'
        order by 1
        """
    )
    assert months == [("04", 1, 0, 2), ("05", 2, 0, 1), ("06", 2, 0, 0)]


def test_bounced_invitations_are_out_of_the_response_rate(cases):
    """Guards against customers with dead addresses as unwilling to answer: 3 of 10 instead of 3 of the 6 reached."""
    rates = cases("utc").rows(
        """
        select responded_num, responded_den, reached_responded_num, reached_responded_den, reached_responded_pct
        from cx.mart_cx_indices
        where metric_code = 'nps' and period_kind = 'month' and period_start_date = date '2025-05-01'
            and dimension_name = 'region' and dimension_value = 'bounced'
        """
    )
    assert rates == [(3, 10, 3, 6, 50.0)]
    assert cases("utc").rows(
        """
        select response_num, response_den from feedback.mart_survey_programme
        where programme_month = date '2025-05-01' and dimension_name = 'survey_channel'
            and survey_code = 'relational' and channel_code = 'email'
        """
    ) == [(3, 6)]
