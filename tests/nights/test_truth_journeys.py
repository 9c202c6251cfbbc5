"""Planted orders, reminders and arms of an experiment are found in the marts."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.slow

# A planted order of the last hours may have steps after the end of the data.
SETTLED = "began_at < (select as_of_end_at - interval 4 hour from core.run_context)"


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        for name in ("orders", "experiment"):
            db.execute(f"create temp view true_{name} as from '{planted.settings.raw.parent / 'truth' / name}.parquet'")
        yield db


def test_every_planted_order_came_as_far_as_planted(marts):
    """An order that stopped at the card is not one that stopped at the basket, whatever its value."""
    planted, wrong, stopped = marts.execute(
        f"""
        select count(*),
            count(*) filter (
                where found.furthest_step_no is distinct from planted.furthest_step
                or found.value_amount is distinct from planted.value_amount
            ),
            count(*) filter (where found.attempt_state = 'abandoned')
        from true_orders as planted
        inner join core.customer_registrations using (customer_id)
        left join core.fct_funnel_attempts as found
            on found.attempt_id = 'order/' || planted.customer_id || '/' || planted.object_id
        where {SETTLED}
        """
    ).fetchone()
    assert (planted > 30, stopped > 10) == (True, True)
    assert wrong == 0


def test_every_planted_reminder_is_of_the_order_it_was_sent_for(marts):
    """A mail may remind of the wrong order where a customer has several."""
    reminded, wrong = marts.execute(
        f"""
        select count(planted.reminded_at), count(*) filter (where found.reminded_at is distinct from planted.reminded_at)
        from true_orders as planted
        inner join journeys.mart_funnel_abandonments as found
            on found.attempt_id = 'order/' || planted.customer_id || '/' || planted.object_id
        where {SETTLED}
        """
    ).fetchone()
    assert reminded > 3
    # Reminders of the customer's orders of the same day have nothing that distinguishes them.
    assert wrong <= 1


def test_orders_made_good_leave_the_queue(marts):
    """A customer who paid after all is not asked what was difficult."""
    made_good, waiting = marts.execute(
        """
        select count(*), count(*) filter (where found.is_in_queue or found.completed_later_at is null)
        from true_orders as planted
        inner join journeys.mart_funnel_abandonments as found
            on found.attempt_id = 'order/' || planted.customer_id || '/' || planted.object_id
        where planted.again_at < (select as_of_end_at - interval 4 hour from core.run_context)
        """
    ).fetchone()
    assert made_good >= 3
    assert waiting == 0


def test_the_arms_of_the_experiment_are_those_that_were_drawn(marts):
    """The control is the arm that nobody contacted, not the customers whom a contact failed to reach."""
    drawn = marts.execute(
        """
        select arm_code, count(*), count(*) filter (where arm_code <> 'control'), count(*) filter (where is_ordered)
        from true_experiment
        inner join core.customer_registrations using (customer_id)
        group by arm_code order by arm_code
        """
    ).fetchall()
    found = marts.execute(
        "select arm_code, members_count, contacted_count, converted_num from journeys.mart_experiment_arms "
        "where experiment_id = 'x_offer' and dimension_name = 'all' order by arm_code"
    ).fetchall()
    assert [row[:3] for row in found] == [row[:3] for row in drawn]
    assert [arm for arm, *_ in found] == ["control", "mail", "push"]
    # Orders of their own come on top of those that the offer brought.
    assert all(there[3] >= planted[3] for there, planted in zip(found, drawn, strict=True))
    assert sum(planted[3] for planted in drawn) > 0


def test_no_step_has_more_attempts_than_the_one_before(marts):
    """A funnel that widens is not a funnel."""
    rows, wide = marts.execute(
        "select count(*), count(*) filter (where converted_num > converted_den) from journeys.mart_funnel_conversion"
    ).fetchone()
    assert rows > 100
    assert wide == 0
