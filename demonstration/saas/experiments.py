"""The register of experiments, who was in which arm, and what an offer of credits changed.

One experiment has a planted effect: customers who are offered credits by mail or push message order more often than
those without any contact. Another changes nothing, and some were never begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.contacts import DELIVERED, OUTCOMES, PURPOSES, Flags
from stayhouse.demonstration.saas.customers import CONTACT_CHANNELS, EMAIL, PUSH, Consents
from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Money, Number, Ready, numbered
from stayhouse.demonstration.saas.orders import STEPS
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, Scope, between, chance, pick
from stayhouse.demonstration.saas.subscriptions import Contracts

OFFER, HINTS = "x_offer", "x_hints"
CAMPAIGN = "credits_offer"
ARMS = ("control", "mail", "push")
ORDERED = (0.06, 0.20, 0.14)
"""Share of the customers of each arm who order credits within a month."""
TAKEN = 0.25
"""Share of the eligible customers who are in the experiment."""
PART = 600
"""Number of the first file that this module adds to tables of others."""


@dataclass(frozen=True)
class Registered:
    """One row of the register; money in cents, -1 where it is unknown; moments as in `scope`."""

    code: str
    hypothesis: str
    metric: str | None
    campaign: str | None
    funnel: str | None
    cost: int
    gain: int
    risk: int
    decision: str | None
    started: int = NEVER
    ended: int = NEVER
    decided: int = NEVER
    outcome: str | None = None


def offered_at(scope: Scope) -> int:
    """Moment at which the customers of the offer are drawn: a Tuesday after two thirds of the period."""
    day = int(scope.days * 0.66)
    return (day + int(1 - scope.weekday(np.array([day]))[0]) % 7) * DAY + 8 * HOUR


def register(scope: Scope) -> list[Registered]:
    """All experiments, in order of their proposal."""
    offer = offered_at(scope)
    hints = offer + 40 * DAY
    return [
        Registered("x_colours", "Another colour of button", "activation_long_pct", None, None, 0, 50_000, 0, "do_it",
                   offer - 200 * DAY, offer - 170 * DAY, offer - 201 * DAY, "inconclusive"),
        Registered(OFFER, "An offer of credits makes more customers order", "funnel_completed_pct", CAMPAIGN, "order",
                   40_000, 300_000, 20_000, "do_it", offer, offer + 45 * DAY, offer - DAY, "success"),
        Registered(HINTS, "Hints on the first page bring customers back", "activation_long_pct", None, None, 90_000,
                   120_000, 0, "do_it", hints, hints + 30 * DAY, hints - DAY, "failure"),
        Registered("x_price", "Prices rise by a tenth", "customer_churn_pct", None, None, 10_000, 500_000, 900_000,
                   "do_not", decided=offer + 10 * DAY),
        Registered("x_robot", "A robot answers the first request", "answered_in_time_pct", None, None, -1, 200_000, -1,
                   "postponed", decided=offer + 60 * DAY),
    ]  # fmt: skip


def write_register(landing: Landing, scope: Scope) -> None:
    """The register. A row is written when an experiment is decided on, and again when it begins and ends."""
    found = register(scope)
    size = len(found)

    def words(name: str) -> Ready:
        return Ready(pa.array([getattr(one, name) for one in found], type=pa.string()))

    def cents(name: str) -> Money:
        return Money(np.array([getattr(one, name) for one in found], dtype="int64"))

    def moments(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in found], dtype="int64")

    started, ended, decided = moments("started"), moments("ended"), moments("decided")
    outcome = Ready(pa.array([one.outcome if one.ended <= scope.end else None for one in found], type=pa.string()))
    landing.write(
        "experiments",
        {
            "experiment_id": words("code"),
            "hypothesis": words("hypothesis"),
            "metric_code": words("metric"),
            "campaign_code": words("campaign"),
            "funnel_code": words("funnel"),
            "cost": cents("cost"),
            "expected_gain": cents("gain"),
            "risk_loss": cents("risk"),
            "decision": words("decision"),
            "outcome": outcome,
            "decided_at": landing.moment(decided),
            "started_at": landing.moment(started),
            "ended_at": landing.moment(ended),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("register",)),
        },
        [np.maximum(decided, 0) + 120, np.where(started < NEVER, started + 120, NEVER),
         np.where(ended < NEVER, ended + DAY, NEVER)],
    )  # fmt: skip


@dataclass
class Arms:
    """Customers of one range in the experiment of the offer."""

    customer: np.ndarray
    arm: np.ndarray
    ordered: np.ndarray
    """Moment of the order; NEVER without one."""


def write_arms(
    landing: Landing, people: Population, deals: Contracts, flags: Flags, consents: Consents, avoided: np.ndarray,
    first: int, stop: int, part: int,
) -> Arms:  # fmt: skip
    """Assignments, contacts and orders of the customers [first, stop); `avoided` customers are in no arm."""
    scope = people.scope
    rng = scope.rng("experiments", part)
    span = np.arange(first, stop)
    size = len(span)
    at = offered_at(scope)
    day = at // DAY
    silent = flags.left_alone(avoided, first, size)
    there = (people.registered[span] < at - 60 * DAY) & (people.use_to[span] > day + 30)
    there &= deals.ended[span] > day + 30
    there &= ~silent & ~people.is_a("test", "deleted", "reactivator")[span] & ~consents.is_missing(span)
    there &= ~consents.is_unsubscribed(span, np.full(size, at)) & ~consents.is_revoked(span, np.full(size, at))
    drawn, arm = chance(rng, size, TAKEN), pick(rng, size, [40, 30, 30])
    buys = rng.random(size) < np.array(ORDERED)[arm]
    wait = between(rng, 2 * DAY, 25 * DAY, size)
    hint = pick(rng, size, [50, 50])
    taken = np.flatnonzero(there & drawn)
    ordered = np.where(buys, at + wait, NEVER)[taken]
    customer, arm = span[taken], arm[taken]
    hinted = np.flatnonzero(there & chance(rng, size, TAKEN))
    _write_assignments(landing, customer, arm, span[hinted], hint[hinted], at, part)
    _write_contacts(landing, rng, customer, arm, at, part)
    _write_orders(landing, rng, customer, ordered, part)
    return Arms(customer, arm, ordered)


def _write_assignments(landing, customer, arm, hinted, hint, at, part) -> None:
    """Both experiments; the customers of the hints are drawn when theirs begins."""
    words = (*ARMS, "hints")
    experiment = np.repeat([0, 1], [len(customer), len(hinted)])
    arms = np.concatenate([arm, np.where(hint == 0, 0, words.index("hints"))])
    moment = np.where(experiment == 0, at, at + 40 * DAY)
    landing.write(
        "experiment_assignments",
        {
            "experiment_id": Code(experiment, words=(OFFER, HINTS)),
            "customer_id": Number(np.concatenate([customer, hinted]) + 1, prefix="c", width=7),
            "arm_code": Code(arms, words=words),
            "is_control": Flag((arms == 0).astype("int8")),
            "assigned_at": landing.moment(moment),
            "source_system": Code(np.zeros(len(arms), dtype="int8"), words=("register",)),
        },
        [moment + 60],
        part,
    )


def _write_contacts(landing, rng, customer, arm, at, part) -> None:
    treated = np.flatnonzero(arm > 0)
    size = len(treated)
    sent = at + between(rng, HOUR, 8 * HOUR, size)
    opened = np.where(chance(rng, size, 0.45), sent + between(rng, 300, 20 * HOUR, size), NEVER)

    def same(value: int) -> np.ndarray:
        return np.full(size, value, dtype="int8")

    landing.write(
        "contacts",
        {
            "contact_id": Number(landing.take_numbers("contacts", size), prefix="k"),
            "customer_id": Number(customer[treated] + 1, prefix="c", width=7),
            "direction": Code(same(0), words=("outbound",)),
            "channel": Code(np.where(arm[treated] == 1, EMAIL, PUSH), words=CONTACT_CHANNELS),
            "purpose": Code(same(PURPOSES.index("nudge")), words=PURPOSES),
            "campaign_code": Code(same(0), words=(CAMPAIGN,)),
            "is_automated": Flag(same(1)),
            "attempted_at": landing.moment(sent),
            "delivered_at": landing.moment(sent + 30),
            "opened_at": landing.moment(opened),
            "is_machine_open": Flag(np.where(opened < NEVER, 0, -1), opened),
            "outcome_code": Code(same(DELIVERED), words=OUTCOMES),
            "source_system": Code(same(0), words=("marketing",)),
        },
        [sent + 90, opened + 90],
        PART + part,
    )


def _write_orders(landing, rng, customer, ordered, part) -> None:
    buyers = np.flatnonzero(ordered < NEVER)
    size = len(buyers)
    cents = np.tile(500 * between(rng, 2, 60, size), len(STEPS))
    code = np.repeat([policy.event_code(name) for name in STEPS], size)
    at = np.concatenate([ordered[buyers] + 180 * step for step in range(len(STEPS))])
    who = np.tile(customer[buyers], len(STEPS))
    landing.write(
        "events",
        {
            "event_id": Number(landing.take_numbers("offer events", len(at)), prefix="p", width=11),
            "customer_id": Number(who + 1, prefix="c", width=7),
            "user_id": Number(who * 100 + 100, prefix="u", width=9),
            "event_name": Code(code, words=policy.event_names()),
            "occurred_at": landing.moment(at),
            "source": Code(np.zeros(len(at), dtype="int8"), words=("web",)),
            "object_id": Number(5_000_000_000 + who, prefix="b", width=10),
            "value_amount": Money(cents),
            "is_success": Flag(np.ones(len(at), dtype="int8")),
            "session_id": Number((who * 10_000 + at // DAY) * 100 + 96, prefix="s", width=13),
            "device_id": Number(who * 100, prefix="d", width=9),
            "source_system": Code(np.zeros(len(at), dtype="int8"), words=("tracker",)),
        },
        [at + 90],
        PART + part,
    )


def write_truth(truth: Path, end: int, parts: list[Arms]) -> dict[str, int]:
    """The arm of each customer of the offer, and whether an order was planted. Returns how many of each."""
    customer, arm, ordered = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("customer", "arm", "ordered")
    )
    pq.write_table(
        pa.table({
            "customer_id": numbered("c", 7, customer + 1),
            "arm_code": pa.array(list(ARMS)).take(pa.array(arm)),
            "is_ordered": pa.array(ordered <= end),
        }),
        truth / "experiment.parquet", compression="zstd",
    )  # fmt: skip
    return {f"experiment_{name}": int((arm == code).sum()) for code, name in enumerate(ARMS)}
