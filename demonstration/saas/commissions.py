"""Commissions of sellers for first sales, and their fate when the customer churns at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas.landing import Code, Landing, Money, Number, numbered
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance
from stayhouse.demonstration.saas.staff import ROLES, Owners
from stayhouse.demonstration.saas.subscriptions import Contracts

STATUSES = ("accrued", "paid", "cancelled")


@dataclass
class Sold:
    """Commissions of one range of customers that were written."""

    number: np.ndarray
    customer: np.ndarray
    sold: np.ndarray
    paid: np.ndarray
    """Moment of payment; NEVER while unpaid."""
    left: np.ndarray
    """Moment the customer asked to cancel, else the end of the contract; NEVER while neither came."""


class Status(Code):
    """Status of a commission as it was when the version was written."""

    def __init__(self, paid: np.ndarray, cancelled: np.ndarray) -> None:
        super().__init__(np.zeros(len(paid), dtype="int8"), None, STATUSES)
        self.paid, self.cancelled = paid, cancelled

    def show(self, values, hidden, rows, seen_at):
        state = np.where(self.cancelled[rows] <= seen_at, 2, np.where(self.paid[rows] <= seen_at, 1, 0))
        return super().show(state, None, rows, seen_at)


def write_commissions(
    landing: Landing, deals: Contracts, owners: Owners, people: Population, first: int, stop: int, part: int
) -> Sold:
    """Commissions for the customers [first, stop) that a seller won within the data."""
    scope = people.scope
    rng = scope.rng("commissions", part)
    low, high = np.searchsorted(deals.customer, [first, stop])
    is_priced = (deals.number[low:high] == 0) & (deals.status[low:high] == 1) & (deals.cents[low:high] > 0)
    period = low + np.flatnonzero(is_priced)
    # Periods are sorted by customer and day: the first of each is the sale.
    customer, position = np.unique(deals.customer[period], return_index=True)
    period = period[position]
    seller = owners.employee[ROLES.index("seller")][customer]
    keep = (seller >= 0) & (deals.since[period] >= 0) & (deals.since[period] < scope.days)
    customer, period, seller = customer[keep], period[keep], seller[keep]
    size = len(customer)

    sold = deals.since[period] * DAY + between(rng, 8 * HOUR, 17 * HOUR, size)
    sold = np.maximum(sold, people.registered[customer] + HOUR)
    ended = np.where(deals.ended[customer] < NEVER_DAY, deals.ended[customer] * DAY, NEVER)
    left = np.where(deals.cancel_asked[customer] < NEVER, deals.cancel_asked[customer], ended)
    # Most are paid when the trial month is over, a few at once; those must be paid back.
    is_early = chance(rng, size, 0.2)
    paid = sold + np.where(is_early, between(rng, 3 * DAY, 12 * DAY, size), between(rng, 40 * DAY, 70 * DAY, size))
    is_stopped = (left < sold + 28 * DAY) & (left < paid) & chance(rng, size, 0.6)
    cancelled = np.where(is_stopped, np.maximum(left, sold) + between(rng, DAY, 5 * DAY, size), NEVER)
    paid = np.where(cancelled < NEVER, NEVER, paid)
    number = landing.take_numbers("commissions", size)
    landing.write(
        "commissions",
        {
            "commission_id": Number(number, prefix="w"),
            "employee_id": Number(seller + 1, prefix="m", width=3),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "subscription_id": Number(customer * 10 + 1, prefix="s"),
            "sold_at": landing.moment(sold),
            "amount": Money(deals.cents[period] // 2),
            "currency": Code(deals.currency[customer], words=("EUR", "USD")),
            "status": Status(paid, cancelled),
            "paid_at": landing.moment(paid),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("payroll",)),
        },
        [
            sold + between(rng, 60, 900, size),
            np.where(paid < NEVER, paid + between(rng, 60, 900, size), NEVER),
            np.where(cancelled < NEVER, cancelled + between(rng, 60, 900, size), NEVER),
        ],
        part,
    )
    return Sold(number, customer, sold, paid, left)


def write_truth(truth, people: Population, parts: list[Sold]) -> dict[str, int]:
    """Expected state of each commission at the end of the data; returns how many of each."""
    scope = people.scope
    number, customer, sold, paid, left = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("number", "customer", "sold", "paid", "left")
    )
    # One month, clipped to its end, at the same time of day.
    window = scope.add_months(sold // DAY, 1) * DAY + sold % DAY
    is_forfeited = (left < window) & (left <= scope.end)
    decision = np.where(is_forfeited, np.where(paid <= scope.end, "clawback_due", "forfeited"),
                        np.where(window <= scope.end + 1, "payable", "pending"))  # fmt: skip
    happened = sold + 900 <= scope.end
    epoch = scope.epoch_seconds
    pq.write_table(
        pa.table({
            "commission_id": numbered("w", 8, number[happened]),
            "customer_id": numbered("c", 7, customer[happened] + 1),
            "window_end_at": pa.array((window[happened] + epoch) * 1_000_000).view(pa.timestamp("us")),
            "decision": pa.array(decision[happened]),
            "is_reactivated": pa.array(people.is_a("reactivator")[customer[happened]]),
        }),
        truth / "commissions.parquet", compression="zstd",
    )  # fmt: skip
    return {f"commissions_{name}": int((decision[happened] == name).sum())
            for name in ("pending", "payable", "forfeited", "clawback_due")}  # fmt: skip
