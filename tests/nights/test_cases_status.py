"""Who is a customer on which day: the hand-worked cases of contracts."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def months(cases):
    """Columns of the customer bridge or the revenue bridge for one case, by month of 2025."""

    def get(mart: str, case: str, columns: str) -> dict[str, tuple]:
        rows = cases("utc").rows(
            f"""
            select strftime(churn_month, '%m'), {columns} from churn.{mart}
            where dimension_name = 'channel' and dimension_value = ? and churn_month >= date '2025-01-01'
            """,
            case,
        )
        return {month: tuple(values) for month, *values in rows}

    return get


@pytest.fixture(scope="module")
def status(cases):
    """The statuses of one customer in order: (status, first day)."""

    def get(customer: str) -> list[tuple]:
        return cases("utc").working_rows(
            """
            select status, strftime(valid_from, '%Y-%m-%d') from core.customer_status_periods
            where customer_id = ? order by valid_from
            """,
            customer,
        )

    return get


def test_a_pause_is_no_churn_and_no_revenue(months):
    bridge = months("mart_churn_monthly", "pause", "churned_count, reactivated_count, closing_count, paused_count")
    assert [bridge[month] for month in ("02", "03", "04", "05", "06")] == [
        (0, 0, 1, 0),
        (0, 0, 1, 1),
        (0, 0, 1, 1),
        (0, 0, 1, 0),
        (0, 0, 1, 0),
    ]
    money = months("mart_churn_monthly", "pause", "contraction_amount, expansion_amount, churned_amount")
    assert money["03"] == (80, 0, 0)
    assert money["05"] == (0, 80, 0)


def test_a_free_plan_makes_no_customer_with_or_without_a_price(months, status):
    assert months("mart_churn_monthly", "free_plan", "closing_count") == {}
    assert status("free_plan1") == status("free_plan2") == [("free", "2025-01-10")]


def test_a_plan_that_policy_does_not_know_is_not_free(status, cases):
    assert status("unknown_plan1") == [("paying", "2025-01-10")]
    assert any("legacy_2019" in line for line in cases("utc").log["policy_gaps"])


def test_unknown_segments_surveys_and_questions_are_named_and_never_withhold(cases):
    """One customer in an unknown segment withheld every run; answers to unknown questions were lost without a word."""
    utc = cases("utc")
    named = {line.split(" is not known")[0] for line in utc.log["policy_gaps"]}
    assert {"segment 'usage/bakery'", "survey 'weekly_mood'", "question 'relational/nps_of_tomorrow'"} <= named
    segments = utc.rows(
        "select coalesce(segment_code, 'unassigned') from usage_health.mart_usage_health where customer_id = ?",
        "unknown_codes1",
    )
    assert segments == [("unassigned",)]
    listed = utc.rows(
        "select response_id, question_code, rule_code from feedback.mart_survey_violations "
        "where customer_id = 'unknown_codes1' and record_kind = 'answer' order by 1"
    )
    assert listed == [
        ("unknown_codes1", "nps_of_tomorrow", "unknown_question"),
        ("unknown_codes2", "mood", "unknown_question"),
    ]


def test_a_free_month_inside_a_paid_subscription_is_no_churn(months):
    bridge = months("mart_churn_monthly", "free_month", "churned_count, reactivated_count, closing_count")
    assert set(bridge.values()) == {(0, 0, 1)}
    money = months("mart_churn_monthly", "free_month", "contraction_amount, churned_amount, closing_amount")
    assert money["04"] == (50, 0, 0)


def test_a_late_renewal_moves_no_other_contract(months):
    money = months("mart_churn_monthly", "late_renewal_of_one", "contraction_amount, expansion_amount, closing_amount")
    assert money["04"] == (70, 0, 30)
    assert money["05"] == (0, 0, 30)


def test_of_two_changes_on_one_day_the_later_version_wins(months):
    money = months("mart_churn_monthly", "two_changes", "expansion_amount, closing_amount")
    assert money["03"] == (40, 80)


def test_a_plan_and_an_addon_of_one_day_are_one_start(months, status):
    bridge = months("mart_churn_monthly", "plan_and_addon", "new_count, churned_count, closing_count")
    assert bridge["01"] == (1, 0, 1)
    assert bridge["04"] == (0, 0, 1)
    money = months("mart_churn_monthly", "plan_and_addon", "new_amount, contraction_amount, closing_amount")
    assert money["01"] == (70, 0, 70)
    assert money["04"] == (0, 20, 50)
    assert status("plan_and_addon1") == [("paying", "2025-01-15")]


def test_a_pause_that_is_never_resumed_is_one_churn(months, status):
    bridge = months("mart_churn_monthly", "pause_then_end", "churned_count, closing_count")
    assert bridge["03"] == (0, 1)
    assert bridge["05"] == (1, 0)
    money = months("mart_churn_monthly", "pause_then_end", "contraction_amount, churned_amount")
    assert money["03"] == (80, 0)
    assert money["05"] == (0, 0)
    assert [name for name, _ in status("pause_then_end1")] == ["paying", "paused", "churned"]


def test_a_deleted_account_churns_under_a_surrogate(months, cases):
    bridge = months("mart_churn_monthly", "deleted_account", "opening_count, churned_count, closing_count")
    assert bridge["04"] == (1, 0, 1)
    assert bridge["05"] == (1, 1, 0)
    rows = cases("utc").rows(
        """
        select customer_id, reason_code, lost_mrr_amount from churn.mart_churn_events
        where churned_date = date '2025-05-20' and customer_id like 'deleted-%'
        """
    )
    assert [(reason, lost) for _, reason, lost in rows] == [("deleted", 80)]
    # The identifier itself is in no published table.
    tables = cases("utc").rows(
        """
        select table_schema || '.' || table_name from information_schema.columns where column_name = 'customer_id'
        """
    )
    assert len(tables) > 20
    for (table,) in tables:
        assert cases("utc").rows(f"select count(*) from {table} where customer_id = 'deleted_account1'") == [(0,)], (
            table
        )


def test_an_old_request_for_another_contract_decided_nothing(cases):
    assert cases("utc").working_rows(
        "select strftime(decided_at, '%Y-%m-%d') from core.fct_churn_events where customer_id = 'cancelled_before1'"
    ) == [("2025-05-01",)]


def test_who_comes_back_by_a_trial_is_reactivated_when_they_pay(months, status):
    bridge = months("mart_churn_monthly", "trial_then_back", "churned_count, reactivated_count, closing_count")
    assert bridge["02"] == (1, 0, 0)
    assert bridge["04"] == (0, 1, 1)
    assert status("trial_then_back1")[-3:] == [
        ("churned", "2025-02-10"),
        ("trial", "2025-04-01"),
        ("paying", "2025-04-15"),
    ]
