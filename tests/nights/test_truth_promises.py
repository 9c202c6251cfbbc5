"""Planted promises, incidents and amends are found in the marts."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        for name in ("promises", "incident_customers"):
            db.execute(f"create temp view true_{name} as from '{planted.settings.raw.parent / 'truth' / name}.parquet'")
        yield db


def test_every_promise_has_the_planted_state(marts):
    """A contact decides about first contacts, so that their state is not planted."""
    planted, missing, wrong, states = marts.execute(
        """
        select count(*), count(*) filter (where found.promise_id is null),
            count(*) filter (where planted.state <> 'contact' and found.promise_state <> planted.state),
            count(distinct found.promise_state)
        from true_promises as planted
        inner join core.customer_registrations using (customer_id)
        left join promises.mart_promises as found using (promise_id)
        """
    ).fetchone()
    assert planted > 100
    assert (missing, wrong) == (0, 0)
    assert states >= 5


def test_the_unit_that_names_no_terms_has_the_highest_share_without_a_term(marts):
    """Its rate kept looks no worse than that of others: it cannot miss what it never named."""
    shares = dict(
        marts.execute(
            """
            select dimension_value, 1.0 * sum(without_term_num) / sum(without_term_den)
            from promises.mart_promise_keeping
            where dimension_name = 'unit' and dimension_value like 'support-%'
            group by 1
            """
        ).fetchall()
    )
    highest = max(shares, key=lambda unit: shares[unit])
    assert highest == "support-2"
    assert shares.pop(highest) > 2 * max(shares.values())


def test_an_announced_contact_is_kept_by_the_first_that_reached_the_customer(marts):
    """Counted a second time from the raw contacts that the facts call effective."""
    due, wrong = marts.execute(
        """
        with first as (
            select promises.promise_id, min(contacts.effective_at) as effective_at
            from raw.promises as promises
            left join core.fct_contact_effects as contacts
                on promises.customer_id = contacts.customer_id
                and contacts.direction = 'outbound'
                and not contacts.is_automated
                and contacts.effective_at >= promises.made_at
            where promises.promise_type = 'first_contact'
            group by 1
        )
        select count(*), count(*) filter (where found.is_kept <> coalesce(first.effective_at <= found.due_at, false))
        from first
        inner join promises.mart_promises as found using (promise_id)
        where found.is_due
        """
    ).fetchone()
    assert due > 20
    assert wrong == 0


def test_amends_count_when_they_follow_the_trouble_and_reach_the_customer(marts):
    """A compensation from before the trouble, or words that nobody is known to have heard, make nothing good."""
    rows = marts.execute(
        """
        select planted.amends, count(*),
            count(*) filter (where found.is_amended),
            count(*) filter (where found.is_amended_in_time)
        from true_promises as planted
        inner join promises.mart_amends as found using (promise_id)
        where found.trouble_at < (select as_of_end_at - interval 12 day from core.run_context)
            and planted.state <> 'contact'
        group by 1
        """
    ).fetchall()
    found = {amends: (troubles, amended, in_time) for amends, troubles, amended, in_time in rows}
    assert set(found) == {"in_time", "late", "too_early", "words", "none"}
    for amends, (troubles, amended, in_time) in found.items():
        assert amended == (troubles if amends in ("in_time", "late") else 0), amends
        assert in_time == (troubles if amends == "in_time" else 0), amends


def test_every_customer_of_an_incident_was_notified_when_planted(marts):
    planted, wrong, uncounted = marts.execute(
        """
        select count(*), count(*) filter (where found.notice_band is distinct from planted.notice_band),
            (select count(*) from promises.mart_amends where incident_id is not null)
            - (select sum(hit_count) from promises.mart_incidents)
        from true_incident_customers as planted
        inner join core.customer_registrations using (customer_id)
        left join core.fct_incident_customers as found using (incident_id, customer_id)
        """
    ).fetchone()
    assert planted > 20
    assert (wrong, uncounted) == (0, 0)


def test_compensated_customers_of_incidents_are_the_planted_ones(marts):
    given, wrong = marts.execute(
        """
        select count(*) filter (where planted.is_compensated), count(*) filter (
            where coalesce(found.is_amended, false) <> planted.is_compensated)
        from true_incident_customers as planted
        inner join core.customer_registrations using (customer_id)
        left join promises.mart_amends as found using (incident_id, customer_id)
        """
    ).fetchone()
    assert given > 5
    assert wrong == 0


def test_somebody_has_to_act_on_what_is_overdue(marts):
    """The signal holds on the as-of date exactly for customers with a promise whose term passed in the last month."""
    missing, additional = marts.execute(
        """
        with overdue as (
            select distinct promises.customer_id
            from promises.mart_promises as promises
            inner join core.dim_customers using (customer_id)
            cross join core.run_context
            cross join core.policy
            where promises.is_open and cast(promises.term_at as date) <= as_of_date
                and cast(promises.term_at as date) + promise_stale_days > as_of_date
        ),
        signals as (
            select customer_id from intermediate.int_signals__promises
            inner join core.dim_customers using (customer_id)
            where signal_code = 'promise_overdue' and valid_to is null
        )
        select (select count(*) from overdue anti join signals using (customer_id)),
            (select count(*) from signals anti join overdue using (customer_id))
        """
    ).fetchone()
    assert (missing, additional) == (0, 0)
