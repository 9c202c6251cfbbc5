"""The marts find the planted key actions, to the second."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(straight):
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        for name in ("customers", "key_actions"):
            db.execute(
                f"create temp view true_{name} as from '{straight.settings.raw.parent / 'truth' / name}.parquet'"
            )
        yield db


def test_every_planted_key_action_is_found_at_its_moment(marts):
    planted, wrong = marts.execute(
        """
        select count(*), count(*) filter (where found.first_done_at is distinct from planted.done_at)
        from true_key_actions as planted
        inner join activation.mart_activation_actions as found using (customer_id, key_action_code)
        """
    ).fetchone()
    assert planted > 50
    assert wrong == 0


def test_customers_are_activated_when_planted_and_only_then(marts):
    found = marts.execute(
        """
        select planted.activation, count(*),
            count(*) filter (where found.activated_at is distinct from planted.activated_at)
        from true_customers as planted
        inner join activation.mart_activation_customer as found using (customer_id)
        where planted.activation <> 'before_data'
        group by all
        """
    ).fetchall()
    assert {activation for activation, _, _ in found} == {"planted", "none"}
    assert all(wrong == 0 for _, _, wrong in found), found


def test_those_who_only_looked_are_not_activated(marts):
    lookers, activated = marts.execute(
        """
        select count(*), count(*) filter (where found.is_activated)
        from true_customers as planted
        inner join activation.mart_activation_customer as found using (customer_id)
        where planted.never_activates_kind = 'views_only'
        """
    ).fetchone()
    assert lookers > 0
    assert activated == 0


def test_accounts_left_out_are_the_planted_ones(marts):
    planted = marts.execute(
        "select count(*) filter (where is_test), count(*) filter (where not is_test and deleted_at is not null) from true_customers"
    ).fetchone()
    found = dict(
        marts.execute(
            "select uncounted_reasons, excluded_rows_count from quality.mart_raw_accounting "
            "where uncounted_reasons like 'excluded:%'"
        ).fetchall()
    )
    assert planted == (found["excluded:test_account"], found["excluded:deleted"])
    (kept,) = marts.execute("select count(*) from activation.mart_activation_customer").fetchone()
    assert kept == marts.execute("select count(*) from true_customers").fetchone()[0] - sum(planted)
