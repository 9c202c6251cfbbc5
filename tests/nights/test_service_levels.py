"""The service centre: hand-worked calls, identities, and the same numbers from another implementation."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

RATES = (
    "answered",
    "abandoned",
    "wait_in_target",
    "resolved",
    "answered_resolved",
    "first_contact",
    "satisfied",
    "rated",
)
PARTS = [f"{rate}_{part}" for rate in RATES for part in ("num", "den")]
COUNTS = ["offered_count", "unanswered_count", "waiting_count", "talks_count", *PARTS]
SECONDS = [
    "wait_seconds_avg", "median_wait_seconds", "p90_wait_seconds", "answered_wait_seconds_avg", "talk_seconds_avg",
    "median_talk_seconds",
]  # fmt: skip
FREQUENCIES = {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        yield db


def test_calls_of_two_months(cases):
    """An abandoned call misses the target of waiting, and what a source does not record is in no rate."""
    found = cases("utc").rows(
        f"""
        select period_start_date, offered_count, answered_num, abandoned_num, unanswered_count, waiting_count,
            {", ".join(f"{rate}_den" for rate in RATES)}, {", ".join(f"{rate}_pct" for rate in RATES)},
            {", ".join(SECONDS)}, rating_avg, rating_metric_code, is_complete
        from feedback.mart_service_levels
        where dimension_name = 'topic' and dimension_value = 'service_levels' and period_grain_code = 'month' order by 1
        """
    )
    waits = [(40.0, 40.0, 40.0, 40.0), (165.0, 165.0, 281.0, 310.0)]
    assert found == [
        (date(2025, 3, 1), 1, 1, 0, 0, 0, *(1, 1, 1, 1, 1, 1, 1, 1), *(100.0, 0.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0),
         *waits[0], 120.0, 120.0, 5.0, "csat", True),
        (date(2025, 4, 1), 3, 1, 1, 1, 0, *(3, 2, 2, 3, 1, 1, 0, 1),
         *(pytest.approx(100 / 3), 50.0, 0.0, pytest.approx(100 / 3), 100.0, 0.0, None, 0.0),
         *waits[1], 600.0, 600.0, None, None, True),
    ]  # fmt: skip


def test_calls_in_the_hour_that_comes_twice(cases):
    """Half past one came twice: both calls are of the hour 01, and all four of one day."""
    rows = cases("new_york").rows(
        """
        select dimension_name, dimension_value, offered_count, median_wait_seconds from feedback.mart_service_levels
        where period_grain_code = 'day' and period_start_date = date '2025-11-02'
            and (dimension_name = 'hour' or dimension_value = 'repeated_call') and dimension_value in ('repeated_call', '00', '01', '02')
        order by 1, 2
        """
    )
    assert ("topic", "repeated_call", 4, 30.0) in rows
    # Another case has a ticket of 01:50 whose wait is not measured.
    assert {("hour", "00", 1, 10.0), ("hour", "01", 3, 30.0), ("hour", "02", 1, 80.0)} <= set(rows)


def test_days_and_values_add_up(marts):
    """Guards against requests that a breakdown or a length of periods loses or repeats."""
    sums = ", ".join(f"sum({column})" for column in [*COUNTS, "wait_seconds", "talk_seconds"])
    whole = marts.execute(
        f"select {sums} from feedback.mart_service_levels where dimension_name = 'all' and period_grain_code = 'year'"
    ).fetchone()
    found = marts.execute(
        f"select dimension_name, period_grain_code, {sums} from feedback.mart_service_levels group by all order by all"
    ).fetchall()
    assert whole[0] == marts.execute("select count(*) from core.fct_tickets").fetchone()[0] > 100
    assert len(found) >= 10 * 5
    assert [row for row in found if row[2:] != whole] == []


@pytest.fixture(scope="module")
def requests(marts) -> pd.DataFrame:
    """The tickets, classified once more from their moments."""
    (now,) = marts.execute("select as_of_end_at from core.run_context").fetchone()
    policy = marts.execute("from core.policy").df().iloc[0]
    found = marts.execute(
        """
        select tickets.*, employees.team, ratings.rating_score, ratings.is_rating_top, ratings.rating_metric_code
        from core.fct_tickets as tickets
        left join intermediate.int_feedback__ticket_ratings as ratings using (ticket_id)
        left join core.dim_employees as employees
            on tickets.first_assigned_employee_id = employees.employee_id
            and employees.valid_from <= tickets.opened_date
            and coalesce(employees.valid_to, date '9999-12-31') > tickets.opened_date
        """
    ).df()
    days = (pd.Timestamp(now).normalize() - found.opened_at.dt.normalize()).dt.days - 1
    is_over = found.closed_at.notna() | (days >= policy.unanswered_request_days)
    gave_up = found.is_abandoned.fillna(False).astype(bool)
    states = [gave_up, found.answered_at.notna(), is_over]
    found["state"] = np.select(states, ["abandoned", "answered", "unanswered"], "waiting")
    due = found.opened_at + pd.Timedelta(days=int(policy.request_resolution_days))
    found["resolved"] = np.select([found.resolved_at < due, due <= pd.Timestamp(now)], [1.0, 0.0], np.nan)
    repeat = pd.Timedelta(days=int(policy.ticket_repeat_days))
    found["at_once"] = [
        np.nan if pd.isna(one.resolved_at) or one.resolved_at + repeat > pd.Timestamp(now)
        else float(
            not one.reopened_count > 0
            and not (
                (found.customer_id == one.customer_id) & (found.topic_code == one.topic_code)
                & (found.opened_at > one.opened_at) & (found.opened_at < one.resolved_at + repeat)
            ).any()
        )
        for one in found.itertuples()
    ]  # fmt: skip
    found["in_target"] = ((found.wait_seconds < policy.wait_target_seconds) & ~gave_up).where(
        found.wait_seconds.notna()
    )
    # Whole numbers and flags with NULLs become floating point numbers, as pandas sums them up.
    numbers = ["wait_seconds", "talk_seconds", "rating_score", "is_rating_top", "in_target"]
    found[numbers] = found[numbers].astype("Float64").astype(float)
    found["all"], found["hour"] = "all", found.opened_at.dt.strftime("%H")
    return found.assign(
        employee=found.first_assigned_employee_id.fillna("unassigned"), team=found.team.fillna("unassigned"),
        topic=found.topic_code.fillna("unknown"), channel=found.channel.fillna("unknown"),
    )  # fmt: skip


@pytest.mark.parametrize("grain", ["day", "month", "quarter", "year"])
@pytest.mark.parametrize("dimension", ["all", "employee", "team", "topic", "hour"])
def test_pandas_counts_the_same(marts, requests, grain, dimension):
    """Another implementation agrees on every cell, also where waits, talks and ratings are missing."""
    expected = {}
    periods = requests.opened_date.astype("datetime64[ns]").dt.to_period(FREQUENCIES[grain])
    for (member, period), cell in requests.groupby([dimension, periods]):
        answered = cell[cell.state == "answered"]
        settled = cell[cell.state != "waiting"]
        recorded = settled[settled.is_abandoned.notna()]
        pairs = [
            (len(answered), len(settled)),
            ((recorded.state == "abandoned").sum(), len(recorded)),
            *((part.sum(), part.count()) for part in (
                cell.in_target, cell.resolved, answered.resolved, cell.at_once, answered.is_rating_top)),
            (answered.rating_score.count(), len(answered)),
        ]  # fmt: skip
        states = [(cell.state == state).sum() for state in ("unanswered", "waiting")]
        seconds = [
            cell.wait_seconds.mean(), cell.wait_seconds.median(), cell.wait_seconds.quantile(0.9),
            answered.wait_seconds.mean(), cell.talk_seconds.mean(), cell.talk_seconds.median(),
        ]  # fmt: skip
        counts = [len(cell), *states, cell.talk_seconds.count(), *(number for pair in pairs for number in pair)]
        is_one = answered.rating_metric_code[answered.rating_score.notna()].nunique() == 1
        seconds.append(answered.rating_score.mean() if is_one else np.nan)
        expected[member, period.start_time.date()] = [float(number) for number in counts + seconds]
    rows = marts.execute(
        f"""
        select dimension_value, period_start_date, {", ".join([*COUNTS, *SECONDS, "rating_avg"])}
        from feedback.mart_service_levels where dimension_name = ? and period_grain_code = ?
        """,
        [dimension, grain],
    ).fetchall()
    found = {row[:2]: [np.nan if value is None else float(value) for value in row[2:]] for row in rows}
    assert len(found) > 1
    assert found == {key: pytest.approx(values, nan_ok=True) for key, values in expected.items()}
