"""Alerts contain the planted cases: stalled onboardings, and the outcomes of warnings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import duckdb
import pytest
from nights.conftest import Company

from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = pytest.mark.slow

LAST = date(2025, 6, 30)
STALLED_DAYS = 14


@pytest.fixture(scope="module")
def marts(straight):
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        truth = straight.settings.raw.parent / "truth" / "customers.parquet"
        db.execute(f"create temp view true_customers as from '{truth}'")
        yield db


def test_only_stalled_onboardings_open_an_alert_and_on_their_day(marts):
    wrong = marts.execute(
        """
        with planted as (
            select customer_id, cast(registered_at as date) + $days as stalled_on
            from true_customers
            where not is_test and deleted_at is null and not registered_before_data
                and cast(registered_at as date) + $days <= $last
                and (activated_at is null or cast(activated_at as date) > cast(registered_at as date) + $days)
                -- No alert when onboarding was declined, or the contract had ended by then.
                and (onboarding_declined_at is null
                    or cast(onboarding_declined_at as date) > cast(registered_at as date) + $days)
                and (contract_ended_on is null or contract_ended_on + 7 > cast(registered_at as date) + $days)
        ),
        found as (
            select customer_id, opened_date from alerts.mart_alerts where rule_code = 'onboarding_stalled'
        )
        select
            (select count(*) from planted),
            (select count(*) from found),
            -- Suppressed for self-taught customers: the mart knows their plan, the truth does not.
            (
                select count(*) from planted
                left join activation.mart_activation_customer as customers using (customer_id)
                where customer_id not in (select customer_id from found)
                    and not (customers.suppress_reason = 'self_taught'
                        and cast(customers.suppress_from as date) <= planted.stalled_on)
                    and customers.is_measurable
            ),
            (
                select count(*) from found
                left join planted using (customer_id)
                where planted.customer_id is null or planted.stalled_on <> found.opened_date
            )
        """,
        {"days": STALLED_DAYS, "last": LAST},
    ).fetchone()
    planted, found, missed, invented = wrong
    assert planted > 5
    assert found > 5
    assert (missed, invented) == (0, 0)


def test_an_alert_closes_on_the_day_of_activation(marts):
    resolved, late = marts.execute(
        """
        select count(*), count(*) filter (where cast(alerts.closed_at as date) - 1 <> cast(truth.activated_at as date))
        from alerts.mart_alerts as alerts
        inner join true_customers as truth using (customer_id)
        where alerts.rule_code = 'onboarding_stalled' and alerts.close_reason = 'resolved'
            and alerts.customer_id not in (
                select customer_id from activation.mart_activation_customer where suppress_reason <> 'activated'
            )
        """
    ).fetchone()
    assert resolved > 0
    assert late == 0


def test_the_report_of_a_rule_agrees_with_the_planted_churn(planted):
    """The report's precision equals the one computed from the planted cases."""
    truth = planted.settings.raw.parent / "truth"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        db.execute(f"create temp view true_customers as from '{truth / 'customers.parquet'}'")
        reported = db.execute(
            "select precision_num, precision_den from alerts.mart_alert_rule_report "
            "where warning_code = 'onboarding_stalled' and dimension_name = 'all'"
        ).fetchone()
        # Customers who paid on the day of the warning and whose contract ended within 90 days of it: for good, or until
        # the planted reactivation.
        expected = db.execute(
            """
            select
                count(*) filter (
                    where case
                        when truth.returned_on is null
                            then truth.contract_ended_on - alerts.opened_date between 1 and 90
                        else periods.valid_to - alerts.opened_date between 1 and 90
                            and truth.returned_on - periods.valid_to > 7
                    end
                ),
                count(*)
            from alerts.mart_alerts as alerts
            inner join true_customers as truth using (customer_id)
            inner join (
                select customer_id, valid_from, valid_to
                from raw.subscription_periods where period_status = 'active' and mrr > 0
            ) as periods on alerts.customer_id = periods.customer_id
                and periods.valid_from <= alerts.opened_date
                and (periods.valid_to is null or periods.valid_to + 7 > alerts.opened_date)
            where alerts.rule_code = 'onboarding_stalled' and $last - alerts.opened_date >= 97
                -- The rule waits until events have been recorded for as long as it watches.
                and alerts.opened_date >= (
                    select measurable_from_date from alerts.mart_alert_rule_report
                    where warning_code = 'onboarding_stalled' and dimension_name = 'all'
                )
                and not exists (
                    select 1 from raw.subscription_periods as later
                    where later.customer_id = alerts.customer_id and later.period_status = 'active' and later.mrr > 0
                        and later.valid_from > periods.valid_from and later.valid_from <= alerts.opened_date
                )
            """,
            {"last": LAST},
        ).fetchone()
    assert reported[1] > 5
    assert reported == expected


OUTCOME_DAYS, GRACE_DAYS = 90, 7
STATUSES = ("stopped", "at_risk", "watch")


def assert_order_of_churn(db) -> None:
    """Of a status churn follows at least as often as of the next one, as far as their intervals can tell."""
    found = {
        code: bounds
        for code, *bounds in db.execute(
            """
            select warning_code, precision_pct, precision_ci_lo, precision_ci_hi, precision_den
            from alerts.mart_alert_rule_report where warning_kind = 'health_status' and dimension_name = 'all'
            """
        ).fetchall()
    }
    assert min(found[status][3] for status in STATUSES) > 20
    for graver, lesser in pairwise(STATUSES):
        assert found[graver][2] >= found[lesser][1], (graver, found[graver], lesser, found[lesser])
    assert found["stopped"][0] > found["watch"][0]
    assert found["at_risk"][0] > found["watch"][0]


def warnings_of(db) -> dict[str, list[tuple]]:
    """Warnings by rule or status as published: customer, day, segment, and whether it was a customer on the day.

    A rule warns when it opens an alert or joins one of another rule with the same cause.
    """
    found: dict[str, list[tuple]] = {}
    for code, *warning in db.execute(
        """
        with warnings as (
            select rule_code, customer_id, cast(transition_at as date) - 1 as day
            from alerts.mart_alert_transitions where transition_kind in ('opened', 'joined')
            union all
            select health_status, customer_id, valid_from from usage_health.mart_usage_health_history
        )
        select warnings.rule_code, warnings.customer_id, warnings.day, coalesce(segments.segment_code, 'unassigned'),
            coalesce(status.status in ('paying', 'paused'), false)
        from warnings
        left join core.customer_status_periods as status
            on warnings.customer_id = status.customer_id and status.valid_from <= day
            and (status.valid_to is null or status.valid_to > day)
        left join core.dim_customer_segments as segments
            on warnings.customer_id = segments.customer_id and segments.scheme = 'usage' and segments.valid_from <= day
            and (segments.valid_to is null or segments.valid_to > day)
        """
    ).fetchall():
        found.setdefault(code, []).append(tuple(warning))
    return found


def recounted(db) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Right, late and mature warnings of each rule and status, in all and by segment of the opening."""
    churns: dict[str, list[tuple]] = {}
    for customer, started, churned, recognised in db.execute(
        "select customer_id, started_date, churned_date, recognised_date from churn.mart_churn_events"
    ).fetchall():
        churns.setdefault(customer, []).append((started, churned, recognised))
    first = dict(
        db.execute(
            "select warning_code, measurable_from_date from alerts.mart_alert_rule_report where dimension_name = 'all'"
        ).fetchall()
    )
    counts: dict[tuple[str, str], list[int]] = {}
    for code, warnings in warnings_of(db).items():
        for customer, day, segment, is_customer in warnings:
            if code not in first or day < first[code] or (LAST - day).days < OUTCOME_DAYS + GRACE_DAYS:
                continue
            ends = [churned for started, churned, known in churns.get(customer, ()) if started <= day < known]
            if not ends and not is_customer:
                continue
            lead = (ends[0] - day).days if ends else None
            for key in ((code, "all"), (code, segment)):
                count = counts.setdefault(key, [0, 0, 0])
                count[0] += lead is not None and 1 <= lead <= OUTCOME_DAYS
                count[1] += lead is not None and lead <= 0
                count[2] += 1
    return {key: tuple(count) for key, count in counts.items()}


def test_the_report_of_every_rule_can_be_recounted_from_alerts_and_churn(planted):
    """Precision counted churn that had already happened: a contract that had run out was "foreseen" in 94 % of the cases."""
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        reported = db.execute(
            """
            select warning_code, dimension_value, class_code, precision_num, late_count,
                precision_den, confirmed_num, confirmed_den
            from alerts.mart_alert_rule_report
            where dimension_name in ('all', 'segment') and (precision_den > 0 or confirmed_den > 0)
            """
        ).fetchall()
        expected = recounted(db)
    assert len(reported) > 40
    wrong, notices = [], 0
    for code, value, kind_of_rule, right, late, mature, confirmed, announced in reported:
        counted = expected[code, value]
        if kind_of_rule == "notice":
            notices += 1
            agrees = (counted[0] + counted[1], counted[2]) == (confirmed, announced) and (right, mature) == (0, 0)
        else:
            agrees = counted == (right, late, mature)
        if not agrees:
            wrong.append((code, value, counted, (right, late, mature, confirmed, announced)))
    assert wrong == []
    assert notices > 2
    assert {code for code, value in expected if value == "all"} == {row[0] for row in reported if row[1] == "all"}


def test_churn_follows_the_statuses_in_their_order(planted):
    """Churn followed "watch" more often than "at risk", so the list began with the wrong customers."""
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        assert_order_of_churn(db)


@pytest.mark.repetition
def test_churn_follows_the_statuses_of_a_real_shop_in_their_order(dbt_session, tmp_path):
    """A shop's churn is defined by inactivity, so rules that measure inactivity must be marked as circular."""
    pack = pytest.importorskip("stayhouse.demonstration.complete_journey")
    pack.generate(tmp_path)
    settings = replace(
        dbt_session.settings,
        raw=tmp_path / "landing",
        policy=pack.POLICY_FOLDER,
        warehouse=tmp_path / "stayhouse.duckdb",
        target=tmp_path / "target",
    )
    seeds, _ = prepare_policy(settings)
    shop = Company(settings, DbtSession(settings, seeds))
    shop.load()
    shop.transform(date.fromisoformat(pack.LAST_DAY), select=["+mart_alert_rule_report"])
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        assert_order_of_churn(db)
        circular = db.execute(
            """
            select warning_code from alerts.mart_alert_rule_report
            where is_circular and dimension_name = 'all' and warning_kind = 'rule' order by 1
            """
        ).fetchall()
    assert [code for (code,) in circular] == [
        "usage_below_segment", "usage_decline", "usage_dormant", "usage_low_start", "usage_sharp_decline",
    ]  # fmt: skip


def test_one_inactivity_is_one_alert(planted):
    """One inactivity raised up to four alerts: a decline, a sharp one, a level below the segment, and no use at all."""
    causes = "('usage_dormant', 'usage_sharp_decline', 'usage_decline', 'usage_below_segment')"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        ((several, joined, risen),) = db.execute(
            f"""
            select
                (
                    select count(*) from alerts.mart_alerts as one inner join alerts.mart_alerts as other
                        on one.customer_id = other.customer_id and one.alert_id < other.alert_id
                        and one.opened_at < coalesce(other.closed_at, timestamp '9999-12-31')
                        and other.opened_at < coalesce(one.closed_at, timestamp '9999-12-31')
                        and one.rule_code in {causes} and other.rule_code in {causes}
                        and one.reopenings_count = 0 and other.reopenings_count = 0
                ),
                (select count(*) from alerts.mart_alert_transitions where transition_kind = 'joined'),
                (select count(*) from alerts.mart_alerts where severity <> opened_severity_value)
            """
        ).fetchall()
    assert (several, joined > 5, risen > 5) == (0, True, True)
