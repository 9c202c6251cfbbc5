"""Leavings, returns, pauses and commissions are found as the generator planted them, and the bridges close on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest

pytestmark = pytest.mark.slow

LAST = date(2025, 6, 30)
# A leaving in the last days may still be a late renewal.
KNOWN_BY = date(2025, 6, 23)


@pytest.fixture(scope="module")
def marts(tmp_path_factory, dbt_session):
    from nights.conftest import Company

    from demonstration.saas import generate

    out = tmp_path_factory.mktemp("churn")
    generate(out, customers=250, days=250, seed=11)
    settings = replace(dbt_session.settings, raw=out / "raw", warehouse=out / "stayhouse.duckdb")
    Company(settings, dbt_session).night(LAST)
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        for name in ("customers", "commissions"):
            db.execute(f"create temp view true_{name} as from '{out}/truth/{name}.parquet'")
        db.execute("create temp view counted as from true_customers where not is_test and deleted_at is null")
        yield db


def test_everybody_left_on_the_planted_day_and_nobody_else(marts):
    planted, wrong = marts.execute(
        """
        select count(planted.contract_ended_on), count(*) filter (where found.left_date is distinct from
            case when planted.contract_ended_on <= ? then planted.contract_ended_on end)
        from counted as planted
        left join core.int_customers__left as found using (customer_id)
        where planted.archetype <> 'returner'
        """,
        [KNOWN_BY],
    ).fetchone()
    assert planted > 20
    assert wrong == 0


def test_those_who_came_back_left_once_and_are_customers_again(marts):
    rows = marts.execute(
        """
        select planted.returned_on, found.left_date, found.returned_date, current_left.left_date
        from counted as planted
        left join core.fct_churn_events as found using (customer_id)
        left join core.int_customers__left as current_left using (customer_id)
        where planted.archetype = 'returner' and planted.returned_on is not null
        """
    ).fetchall()
    assert len(rows) > 3
    assert all(left < back == planted and gone is None for planted, left, back, gone in rows), rows


def test_a_pause_is_no_leaving(marts):
    paused, left = marts.execute(
        """
        select count(*), count(*) filter (where found.left_date between planted.paused_from and planted.paused_to)
        from counted as planted
        left join core.fct_churn_events as found using (customer_id)
        where planted.paused_from is not null
        """
    ).fetchone()
    assert paused > 3
    assert left == 0
    (seen,) = marts.execute(
        "select sum(paused_count) from churn.mart_churn_monthly where dimension_name = 'all'"
    ).fetchone()
    assert seen > 0


def test_requests_to_cancel_are_the_planted_ones(marts):
    found, wrong = marts.execute(
        """
        select count(*), count(*) filter (where found.cancel_requested_at is distinct from planted.cancel_requested_at)
        from counted as planted
        inner join core.fct_churn_events as found using (customer_id)
        where planted.cancel_requested_at is not null and found.spell_number = 1
        """
    ).fetchone()
    assert found > 10
    assert wrong == 0


def test_commissions_are_decided_as_planted(marts):
    rows = marts.execute(
        """
        select planted.decision, found.decision_status, count(*)
        from true_commissions as planted
        inner join counted using (customer_id)
        inner join churn.mart_commission_clawback as found using (commission_id)
        -- Within the grace after the window nobody is paid yet.
        where planted.window_end_at < timestamp '2025-06-23' or planted.decision <> 'payable'
        group by 1, 2
        """
    ).fetchall()
    assert sum(number for _, _, number in rows) > 10
    assert all(planted == found for planted, found, _ in rows), rows


def test_the_bridges_close_in_every_month_and_cut(marts):
    months, broken = marts.execute(
        """
        select count(*), count(*) filter (where opening_count + new_count + returned_count + moved_in_count - left_count
            - moved_out_count <> closing_count)
        from churn.mart_churn_monthly
        """
    ).fetchone()
    assert months > 100
    assert broken == 0
    months, broken, moved = marts.execute(
        """
        select count(*), count(*) filter (where opening_amount + new_amount + returned_amount + expansion_amount
            - contraction_amount - churned_amount + moved_in_amount - moved_out_amount <> closing_amount),
            sum(moved_in_amount) filter (where dimension_name = 'plan')
        from churn.mart_mrr_monthly
        """
    ).fetchone()
    assert months > 100
    assert broken == 0
    assert moved > 0
