"""The planted part of the event stream: steps of new customers, and bursts before a churn.

These events are planted one by one, because the truth folder lists them; the rest of the stream is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.population import NEVER_KINDS, Population, activation_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance
from stayhouse.demonstration.saas.staff import Staff

PROPERTIES = (
    '{"tour_version":"v1","is_skippable":false}',
    '{"tour_version":"v1","is_skippable":true}',
    '{"tour_version":"v2","is_skippable":true}',
    '{"tour_version":"v1"}',
    '{"tour_version":"v2"}',
    '{"tour_version":"v1","step_no":2}',
    '{"tour_version":"v1","step_no":4}',
    '{"tour_version":"v2","step_no":2}',
    '{"tour_version":"v2","step_no":3}',
    '{"entry_point":"help_center"}',
    '{"entry_point":"chat_bot"}',
    '{"entry_point":"settings"}',
    '{"hint_code":"editor_blocks","placement":"contextual"}',
    '{"hint_code":"first_list","placement":"upfront"}',
    '{"hint_code":"report_filters","placement":"contextual"}',
    '{"method":"password"}',
    '{"method":"link"}',
    '{"format":"csv"}',
    '{"format":"xlsx"}',
    '{"placement":"start_page"}',
    '{"placement":"menu"}',
)
# Properties that may go with an event: first position and count.
PROPERTIES_OF = {
    "training_opened": (9, 3), "hint_shown": (12, 3), "signed_in": (15, 2), "bulk_export": (17, 2),
    "report_exported": (17, 2), "onboarding_prompt_shown": (19, 2),
}  # fmt: skip


@dataclass
class Planted:
    """Planted events sorted by moment."""

    customer: np.ndarray
    at: np.ndarray
    code: np.ndarray
    property: np.ndarray
    quantity: np.ndarray
    """NaN where nothing is counted."""
    recorder: np.ndarray
    """Employee who entered the event; -1 for none."""

    def between(self, since: int, until: int) -> Planted:
        low, high = np.searchsorted(self.at, [since, until])
        return Planted(
            *(
                column[low:high]
                for column in (self.customer, self.at, self.code, self.property, self.quantity, self.recorder)
            )
        )


@dataclass
class PlannedActions:
    """One element per customer and planned key action: moment of its last required event (it may be after the end)."""

    names: tuple[str, ...]
    customer: np.ndarray
    action: np.ndarray
    is_required: np.ndarray
    done_at: np.ndarray


class _Script:
    """Collects planted events."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, ...]] = []

    def add(self, customer, at, event, prop=None, quantity=None, recorder=None) -> None:
        size = len(customer)
        code = policy.event_code(event) if isinstance(event, str) else event
        self.parts.append((
            customer.astype("int32"), at, np.broadcast_to(np.asarray(code, dtype="int8"), size),
            np.full(size, -1, dtype="int8") if prop is None else np.broadcast_to(np.asarray(prop, dtype="int8"), size),
            np.full(size, np.nan, dtype="float32") if quantity is None else quantity.astype("float32"),
            np.full(size, -1, dtype="int16") if recorder is None else recorder.astype("int16"),
        ))  # fmt: skip

    def sorted(self, end: int) -> Planted:
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)]
        keep = np.flatnonzero((columns[1] >= 0) & (columns[1] <= end))
        order = keep[np.lexsort((columns[2][keep], columns[0][keep], columns[1][keep]))]
        return Planted(*(column[order] for column in columns))


def plant(people: Population, staff: Staff) -> tuple[Planted, PlannedActions]:
    """All planted events and the key actions that they complete."""
    script = _Script()
    actions = _plant_key_actions(people, staff, script)
    _plant_tours(people, script)
    _plant_views(people, script)
    _plant_exports(people, script)
    return script.sorted(people.scope.end), actions


def _groups(people: Population):
    """(customers, their key actions) for every segment and version of the catalogue."""
    scope = people.scope
    day = people.registration_day
    segment = np.where(people.segment_day < NEVER_DAY, people.segment, policy.NO_SEGMENT)
    borders = [scope.day_of(change) for change in policy.catalogue_changes()]
    borders = sorted({0, scope.days, *(border for border in borders if 0 < border < scope.days)})
    for since, until in pairwise(borders):
        for code, name in enumerate((*policy.SEGMENTS, "")):
            who = np.flatnonzero((segment == code) & (day >= since) & (day < until))
            if len(who):
                yield who, policy.key_actions(name, scope.first_day + timedelta(days=since))


def _quantities(rng: np.random.Generator, event: str, size: int) -> np.ndarray:
    """How much of its object each event has; NaN where an event has none."""
    if event == "contact_list_imported":
        return np.exp(rng.normal(6, 1.1, size)).astype("int64")
    return np.ones(size) if event == "mailing_sent" else np.full(size, np.nan)


def _plant_key_actions(people: Population, staff: Staff, script: _Script) -> PlannedActions:
    rng = people.scope.rng("key actions")
    names = tuple(dict.fromkeys(row["key_action_code"] for row in policy.read_seed("key_actions")))
    found: list[tuple[np.ndarray, ...]] = []

    def perform(who: np.ndarray, action: policy.KeyAction, moments: list[np.ndarray]) -> None:
        for at in moments:
            code = np.full(len(who), policy.event_code(action.events[0]))
            for other in action.events[1:]:
                code = np.where(chance(rng, len(who), 0.3), policy.event_code(other), code)
            quantity = _quantities(rng, action.events[0], len(who))
            typed = chance(rng, len(who), 0.03)
            script.add(who, at, code, quantity=quantity,
                       recorder=np.where(typed, staff.draw(rng, "onboarding", len(who)), -1))  # fmt: skip
        size = len(who)
        found.append((who, np.full(size, names.index(action.code)), np.full(size, action.is_required), moments[-1]))

    for who, actions in _groups(people):
        required = [action for action in actions if action.is_required]
        total = sum(action.count for action in required)
        registered = people.registered[who]
        kind = people.never_kind[who]
        room = (np.minimum(people.use_to[who], people.scope.days * 4) * DAY - registered) * 0.9
        delay = np.where(
            kind >= 0, np.minimum(people.truth["delay"][who], np.maximum(room, HOUR)), people.truth["delay"][who]
        )
        delay = delay.astype("int64")
        # How many required steps are taken: all, some or none.
        steps = np.where(kind < 0, len(required), 0)
        some = between(rng, 1, len(required), len(who))
        steps = np.where(kind == NEVER_KINDS.index("partial"), some, steps)
        done = 0
        for number, action in enumerate(required):
            takes = np.flatnonzero(steps > number)
            moments = [activation_moment(registered[takes], delay[takes], (done + nth + 1) / total)
                       for nth in range(action.count)]  # fmt: skip
            done += action.count
            perform(who[takes], action, moments)
        wants = np.where(kind < 0, 0.45, np.where(kind == NEVER_KINDS.index("optional_only"), 1.0, 0.0))
        for action in actions:
            if not action.is_required:
                takes = np.flatnonzero(chance(rng, len(who), wants))
                share = np.sort(0.3 + rng.random((action.count, len(takes))) * 0.65, axis=0)
                moments = [activation_moment(registered[takes], delay[takes], part) for part in share]
                perform(who[takes], action, moments)
    if not found:
        return PlannedActions(names, *(np.zeros(0, dtype="int64") for _ in range(4)))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return PlannedActions(names, *(column[order] for column in columns))


def _plant_tours(people: Population, script: _Script) -> None:
    """Offers, refusals and tours. Some offers come after the refusal, some tours cannot be skipped."""
    rng = people.scope.rng("tours")
    who = np.flatnonzero(people.registered >= 0)
    size = len(who)
    start = people.registered[who]
    script.add(who, start + 60, "signed_in", 15)
    offered = chance(rng, size, 0.78)
    first = start + between(rng, 90, 600, size)
    script.add(who[offered], first[offered], "onboarding_prompt_shown", 19)
    declines = offered & chance(rng, size, 0.15)
    script.add(who[declines], first[declines] + 25, "onboarding_declined")
    for delay, share in ((2, 0.5), (7, 0.35)):
        again = offered & chance(rng, size, np.where(declines, share * 0.45, share))
        at = start + delay * DAY + between(rng, 0, 6 * HOUR, size)
        script.add(who[again], at[again], "onboarding_prompt_shown", 20)

    tours = offered & ~declines & chance(rng, size, 0.6)
    is_new = start > people.scope.days * DAY * 0.45
    can_skip = is_new | chance(rng, size, 0.5)
    began = first + between(rng, 20, 200, size)
    script.add(who[tours], began[tours], "tour_started", np.where(is_new, 2, np.where(can_skip, 1, 0))[tours])
    fate = rng.random(size)
    completes = tours & (fate < np.where(is_new, 0.66, 0.5))
    ended = began + between(rng, 240, 1_500, size)
    script.add(who[completes], ended[completes], "tour_completed", np.where(is_new, 4, 3)[completes])
    skips = tours & ~completes & can_skip & (fate < 0.9)
    step = np.where(is_new, 7, 5) + chance(rng, size, 0.5)
    script.add(who[skips], (began + between(rng, 15, 240, size))[skips], "tour_skipped", step[skips])
    people.truth["tour_completed"] = np.full(people.size, NEVER)
    people.truth["tour_completed"][who[completes]] = ended[completes]
    people.truth["declined"] = np.full(people.size, NEVER)
    people.truth["declined"][who[declines]] = first[declines] + 25

    asks = chance(rng, size, 0.09)
    at = start + between(rng, DAY, 60 * DAY, size)
    asks &= at < people.use_to[who] * DAY
    script.add(who[asks], at[asks], "training_opened", 9 + rng.integers(0, 3, int(asks.sum())))


def _plant_views(people: Population, script: _Script) -> None:
    """New customers who look at everything and do nothing."""
    rng = people.scope.rng("views")
    who = np.flatnonzero((people.never_kind == NEVER_KINDS.index("views_only")) & (people.registered >= 0))
    views = between(rng, 3, 9, len(who))
    customer = np.repeat(who, views)
    span = np.maximum(people.use_to[customer] * DAY - people.registered[customer] - 900, HOUR)
    at = people.registered[customer] + 300 + (rng.random(len(customer)) ** 2 * span).astype("int64")
    names = ("video_watched", "help_article_viewed", "hint_shown", "report_opened")
    codes = np.array([policy.event_code(name) for name in names])[rng.integers(0, 4, len(customer))]
    script.add(customer, at, codes)


def _plant_exports(people: Population, script: _Script) -> None:
    """Contacts exported in bulk during the last days before a churn."""
    rng = people.scope.rng("exports")
    who = np.flatnonzero(people.is_a("exporter"))
    bursts = between(rng, 15, 50, len(who))
    customer = np.repeat(who, bursts)
    size = len(customer)
    day = people.turn[customer] - 1 - between(rng, 0, 4, size)
    day = np.maximum(day, people.registration_day[customer] + 1)
    at = day * DAY + between(rng, 8 * HOUR, 21 * HOUR, size)
    script.add(customer, at, "bulk_export", 17, np.exp(rng.normal(8.6, 0.6, size)).astype("int64"))
    counts = np.bincount(customer, minlength=people.size)
    people.truth["planted_exports"] = counts
