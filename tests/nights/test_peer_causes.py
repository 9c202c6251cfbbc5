"""Causes of dissatisfaction agree with a plain count over random mentions."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pandas as pd
import pytest
from nights.peers import Models

pytestmark = pytest.mark.slow

AS_OF = date(2025, 6, 15)
FIRST = date(2024, 11, 1)
CHURN_DAYS, GRACE_DAYS = 60, 7
TOPICS = ("price", "billing", "editor", "untagged")
COLUMNS = (
    "source_kind varchar, place_key varchar, customer_id varchar, topic_code varchar, topic_origin varchar, "
    "model_version varchar, stage_code varchar, segment_code varchar, nps_group varchar, customer_group varchar, "
    "is_customer boolean, is_negative boolean, is_complaint boolean, is_question boolean, is_indirect boolean, "
    "is_unvoiced boolean, occurred_date date"
)


def mentions() -> list[dict]:
    """Six hundred places, some with two topics, some found twice, some anonymous."""
    rng = random.Random(31)
    rows = []
    for number in range(600):
        kind = rng.choice(["survey", "ticket", "text_signal"])
        customer = None if rng.random() < 0.1 else f"c{rng.randrange(80):02}"
        day = FIRST + timedelta(days=rng.randrange((AS_OF - FIRST).days + 1))
        for topic in rng.sample(TOPICS, rng.choice([1, 1, 2])):
            row = {
                "source_kind": kind, "place_key": f"p{number}", "customer_id": customer, "topic_code": topic,
                "topic_origin": "none" if topic == "untagged" else "human", "model_version": None, "stage_code": None,
                "segment_code": rng.choice(["shop", "agency"]), "nps_group": "unknown", "customer_group": "tenured",
                "is_customer": customer is not None and rng.random() < 0.9, "is_negative": rng.random() < 0.5,
                "is_complaint": False, "is_question": False, "is_indirect": False, "is_unvoiced": None,
                "occurred_date": day,
            }  # fmt: skip
            rows += [row] * rng.choice([1, 1, 2])
    return rows


def churns() -> list[dict]:
    rng = random.Random(32)
    return [
        {"customer_id": f"c{number:02}", "churned_date": FIRST + timedelta(days=rng.randrange(240))}
        for number in range(80)
        if rng.random() < 0.6
    ]


@pytest.fixture(scope="module")
def found(parsed_once, tmp_path_factory):
    models = Models(tmp_path_factory.mktemp("causes"), ["int_feedback__cause_cells", "mart_dissatisfaction_causes"])
    db = models.run(
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": (
                "topic_churn_days integer, churn_grace_days integer, min_reliable_count integer",
                [{"topic_churn_days": CHURN_DAYS, "churn_grace_days": GRACE_DAYS, "min_reliable_count": 5}],
            ),
            "topics": ("topic_code varchar, title varchar, category_code varchar", []),
            "fct_churn_events": ("customer_id varchar, churned_date date", churns()),
            "int_feedback__topic_mentions": (COLUMNS, mentions()),
        }
    )
    frame = models.frame(db, "mart_dissatisfaction_causes", "dimension_name in ('all', 'segment')")
    keys = ["period_kind", "period_start_date", "dimension_value", "topic_code"]
    return frame.assign(period_start_date=frame["period_start_date"].dt.date).set_index(keys)


def plain_cells() -> dict[tuple, dict[str, set]]:
    """Customers and places of each cell, one mention after another."""
    churned = {row["customer_id"]: row["churned_date"] for row in churns()}
    cells: dict[tuple, dict[str, set]] = {}
    for row in mentions():
        day = row["occurred_date"]
        starts = {"month": day.replace(day=1), "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1)}
        for kind, start in starts.items():
            for member in ("all", row["segment_code"]):
                for topic in ("all", row["topic_code"]):
                    cell = cells.setdefault((kind, start, member, topic), {})
                    cell.setdefault("places", set()).add(row["place_key"])
                    name = row["customer_id"]
                    if name is None:
                        continue
                    cell.setdefault("customers", set()).add(name)
                    if not row["is_negative"]:
                        continue
                    cell.setdefault("dissatisfied", set()).add(name)
                    if row["is_customer"] and day + timedelta(days=CHURN_DAYS + GRACE_DAYS) <= AS_OF:
                        cell.setdefault("mature", set()).add(name)
                        until = day + timedelta(days=CHURN_DAYS)
                        if name in churned and day < churned[name] <= until:
                            cell.setdefault("churned", set()).add(name)
    return cells


def test_every_cell_has_the_customers_of_a_plain_count(found):
    cells = plain_cells()
    assert set(found.index) == set(cells)
    assert len(cells) > 100
    for key, cell in cells.items():
        row = found.loc[key]
        whole = cells[*key[:3], "all"]
        wanted = [len(cell.get(name, ())) for name in ("places", "customers", "dissatisfied", "mature", "churned")]
        assert [
            row["mentions_count"], row["customers_count"], row["cause_num"], row["churned_den"], row["churned_num"],
        ] == wanted, key  # fmt: skip
        assert row["cause_den"] == len(whole.get("dissatisfied", ())), key


def test_the_trend_is_the_share_less_that_of_the_period_before(found):
    cells = plain_cells()

    def share(kind: str, start: date, member: str, topic: str) -> float | None:
        whole = cells.get((kind, start, member, "all"), {}).get("dissatisfied", ())
        named = cells.get((kind, start, member, topic), {}).get("dissatisfied", ())
        return 100 * len(named) / len(whole) if whole else None

    compared = 0
    for kind, start, member, topic in cells:
        before = (pd.Period(start, "M") - (1 if kind == "month" else 3)).start_time.date()
        now, then = share(kind, start, member, topic), share(kind, before, member, topic)
        trend = found.loc[(kind, start, member, topic), "trend_pp"]
        if now is None or then is None:
            assert pd.isna(trend), (kind, start, member, topic)
        else:
            assert trend == pytest.approx(now - then), (kind, start, member, topic)
            compared += 1
    assert compared > 50
