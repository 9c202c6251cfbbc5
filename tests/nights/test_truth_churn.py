"""Planted churns, reactivations, pauses and commissions are found, and the bridges close on them."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

pytestmark = pytest.mark.slow

# A churn in the last days may still be a late renewal.
KNOWN_BY = date(2025, 6, 23)


@pytest.fixture(scope="module")
def marts(planted):
    truth = planted.settings.raw.parent / "truth"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        for name in ("customers", "commissions", "outcomes"):
            db.execute(f"create temp view true_{name} as from '{truth}/{name}.parquet'")
        db.execute("create temp view counted as from true_customers where not is_test and deleted_at is null")
        yield db


def test_everybody_left_on_the_planted_day_and_nobody_else(marts):
    planted, wrong = marts.execute(
        """
        select count(planted.contract_ended_on), count(*) filter (where found.valid_from is distinct from
            case when planted.contract_ended_on <= ? then planted.contract_ended_on end)
        from counted as planted
        left join core.customer_access_periods as found
            on planted.customer_id = found.customer_id and found.valid_to is null and not found.has_access
        where planted.archetype <> 'reactivator'
        """,
        [KNOWN_BY],
    ).fetchone()
    assert planted > 20
    assert wrong == 0


def test_those_who_came_back_left_once_and_are_customers_again(marts):
    rows = marts.execute(
        """
        select planted.returned_on, found.churned_date, found.reactivated_date, now.status
        from counted as planted
        left join core.fct_churn_events as found using (customer_id)
        left join core.customer_status_periods as now
            on planted.customer_id = now.customer_id and now.valid_to is null
        where planted.archetype = 'reactivator' and planted.returned_on is not null
        """
    ).fetchall()
    assert len(rows) > 3
    assert all(left < back == planted and status in ("paying", "paused") for planted, left, back, status in rows), rows


def test_a_pause_is_not_a_churn(marts):
    paused, left = marts.execute(
        """
        select count(*), count(*) filter (where found.churned_date between planted.paused_from and planted.paused_to)
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
        where planted.cancel_requested_at is not null and found.tenure_number = 1
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


def test_the_bridges_close_in_every_month_and_breakdown(marts):
    months, broken = marts.execute(
        """
        select count(*), count(*) filter (where opening_count + new_count + reactivated_count + moved_in_count - churned_count
            - moved_out_count <> closing_count)
        from churn.mart_churn_monthly
        """
    ).fetchone()
    assert months > 100
    assert broken == 0
    months, broken, moved = marts.execute(
        """
        select count(*), count(*) filter (where opening_amount + new_amount + reactivated_amount + expansion_amount
            - contraction_amount - churned_amount + moved_in_amount - moved_out_amount <> closing_amount),
            sum(moved_in_amount) filter (where dimension_name = 'plan')
        from churn.mart_churn_monthly
        """
    ).fetchone()
    assert months > 100
    assert broken == 0
    assert moved > 0


def test_goals_are_won_in_the_month_they_were_set(marts):
    planted, wrong = marts.execute(
        """
        with planted as (
            select object_id, date_trunc('month', participated_at) as participation_month, participated_at, decided_at, is_won
            from true_outcomes
            inner join counted using (customer_id)
        ),

        found as (
            select object_id, participation_month, participated_at, decided_at, is_won
            from intermediate.int_retention__outcomes
        )

        select
            (select count(*) from planted),
            (select count(*) from (from planted except from found)) + (select count(*) from (from found except from planted))
        """
    ).fetchone()
    assert planted > 100
    assert wrong == 0
    wrong = marts.execute(
        """
        select found.participation_month, planted, found.participations_count, decided, found.win_rate_den, won,
            found.win_rate_num, clients, found.clients_count
        from retention.mart_client_outcomes as found
        left join (
            select date_trunc('month', participated_at) as participation_month, count(*) as planted, count(is_won) as decided,
                count(*) filter (where is_won) as won, count(distinct customer_id) as clients
            from true_outcomes
            inner join counted using (customer_id)
            group by 1
        ) using (participation_month)
        where found.segment_code = 'all' and found.tenure_band = 'all'
            and (coalesce(planted, 0), coalesce(decided, 0), coalesce(won, 0), coalesce(clients, 0))
            <> (found.participations_count, found.win_rate_den, found.win_rate_num, found.clients_count)
        """
    ).fetchall()
    assert wrong == []


def test_cells_of_outcomes_add_up_and_better_service_shows(marts):
    (broken,) = marts.execute(
        """
        select count(*)
        from (
            select participation_month, segment_code = 'all' as is_all_segments, tenure_band = 'all' as is_all_bands,
                sum(participations_count) as tried, sum(win_rate_num) as won, sum(undecided_count) as undecided
            from retention.mart_client_outcomes
            group by all
        ) as parts
        inner join retention.mart_client_outcomes as wholes
            on parts.participation_month = wholes.participation_month
            and wholes.segment_code = 'all' and wholes.tenure_band = 'all'
        where (tried, won, undecided) <> (participations_count, win_rate_num, undecided_count)
        """
    ).fetchone()
    assert broken == 0
    before, after = (
        marts.execute(
            f"""
            select sum(win_rate_num) / sum(win_rate_den)
            from retention.mart_client_outcomes
            where segment_code = 'all' and tenure_band = 'all' and participation_month {side}
            """
        ).fetchone()[0]
        for side in ("< date '2025-02-01'", ">= date '2025-03-01'")
    )
    # Ten points are planted.
    assert 0.0 < after - before < 0.2
