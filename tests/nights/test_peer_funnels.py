"""Funnels counted a second time with pandas, on random events with ties, skipped steps, month ends and summer time."""

from __future__ import annotations

import re
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from parsing import settings_in

from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER

pytestmark = pytest.mark.slow

MODELS = ("fct_funnel_attempt_steps", "fct_funnel_attempts", "int_journeys__attempts", "mart_funnel_conversion")
AS_OF = date(2025, 3, 31)
END = pd.Timestamp("2025-04-01")
FUNNELS = pd.DataFrame(
    [("loose", "object", False, 30), ("strict", "session", True, 30), ("once", "customer", True, 24 * 20)],
    columns=["funnel_code", "attempt_key", "is_strict", "abandon_after_hours"],
)
STEPS = 4


@pytest.fixture(scope="module")
def compiled(parsed_once, tmp_path_factory) -> dict[str, str]:
    """The SQL of the models, with relations by schema and name."""
    session = DbtSession(settings_in(tmp_path_factory.mktemp("peer")), SEEDS_FOLDER)
    command = ["--log-level", "none", "--no-write-json", "compile", "--no-introspect", "--select", *MODELS]
    results = session._invoke(command, None, lambda event: None)
    return {one.node.name: re.sub(r'"\w+"\.(?="\w+"\.")', "", one.node.compiled_code) for one in results}


def random_events(seed: int) -> pd.DataFrame:
    """Few moments, so that steps tie; windows end in other months and over the change of the clocks."""
    rng = np.random.default_rng(seed)
    size = 900
    day = rng.choice([26, 27, 30, 31, 54, 57, 58, 59, 60, 87, 88, 89], size)
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(day * 24 + rng.integers(0, 24, size), "h")
    funnel = rng.integers(0, len(FUNNELS), size)
    customer = rng.integers(0, 12, size)
    # The customer's own attempts are few; those of objects and sessions are many.
    key = np.where(funnel == 2, customer, rng.integers(0, 8, size))
    is_error = rng.random(size) < 0.1
    return pd.DataFrame({
        "event_id": [f"e{number}" for number in range(size)],
        "customer_id": [f"c{number}" for number in customer],
        "funnel_code": FUNNELS["funnel_code"].to_numpy()[funnel],
        "attempt_key_value": [f"k{number}" for number in key],
        "step_no": pd.array(np.where(is_error, pd.NA, rng.integers(1, STEPS + 1, size)), dtype="Int32"),
        "value_amount": rng.integers(1, 50, size).astype(float),
        "is_error": is_error,
        "event_date": at.date,
        "occurred_at": at,
    })  # fmt: skip


def peer_attempts(events: pd.DataFrame) -> list[dict]:
    """Each attempt, walked through event by event."""
    found = []
    known = events[events["occurred_at"] < END]
    rules = FUNNELS.set_index("funnel_code")
    for (funnel, customer, key), rows in known.groupby(["funnel_code", "customer_id", "attempt_key_value"]):
        is_strict, hours = rules.loc[funnel, "is_strict"], int(rules.loc[funnel, "abandon_after_hours"])
        steps = rows[~rows["is_error"]].sort_values(["occurred_at", "step_no"])
        starts = steps[steps["step_no"] == 1] if is_strict else steps
        if starts.empty:
            continue
        entered = starts["occurred_at"].iloc[0]
        ends = entered + pd.Timedelta(hours=hours)
        reached: dict[int, pd.Timestamp] = {}
        for step, at in steps[["step_no", "occurred_at"]].itertuples(index=False):
            if not entered <= at < ends:
                continue
            if is_strict and step == len(reached) + 1:
                reached[step] = at
            elif not is_strict:
                for earlier in range(1, step + 1):
                    reached.setdefault(earlier, at)
        within = rows[(rows["occurred_at"] >= entered) & (rows["occurred_at"] < ends)]
        found.append({
            "attempt_id": f"{funnel}/{customer}/{key}", "funnel": funnel, "entered": entered, "reached": reached,
            "value": within["value_amount"].max(), "errors": int(within["is_error"].sum()), "is_mature": ends <= END,
        })  # fmt: skip
    return found


def peer_conversion(attempts: list[dict], grain: str) -> dict[tuple, tuple]:
    frame = pd.DataFrame(attempts)
    frame["period"] = frame["entered"].dt.to_period({"month": "M", "quarter": "Q", "year": "Y"}[grain]).dt.start_time
    found = {}
    for (funnel, period), rows in frame.groupby(["funnel", "period"]):
        for first in range(1, STEPS):
            for last in range(first + 1, STEPS + 1):
                base = [one for one in rows.to_dict("records") if one["is_mature"] and first in one["reached"]]
                times = sorted(
                    (one["reached"][last] - one["reached"][first]).total_seconds() if last in one["reached"] else np.inf
                    for one in base
                )
                arrived = [seconds for seconds in times if seconds < np.inf]
                quartiles = [
                    times[int(np.ceil(share * len(times))) - 1] if times else np.inf for share in (0.25, 0.5, 0.75)
                ]
                found[funnel, period.date(), first, last] = (
                    len(rows), int((~rows["is_mature"]).sum()), len(arrived), len(base),
                    sum(one["value"] for one in base if last not in one["reached"]) or None,
                    *(None if place == np.inf else place for place in quartiles),
                    pytest.approx(np.mean(arrived)) if arrived else None,
                )  # fmt: skip
    return found


def warehouse(events: pd.DataFrame, compiled: dict[str, str]) -> duckdb.DuckDBPyConnection:
    """The relations that the models read, and then the models."""
    db = duckdb.connect()
    steps = pd.DataFrame([
        {"funnel_code": funnel, "step_no": step, "step_code": f"s{step}", "goal_step_no": STEPS}
        for funnel in FUNNELS["funnel_code"] for step in range(1, STEPS + 1)
    ])  # fmt: skip
    customers = pd.DataFrame({"customer_id": sorted(set(events["customer_id"]))})
    given = {
        "core.fct_funnel_events": events, "config.funnels": FUNNELS, "core.dim_funnel_steps": steps,
        "core.customer_registrations": customers,
    }  # fmt: skip
    for schema in ("core", "config", "intermediate", "journeys"):
        db.execute(f"create schema {schema}")
    for name, frame in given.items():
        db.register("given", frame)
        db.execute(f"create table {name} as select * from given")
    db.execute("alter table core.fct_funnel_events alter value_amount type decimal(18, 2)")
    db.execute(
        f"create table core.run_context as select date '{AS_OF}' as as_of_date, timestamp '{END}' as as_of_end_at"
    )
    db.execute("create table core.policy as select 30 as min_reliable_count")
    db.execute(
        "create table core.dim_customers as select *, 'r' as region, 'c' as acquisition_channel from given limit 0"
    )
    period = "date '2020-01-01' as valid_from, cast(null as date) as valid_to"
    db.execute(
        f"create table core.customer_status_periods as select customer_id, 'paying' as status, 'p' as plan_code, "
        f"true as is_paying, {period} from core.customer_registrations"
    )
    db.execute(
        f"create table core.dim_customer_segments as select customer_id, 'usage' as scheme, "
        f"case when customer_id < 'c5' then 'low' else 'high' end as segment_code, {period} from core.customer_registrations"
    )
    db.execute(
        f"create table core.dim_customer_attributes as select 'c' as customer_id, '' as attribute_code, '' as attribute_value, {period} limit 0"
    )
    db.execute("create table config.customer_breakdowns as select '' as attribute_code limit 0")
    for name in MODELS:
        schema = {"fct": "core", "int": "intermediate", "mart": "journeys"}[name.split("_")[0]]
        db.execute(f"create table {schema}.{name} as {compiled[name]}")
    return db


@pytest.mark.parametrize("seed", [1, 2])
def test_funnels_agree_with_a_walk_through_every_attempt(compiled, seed):
    """Steps, conversions and quartiles of time are those that a loop over the events finds."""
    events = random_events(seed)
    db = warehouse(events, compiled)
    expected = peer_attempts(events)
    steps = db.execute("select attempt_id, step_no, reached_at from core.fct_funnel_attempt_steps").fetchall()
    assert sorted(steps) == sorted(
        (one["attempt_id"], step, at.to_pydatetime()) for one in expected for step, at in one["reached"].items()
    )
    attempts = db.execute(
        "select attempt_id, attempt_state, errors_count, value_amount from core.fct_funnel_attempts"
    ).fetchall()
    assert sorted(attempts) == sorted(
        (
            one["attempt_id"],
            "goal" if STEPS in one["reached"] else "abandoned" if one["is_mature"] else "running",
            one["errors"], one["value"],
        )
        for one in expected
    )  # fmt: skip
    assert {state for _, state, *_ in attempts} == {"goal", "abandoned", "running"}
    for grain in ("month", "quarter", "year"):
        rows = db.execute(
            "select funnel_code, period_start_date, from_step_order, to_step_order, entered_count, pending_count, "
            "converted_num, converted_den, lost_value_amount, p25_seconds, median_seconds, p75_seconds, mean_seconds "
            "from journeys.mart_funnel_conversion where dimension_name = 'all' and period_grain_code = ?",
            [grain],
        ).fetchall()
        assert {row[:4]: row[4:] for row in rows} == peer_conversion(expected, grain)


def test_segments_add_up_to_everybody(compiled):
    """Counts of the values of a dimension are those of everybody, and no step has more attempts than the one before it."""
    db = warehouse(random_events(3), compiled)
    sums = db.execute(
        "select dimension_name, sum(entered_count), sum(converted_num), sum(converted_den), sum(lost_value_amount), "
        "count(distinct dimension_value) from journeys.mart_funnel_conversion group by 1"
    ).fetchall()
    assert len({row[1:5] for row in sums}) == 1
    assert {row[0]: row[5] for row in sums} == {
        "all": 1, "segment": 2, "status": 1, "plan": 1, "region": 1, "channel": 1
    }  # fmt: skip
    growing = "select count(*) from journeys.mart_funnel_conversion where converted_num > converted_den"
    assert db.execute(growing).fetchall() == [(0,)]
