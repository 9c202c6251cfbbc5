"""Recurring cohorts agree with sets of customers, by calendar and rolling, for every pair of scopes and every value."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pandas as pd
import pytest
from nights.peers import Models, days

pytestmark = pytest.mark.slow

AS_OF = date(2025, 4, 10)
FIRST = date(2024, 12, 30)
GRIDS = {
    # start scope, return scope, period kind, period grain, dimension, horizon, cohorts
    "months": ("use", "use", "calendar", "month", "all", 3, None),
    "weeks": ("use", "buy", "calendar", "week", "segment", 5, 6),
    "days": ("use", "use", "calendar", "day", "region", 9, 20),
    "rolling": ("use", "buy", "rolling", "week", "all", 4, None),
    "rolling_months": ("buy", "use", "rolling", "month", "attributes", 2, None),
}
LENGTHS = {"day": 1, "week": 7, "month": 30}


def active_days() -> pd.DataFrame:
    rng = random.Random(9)
    rows = set()
    for number in range(50):
        for scope, count in (("use", rng.choice([1, 5, 40])), ("buy", rng.choice([0, 1, 6]))):
            day = FIRST + timedelta(days=rng.randrange(60))
            for _ in range(count):
                rows.add((scope, f"c{number:02}", day))
                day += timedelta(days=rng.choice([1, 6, 7, 7, 8, 29, 30, 31, rng.randrange(1, 20)]))
    frame = pd.DataFrame(sorted(rows), columns=["scope_code", "customer_id", "active_date"])
    return frame[frame["active_date"] <= AS_OF]


def value_of(dimension: str, customer: str, day: date) -> str:
    number = int(customer[1:])
    if dimension == "segment":
        return f"s{(number + (day >= date(2025, 3, 12))) % 2}"
    if dimension == "region":
        return f"r{number % 2}"
    if dimension == "attribute_size":
        return "big" if number % 4 == 0 else "unknown"
    return "all"


def start_of(grain: str, day: date) -> date:
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[grain]


def later(grain: str, start: date, number: int) -> date:
    if grain == "month":
        return (pd.Timestamp(start) + pd.DateOffset(months=number)).date()
    return start + timedelta(days=number * LENGTHS[grain])


@pytest.fixture(scope="module")
def modelled(parsed_once, tmp_path_factory):
    models = Models(
        tmp_path_factory.mktemp("recurring"),
        [
            "fct_activity_periods",
            "int_retention__recurring_members",
            "int_retention__recurring_returns",
            "int_retention__recurring_cohorts",
        ],
    )
    active = active_days()
    names = sorted(active["customer_id"].unique())
    columns = ("setting_code", "start_scope_code", "return_scope_code", "period_kind", "period_grain", "dimension_name",
               "horizon_periods", "cohorts_count")  # fmt: skip
    turn = date(2025, 3, 12)
    db = models.run(
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": (
                "week_starts_on integer, monthly_active_days integer",
                [{"week_starts_on": 1, "monthly_active_days": 28}],
            ),
            "activity_settings": ("scope_code varchar, period_grain varchar, history_periods integer", []),
            "recurring_settings": (
                "setting_code varchar, start_scope_code varchar, return_scope_code varchar, period_kind varchar, "
                "period_grain varchar, dimension_name varchar, horizon_periods integer, cohorts_count integer",
                [dict(zip(columns, (name, *row), strict=True)) for name, row in GRIDS.items()],
            ),
            "fct_activity_days": ("scope_code varchar, customer_id varchar, active_date date", active.to_dict("records")),
            "dim_customers": (
                "customer_id varchar, region varchar, acquisition_channel varchar",
                [
                    {"customer_id": name, "region": value_of("region", name, FIRST), "acquisition_channel": None}
                    for name in names
                ],
            ),
            "dim_customer_segments": (
                "customer_id varchar, scheme varchar, segment_code varchar, valid_from date, valid_to date",
                [
                    {"customer_id": name, "scheme": "usage", "segment_code": value_of("segment", name, since),
                     "valid_from": since, "valid_to": until}
                    for name in names for since, until in ((date(2024, 1, 1), turn), (turn, None))
                ],
            ),
            "customer_breakdowns": ("attribute_code varchar, title varchar", [{"attribute_code": "size", "title": "Size"}]),
            "dim_customer_attributes": (
                "customer_id varchar, attribute_code varchar, attribute_value varchar, valid_from date, valid_to date",
                [
                    {"customer_id": name, "attribute_code": "size", "attribute_value": "big", "valid_from": FIRST,
                     "valid_to": None}
                    for name in names[::4]
                ],
            ),
            "dim_dates": days(FIRST, AS_OF),
        }
    )  # fmt: skip
    return models, db, active


def plain(active: pd.DataFrame, grid: tuple) -> dict[tuple[date, str, int], tuple[int, int, int, int]]:
    """Size, eligible, active in the period and active in it or later, by cohort, value and period."""
    start_scope, return_scope, kind, grain, dimension, horizon, cohorts = grid
    dimension = "attribute_size" if dimension == "attributes" else dimension
    starts = active[active["scope_code"] == start_scope]
    returns = {
        name: sorted(own["active_date"])
        for name, own in active[active["scope_code"] == return_scope].groupby("customer_id")
    }
    first = later(grain, start_of(grain, AS_OF), 1 - cohorts) if cohorts else date.min
    found: dict[tuple[date, str, int], list[int]] = {}
    entries = starts.assign(cohort=[start_of(grain, day) for day in starts["active_date"]])
    for (cohort, name), own in entries[entries["cohort"] >= first].groupby(["cohort", "customer_id"]):
        entered = own["active_date"].min()
        value = value_of(dimension, name, entered)
        begins = (
            (lambda number, cohort=cohort: later(grain, cohort, number))
            if kind == "calendar"
            else (lambda number, entered=entered: entered + timedelta(days=number * LENGTHS[grain]))
        )
        for number in range(horizon + 1):
            cell = found.setdefault((cohort, value, number), [0, 0, 0, 0])
            cell[0] += 1
            if begins(number + 1) <= AS_OF + timedelta(days=1):
                cell[1] += 1
                cell[2] += any(begins(number) <= day < begins(number + 1) for day in returns.get(name, []))
                cell[3] += any(begins(number) <= day for day in returns.get(name, []))
    return {key: tuple(cell) for key, cell in found.items()}


@pytest.mark.parametrize("setting", GRIDS)
def test_recurring_cohorts_are_those_of_a_plain_count(modelled, setting) -> None:
    models, db, active = modelled
    code = f"{setting}_size" if GRIDS[setting][4] == "attributes" else setting
    grain = GRIDS[setting][3]
    first = {"day": "date '1970-01-01' + cohort_number", "week": "date '1970-01-05' + 7 * cohort_number",
             "month": "date '1970-01-01' + to_months(cohort_number)"}[grain]  # fmt: skip
    rows = db.execute(
        f"select cast({first} as date), dimension_value, period_number, cohort_size_count, eligible_count, on_count, "
        f"on_or_after_count from {models.relations['int_retention__recurring_cohorts']} where setting_code = '{code}'"
    ).fetchall()
    found = {tuple(row[:3]): tuple(row[3:]) for row in rows}
    expected = plain(active, GRIDS[setting])
    assert len(found) == len(rows)
    assert {key: found.get(key) for key in expected} == expected
    # Other cells are cohorts without customers of the value.
    assert all(cell == (0, 0, 0, 0) for key, cell in found.items() if key not in expected)
    assert sum(on for _, _, on, _ in expected.values()) > 10
    assert len({value for _, value, _ in expected}) == (1 if GRIDS[setting][4] == "all" else 2)


def test_every_cohort_of_a_long_history_has_a_row(parsed_once, tmp_path) -> None:
    """Grids had at most four hundred cohorts, whatever the policy asked for."""
    models = Models(tmp_path, ["int_retention__grid_cohorts"])
    cell = {"setting_code": "d", "measure_code": "customers", "dimension_value": "all", "customers_count": 1,
            "current_cohort": 600, "last_closed_cohort": 599, "followed_to_period": 0}  # fmt: skip
    db = models.run(
        {
            "int_retention__settings": (
                "setting_code varchar, measure_code varchar, horizon_periods integer",
                [{"setting_code": "d", "measure_code": "customers", "horizon_periods": 0}],
            ),
            "int_retention__grid_cells": (
                "setting_code varchar, measure_code varchar, dimension_value varchar, customers_count bigint, "
                "current_cohort integer, last_closed_cohort integer, followed_to_period integer, cohort_number integer",
                [cell | {"cohort_number": 0}, cell | {"cohort_number": 600}],
            ),
            "int_retention__grid_facts": (
                "setting_code varchar, dimension_value varchar, cohort_number integer, followed_to_period integer, "
                "first_period integer, last_period integer, measured_count bigint, last_count bigint, unconverted_count bigint",
                [],
            ),
        }
    )
    found = db.execute(
        "select min(cohort_number), max(cohort_number), count(*), sum(cohort_size_count) "
        f"from {models.relations['int_retention__grid_cohorts']}"
    ).fetchone()
    assert found == (0, 600, 601, 2)
