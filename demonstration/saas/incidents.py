"""Incidents: whom they hit, and who was warned before they ran into them.

One of them is the incident of the change log, on which a third of the mailings failed. Customers are hit at random
among those who use the product, so being hit has no effect of its own on churn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas.changes import change_log
from stayhouse.demonstration.saas.landing import Code, Landing, Money, Number, Ready, Whole, numbered
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.promises import Planned
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, Scope, between, chance, pick

BANDS = ("before", "soon", "late", "never", "spared")
BAND_SHARES = (30, 20, 20, 22, 8)
CHANNELS = ("email", "push", "messenger")
COMPENSATED = 0.35
PART = 600
"""Number of the first file that this module adds to tables of others."""


@dataclass(frozen=True)
class Incident:
    """One incident; moments as in `scope`."""

    component: str
    severity: str
    started: int
    detected: int
    announced: int
    eta: int
    revised: int
    resolved: int
    share: float
    """Share of the customers of the day whom it concerns."""
    change: int = -1


@dataclass
class Hit:
    """Customers of one range whom incidents concern."""

    incident: np.ndarray
    customer: np.ndarray
    band: np.ndarray
    compensated: np.ndarray


def incident_log(scope: Scope) -> list[Incident]:
    """Every incident of the period, in order of time; the last one is not over when the data end."""
    changes = change_log(scope)
    known = next(place for place, change in enumerate(changes) if change.kind == "incident")
    logged = changes[known]
    found = [
        Incident(
            str(logged.component), "high", logged.at, logged.at + HOUR, logged.at + 2 * HOUR, logged.ended,
            NEVER, logged.ended, 0.06, known + 1,
        ),
        Incident("reports", "high", scope.end - 9 * HOUR, scope.end - 8 * HOUR, NEVER, NEVER, NEVER, NEVER, 0.004),
    ]  # fmt: skip
    for place, share in enumerate((0.18, 0.33, 0.41, 0.55, 0.71, 0.83, 0.9)):
        start = int(scope.days * share) * DAY + (8 + place) * HOUR
        component = ("reports", "editor", "integration")[place % 3]
        detected = start + 40 * 60
        # Every third is announced without an end, every other end is moved.
        announced = NEVER if place % 3 == 2 else detected + 30 * 60
        eta = NEVER if announced == NEVER else start + 5 * HOUR
        resolved = start + (4 + 2 * (place % 2)) * HOUR
        revised = start + 6 * HOUR if eta < NEVER and resolved > eta else NEVER
        severity = ("low", "medium", "high")[place % 3]
        found.append(Incident(component, severity, start, detected, announced, eta, revised, resolved, 0.03))
    return sorted(found, key=lambda incident: incident.started)


def write_incidents(landing: Landing, scope: Scope) -> None:
    """The register of incidents. A row is written when it is detected and when it is over."""
    found = incident_log(scope)
    size = len(found)

    def values(name: str) -> np.ndarray:
        return np.array([getattr(incident, name) for incident in found], dtype="int64")

    def words(name: str) -> Ready:
        return Ready(pa.array([getattr(incident, name) for incident in found], type=pa.string()))

    announced = values("announced")
    eta, revised = landing.moment(values("eta"), announced), landing.moment(values("revised"), values("eta"))
    landing.write(
        "incidents",
        {
            "incident_id": Number(landing.take_numbers("incidents", size), prefix="i", width=4),
            "change_id": Number(values("change"), values("resolved"), prefix="g", width=4),
            "component_code": words("component"),
            "stage_code": Code(np.zeros(size, dtype="int8"), words=("usage",)),
            "kind": Code(np.zeros(size, dtype="int8"), words=("failure",)),
            "severity": words("severity"),
            "started_at": landing.moment(values("started")),
            "detected_at": landing.moment(values("detected")),
            "notice_published_at": landing.moment(announced),
            "eta_announced_at": landing.moment(announced),
            "eta_at": Planned(eta.values, eta.known_from, eta.epoch_seconds),
            "revised_eta_at": Planned(revised.values, revised.known_from, revised.epoch_seconds),
            "resolved_at": landing.moment(values("resolved")),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("monitoring",)),
        },
        [values("detected") + 60, np.where(values("resolved") < NEVER, values("resolved") + 300, NEVER)],
    )


def write_hits(landing: Landing, people: Population, first: int, stop: int, part: int) -> Hit:
    """Customers [first, stop) whom incidents concern, and what they were given."""
    scope = people.scope
    rng = scope.rng("incidents", part)
    span = np.arange(first, stop)
    log = incident_log(scope)
    incident, customer = [], []
    for place, one in enumerate(log):
        day = one.started // DAY
        uses = (people.registered[span] < one.started) & (people.use_from[span] <= day) & (people.use_to[span] > day)
        uses &= ~((people.gap_from[span] <= day) & (people.gap_to[span] > day))
        uses &= (people.deleted[span] > one.started + 30 * DAY) & chance(rng, len(span), one.share)
        customer.append(span[uses])
        incident.append(np.full(int(uses.sum()), place))
    which, who = np.concatenate(incident), np.concatenate(customer)
    size = len(who)

    def of(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in log], dtype="int64")[which]

    over = np.minimum(of("resolved"), scope.end - HOUR)
    is_open = of("resolved") >= NEVER
    band = pick(rng, size, list(BAND_SHARES)).astype("int64")
    # Half of those who are notified late are hit before anybody knows.
    is_unknown = np.isin(band, (2, 3)) & chance(rng, size, 0.5)
    begin, end = (
        np.where(is_unknown, of("started"), of("detected") + 20 * 60),
        np.where(is_unknown, of("detected"), over),
    )
    hit = begin + (rng.random(size) * np.maximum(end - begin - 60, 1)).astype("int64")
    notified = np.where(band == 0, of("detected") + 10 * 60, NEVER)
    notified = np.where(band == 1, hit + between(rng, 60, 50 * 60, size), notified)
    notified = np.where(band == 2, hit + between(rng, 2 * HOUR, 30 * HOUR, size), notified)
    notified = np.where(band == 4, of("detected") + 15 * 60, notified)
    hit = np.where(band == 4, NEVER, hit)
    completed = np.where((hit < NEVER) & chance(rng, size, 0.7), over + between(rng, HOUR, 3 * DAY, size), NEVER)
    completed = np.where(is_open, NEVER, completed)
    landing.write(
        "incident_customers",
        {
            "incident_id": Number(which + 1, prefix="i", width=4),
            "customer_id": Number(who + 1, prefix="c", width=7),
            "hit_at": landing.moment(hit),
            "failed_attempts_count": Whole(np.where(hit < NEVER, 1 + rng.poisson(1.2, size), 0)),
            "notified_at": landing.moment(notified),
            "channel": Code(np.where(notified < NEVER, rng.integers(0, 3, size), -1), notified, words=CHANNELS),
            "completed_at": landing.moment(completed),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("monitoring",)),
        },
        [
            np.minimum(hit, notified) + 90,
            np.where((np.maximum(hit, notified) < NEVER), np.maximum(hit, notified) + 120, NEVER),
            np.where(completed < NEVER, np.maximum(completed, np.where(notified < NEVER, notified, 0)) + 180, NEVER),
        ],
        part,
    )
    given = np.flatnonzero((hit < NEVER) & ~is_open & chance(rng, size, COMPENSATED))
    offered = np.maximum(hit[given], over[given]) + between(rng, HOUR, 20 * HOUR, len(given))
    used = np.where(chance(rng, len(given), 0.5), offered + between(rng, DAY, 20 * DAY, len(given)), NEVER)
    landing.write(
        "compensations",
        {
            "compensation_id": Number(landing.take_numbers("compensations", len(given)), prefix="z"),
            "customer_id": Number(who[given] + 1, prefix="c", width=7),
            "reason_type": Code(np.zeros(len(given), dtype="int8"), words=("incident",)),
            "reason_id": Number(which[given] + 1, prefix="i", width=4),
            "kind": Code(np.zeros(len(given), dtype="int8"), words=("points",)),
            "amount": Money(np.full(len(given), 500)),
            "currency": Code(np.zeros(len(given), dtype="int8"), words=("EUR",)),
            "offered_at": landing.moment(offered),
            "used_at": landing.moment(used),
            "source_system": Code(np.zeros(len(given), dtype="int8"), words=("helpdesk",)),
        },
        [offered + 300, np.where(used < NEVER, used + 300, NEVER)],
        PART + part,
    )
    compensated = np.zeros(size, dtype=bool)
    compensated[given] = offered <= scope.end - 300
    return Hit(which, who, np.where((notified + 120 > scope.end) & (notified < NEVER), 3, band), compensated)


def write_truth(truth: Path, parts: list[Hit]) -> dict[str, int]:
    """Whom each incident concerned and how they were notified. Returns how many of each."""
    incident, customer, band, compensated = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("incident", "customer", "band", "compensated")
    )
    pq.write_table(
        pa.table({
            "incident_id": numbered("i", 4, incident + 1),
            "customer_id": numbered("c", 7, customer + 1),
            "notice_band": pa.array(list(BANDS)).take(pa.array(band)),
            "is_compensated": pa.array(compensated),
        }),
        truth / "incident_customers.parquet", compression="zstd",
    )  # fmt: skip
    return {f"incident_customers_{name}": int((band == code).sum()) for code, name in enumerate(BANDS)}
