"""The contact marts find the planted contacts."""

from __future__ import annotations

import duckdb
import pytest

from stayhouse.demonstration.scoring_contacts import score

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(straight):
    with duckdb.connect(straight.settings.warehouse, read_only=True) as db:
        truth = straight.settings.raw.parent / "truth" / "contacts_planted.parquet"
        db.execute(f"create temp view planted as from '{truth}' semi join core.dim_customers using (customer_id)")
        yield db


def test_machine_openings_are_never_effective(marts):
    planted, reasons = marts.execute(
        """
        select count(*), list(distinct ineffective_reason)
        from planted
        left join core.fct_contacts using (contact_id)
        where kind = 'machine_open'
        """
    ).fetchone()
    assert planted > 0
    assert reasons == ["machine_open"]


def test_nothing_else_is_called_a_machine_opening(marts):
    (others,) = marts.execute(
        """
        select count(*)
        from core.fct_contacts
        where ineffective_reason = 'machine_open'
            and contact_id not in (select contact_id from planted where kind = 'machine_open')
        """
    ).fetchone()
    assert others == 0


def test_planted_violations_are_found_and_no_others(marts, small_company):
    kinds = {"machine_open", "after_dnd", "after_unsubscribe", "after_revocation", "without_consent", "dnd_evidence"}
    found = {row["planted"]: row for row in score(marts, small_company.parent / "truth")}
    seen = {kind for kind in kinds if found[kind]["planted_count"]}
    assert len(seen) >= 3
    for kind in kinds:
        assert found[kind]["planted_count"] == found[kind]["found_count"] == found[kind]["both_count"], found[kind]


def test_whom_nobody_can_reach_is_found_and_nobody_else(marts, small_company):
    found = {row["planted"]: row for row in score(marts, small_company.parent / "truth")}["unreachable"]
    assert found["planted_count"] > 0
    assert (found["precision"], found["recall"]) == (1.0, 1.0), found


def test_unreachable_customers_were_tried_on_and_on_and_never_there(marts):
    rows = marts.execute(
        """
        select status.attempts_count, status.effective_count, status.is_never_reached, count(*), count(contacts.reached_at)
        from (select distinct customer_id from planted where kind = 'unreachable')
        inner join contacts.mart_customer_contact_status as status using (customer_id)
        inner join core.fct_contacts as contacts on contacts.customer_id = status.customer_id and direction = 'outbound'
        group by all
        """
    ).fetchall()
    assert rows
    for attempts, effective, is_never_reached, listed, reached in rows:
        assert (attempts, effective, is_never_reached, reached) == (listed, 0, True, 0)
        assert attempts >= 8
