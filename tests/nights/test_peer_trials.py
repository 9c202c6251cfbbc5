"""Trials and moves of plans agree with a plain count over random histories of customers."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from nights.peers import Models, days, no_attributes

pytestmark = pytest.mark.slow

AS_OF = date(2025, 5, 31)
FIRST = date(2024, 11, 29)
WINDOW = 45
KINDS = {"registered": "none", "churned": "none", "deleted": "none", "paying": "paid", "paused": "paid"}
PLANS = ("small", "large", None)


def histories() -> list[dict]:
    """Status periods without gaps: two hundred customers, many changes at ends of months and of several on one day."""
    rng = random.Random(22)
    rows = []
    for number in range(200):
        day, status, tenure = FIRST + timedelta(days=rng.randrange(150)), "registered", 0
        if rng.random() < 0.2:
            day = rng.choice([date(2024, 12, 31), date(2025, 1, 31), date(2025, 2, 28)])
        own = []
        while day <= AS_OF + timedelta(days=20):
            paid = status in ("paying", "paused")
            plan = rng.choice(PLANS) if status in ("trial", "free") or paid else None
            own.append({
                "customer_id": f"c{number:03}", "status": status, "plan_code": plan,
                "tenure_number": tenure if paid else None, "valid_from": day, "valid_to": None,
            })  # fmt: skip
            day += timedelta(days=rng.choice([1, 14, 14, 30, rng.randrange(1, 90)]))
            following = rng.choice([
                "trial", "trial", "free", "paying", "paying", "paused" if paid else "paying",
                "churned" if tenure else "registered",
            ])  # fmt: skip
            if following in ("paying", "paused") and not paid:
                tenure += 1
            status = following
        for earlier, later in pairwise(own):
            earlier["valid_to"] = later["valid_from"]
        rows += own
    return rows


def tenures(rows: list[dict]) -> list[dict]:
    frame = pd.DataFrame(rows).dropna(subset=["tenure_number"])
    firsts = frame.groupby(["customer_id", "tenure_number"], as_index=False)["valid_from"].min()
    return firsts.rename(columns={"valid_from": "started_date"}).to_dict("records")


@pytest.fixture(scope="module")
def modelled(parsed_once, tmp_path_factory):
    models = Models(
        tmp_path_factory.mktemp("trials"),
        ["int_churn__plan_moves", "int_churn__trials", "int_churn__trial_quartiles", "mart_trial_cohort"],
    )
    rows = histories()
    accounts = [
        {"customer_id": name, "source_customer_id": name, "region": f"r{number % 2}", "acquisition_channel": None,
         "deleted_date": None}
        for number, name in enumerate(dict.fromkeys(row["customer_id"] for row in rows))
    ]  # fmt: skip
    db = models.run(
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": (
                "trial_conversion_days integer, min_reliable_count integer",
                [{"trial_conversion_days": WINDOW, "min_reliable_count": 5}],
            ),
            "plans": (
                "plan_code varchar, tier integer",
                [{"plan_code": "small", "tier": 1}, {"plan_code": "large", "tier": 2}],
            ),
            "customer_status_periods": (
                "customer_id varchar, status varchar, plan_code varchar, tenure_number bigint, valid_from date, valid_to date",
                rows,
            ),
            "customer_tenures": ("customer_id varchar, tenure_number bigint, started_date date", tenures(rows)),
            "customer_accounts": (
                "customer_id varchar, source_customer_id varchar, region varchar, acquisition_channel varchar, deleted_date date",
                accounts,
            ),
            "dim_customer_segments": (
                "customer_id varchar, scheme varchar, segment_code varchar, valid_from date, valid_to date",
                [],
            ),
            "fct_mrr_changes": ("customer_id varchar, changed_date date, converted_mrr_change decimal(18, 6)", []),
            "dim_dates": days(FIRST, AS_OF),
            **no_attributes(),
        }
    )
    return models, db, rows


def plain_trials(rows: list[dict]) -> pd.DataFrame:
    """One pass over the history of each customer."""
    found = []
    starts_of = pd.DataFrame(tenures(rows)).groupby("customer_id")["started_date"].apply(list).to_dict()
    by_customer: dict[str, list[dict]] = {}
    for row in rows:
        by_customer.setdefault(row["customer_id"], []).append(row)
    for name, own in by_customer.items():
        kinds = [KINDS.get(row["status"], row["status"]) for row in own]
        starts = [i for i, kind in enumerate(kinds) if kind == "trial" and (i == 0 or kinds[i - 1] != "trial")]
        starts = [i for i in starts if own[i]["valid_from"] <= AS_OF]
        for place, i in enumerate(starts):
            end = next((j for j in range(i, len(own)) if kinds[j] != "trial"), None)
            ended = own[end]["valid_from"] if end is not None and own[end]["valid_from"] <= AS_OF else None
            start = own[i]["valid_from"]
            until = own[starts[place + 1]]["valid_from"] if place + 1 < len(starts) else date.max
            paid = [day for day in starts_of.get(name, []) if start <= day < until and day <= AS_OF]
            outcome = (
                "converted" if paid else "running" if ended is None else "free" if kinds[end] == "free" else "expired"
            )
            taken = (min(paid) - start).days if paid else None
            found.append({
                "start": start, "ended": ended, "plan": own[i]["plan_code"] or "none", "outcome": outcome, "taken": taken,
                "followed": taken if paid else (min(AS_OF, until) - start).days,
                "mature": start + timedelta(days=WINDOW) <= AS_OF,
            })  # fmt: skip
    return pd.DataFrame(found)


def days_until(trials: pd.DataFrame, share: float) -> int | None:
    """The first day on which the product-limit estimate of the paid share reaches it."""
    unpaid = 1.0
    for day in sorted(trials["followed"].unique()):
        at_risk = (trials["followed"] >= day).sum()
        unpaid *= 1 - ((trials["followed"] == day) & trials["taken"].notna()).sum() / at_risk
        if round(100 * (1 - unpaid), 9) >= share:
            return int(day)
    return None


def month_end(label: str) -> date:
    return min(pd.Period(label).end_time.date(), AS_OF)


@pytest.mark.parametrize("plan", ["all", "small", "large", "none"])
def test_months_of_trials_agree_with_a_plain_count(modelled, plan) -> None:
    models, db, rows = modelled
    trials = plain_trials(rows)
    trials = trials if plan == "all" else trials[trials["plan"] == plan]
    dimension = "all" if plan == "all" else "plan"
    marts = models.frame(db, "mart_trial_cohort", f"dimension_name = '{dimension}' and dimension_value = '{plan}'")
    assert len(marts) > 6
    for row in marts.to_dict("records"):
        label = row["cohort_label"]
        last = AS_OF if label == "all" else month_end(label)
        own = trials if label == "all" else trials[[f"{day:%Y-%m}" == label for day in trials["start"]]]
        mature = own[own["mature"]]
        ended = trials["ended"].dropna()
        expected = {
            "started_count": len(own),
            **{f"{name}_count": (own["outcome"] == name).sum() for name in ("converted", "free", "expired", "running")},
            "ended_count": sum(label in ("all", f"{day:%Y-%m}") for day in ended),
            "running_at_end_count": ((trials["start"] <= last) & ~(trials["ended"].fillna(date.max) <= last)).sum(),
            "converted_num": (mature["taken"] <= WINDOW).sum(),
            "converted_den": len(mature),
            "pending_count": len(own) - len(mature),
        }
        assert {name: row[name] for name in expected} == expected, label
        for name, share in (("p25", 25.0), ("median", 50.0), ("p75", 75.0)):
            found = row[f"{name}_to_paid_days"]
            assert (None if pd.isna(found) else int(found)) == days_until(own, share), (label, name)


def test_trials_that_run_are_carried_from_month_to_month(modelled) -> None:
    models, db, _ = modelled
    months = models.frame(db, "mart_trial_cohort", "cohort_label <> 'all'").sort_values("started_month")
    for _, own in months.groupby(["dimension_name", "dimension_value"]):
        change = own["started_count"] - own["ended_count"]
        assert (own["running_at_end_count"] == change.cumsum()).all()
    assert months["running_at_end_count"].max() > 5


def test_every_day_with_another_plan_is_one_move(modelled) -> None:
    models, db, rows = modelled
    expected = set()
    previous: tuple = (None, None, None)
    for row in rows:
        state = (row["customer_id"], KINDS.get(row["status"], row["status"]), row["plan_code"])
        before = previous[1:] if previous[0] == state[0] else ("none", None)
        if before != state[1:] and row["valid_from"] <= AS_OF:
            expected.add((state[0], row["valid_from"], *before, *state[1:]))
        previous = state
    found = db.execute(
        "select customer_id, moved_date, from_kind_code, from_plan_code, to_kind_code, to_plan_code "
        f"from {models.relations['int_churn__plan_moves']}"
    ).fetchall()
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert len(expected) > 500
