"""Campaigns with a goal: what customers want to achieve with the product, and whether they do.

They join the event stream after the rest is drawn, so that no other part changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.landing import numbered
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, NEVER, OFFICE_HOURS, between, chance, seconds_of_day

TAKERS = 0.35
"""Share of the active customers who set goals at all."""
GOALS_PER_MONTH = (0.4, 0.7, 2.0)
"""By segment: sender, shop, agency."""
WIN_RATE = (0.30, 0.26, 0.42)
"""By segment, before the service improved."""
BETTER_BY = 0.10
"""Improvement by better service, from `better_day` on."""
UNDECIDED = 0.07
"""Share of goals whose outcome is never recorded."""
FIRST_OBJECT = 5_000_000_000
"""Above the numbers that mailings have."""
EVENTS = ("campaign_goal_set", "campaign_goal_reached", "campaign_goal_missed")


def better_day(days: int) -> int:
    """First day of better service."""
    return days // 2


@dataclass
class Goals:
    """One element per goal; `number` identifies the object."""

    customer: np.ndarray
    number: np.ndarray
    set_at: np.ndarray
    decided_at: np.ndarray
    """NEVER when it is not recorded."""
    is_won: np.ndarray


@dataclass
class GoalEvents:
    """Their events, sorted by moment."""

    customer: np.ndarray
    at: np.ndarray
    code: np.ndarray
    goal: np.ndarray

    def between(self, since: int, until: int) -> GoalEvents:
        low, high = np.searchsorted(self.at, [since, until])
        return GoalEvents(self.customer[low:high], self.at[low:high], self.code[low:high], self.goal[low:high])


def plan_goals(people: Population) -> Goals:
    """Goals of all customers within the data."""
    scope = people.scope
    rng = scope.rng("outcomes")
    is_active = (people.activation <= scope.end) & (people.use_to > 0)
    who = np.flatnonzero(chance(rng, people.size, TAKERS) & is_active)
    start = np.maximum(people.activation[who] // DAY + 1, np.maximum(people.registration_day[who] + 1, 0))
    stop = np.minimum(people.use_to[who], scope.days)
    # Some work with goals all the time: the heavy users that would dominate a plain rate.
    eagerness = np.exp(rng.normal(-0.3, 0.8, len(who)))
    months = np.maximum(stop - start, 0) / 30
    goals = rng.poisson(np.array(GOALS_PER_MONTH)[people.segment[who]] * eagerness * months)
    customer, start, stop = (np.repeat(values, goals) for values in (who, start, stop))
    size = len(customer)
    day = between(rng, start, stop, size)
    takes_long = between(rng, 3, 45, size)
    says = ~chance(rng, size, UNDECIDED)
    draw = rng.random(size)
    # Heavy users are more successful.
    skill = np.repeat(0.05 * np.clip(eagerness - 1, -1, 2), goals)
    rate = np.array(WIN_RATE)[people.segment_on(customer, day)] + skill + BETTER_BY * (day >= better_day(scope.days))
    set_at = day * DAY + seconds_of_day(rng, size, OFFICE_HOURS)
    decided_at = (day + takes_long) * DAY + seconds_of_day(rng, size, OFFICE_HOURS)

    # No goals are set or recorded while the customer does not use the product.
    def in_use(on: np.ndarray) -> np.ndarray:
        is_away = (on >= people.gap_from[customer]) & (on < people.gap_to[customer])
        return (on < people.use_to[customer]) & ~is_away

    says &= in_use(day + takes_long)
    keep = np.flatnonzero(in_use(day))
    order = keep[np.argsort(set_at[keep], kind="stable")]
    return Goals(
        customer[order], np.arange(len(order)), set_at[order], np.where(says, decided_at, NEVER)[order],
        (draw < rate)[order],
    )  # fmt: skip


def goal_events(goals: Goals, end: int) -> GoalEvents:
    """The events of the goals up to the end of the data."""
    set_code, won_code, lost_code = (policy.event_code(name) for name in EVENTS)
    at = np.concatenate([goals.set_at, goals.decided_at])
    code = np.concatenate([np.full(len(goals.number), set_code), np.where(goals.is_won, won_code, lost_code)])
    keep = np.flatnonzero(at <= end)
    order = keep[np.argsort(at[keep], kind="stable")]
    customer, goal = np.tile(goals.customer, 2), np.tile(goals.number, 2)
    return GoalEvents(customer[order].astype("int32"), at[order], code[order].astype("int8"), goal[order])


def write_truth(truth, people: Population, goals: Goals) -> dict[str, int]:
    """Known outcome of every goal at the end of the data; returns how many of each."""
    scope = people.scope
    is_decided = goals.decided_at <= scope.end

    def moments(values: np.ndarray, is_null: np.ndarray) -> pa.Array:
        micros = (np.where(is_null, 0, values) + scope.epoch_seconds) * 1_000_000
        return pa.array(micros, mask=is_null).view(pa.timestamp("us"))

    pq.write_table(
        pa.table({
            "customer_id": numbered("c", 7, goals.customer + 1),
            "object_id": numbered("x", 10, goals.number + FIRST_OBJECT),
            "participated_at": moments(goals.set_at, np.zeros(len(goals.number), dtype=bool)),
            "decided_at": moments(goals.decided_at, ~is_decided),
            "is_won": pa.array(goals.is_won, mask=~is_decided),
            "is_better_service": pa.array(goals.set_at >= better_day(scope.days) * DAY),
        }),
        truth / "outcomes.parquet", compression="zstd",
    )  # fmt: skip
    return {"goals": len(goals.number), "goals_reached": int((goals.is_won & is_decided).sum())}
