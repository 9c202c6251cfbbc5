"""Contracts and payments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Money, Number
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance, pick

TRIAL_DAYS = 14
STATUSES = ("trial", "active", "paused")
END_KINDS = ("voluntary", "involuntary")
REASONS = ("too_expensive", "missing_feature", "switched_competitor", "need_gone", "poor_support",
           "did_not_understand", "payment_failed", "terms_violated", "trial_expired", "erased")  # fmt: skip
CURRENCIES = ("EUR", "USD")
PAYMENT_STATUSES = ("succeeded", "failed", "pending")
FREE, START, GROW, SCALE = range(4)
# Range of the monthly price by plan, whole units of the currency.
PRICES = {START: (15, 35), GROW: (49, 149), SCALE: (220, 900)}
DAY_OFFSET = 2_048
"""Makes days before the first one positive in the sort key of `Contracts`."""
SLOTS = 1 << 13


@dataclass
class Contracts:
    """Subscription periods, sorted by customer and first day; one array element per period."""

    customer: np.ndarray
    number: np.ndarray
    """0 first contract, 1 contract after a reactivation, 2 parallel contract."""
    plan: np.ndarray
    cents: np.ndarray
    """Monthly price; -1 not priced."""
    since: np.ndarray
    until: np.ndarray
    status: np.ndarray
    renewal: np.ndarray
    cancelled: np.ndarray
    end_kind: np.ndarray
    end_reason: np.ndarray
    currency: np.ndarray
    """By customer."""
    ended: np.ndarray
    """By customer: first day without any contract; NEVER_DAY while there is one."""
    cancel_asked: np.ndarray
    """By customer: moment of the request to cancel; NEVER when there is none."""
    renewed: np.ndarray
    """By customer: day of the last annual renewal in the data; NEVER_DAY without one."""
    next_renewal: np.ndarray
    """By customer: first annual renewal that is due in the data, kept or not; NEVER_DAY without one."""
    _key: np.ndarray | None = None

    def plan_on(self, customers: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Plan in force on a day; free where there is none."""
        if self._key is None:
            self._main = np.flatnonzero(self.number < 2)
            self._key = self.customer[self._main] * SLOTS + self.since[self._main] + DAY_OFFSET
        at = np.searchsorted(self._key, customers.astype("int64") * SLOTS + days + DAY_OFFSET, side="right") - 1
        period = self._main[np.maximum(at, 0)]
        is_covered = (at >= 0) & (self.customer[period] == customers) & (days < self.until[period])
        return np.where(is_covered, self.plan[period], FREE)


def _price(rng: np.random.Generator, plan: np.ndarray) -> np.ndarray:
    """Monthly price in cents; 0 for the free plan."""
    low = np.array([0, *(PRICES[code][0] for code in (START, GROW, SCALE))])[plan]
    high = np.array([1, *(PRICES[code][1] for code in (START, GROW, SCALE))])[plan]
    return (low + rng.random(len(plan)) ** 2 * (high - low)).astype("int64") * 100


def contracts(people: Population) -> Contracts:
    """Contracts of the whole population."""
    scope, size = people.scope, people.size
    rng = scope.rng("contracts")
    day = people.registration_day
    everyone = np.arange(size)
    never = np.full(size, NEVER_DAY)
    is_free, is_paid = people.has_plan == 1, people.has_plan == 2

    has_trial = chance(rng, size, 0.78) | (people.has_plan == 0)
    start = np.where(has_trial, day + TRIAL_DAYS, day)
    plan = np.choose(people.segment, [
        1 + pick(rng, size, [60, 33, 7]), 2 + pick(rng, size, [80, 20]), 2 + pick(rng, size, [60, 40]),
        np.full(size, START),
    ])  # fmt: skip
    # A shared account has few seats.
    plan = np.where(people.is_a("sharer") & (people.segment == 0), START, plan)
    plan = np.where(is_free, FREE, plan).astype("int8")

    # The contract ends some time after the use: customers notice the bill.
    leaves = (people.use_to < NEVER_DAY) & is_paid
    end = np.where(leaves, people.use_to + between(rng, 1, 28, size), never)
    end = np.where(people.is_a("never_activates") & is_paid, start + between(rng, 28, 75, size), end)
    is_reactivated = people.is_a("reactivator")
    gap = people.gap_to - people.gap_from
    first_end = people.gap_from + np.minimum(between(rng, 1, 20, size), gap * 0.3).astype("int64")
    end = np.where(is_reactivated, first_end, end)
    is_erased = people.is_a("deleted")
    end = np.where(is_erased, people.deleted // DAY + 1, end)
    end = np.maximum(end, start + 1)

    # Plan changes.
    change = day + between(rng, 60, 250, size)
    change = np.where(people.is_a("decliner"), people.turn + between(rng, 15, 50, size), change)
    step = np.where(people.is_a("grower"), 1, np.where(people.is_a("decliner"), -1, 0))
    step = np.where((step == 0) & chance(rng, size, 0.08), 1, step)
    next_plan = np.clip(plan + step, START, SCALE).astype("int8")
    changes = is_paid & (next_plan != plan) & (change > start + 7) & ~people.is_a("never_activates")
    change = np.where(changes, change, never)

    # Pauses: the low season of seasonal customers, holidays of a few others. Nothing is used meanwhile.
    pause = np.where(people.is_a("seasonal"), people.turn, np.maximum(day, 0) + between(rng, 100, 300, size))
    pauses = is_paid & ((people.is_a("seasonal") & chance(rng, size, 0.7)) | chance(rng, size, 0.03))
    pauses &= ~is_reactivated & ~people.is_a("never_activates") & (pause + 75 < end)
    pauses &= (people.activation < pause * DAY) & (pause > start + 14)
    resume = np.where(pauses, pause + between(rng, 20, 70, size), never)
    pause = np.where(pauses, pause, never)
    people.gap_from = np.where(pauses, pause, people.gap_from)
    people.gap_to = np.where(pauses, resume, people.gap_to)
    people.truth["paused_from"], people.truth["paused_to"] = pause, resume

    # Late renewals: a gap of a few days that is not a churn.
    hole = np.maximum(day, 0) + between(rng, 60, 400, size)
    holes = is_paid & chance(rng, size, 0.03) & (hole > start + 10) & (hole + 10 < end) & ~pauses
    hole_end = np.where(holes, hole + between(rng, 2, 7, size), never)
    hole = np.where(holes, hole, never)

    # Annual contracts (scale) renew on the anniversary.
    anchor = np.where(plan == SCALE, start, np.where(next_plan == SCALE, change, never))
    is_annual = is_paid & (anchor < NEVER_DAY)
    safe = np.where(is_annual, anchor, 0)
    years = [np.where(is_annual, scope.add_months(safe, 12 * year), NEVER_DAY) for year in range(1, 5)]

    cents, next_cents = _price(rng, plan), _price(rng, next_plan)
    next_cents = np.where(step > 0, np.maximum(next_cents, cents + 1_000), np.minimum(next_cents, cents))
    voluntary = chance(rng, size, np.where(people.is_a("exporter"), 0.9, 0.62))
    kind = np.where(voluntary | is_erased, 0, 1)
    reason = np.where(voluntary, pick(rng, size, [24, 16, 20, 14, 10, 6]), 6).astype("int64")
    reason = np.where(people.is_a("never_activates") & voluntary, REASONS.index("did_not_understand"), reason)
    reason = np.where(people.is_a("exporter") & voluntary, REASONS.index("switched_competitor"), reason)
    reason = np.where(is_erased, REASONS.index("erased"), reason)
    has_reason = chance(rng, size, 0.9) | ~voluntary
    asked = end * DAY - between(rng, 1 * DAY, 18 * DAY, size)
    asked = np.maximum(asked, start * DAY + 2 * HOUR)
    asked = np.where((end < NEVER_DAY) & (kind == 0) & is_paid, np.minimum(asked, end * DAY - 60), NEVER)

    layers: list[dict[str, np.ndarray]] = []

    def layer(mask, number, plan, cents, since, until, status, is_last, annual) -> None:
        rows = np.flatnonzero(mask & (until > since) & (since < scope.days))
        ends = is_last[rows]
        layers.append({
            "customer": rows, "number": np.full(len(rows), number), "plan": plan[rows], "cents": cents[rows],
            "since": since[rows], "until": until[rows], "status": status[rows], "renewal": annual[rows],
            "cancelled": np.where(ends, asked[rows], NEVER), "end_kind": np.where(ends, kind[rows], -1),
            "end_reason": np.where(ends & has_reason[rows], reason[rows], -1),
        })  # fmt: skip

    trial_end = np.where(is_erased, np.minimum(start, end), start)
    layer(has_trial, 0, np.full(size, GROW), np.full(size, -1), day, trial_end, np.zeros(size, dtype="int64"),
          np.zeros(size, dtype=bool), never)  # fmt: skip
    expired = people.has_plan[layers[0]["customer"]] == 0
    layers[0]["end_kind"] = np.where(expired, 1, -1)
    layers[0]["end_reason"] = np.where(expired, REASONS.index("trial_expired"), -1)

    points = np.sort(np.stack([np.minimum(point, end) for point in
                               (start, *years, change, pause, resume, hole, hole_end, end)]), axis=0)  # fmt: skip
    has_contract = people.has_plan > 0
    for since, until in pairwise(points):
        is_changed = since >= change
        is_paused = (since >= pause) & (since < resume)
        is_hole = (since >= hole) & (since < hole_end)
        own_plan = np.where(is_changed, next_plan, plan)
        own_cents = np.where(is_paused, 0, np.where(is_changed, next_cents, cents))
        due = np.full(size, NEVER_DAY)
        for year in reversed(years):
            due = np.where((year > since) & (own_plan == SCALE), year, due)
        layer(has_contract & ~is_hole & (since >= start), 0, own_plan, own_cents, since, until,
              np.where(is_paused, 2, 1), (until == end) & (end < NEVER_DAY), due)  # fmt: skip
    back = people.gap_to
    layer(is_reactivated & is_paid, 1, plan, np.maximum(cents - 500, 0), back, never, np.ones(size, dtype="int64"),
          np.zeros(size, dtype=bool), never)  # fmt: skip
    # A second brand of the same customer has its own contract beside the first.
    parallel = is_paid & chance(rng, size, 0.02) & (people.archetype == 0)
    beside = np.maximum(start, 0) + between(rng, 30, 200, size)
    beside_end = np.where(chance(rng, size, 0.5), beside + between(rng, 60, 200, size), NEVER_DAY)
    second = np.flatnonzero(parallel)
    layer(parallel, 2, np.full(size, START), np.full(size, 1_900), beside, beside_end, np.ones(size, dtype="int64"),
          np.zeros(size, dtype=bool), never)  # fmt: skip
    closed = layers[-1]["until"] < NEVER_DAY
    layers[-1]["end_kind"] = np.where(closed, 0, -1)
    layers[-1]["end_reason"] = np.where(closed, REASONS.index("need_gone"), -1)
    people.truth["has_parallel"] = np.isin(everyone, second)

    joined = {name: np.concatenate([part[name] for part in layers]) for name in layers[0]}
    order = np.lexsort((joined["since"], joined["number"] == 2, joined["customer"]))
    joined = {name: values[order] for name, values in joined.items()}
    renewed, next_renewal = never.copy(), never.copy()
    for year in years:
        is_kept = (year >= 0) & (year < np.minimum(end, scope.days))
        renewed = np.where(is_kept, year, renewed)
        is_due = (year >= 40) & (year < scope.days + 20) & (year <= end + 40)
        next_renewal = np.where(is_due, np.minimum(next_renewal, year), next_renewal)
    return Contracts(
        **joined,
        currency=np.where(chance(rng, size, 0.07), 1, 0).astype("int8"),
        ended=np.where(is_reactivated, NEVER_DAY, np.where(has_contract, end, start)),
        cancel_asked=asked,
        renewed=renewed,
        next_renewal=next_renewal,
    )


def write_contracts(landing: Landing, deals: Contracts, people: Population, first: int, stop: int, part: int) -> None:
    """Periods of the customers [first, stop)."""
    scope = people.scope
    rng = scope.rng("contract rows", part)
    low, high = np.searchsorted(deals.customer, [first, stop])
    rows = slice(low, high)
    size = high - low
    customer = deals.customer[rows]
    since, until, cancelled = deals.since[rows], deals.until[rows], deals.cancelled[rows]
    is_priced = deals.cents[rows] >= 0
    # Contracts are written on the morning of the day they start, and never before the customer is.
    begun = np.maximum(since * DAY + between(rng, HOUR, 3 * HOUR, size), people.registered[customer] + 90)
    asked = np.where(cancelled < NEVER, cancelled + between(rng, 30, 600, size), NEVER)
    asked = np.where(asked > begun, asked, NEVER)
    over = np.where(until < NEVER_DAY, until * DAY + between(rng, HOUR, 3 * HOUR, size), NEVER)
    over = np.where(over < NEVER, np.maximum(over, begun + 60), NEVER)
    over = np.where((asked < NEVER) & (over < NEVER), np.maximum(over, asked + 60), over)
    known_end = np.where(until < NEVER_DAY, until * DAY, NEVER)
    landing.write(
        "subscription_periods",
        {
            "period_id": Number(landing.take_numbers("subscription_periods", size), prefix="r"),
            "subscription_id": Number(customer * 10 + deals.number[rows] + 1, prefix="s"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "plan_code": Code(deals.plan[rows], words=policy.PLANS),
            "mrr": Money(deals.cents[rows]),
            "currency": Code(np.where(is_priced, deals.currency[customer], -1), words=CURRENCIES),
            "valid_from": landing.day(since, is_planned=True),
            "valid_to": landing.day(until),
            "period_status": Code(deals.status[rows], words=STATUSES),
            "renewal_date": landing.day(deals.renewal[rows], is_planned=True),
            "cancel_requested_at": landing.moment(cancelled),
            "end_kind": Code(deals.end_kind[rows], known_end, words=END_KINDS),
            "end_reason_code": Code(deals.end_reason[rows], known_end, words=REASONS),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("billing",)),
        },
        [begun, asked, over],
        part,
    )


def write_payments(
    landing: Landing, deals: Contracts, people: Population, first: int, stop: int, part: int
) -> np.ndarray:
    """Payments of the customers [first, stop). Returns the moment of the first successful one, NEVER without."""
    scope = people.scope
    rng = scope.rng("payments", part)
    low, high = np.searchsorted(deals.customer, [first, stop])
    period = low + np.flatnonzero((deals.status[low:high] == 1) & (deals.cents[low:high] > 0))
    since, until = deals.since[period], np.minimum(deals.until[period], scope.days)
    months = np.where(deals.plan[period] == SCALE, 12, 1)
    due_count = np.maximum((until - since) // (28 * months) + 1, 0)
    row = np.repeat(np.arange(len(period)), due_count)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(due_count) - due_count, due_count)
    due = scope.add_months(since[row], turn * months[row])
    keep = (due < until[row]) & (due >= 0)
    row, due, turn = row[keep], due[keep], turn[keep]
    where = period[row]
    size = len(where)
    amount = deals.cents[where] * months[row]
    at = due * DAY + between(rng, 3 * HOUR, 22 * HOUR, size)
    at = np.maximum(at, people.registered[deals.customer[where]] + 600)

    # The last due payments of customers whose contract ends for not paying fail; of others a few fail and are repeated.
    ends_unpaid = deals.end_kind[where] == 1
    is_late_in_life = due >= deals.until[where] - 32
    fails = (ends_unpaid & is_late_in_life & (turn > 0)) | chance(rng, size, 0.035)
    status = np.where(fails, 1, np.where(chance(rng, size, 0.003), 2, 0))
    repeated = np.flatnonzero(fails & ~ends_unpaid)
    insisted = np.flatnonzero(fails & ends_unpaid)
    refunded = np.flatnonzero((status == 0) & chance(rng, size, np.where(deals.end_kind[where] == 0, 0.03, 0.006)))
    source = np.concatenate([np.arange(size), repeated, insisted, refunded])
    delay = np.concatenate([
        np.zeros(size, dtype="int64"), between(rng, DAY, 4 * DAY, len(repeated)),
        between(rng, 2 * DAY, 5 * DAY, len(insisted)), between(rng, 2 * DAY, 20 * DAY, len(refunded)),
    ])  # fmt: skip
    status = np.concatenate([status, np.zeros(len(repeated), dtype="int64"), np.ones(len(insisted), dtype="int64"),
                             np.zeros(len(refunded), dtype="int64")])  # fmt: skip
    is_refund = np.zeros(len(source), dtype="int8")
    is_refund[len(source) - len(refunded) :] = 1
    amount = amount[source]
    amount = np.where(is_refund == 1, amount * rng.integers(3, 11, len(source)) // 10, amount)
    customer, where, at = deals.customer[where][source], where[source], at[source] + delay
    size = len(source)
    landing.write(
        "payments",
        {
            "payment_id": Number(landing.take_numbers("payments", size), prefix="p"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "subscription_id": Number(customer * 10 + deals.number[where] + 1, prefix="s"),
            "paid_at": landing.moment(at),
            "amount": Money(amount),
            "currency": Code(deals.currency[customer], words=CURRENCIES),
            "status": Code(status, words=PAYMENT_STATUSES),
            "is_refund": Flag(is_refund),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("billing",)),
        },
        [at + between(rng, 20, 900, size)],
        part,
    )
    first_paid = np.full(stop - first, NEVER)
    good = (status == 0) & (is_refund == 0)
    np.minimum.at(first_paid, customer[good] - first, at[good])
    return first_paid
