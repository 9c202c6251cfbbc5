"""The lists of the next working day: what a person finds in the morning can be worked through, and is still true."""

from __future__ import annotations

import csv

import duckdb
import pytest

from stayhouse.contract import REPO_ROOT

pytestmark = pytest.mark.slow

OWNER = "coalesce(owner_employee_id, 'desk ' || queue_code)"


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        yield db


def seed(name: str) -> list[dict[str, str]]:
    with (REPO_ROOT / "seeds" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_list_of_every_owner_fits_a_day(marts):
    """781 alerts were worth a day, 475 of them nobody's: now each has an owner or a desk, and a list has ten at most."""
    budgets = {
        row["threshold_code"]: int(row["threshold_value"])
        for row in seed("thresholds")
        if row["threshold_code"].startswith("alert_budget_")
    }
    assert max(budgets.values()) <= 10
    lists = marts.execute(
        f"""
        select {OWNER} as owner, owner_source, list(list_order order by list_order)
        from alerts.mart_alerts where list_order is not null group by all
        """
    ).fetchall()
    assert len(lists) > 5
    for owner, source, places in lists:
        assert owner is not None
        # An owner may be the manager of a former one besides; both are one list.
        assert max(places) <= budgets["alert_budget_queue" if source == "queue" else "alert_budget_owner"]
    per_owner = marts.execute(
        f"select {OWNER} as owner, count(*), max(list_order) from alerts.mart_alerts "
        "where list_order is not null group by owner"
    ).fetchall()
    assert [(owner, count) for owner, count, last in per_owner if count != last] == []
    ((owners,),) = marts.execute(f"select count(*) from alerts.mart_alerts where {OWNER} is null").fetchall()
    assert owners == 0


def test_the_lists_of_all_past_days_fit_as_well(marts):
    longest = marts.execute(
        """
        select max(alerts_count), count(*) from (
            select count(*) as alerts_count from intermediate.int_alerts__list_days
            where is_listed group by is_desk, owner_code, list_date
        )
        """
    ).fetchone()
    assert longest[0] <= 10
    assert longest[1] > 1000


def test_no_customer_is_twice_on_the_lists_for_one_cause(marts):
    """A low rating raised two alerts, an inactivity up to four."""
    causes = {row["rule_code"]: row["cause_code"] or row["rule_code"] for row in seed("alert_rules")}
    waiting = marts.execute(
        "select customer_id, rule_code from alerts.mart_alerts where list_order is not null or backlog_order is not null"
    ).fetchall()
    assert len(waiting) > 20
    pairs = [(customer, causes[rule]) for customer, rule in waiting]
    assert sorted(pair for pair in set(pairs) if pairs.count(pair) > 1) == []
    assert causes["low_score"] == causes["disloyal_after_service"]


def test_list_and_backlog_are_what_nobody_has_acted_on_the_dearest_first(marts):
    # From the transitions: open, and no action since it was opened for the last time.
    rows = marts.execute(
        """
        select alert_id, transition_kind from alerts.mart_alert_transitions
        where transition_kind <> 'joined' order by alert_id, transition_order
        """
    ).fetchall()
    waits: dict[str, bool] = {}
    for alert, kind in rows:
        if kind != "acknowledged":
            waits[alert] = kind in ("opened", "reopened")
    placed = marts.execute(
        f"""
        select {OWNER}, alert_id, list_order, backlog_order, expected_loss_amount
        from alerts.mart_alerts where list_order is not null or backlog_order is not null
        """
    ).fetchall()
    assert {row[1] for row in placed} == {alert for alert, is_waiting in waits.items() if is_waiting}
    for owner in {row[0] for row in placed}:
        mine = [row for row in placed if row[0] == owner]
        ordered = sorted(mine, key=lambda row: (row[2] is None, row[2] or row[3]))
        losses = [row[4] for row in ordered]
        assert losses == sorted(losses, reverse=True), owner
    assert [row for row in placed if row[3] is not None], "nothing is held back, so the budget is not tested"


def test_overdue_contacts_are_a_list_of_a_day_for_every_owner(marts):
    """2,442 alerts said that a contact was overdue, and the list of them had 471 customers without an owner."""
    queues = marts.execute(
        """
        select owner_employee_id, count(list_order), max(list_order), count(backlog_order)
        from contacts.mart_contact_queue group by 1
        """
    ).fetchall()
    assert queues
    assert [queue for queue in queues if queue[1] != queue[2] or queue[1] > 10] == []
    assert sum(queue[3] for queue in queues) > 0, "nothing is held back, so the budget is not tested"
    ((alerts,),) = marts.execute(
        "select count(*) from alerts.mart_alerts where rule_code in ('contact_overdue', 'contact_never')"
    ).fetchall()
    assert alerts == 0


def test_next_steps_are_still_true(marts):
    """Of 186 onboarding steps 155 went to activated customers and 22 to those who had declined."""
    steps = dict(
        marts.execute("select next_step_code, count(*) from customer_360.mart_contact_brief group by 1").fetchall()
    )
    assert steps["finish_onboarding"] > 0
    assert steps["close_case"] > 0
    late = marts.execute(
        """
        select
            count(*) filter (
                where briefs.next_step_code = 'finish_onboarding'
                    and (customers.is_activated or customers.declined_at is not null)
            ),
            count(*) filter (where not briefs.has_access and briefs.next_step_code <> 'none'),
            count(*) filter (
                where briefs.next_step_code = 'close_case' and not exists (
                    from feedback.mart_feedback_cases as cases
                    where cases.customer_id = briefs.customer_id and not cases.is_closed
                        and cases.received_date >= date '2025-06-30' - 30
                        and coalesce(cases.next_score <= cases.metric_score, true)
                )
            ),
            count(*) filter (
                where briefs.is_do_not_disturb
                    and coalesce(briefs.next_step_channel_code, 'email') <> 'email'
            )
        from customer_360.mart_contact_brief as briefs
        left join activation.mart_activation_customer as customers using (customer_id)
        """
    ).fetchone()
    assert late == (0, 0, 0, 0)


def test_whom_we_may_contact_has_a_channel_that_policy_allows(marts):
    """357 customers could be contacted and had no best channel; the long tail was to be called."""
    rows = marts.execute(
        """
        select status.segment_code, status.best_channel_code,
            count(*) filter (where channels.channel_code <> 'call') > 0 as has_more_than_a_phone
        from contacts.mart_customer_contact_status as status
        inner join contacts.mart_customer_channels as channels
            on status.customer_id = channels.customer_id and channels.is_service_allowed
        where status.is_contactable and not status.is_dnd and status.has_access
        group by status.customer_id, status.segment_code, status.best_channel_code
        """
    ).fetchall()
    assert len(rows) > 50
    without = [row for row in rows if row[1] is None]
    assert [row for row in without if row[0] != "long_tail" or row[2]] == []
    assert [row for row in rows if row[0] == "long_tail" and row[1] == "call"] == []
