"""The marts find how the generated company handled feedback."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(planted):
    truth = planted.settings.raw.parent / "truth"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        for name in ("customers", "feedback_cases"):
            db.execute(f"create temp view true_{name} as from '{truth}/{name}.parquet'")
        yield db


def test_interested_deciders_are_found_and_nobody_else_is_accused(marts):
    rows = marts.execute(
        """
        select planted.decider, found.interest_kind, found.is_disinterested,
            found.subject_employee_id is null as is_without_subject, count(*)
        from true_feedback_cases as planted
        inner join feedback.mart_feedback_cases as found using (case_id)
        group by all
        """
    ).fetchall()
    assert {planted for planted, *_ in rows} >= {"disinterested", "self", "nobody", "undecided"}
    for planted, interest, is_disinterested, is_without_subject, count in rows:
        wanted = {"disinterested": "none", "nobody": "unknown", "undecided": None}.get(planted, planted)
        if is_without_subject and wanted is not None:
            # Its subject is unknown, so no decider is known to be disinterested.
            wanted = "unknown"
        assert interest == wanted, (planted, interest, count)
        assert is_disinterested == (None if wanted is None else wanted == "none")


def test_late_and_reopened_cases_are_found(marts):
    late, late_found, again, again_found = marts.execute(
        """
        select
            count(*) filter (where planted.is_late and not planted.is_reopening),
            count(*) filter (where planted.is_late and not planted.is_reopening and found.decision_hours > 5 * 24),
            count(*) filter (where planted.is_reopening),
            count(*) filter (where planted.is_reopening and found.is_reopening)
        from true_feedback_cases as planted
        inner join feedback.mart_feedback_cases as found using (case_id)
        -- What was late and is not decided yet has no hours.
        where found.decided_at is not null or planted.is_reopening
        """
    ).fetchone()
    assert late > 5
    assert late_found == late
    assert again > 0
    assert again_found == again


def test_callbacks_that_never_reached_anybody_are_no_contacts(marts):
    tried, reached = marts.execute(
        "select count(first_attempt_at), count(contacted_at) from feedback.mart_feedback_cases "
        "where source_kind = 'response' and is_followup_required"
    ).fetchone()
    assert 0 < reached < tried


def test_milestones_of_mailings_are_reached_on_the_planted_day(marts):
    planted, wrong = marts.execute(
        """
        select count(*), count(*) filter (where found.reached_at is distinct from planted.reached_at)
        from (
            select customer_id, unnest(['mailing_50', 'mailing_500']) as schedule_key,
                unnest([mailing_50_at, mailing_500_at]) as reached_at
            from true_customers
            where not is_test and deleted_at is null and not registered_before_data
        ) as planted
        left join feedback.mart_survey_schedule as found using (customer_id, schedule_key)
        where planted.reached_at is not null
        """
    ).fetchone()
    assert planted > 10
    assert wrong == 0


def test_the_survey_that_over_asks_is_the_one_that_was_planted(marts):
    shares = dict(
        marts.execute(
            "select survey_code, 100.0 * sum(too_soon_num) / sum(too_soon_den) from feedback.mart_survey_programme "
            "where dimension_name = 'survey_channel' group by all having sum(too_soon_den) > 0"
        ).fetchall()
    )
    pulse = shares.pop("pulse")
    # The second and the third of three questions in ten days.
    assert pulse >= 66
    assert all(share < pulse / 2 for share in shares.values()), shares


def test_neutral_clients_ask_for_the_editor_and_automation(marts):
    """The planted share is one half; the interval is the 99.9 % interval for this number of wishes."""
    wanted, tagged = marts.execute(
        "select sum(wishes_num) filter (where topic_code in ('editor', 'automation')), sum(wishes_num) "
        "from cx.mart_segment_satisfaction "
        "where metric_code = 'nps' and answer_group_code = 'middle' and segment_code = 'all'"
    ).fetchone()
    assert tagged >= 10
    assert abs(wanted / tagged - 0.5) < 3.3 * (0.25 / tagged) ** 0.5
