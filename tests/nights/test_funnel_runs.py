"""Attempts of funnels continue from the first change: daily runs give the same as a full refresh."""

from __future__ import annotations

import random
from datetime import date, timedelta

import duckdb
import pytest
from conftest import customer, event

pytestmark = pytest.mark.slow
FACTS = ("fct_funnel_events", "fct_funnel_attempt_steps", "fct_funnel_attempts")
STEPS = ("order_basket_filled", "order_checkout_opened", "order_card_entered", "order_paid", "order_payment_failed",
         "tour_started", "onboarding_prompt_shown", "tour_completed", "signed_in")  # fmt: skip
CUSTOMERS = [f"c{number}" for number in range(8)]
FIRST = date(2025, 5, 1)
RUNS = [date(2025, 6, 20), date(2025, 6, 21), date(2025, 6, 24), date(2025, 6, 30)]


def a_step(chance: random.Random, number: int, arrived: date) -> dict:
    """An event of a random funnel, customer and order, mostly of the last days."""
    back = chance.randint(0, 4) if chance.random() < 0.7 else chance.randint(0, (arrived - FIRST).days)
    return event(
        number,
        customer_id=chance.choice(CUSTOMERS),
        event_name=chance.choice(STEPS),
        object_id=f"o{chance.randint(0, 5)}",
        occurred_at=f"{arrived - timedelta(days=back)} {chance.randint(0, 22):02}:00:00",
        ingested_at=f"{arrived} 23:00:00",
        value_amount=chance.randint(1, 90),
    )


def test_runs_with_late_and_corrected_steps_equal_one_full_refresh(landing, company):
    """A late first step moves an attempt, a correction takes a step away, and a window ends without any new row."""
    chance = random.Random(2)
    shop = company(landing.folder)
    landing.csv("customers", [customer(customer_id=name, registered_at="2025-01-01 00:00:00") for name in CUSTOMERS])
    known: dict[int, dict] = {}
    definitions: dict[str, str] = {}
    states = []
    for turn, as_of in enumerate(RUNS):
        # The last run has no new rows: days pass, and attempts are over.
        coming = range(len(known), len(known) + (60, 20, 20, 0)[turn])
        rows = {number: a_step(chance, number, as_of) for number in coming}
        for number in chance.sample(sorted(known), 6 if turn in (1, 2) else 0):
            rows[number] = a_step(chance, number, as_of)
        known |= rows
        if rows:
            landing.csv("events", list(rows.values()), f"{turn}.csv")
        shop.load()
        select = ["+fct_funnel_attempts"] if turn == 0 else ["run_context", "customer_registrations", *FACTS]
        session = shop.session
        session.settings = shop.settings
        results = session.build(as_of, select=select, with_tests=False)
        if turn == 0:
            definitions = {one.node.name: one.node.compiled_code for one in results if one.node.name in FACTS}
        with duckdb.connect(shop.settings.warehouse, read_only=True) as db:
            for name, sql in definitions.items():
                columns = ", ".join(column for (column, *_) in db.execute(f"describe core.{name}").fetchall())
                found, whole = (
                    db.execute(f"select {columns} from {relation}").fetchall()
                    for relation in (f"core.{name}", f"({sql}) as whole")
                )
                assert sorted(found, key=repr) == sorted(whole, key=repr), (name, as_of)
                assert whole, name
            states.append(
                dict(db.execute("select attempt_state, count(*) from core.fct_funnel_attempts group by 1").fetchall())
            )
    assert set(states[2]) == {"goal", "abandoned", "running"}
    assert "running" not in states[3]
