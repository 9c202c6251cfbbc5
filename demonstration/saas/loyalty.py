"""Supplies that customers order, and what brings them to order again: coupons, points, stamps, a club and gifts.

Orders of supplies are neither charges of a subscription nor orders of credits, so that no other table changes. It is
planted that a reminder that reaches the customer brings more of them to the service check, that a gift after the second
order brings more third orders, and that the club pays off with the sixth use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas.landing import Code, Column, Flag, Landing, Money, Number, Ready, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, between, chance, pick
from stayhouse.demonstration.saas.subscriptions import Contracts

PROGRAMS = ("service_check", "spring_offer", "bonus_points", "stamp_card", "mailing_club")
CHECK, OFFER, POINTS, STAMPS, CLUB = range(len(PROGRAMS))
KINDS = ("earn", "redeem", "expire", "adjust", "membership_fee", "benefit")
EARN, REDEEM, EXPIRE, ADJUST, FEE, BENEFIT = range(len(KINDS))
PRODUCTS = ("address_labels", "printed_cards", "film_rolls", "mailing_workshop")
LIFE_DAYS = (20, 30, 25, -1)
"""Term of use of one unit, as in the policy; a workshop does not run out."""
UNIT_CENTS = (4_000, 6_000, 5_000, 15_000)

CHECKED = 0.4
"""Share of the customers who get a coupon for the next service check."""
CHECK_DAYS, CHECK_LEAD_DAYS, CHECK_GRACE_DAYS = 180, 14, 15
REMINDED, REACHED = 0.8, 0.85
CAME_EARLY = 0.08
CAME = {"reached": 0.78, "missed": 0.40, "not_reminded": 0.35}
"""Share of the checks that customers come to, for each fate of the reminder."""
OFFERED, OFFER_DAYS, OFFER_TAKEN = 0.3, 30, 0.15

BUYERS = 0.4
"""Share of the customers who order supplies."""
ORDERS_AT_MOST = 14
COMES_AGAIN = 0.88
GIVEN = 0.5
"""Share of the second orders after which there is a gift."""
THIRD = (0.5, 0.85)
"""Share of the second orders that a third one follows, without and with a gift."""
IN_TIME = 0.7
"""Share of the later orders that come before the supplies run out."""
COLLECTS, STAMPED = 0.6, 0.5
STAMPS_TO_REWARD = 5
CENTS_PER_POINT = 1_000
POINTS_EXPIRE_DAYS = 365
MEMBERS = 0.15
FEE_CENTS, SAVED_CENTS = 6_000, 1_000
"""The fee of a year and what a use saves: the sixth use pays it off."""
RENEWS = (0.2, 0.8)
"""Share of the members who renew, without and with the fee paid off."""


@dataclass
class Entries:
    """Entries of the ledger, collected step by step."""

    parts: list[tuple[np.ndarray, ...]]

    def add(self, mask, customer, program, kind, at, points=None, cents=None, order=None) -> None:
        """One entry for each customer of the mask whose moment is within the data."""
        rows = np.flatnonzero(mask & (at < NEVER))
        none = np.full(len(mask), -1, dtype="int64")
        self.parts.append((
            customer[rows], np.full(len(rows), program), np.full(len(rows), kind), at[rows],
            (none if points is None else points)[rows], (none if cents is None else cents)[rows],
            (none if order is None else order)[rows],
        ))  # fmt: skip

    def columns(self) -> tuple[np.ndarray, ...]:
        """Customer, programme, kind, moment, points, cents and order, by moment."""
        columns = [np.concatenate([part[place] for part in self.parts]) for place in range(7)]
        order = np.lexsort((columns[1], columns[0], columns[3]))
        return tuple(column[order] for column in columns)


@dataclass
class Loyalty:
    """What is planted for one range of customers; moments as in `scope`."""

    coupons: dict[str, np.ndarray]
    orders: dict[str, np.ndarray]
    """One row per buyer with a second order."""
    members: dict[str, np.ndarray]
    ledger: tuple[np.ndarray, ...]


def write_loyalty(
    landing: Landing, people: Population, deals: Contracts, first: int, stop: int, part: int
) -> Loyalty:  # fmt: skip
    """Coupons, order lines and the ledger of the customers [first, stop)."""
    scope = people.scope
    rng = scope.rng("loyalty", part)
    span = np.arange(first, stop)
    begin = np.maximum(people.registered[span], 0) + 7 * DAY
    last = np.minimum(np.minimum(deals.ended[span], people.use_to[span]) * DAY, scope.end) - DAY
    there = (last - begin > 60 * DAY) & ~people.is_a("test", "deleted", "reactivator")[span]
    ledger = Entries([])
    coupons = _write_coupons(landing, rng, people, span, begin, last, there, part)
    orders = _write_orders(landing, rng, people, span, begin, last, there, ledger, part)
    members = _join_club(rng, scope, span, begin, last, there, ledger)
    entries = ledger.columns()
    _write_ledger(landing, entries, part)
    return Loyalty(coupons, orders, members, entries)


def _same(size: int, value: int) -> np.ndarray:
    return np.full(size, value, dtype="int8")


def _write_coupons(landing, rng, people, span, begin, last, there, part) -> dict[str, np.ndarray]:
    """Coupons for service checks, a new one with each check, and those of one offer."""
    scope = people.scope
    size = len(span)
    rows: list[dict[str, np.ndarray]] = []
    has = there & chance(rng, size, CHECKED)
    issued = office_moment(rng, begin // DAY + between(rng, 0, 120, size), scope)
    for _ in range(4):
        active = has & (issued < last)
        due = issued // DAY + CHECK_DAYS
        early = chance(rng, size, CAME_EARLY)
        asked = due * DAY - CHECK_LEAD_DAYS * DAY + between(rng, -DAY, 2 * DAY, size)
        asked = office_moment(rng, asked // DAY, scope)
        reminded = np.where(chance(rng, size, REMINDED) & ~early & (asked < last), asked, NEVER)
        answers = (reminded < NEVER) & chance(rng, size, REACHED)
        reached = np.where(answers, reminded + between(rng, 60, HOUR, size), NEVER)
        rate = np.where(
            reached < NEVER, CAME["reached"], np.where(reminded < NEVER, CAME["missed"], CAME["not_reminded"])
        )
        comes = chance(rng, size, rate) | early
        day = np.where(early, issued // DAY + between(rng, 60, 150, size), due + between(rng, -8, 11, size))
        came = office_moment(rng, day, scope)
        came = np.where(comes & (came < last), came, NEVER)
        chosen = np.flatnonzero(active)
        rows.append({
            "customer": span[chosen], "program": np.full(len(chosen), CHECK), "issued": issued[chosen],
            "due": due[chosen], "valid_to": due[chosen] + CHECK_GRACE_DAYS, "reminded": reminded[chosen],
            "reached": reached[chosen], "redeemed": came[chosen], "is_early": early[chosen],
        })  # fmt: skip
        has = active & (came < NEVER)
        issued = np.where(has, came + HOUR, NEVER)
    day = int(scope.days * 0.6)
    is_offered = there & chance(rng, size, OFFERED) & (begin < day * DAY)
    offered = np.flatnonzero(is_offered & (last > (day + OFFER_DAYS) * DAY))
    moment = office_moment(rng, np.full(len(offered), day), scope)
    used = np.where(
        chance(rng, len(offered), OFFER_TAKEN), moment + between(rng, DAY, (OFFER_DAYS - 4) * DAY, len(offered)), NEVER
    )
    never = np.full(len(offered), NEVER)
    rows.append({
        "customer": span[offered], "program": np.full(len(offered), OFFER), "issued": moment,
        "due": never // DAY, "valid_to": moment // DAY + OFFER_DAYS, "reminded": never, "reached": never,
        "redeemed": used, "is_early": np.zeros(len(offered), dtype=bool),
    })  # fmt: skip
    found = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    number = landing.take_numbers("coupons", len(found["customer"]))
    is_check = found["program"] == CHECK
    landing.write(
        "coupons",
        {
            "coupon_id": Number(number, prefix="v"),
            "customer_id": Number(found["customer"] + 1, prefix="c", width=7),
            "program_code": Code(found["program"], words=PROGRAMS),
            "campaign_code": Code(np.where(is_check, -1, 0), words=("spring_offer",)),
            "issued_at": landing.moment(found["issued"]),
            "amount": Money(np.where(is_check, 2_500, -1)),
            "discount_pct": Ready(pa.array(np.where(is_check, 0.0, 10.0), mask=is_check)),
            "due_date": landing.day(found["due"], is_planned=True),
            "valid_to": landing.day(found["valid_to"], is_planned=True),
            "redeemed_at": landing.moment(found["redeemed"]),
            "reminded_at": landing.moment(found["reminded"]),
            "reminder_reached_at": landing.moment(found["reached"]),
            "source_system": Code(_same(len(number), 0), words=("marketing",)),
        },
        [found["issued"] + 60, found["reminded"] + 60, found["reached"] + 60, found["redeemed"] + 60],
        part,
    )
    return found | {"number": number}


def _write_orders(landing, rng, people, span, begin, last, there, ledger, part) -> dict[str, np.ndarray]:
    """Orders of supplies one after another, each with its points and stamps, and the gift after the second."""
    scope = people.scope
    size = len(span)
    product = pick(rng, size, [35, 30, 25, 10]).astype("int64")
    life = np.array(LIFE_DAYS)[product]
    collects, is_stamped, is_given = (chance(rng, size, rate) for rate in (COLLECTS, STAMPED, GIVEN))
    start = begin + rng.random(size) * 0.4 * np.maximum(last - begin, 0)
    at = office_moment(rng, start.astype("int64") // DAY, scope)
    has = there & chance(rng, size, BUYERS) & (at < last)
    balance = np.zeros(size, dtype="int64")
    stamps = np.zeros(size, dtype="int64")
    moments = {"second": np.full(size, NEVER), "third": np.full(size, NEVER), "last": np.full(size, NEVER)}
    lines: list[tuple[np.ndarray, ...]] = []
    for turn in range(1, ORDERS_AT_MOST + 1):
        order = (span + 1) * 100 + turn
        units = between(rng, 1, 3, size)
        cents = units * np.array(UNIT_CENTS)[product]
        chosen = np.flatnonzero(has)
        lines.append((order[chosen], span[chosen], product[chosen], at[chosen], units[chosen], cents[chosen],
                      _same(len(chosen), 0)))  # fmt: skip
        if turn in (2, 3):
            name = ("second", "third")[turn - 2]
            moments[name] = np.where(has, at, moments[name])
        if turn == 2:
            given = at + between(rng, DAY, 5 * DAY, size)
            gifted = np.flatnonzero(has & is_given & (given < last))
            lines.append((order[gifted], span[gifted], product[gifted], given[gifted], np.ones(len(gifted), "int64"),
                          np.zeros(len(gifted), "int64"), _same(len(gifted), 1)))  # fmt: skip
            is_given &= has & (given < last)
        # What was collected on earlier orders is spent before this one earns.
        spent = np.where(chance(rng, size, 0.25), balance // 2, 0)
        spends = has & collects & (spent > 0)
        ledger.add(spends, span, POINTS, REDEEM, at + 60, points=spent, order=order)
        balance -= np.where(spends, spent, 0)
        free = has & is_stamped & (stamps >= STAMPS_TO_REWARD) & chance(rng, size, 0.8)
        ledger.add(free, span, STAMPS, REDEEM, at + 60, points=np.full(size, STAMPS_TO_REWARD), order=order)
        stamps -= np.where(free, STAMPS_TO_REWARD, 0)
        earned = cents // CENTS_PER_POINT
        ledger.add(has & collects, span, POINTS, EARN, at + 120, points=earned, order=order)
        balance += np.where(has & collects, earned, 0)
        ledger.add(has & is_stamped, span, STAMPS, EARN, at + 120, points=np.ones(size, "int64"), order=order)
        stamps += has & is_stamped
        moments["last"] = np.where(has, at, moments["last"])
        rate = np.array(THIRD)[is_given.astype(int)] if turn == 2 else COMES_AGAIN
        term = np.where(life > 0, life, 30) * units
        wait = np.where(chance(rng, size, IN_TIME), 0.75 + 0.2 * rng.random(size), 1.1 + 0.3 * rng.random(size))
        following = office_moment(rng, at // DAY + np.maximum((term * wait).astype("int64"), 8), scope)
        has = has & chance(rng, size, rate) & (following < last)
        at = np.where(has, following, at)
    expires = moments["last"] + POINTS_EXPIRE_DAYS * DAY
    ledger.add((balance > 0) & (expires < scope.end), span, POINTS, EXPIRE, expires, points=balance)
    order, customer, bought, moment, units, cents, is_gift = (
        np.concatenate([line[place] for line in lines]) for place in range(7)
    )
    sequence = np.lexsort((order, moment))
    order, customer, bought, moment, units, cents, is_gift = (
        column[sequence] for column in (order, customer, bought, moment, units, cents, is_gift)
    )
    delivered = moment + between(rng, DAY, 3 * DAY, len(order))
    paid = np.where(is_gift > 0, moment, delivered)
    landing.write(
        "order_lines",
        {
            "order_line_id": Number(landing.take_numbers("order_lines", len(order)), prefix="l"),
            "order_id": Number(order, prefix="g", width=10),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "product_code": Code(bought, words=PRODUCTS),
            "ordered_at": landing.moment(moment),
            "delivered_at": landing.moment(paid),
            "quantity": Ready(pa.array(units.astype("float64"))),
            "amount": Money(cents),
            "discount_amount": Money(np.zeros(len(order), "int64")),
            "status": Code(_same(len(order), 1), known_from=paid, words=("placed", "delivered"), before=0),
            "is_gift": Flag(is_gift),
            "source_system": Code(_same(len(order), 0), words=("shop",)),
        },
        [moment + 60, paid + 90],
        part,
    )
    twice = np.flatnonzero(moments["second"] < NEVER)
    return {
        "customer": span[twice], "second": moments["second"][twice], "third": moments["third"][twice],
        "is_given": is_given[twice],
    }  # fmt: skip


def _join_club(rng, scope, span, begin, last, there, ledger) -> dict[str, np.ndarray]:
    """Memberships of a year, each use of which saves the same."""
    size = len(span)
    joined = office_moment(rng, begin // DAY + between(rng, 0, 200, size), scope)
    has = there & chance(rng, size, MEMBERS) & (joined < last)
    found: list[dict[str, np.ndarray]] = []
    for _ in range(2):
        until = joined + 365 * DAY
        ledger.add(has, span, CLUB, FEE, joined, cents=np.full(size, FEE_CENTS))
        uses = rng.poisson(8.0, size)
        known = np.zeros(size, dtype="int64")
        for place in range(int(uses.max(initial=0))):
            moment = joined + DAY + ((place + rng.random(size)) / np.maximum(uses, 1) * 360 * DAY).astype("int64")
            used = has & (place < uses) & (moment < last)
            ledger.add(used, span, CLUB, BENEFIT, moment, cents=np.full(size, SAVED_CENTS))
            known += used
        chosen = np.flatnonzero(has)
        found.append({"customer": span[chosen], "joined": joined[chosen], "uses": known[chosen]})
        pays_off = known * SAVED_CENTS >= FEE_CENTS
        has = has & chance(rng, size, np.array(RENEWS)[pays_off.astype(int)]) & (until < last)
        joined = np.where(has, until, NEVER)
    return {name: np.concatenate([row[name] for row in found]) for name in found[0]}


def _write_ledger(landing: Landing, entries: tuple[np.ndarray, ...], part: int) -> None:
    customer, program, kind, at, points, money, order = entries
    columns: dict[str, Column] = {
        "entry_id": Number(landing.take_numbers("loyalty_ledger", len(at)), prefix="y"),
        "customer_id": Number(customer + 1, prefix="c", width=7),
        "program_code": Code(program, words=PROGRAMS),
        "kind": Code(kind, words=KINDS),
        "points": Ready(pa.array(points.astype("float64"), mask=points < 0)),
        "amount": Money(money),
        "occurred_at": landing.moment(at),
        "order_id": Number(order, prefix="g", width=10),
        "valid_to": landing.day(np.where(kind == FEE, at // DAY + 365, NEVER // DAY), is_planned=True),
        "source_system": Code(_same(len(at), 0), words=("loyalty",)),
    }
    landing.write("loyalty_ledger", columns, [at + 60], part)


def write_truth(truth: Path, end: int, epoch_seconds: int, parts: list[Loyalty]) -> dict[str, int]:
    """What became of each coupon, second order, membership and balance. Returns how many of each."""

    def joined(field: str, name: str) -> np.ndarray:
        return np.concatenate([getattr(part, field)[name] for part in parts])

    def moments(values: np.ndarray) -> pa.Array:
        is_null = values > end
        return pa.array((np.where(is_null, 0, values) + epoch_seconds) * 1_000_000, mask=is_null).view(
            pa.timestamp("us")
        )

    def write(name: str, columns: dict[str, pa.Array]) -> None:
        pq.write_table(pa.table(columns), truth / f"loyalty_{name}.parquet", compression="zstd")

    program, redeemed = joined("coupons", "program"), joined("coupons", "redeemed")
    write("coupons", {
        "coupon_id": numbered("v", 8, joined("coupons", "number")),
        "customer_id": numbered("c", 7, joined("coupons", "customer") + 1),
        "program_code": pa.array(list(PROGRAMS)).take(pa.array(program)),
        "is_early": pa.array(joined("coupons", "is_early")),
        "reminded_at": moments(joined("coupons", "reminded")),
        "reached_at": moments(joined("coupons", "reached")),
        "redeemed_at": moments(redeemed),
    })  # fmt: skip
    third, given = joined("orders", "third"), joined("orders", "is_given")
    write("second_orders", {
        "customer_id": numbered("c", 7, joined("orders", "customer") + 1),
        "second_at": moments(joined("orders", "second")),
        "third_at": moments(third),
        "is_given": pa.array(given),
    })  # fmt: skip
    uses = joined("members", "uses")
    write("members", {
        "customer_id": numbered("c", 7, joined("members", "customer") + 1),
        "joined_at": moments(joined("members", "joined")),
        "uses": pa.array(uses),
    })  # fmt: skip
    customer, programme, kind, at, points = (
        np.concatenate([part.ledger[place] for part in parts]) for place in range(5)
    )
    keep = (at + 60 <= end) & (points >= 0)
    signed = np.where(np.isin(kind, (REDEEM, EXPIRE)), -points, points)[keep]
    key = customer[keep] * len(PROGRAMS) + programme[keep]
    accounts, place = np.unique(key, return_inverse=True)
    write("balances", {
        "customer_id": numbered("c", 7, accounts // len(PROGRAMS) + 1),
        "program_code": pa.array(list(PROGRAMS)).take(pa.array(accounts % len(PROGRAMS))),
        "balance": pa.array(np.bincount(place, weights=signed)),
    })  # fmt: skip
    return {
        "coupons_of_checks": int((program == CHECK).sum()), "coupons_redeemed": int((redeemed <= end).sum()),
        "gifts_after_second_orders": int(given.sum()), "third_orders": int((third <= end).sum()),
        "club_memberships": len(uses), "loyalty_accounts": len(accounts),
    }  # fmt: skip
