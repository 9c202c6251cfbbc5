"""The marts find the backlog, the votes and the figures of employees that the generated company planted."""

from __future__ import annotations

import json

import duckdb
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(planted):
    truth = planted.settings.raw.parent / "truth"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        db.execute(f"create temp view true_items as from '{truth}/backlog_items.parquet'")
        yield db, json.loads((truth / "employee_kpis.json").read_text())


def test_days_and_votes_of_every_item_are_found(marts):
    db, _ = marts
    rows = db.execute(
        """
        select planted.item_id, found.item_id,
            found.decided_date - found.created_date, planted.decision_days,
            found.started_date - found.created_date, planted.started_days,
            found.shipped_date - found.created_date, planted.shipped_days,
            found.net_votes_change, planted.votes_for - planted.votes_against,
            found.voters_count, planted.votes_for + planted.votes_against
        from true_items as planted
        full outer join feedback.mart_improvement_backlog as found using (item_id)
        """
    ).fetchall()
    assert len(rows) >= 15
    for row in rows:
        assert row[0::2] == row[1::2], row


def test_an_item_that_nobody_asked_for_has_no_evidence(marts):
    db, _ = marts
    rows = db.execute(
        "select topic_code, category_code, has_evidence from feedback.mart_improvement_backlog "
        "where topic_code in ('dark_colours', 'untagged') order by 1"
    ).fetchall()
    assert rows == [("dark_colours", "unassigned", False), ("untagged", "unassigned", False)]


def test_work_that_began_after_half_a_year_is_found(marts):
    db, _ = marts
    (too_late,) = db.execute(
        "select is_started_too_late from feedback.mart_improvement_backlog where title = 'Shop connection in one step'"
    ).fetchone()
    assert too_late


def test_employees_with_an_index_are_counted(marts):
    db, truth = marts
    found = db.execute(
        "select index_employees_num, index_employees_den from cx.mart_kpi_cascade "
        "where dimension_name = 'all' order by period_month desc limit 1"
    ).fetchone()
    assert found == (truth["employees_with_index"], truth["employees"])


def test_causes_are_counted_again_from_the_facts(marts):
    """Tickets of a month by topic, from the raw table of the help desk."""
    db, _ = marts
    assert (
        db.execute(
            """
        with counted as (
            select coalesce(topic_code, 'untagged') as topic_code, date_trunc('month', opened_date) as period_start_date,
                count(*) as tickets
            from core.fct_tickets
            group by all
        )
        select count(*), count(*) filter (where tickets is distinct from ticket_mentions_count)
        from counted
        left join (
            select * from feedback.mart_dissatisfaction_causes where period_kind = 'month' and dimension_name = 'all'
        ) as causes using (topic_code, period_start_date)
        """
        ).fetchone()[1]
        == 0
    )
