"""The change log of the product, and which customers were notified of a release, trained for it and adopted it.

One release matters: the audience builder. Some customers get a mail about it, some a training; customers who never used
that component adopt it more often after a training than after a mail, and rarely without either. A few adopt it before
their mail arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.contacts import HELD, OUTCOMES, PURPOSES, Flags
from stayhouse.demonstration.saas.customers import CONTACT_CHANNELS, EMAIL, MEETING, Consents
from stayhouse.demonstration.saas.events import NEVER_USED, UsageFacts, incident_day
from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Number, Ready, Whole, numbered
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, Scope, between, chance, pick
from stayhouse.demonstration.saas.staff import Staff
from stayhouse.demonstration.saas.subscriptions import Contracts

KINDS = ("feature_release", "component_update", "ui_change", "price_increase", "service_downgrade", "process_change",
         "incident", "maintenance")  # fmt: skip
RELEASED = "segments"
RELEASED_EVENT = "audience_segment_created"
EXPOSURES = ("none", "notified", "trained")
UPTAKE = (0.05, 0.3, 0.7)
"""Share of customers without earlier use who adopt the component, by exposure."""
EXTRA_PART = 800
"""Number of the first file that this module adds to tables of others."""


@dataclass(frozen=True)
class Change:
    """One row of the change log; moments as in `scope`."""

    kind: str
    component: str | None
    at: int
    words: str
    ended: int = NEVER
    announced: int = NEVER
    training: int = NEVER
    is_explained: bool = False


@dataclass
class Exposed:
    """Customers of one range and their exposure to the release."""

    customer: np.ndarray
    exposure: np.ndarray
    """The actual exposure: a customer who did not open the mail counts as none."""
    known: np.ndarray
    """Moment of the opening or the end of the training; NEVER without."""
    adopted: np.ndarray
    """Moment of the first use that was planted; NEVER where none was."""


def change_log(scope: Scope) -> list[Change]:
    """Every change of the period, in order of time."""

    def moment(share: float, hour: int = 9) -> int:
        day = int(scope.days * share)
        # There are no releases on weekends.
        return int(day - max(0, int(scope.weekday(np.array([day]))[0]) - 4)) * DAY + hour * HOUR

    quiet = int(scope.days * 0.25)
    sunday = quiet + 6 - int(scope.weekday(np.array([quiet]))[0])
    broken = incident_day(scope) * DAY
    release = released_at(scope)
    found = [
        Change("maintenance", None, sunday * DAY + 2 * HOUR, "Move to another data centre", sunday * DAY + 6 * HOUR,
               announced=(sunday - 5) * DAY),
        Change("component_update", "reports", moment(0.3), "Reports load faster"),
        Change("feature_release", RELEASED, release, "Audience builder", announced=release - 2 * DAY,
               training=release + DAY, is_explained=True),
        Change("incident", "mailings", broken + 9 * HOUR, "A third of the mailings failed", broken + 19 * HOUR),
        Change("ui_change", "editor", moment(0.7), "Editor with blocks", is_explained=True),
        Change("component_update", "editor", moment(0.7) + 10 * DAY, "Blocks can be saved"),
        Change("price_increase", None, moment(0.8), "Yearly adjustment of prices", announced=moment(0.8) - 30 * DAY,
               is_explained=True),
    ]  # fmt: skip
    for row in policy.read_seed("components"):
        if row["available_from"]:
            day = int((np.datetime64(row["available_from"]) - scope.first_date).astype("int64"))
            if 0 <= day < scope.days:
                found.append(Change("feature_release", row["component_code"], day * DAY, row["title"]))
    return sorted(found, key=lambda change: (change.at, change.kind))


def released_at(scope: Scope) -> int:
    """Moment of the release that customers are notified of: a Tuesday in the middle of the period."""
    day = int(scope.days * 0.5)
    return (day + int(1 - scope.weekday(np.array([day]))[0]) % 7) * DAY + 7 * HOUR


def write_changes(landing: Landing, scope: Scope) -> None:
    """The change log. A row is written when it happens, that of an incident when it is over."""
    found = change_log(scope)

    def moments(name: str) -> np.ndarray:
        return np.array([getattr(change, name) for change in found], dtype="int64")

    def words(name: str) -> Ready:
        return Ready(pa.array([getattr(change, name) for change in found], type=pa.string()))

    at, ended = moments("at"), moments("ended")
    landing.write(
        "changes",
        {
            "change_id": Number(landing.take_numbers("changes", len(found)), prefix="g", width=4),
            "kind": words("kind"),
            "component_code": words("component"),
            "effective_at": landing.moment(at),
            "ended_at": landing.moment(ended),
            "announced_at": landing.moment(moments("announced")),
            "training_available_at": landing.moment(moments("training")),
            "had_prototype": Flag(np.array([change.kind == "feature_release" for change in found], dtype="int8")),
            "explanation_sent": Flag(np.array([change.is_explained for change in found], dtype="int8")),
            "description": words("words"),
            "source_system": Code(np.zeros(len(found), dtype="int8"), words=("release_log",)),
        },
        # Trainings and ends later than the change itself need a version of their own.
        [np.maximum(at, np.minimum(ended, scope.end)) * (ended < NEVER) + at * (ended >= NEVER) + 120,
         np.where(moments("training") < NEVER, moments("training") + 120, NEVER)],
    )  # fmt: skip


def write_release(
    landing: Landing, people: Population, staff: Staff, deals: Contracts, facts: UsageFacts, flags: Flags,
    consents: Consents, first: int, stop: int, part: int,
) -> Exposed:  # fmt: skip
    """Mails, trainings and first uses around the release, for the customers [first, stop)."""
    scope = people.scope
    rng = scope.rng("release", part)
    release = released_at(scope)
    day = release // DAY
    component = policy.components().index(RELEASED)
    span = np.arange(first, stop)
    flagged = np.zeros(stop - first, dtype=bool)
    flagged[flags.customer - first] = True
    size = len(span)
    # Drawn for everybody, so that the selection does not shift the random numbers of others.
    exposure = pick(rng, size, [45, 30, 25])
    wait = between(rng, DAY, 9 * DAY, size)
    is_read = chance(rng, size, 0.6)
    reading = between(rng, 300, 20 * HOUR, size)
    luck, pace, is_early = rng.random(size), between(rng, HOUR, 12 * DAY, size), chance(rng, size, 0.15)

    # Customers from before the release until at least a month after it.
    there = (people.registered[span] < (day - 30) * DAY) & (people.activation[span] < (day - 1) * DAY)
    there &= (facts.first_use[span] < (day - 30) * DAY) & (facts.last_use[span] > (day + 35) * DAY)
    there &= (deals.ended[span] > day + 35) & policy.plan_has()[deals.plan_on(span, np.full(size, day)), component]
    there &= ~people.is_a("test", "deleted", "reactivator")[span] & (people.dropped_component[span] != component)
    there &= (people.next_segment_day[span] > day + 35) & (people.segment[span] < 2)
    missing = np.array([RELEASED in codes for codes in NEVER_USED])[people.variant[span]]
    asked = np.flatnonzero(there & ~flagged & ~consents.is_unsubscribed(span, np.full(size, release)))
    customer, exposure = span[asked], exposure[asked]
    wait, is_read, reading, luck, pace = wait[asked], is_read[asked], reading[asked], luck[asked], pace[asked]

    sent = (day + 1 + wait // DAY) * DAY + 9 * HOUR + wait % (3 * HOUR)
    letter, training = exposure == 1, exposure == 2
    opened = np.where(letter & is_read, sent + reading, NEVER)
    begun = np.where(training, sent + 4 * HOUR, NEVER)
    ended = np.where(training, begun + 45 * 60, NEVER)
    known = np.minimum(opened, ended)
    exposure = np.where(letter & ~is_read, 0, exposure)
    _write_contacts(landing, rng, customer, letter | training, training, sent, opened, begun, ended, staff, part)

    takes = missing[asked] & (luck < np.array(UPTAKE)[exposure])
    # Without a notice, at any time; early adopters do not wait for it.
    start = np.where((known < NEVER) & ~is_early[asked], known, release)
    adopted = np.where(takes, np.minimum(start + pace, (day + 29) * DAY + 20 * HOUR), NEVER)
    _write_events(landing, customer, component, adopted, np.where(training, ended, NEVER), part)
    return Exposed(customer, exposure, known, adopted)


def _write_contacts(landing, rng, customer, asked, training, sent, opened, begun, ended, staff, part) -> None:
    customer, training, sent, opened, begun, ended = (
        values[asked] for values in (customer, training, sent, opened, begun, ended)
    )
    size = len(customer)
    employee = np.where(training, staff.draw(rng, "onboarding", size) + 1, -1)
    delivered = np.where(training, NEVER, sent + 30)
    landing.write(
        "contacts",
        {
            "contact_id": Number(landing.take_numbers("contacts", size), prefix="k"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "employee_id": Number(employee, prefix="m", width=3),
            "direction": Code(np.zeros(size, dtype="int8"), words=("outbound",)),
            "channel": Code(np.where(training, MEETING, EMAIL), words=CONTACT_CHANNELS),
            "purpose": Code(
                np.where(training, PURPOSES.index("feature_training"), PURPOSES.index("feature_announcement")),
                words=PURPOSES,
            ),
            "reason_code": Code(np.zeros(size, dtype="int8"), words=("new_feature",)),
            "component_code": Code(np.zeros(size, dtype="int8"), words=(RELEASED,)),
            "campaign_code": Code(np.where(training, -1, 0), words=(f"release_{RELEASED}",)),
            "is_automated": Flag((~training).astype("int8")),
            "is_personalised": Flag(training.astype("int8")),
            "attempted_at": landing.moment(sent),
            "delivered_at": landing.moment(delivered),
            "opened_at": landing.moment(opened),
            "is_machine_open": Flag(np.where(opened < NEVER, 0, -1), opened),
            "held_at": landing.moment(begun),
            "ended_at": landing.moment(ended),
            "duration_sec": Whole(np.where(training, 45 * 60, -1), ended),
            "outcome_code": Code(np.where(training, HELD, -1), ended, words=OUTCOMES),
            "source_system": Code((~training).astype("int8"), words=("crm", "marketing")),
        },
        [sent + 90, np.minimum(opened, np.where(training, ended, NEVER)) + 90],
        EXTRA_PART + part,
    )


def _write_events(landing, customer, component, adopted, trained, part) -> None:
    """First uses of the released component and completed trainings."""
    names = policy.event_names()
    code = np.concatenate([
        np.full(len(customer), policy.event_code(name)) for name in (RELEASED_EVENT, "training_completed")
    ])  # fmt: skip
    at, who = np.concatenate([adopted, trained]), np.tile(customer, 2)
    happened = np.flatnonzero(at < NEVER)
    code, at, who = code[happened], at[happened], who[happened]
    size = len(at)
    landing.write(
        "events",
        {
            "event_id": Number(landing.take_numbers("release events", size), prefix="r", width=11),
            "customer_id": Number(who + 1, prefix="c", width=7),
            "user_id": Number(who * 100 + 100, prefix="u", width=9),
            "event_name": Code(code, words=names),
            "occurred_at": landing.moment(at),
            "source": Code(np.zeros(size, dtype="int8"), words=("web",)),
            "component_code": Code(np.full(size, component), words=policy.components()),
            "session_id": Number((who * 10_000 + at // DAY) * 100 + 98, prefix="s", width=13),
            "device_id": Number(who * 100, prefix="d", width=9),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("tracker",)),
        },
        [at + 90],
        EXTRA_PART + part,
    )


def write_truth(truth: Path, scope: Scope, parts: list[Exposed]) -> dict[str, int]:
    """Exposure of each customer with its start, and planted first uses. Returns how many of each."""
    customer, exposure, known, adopted = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("customer", "exposure", "known", "adopted")
    )  # fmt: skip

    def moments(values: np.ndarray) -> pa.Array:
        is_null = values > scope.end
        micros = (np.where(is_null, 0, values) + scope.epoch_seconds) * 1_000_000
        return pa.array(micros, mask=is_null).view(pa.timestamp("us"))

    pq.write_table(
        pa.table({
            "customer_id": numbered("c", 7, customer + 1),
            "component_code": pa.array([RELEASED] * len(customer), type=pa.string()),
            "exposure": pa.array(list(EXPOSURES)).take(pa.array(exposure)),
            "known_at": moments(known),
            "adopted_at": moments(adopted),
        }),
        truth / "release.parquet", compression="zstd",
    )  # fmt: skip
    counted = {f"release_{name}": int((exposure == code).sum()) for code, name in enumerate(EXPOSURES)}
    return counted | {"release_adopted": int((adopted <= scope.end).sum()), "changes": len(change_log(scope))}
