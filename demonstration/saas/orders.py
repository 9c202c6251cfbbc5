"""Orders of credits: how far customers come from the basket to the payment, and what brings them back.

A mail may remind of an order that stopped. It is planted that reminded customers make the order good more often, with a
new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.contacts import DELIVERED, OUTCOMES, PURPOSES, Flags
from stayhouse.demonstration.saas.customers import CONTACT_CHANNELS, EMAIL, Consents
from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Money, Number, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, between, chance, pick
from stayhouse.demonstration.saas.subscriptions import Contracts

STEPS = ("order_basket_filled", "order_checkout_opened", "order_card_entered", "order_paid")
FAILED = "order_payment_failed"
REASON = "abandoned_order"
BUYERS = 0.2
"""Share of the customers who order credits at all."""
ORDERS_PER_YEAR = 2.0
STOPS = (30, 20, 15, 35)
"""Of a hundred orders, how many come as far as each step."""
REMINDED = 0.45
"""Share of the abandoned orders of which a mail reminds."""
COMES_BACK = (0.08, 0.3)
"""Share of the abandoned orders that are made good, without and with a reminder."""
FAILS = 0.5
"""Share of the orders that stop at the card because the payment failed."""
PART = 700
"""Number of the first file that this module adds to tables of others."""


@dataclass
class Orders:
    """Orders of one range of customers; moments as in `scope`."""

    customer: np.ndarray
    number: np.ndarray
    began: np.ndarray
    furthest: np.ndarray
    """Number of the furthest step, 1 for the basket and 4 for the payment."""
    cents: np.ndarray
    reminded: np.ndarray
    """Moment of the reminder; NEVER without one."""
    again: np.ndarray
    """Moment of the order that makes it good; NEVER without one."""


def write_orders(
    landing: Landing, people: Population, deals: Contracts, flags: Flags, consents: Consents, avoided: np.ndarray,
    first: int, stop: int, part: int,
) -> Orders:  # fmt: skip
    """Events and reminders of the orders of the customers [first, stop); nobody writes to `avoided` customers."""
    scope = people.scope
    rng = scope.rng("orders", part)
    span = np.arange(first, stop)
    begin = np.maximum(people.registered[span], 0) + DAY
    last = np.minimum(np.minimum(deals.ended[span], people.use_to[span]) * DAY, scope.end)
    # A weekend moves an order to Monday, which must not lie beyond the last use.
    until = last - 3 * DAY
    there = (until > begin) & (people.activation[span] < NEVER)
    there &= ~people.is_a("test", "deleted", "reactivator")[span]
    buys = there & chance(rng, len(span), BUYERS)
    years = np.where(buys, np.maximum(until - begin, 0) / (365 * DAY), 0)
    customer = np.repeat(span, rng.poisson(years * ORDERS_PER_YEAR))
    size = len(customer)
    place = customer - first
    began = begin[place] + (rng.random(size) * (until - begin)[place]).astype("int64")
    began = np.maximum(office_moment(rng, began // DAY, scope), begin[place])
    furthest = pick(rng, size, list(STOPS)).astype("int64") + 1
    cents = 500 * between(rng, 2, 60, size)
    silent = flags.left_alone(avoided, first, len(span))
    is_open = furthest < len(STEPS)
    can = is_open & ~silent[place] & ~consents.is_unsubscribed(customer, began)
    reminded = np.where(
        can & chance(rng, size, REMINDED), began + HOUR + between(rng, 2 * HOUR, 20 * HOUR, size), NEVER
    )
    rate = np.where(reminded < NEVER, COMES_BACK[1], COMES_BACK[0])
    wait = between(rng, 25 * HOUR, 60 * HOUR, size)
    again = np.where(is_open & chance(rng, size, rate) & (began + wait < last[place] - HOUR), began + wait, NEVER)
    orders = Orders(customer, np.arange(size) + part * 10_000_000, began, furthest, cents, reminded, again)
    _write_events(landing, rng, people, orders, part)
    _write_reminders(landing, rng, orders, part)
    return orders


def _write_events(landing: Landing, rng: np.random.Generator, people: Population, orders: Orders, part: int) -> None:
    names = policy.event_names()
    size = len(orders.customer)
    minutes = between(rng, 40, 15 * 60, size)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, str]] = []
    everybody = np.arange(size)
    for step, name in enumerate(STEPS):
        came = everybody[orders.furthest > step]
        parts.append((came, orders.began[came] + step * minutes[came], 2 * orders.number[came], name))
        # The order that makes good goes through all steps.
        back = everybody[orders.again < NEVER]
        parts.append((back, orders.again[back] + step * minutes[back], 2 * orders.number[back] + 1, name))
    stuck = everybody[(orders.furthest == len(STEPS) - 1) & chance(rng, size, FAILS)]
    parts.append((stuck, orders.began[stuck] + 3 * minutes[stuck], 2 * orders.number[stuck], FAILED))
    which, at, number = (np.concatenate([part[place] for part in parts]) for place in range(3))
    code = np.concatenate([np.full(len(chosen), policy.event_code(name)) for chosen, _, _, name in parts])
    keep = np.flatnonzero(at <= people.scope.end)
    keep = keep[np.argsort(at[keep], kind="stable")]
    which, at, number, code = which[keep], at[keep], number[keep], code[keep]
    who = orders.customer[which]
    failed = code == policy.event_code(FAILED)
    landing.write(
        "events",
        {
            "event_id": Number(landing.take_numbers("order events", len(at)), prefix="o", width=11),
            "customer_id": Number(who + 1, prefix="c", width=7),
            "user_id": Number(who * 100 + 100, prefix="u", width=9),
            "event_name": Code(code, words=names),
            "occurred_at": landing.moment(at),
            "source": Code(np.zeros(len(at), dtype="int8"), words=("web",)),
            "object_id": Number(number, prefix="b", width=10),
            "value_amount": Money(orders.cents[which]),
            "is_success": Flag(np.where(failed, 0, 1)),
            "session_id": Number((who * 10_000 + at // DAY) * 100 + 97, prefix="s", width=13),
            "device_id": Number(who * 100, prefix="d", width=9),
            "source_system": Code(np.zeros(len(at), dtype="int8"), words=("tracker",)),
        },
        [at + 90],
        PART + part,
    )


def _write_reminders(landing: Landing, rng: np.random.Generator, orders: Orders, part: int) -> None:
    mailed = np.flatnonzero(orders.reminded < NEVER)
    size = len(mailed)
    sent = orders.reminded[mailed]
    opened = np.where(chance(rng, size, 0.5), sent + between(rng, 300, 4 * HOUR, size), NEVER)

    def same(value: int) -> np.ndarray:
        return np.full(size, value, dtype="int8")

    landing.write(
        "contacts",
        {
            "contact_id": Number(landing.take_numbers("contacts", size), prefix="k"),
            "customer_id": Number(orders.customer[mailed] + 1, prefix="c", width=7),
            "direction": Code(same(0), words=("outbound",)),
            "channel": Code(same(EMAIL), words=CONTACT_CHANNELS),
            "purpose": Code(same(PURPOSES.index("reminder")), words=PURPOSES),
            "reason_code": Code(same(0), words=(REASON,)),
            "is_automated": Flag(same(1)),
            "is_personalised": Flag(same(1)),
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


def write_truth(truth: Path, end: int, epoch_seconds: int, parts: list[Orders]) -> dict[str, int]:
    """How far each order came, its reminder and the order that made it good. Returns how many of each."""
    customer, number, began, furthest, cents, reminded, again = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("customer", "number", "began", "furthest", "cents", "reminded", "again")
    )  # fmt: skip

    def moments(values: np.ndarray) -> pa.Array:
        is_null = values > end
        return pa.array((np.where(is_null, 0, values) + epoch_seconds) * 1_000_000, mask=is_null).view(
            pa.timestamp("us")
        )

    pq.write_table(
        pa.table({
            "customer_id": numbered("c", 7, customer + 1),
            "object_id": numbered("b", 10, 2 * number),
            "began_at": moments(began),
            "furthest_step": pa.array(furthest),
            "value_amount": pa.array(cents / 100),
            "reminded_at": moments(reminded),
            "again_at": moments(again),
        }),
        truth / "orders.parquet", compression="zstd",
    )  # fmt: skip
    counted = {f"orders_to_{name}": int((furthest == step).sum()) for step, name in enumerate(STEPS, 1)}
    return counted | {"orders_reminded": int((reminded <= end).sum()), "orders_made_good": int((again <= end).sum())}
