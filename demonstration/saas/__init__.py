"""The `saas` pack: eighteen plausible months of a company that sells bulk mailing.

Everything is drawn from the seed; the same arguments give the same files. Planted cases (customers who never activate
or decline, contacts that violate do-not-disturb) are written to `truth/` beside the landing folder `landing/`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stayhouse.contract import contract
from stayhouse.demonstration import LEAST_CUSTOMERS, LEAST_DAYS, DemoReport, write_company
from stayhouse.demonstration.saas import (
    changes,
    commissions,
    contacts,
    experiments,
    feedback,
    incidents,
    loyalty,
    orders,
    outcomes,
    promises,
    surveys,
    voice,
)
from stayhouse.demonstration.saas.customers import (
    Consents,
    write_attributes,
    write_contact_points,
    write_customers,
    write_segments,
)
from stayhouse.demonstration.saas.dirty import plant_dirt
from stayhouse.demonstration.saas.events import UsageFacts, incident_day, write_events
from stayhouse.demonstration.saas.landing import DAILY_TABLES, Landing, numbered
from stayhouse.demonstration.saas.onboarding import PlannedActions, plant
from stayhouse.demonstration.saas.policy import POLICY_FOLDER, components
from stayhouse.demonstration.saas.population import NAMES, NEVER_KINDS, Population, populate
from stayhouse.demonstration.saas.scope import DAY, LAST_DAY, NEVER, NEVER_DAY, Scope
from stayhouse.demonstration.saas.staff import Owners, Staff, assign, hire, write_owners, write_staff
from stayhouse.demonstration.saas.subscriptions import Contracts, contracts, write_contracts, write_payments
from stayhouse.demonstration.saas.tickets import write_tickets

__all__ = ["LAST_DAY", "POLICY_FOLDER", "generate"]

CUSTOMERS_PER_PART = 200_000
"""Customers whose contacts, surveys and contracts are held in memory at once."""


def generate(
    out: Path,
    customers: int = 2_000,
    days: int = 548,
    seed: int = 7,
    dirty: bool = False,
    events_per_customer: float | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> DemoReport:
    """Write the pack into `out` (its folders `landing` and `truth` are replaced).

    `days` end on 2025-06-30. `events_per_customer` is the mean number of events; without it the rhythm of the customers
    decides. `dirty` adds broken rows and files, counted in truth/dirty.json. `progress` receives the current step and
    the finished share, 0 to 1.

    Raises ValueError when the company is too small for every planted case.
    """
    if customers < LEAST_CUSTOMERS or days < LEAST_DAYS:
        raise ValueError(
            f"customers={customers}, days={days}: at least {LEAST_CUSTOMERS} customers and {LEAST_DAYS} days are needed"
        )
    tell = progress or (lambda message, share: None)
    scope = Scope(customers, days, seed, events_per_customer)
    raw, truth = out / "landing", out / "truth"
    for folder in (raw, truth):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    landing = Landing(raw, scope)
    try:
        tell("inventing customers", 0.0)
        people = populate(scope)
        staff = hire(scope)
        deals = contracts(people)
        owners = assign(people, staff, deals.ended)
        write_staff(landing, staff, scope)
        changes.write_changes(landing, scope)
        experiments.write_register(landing, scope)
        incidents.write_incidents(landing, scope)
        heard = voice.write_voice(landing, people, staff)
        planted, actions = plant(people, staff)
        tell("writing events", 0.05)
        goals = outcomes.plan_goals(people)
        aims = outcomes.goal_events(goals, scope.end)
        facts = write_events(
            landing, people, deals, planted, aims, lambda share: tell("writing events", round(0.05 + 0.65 * share, 3))
        )
        named: list[contacts.Planted] = []
        answered: list[feedback.PlantedCases] = []
        sold: list[commissions.Sold] = []
        exposed: list[changes.Exposed] = []
        ordered: list[orders.Orders] = []
        assigned: list[experiments.Arms] = []
        rewarded: list[loyalty.Loyalty] = []
        promised: list[promises.Promised] = []
        hit: list[incidents.Hit] = []
        flags_of_abuser = 0
        for part, first in enumerate(range(0, customers, CUSTOMERS_PER_PART)):
            stop = min(first + CUSTOMERS_PER_PART, customers)
            tell("writing contacts, surveys and contracts", round(0.7 + 0.25 * first / customers, 3))
            found, cases, abused, exposures, bought, arms, words = _write_part(
                landing, people, staff, owners, deals, facts, first, stop, part
            )
            named.append(found)
            answered.append(cases)
            sold.append(commissions.write_commissions(landing, deals, owners, people, first, stop, part))
            exposed.append(exposures)
            ordered.append(bought)
            assigned.append(arms)
            rewarded.append(loyalty.write_loyalty(landing, people, deals, first, stop, part))
            promised.append(words)
            hit.append(incidents.write_hits(landing, people, first, stop, part))
            flags_of_abuser += abused
            landing.settle()
    finally:
        landing.close()
    tell("writing the truth", 0.95)
    planted_feelings = {
        "sagging_tenure_months": list(surveys.SAGGING_MONTHS), "bad_unit": surveys.BAD_UNIT,
    }  # fmt: skip
    (truth / "surveys.json").write_text(json.dumps(planted_feelings, indent=2, sort_keys=True) + "\n")
    counted = _write_truth(truth, people, staff, deals, actions, facts, named)
    counted |= _write_cases_truth(truth, answered)
    counted |= commissions.write_truth(truth, people, sold)
    counted |= outcomes.write_truth(truth, people, goals)
    counted |= changes.write_truth(truth, scope, exposed)
    counted |= orders.write_truth(truth, scope.end, scope.epoch_seconds, ordered)
    counted |= experiments.write_truth(truth, scope.end, assigned)
    counted |= loyalty.write_truth(truth, scope.end, scope.epoch_seconds, rewarded)
    counted |= promises.write_truth(truth, scope, promised)
    counted |= incidents.write_truth(truth, hit)
    counted |= voice.write_truth(truth, people, staff, heard)
    counted |= {"dnd_flags_by_abuser": flags_of_abuser, "late_events": facts.late, "anonymous_events": facts.anonymous,
                "unknown_events": facts.unknown}  # fmt: skip
    if dirty:
        tell("planting dirt", 0.97)
        dirt = plant_dirt(raw, scope)
        (truth / "dirty.json").write_text(json.dumps(dirt, indent=2, sort_keys=True) + "\n")
        counted |= {f"dirty_{kind}": sum(table.get(kind, 0) for table in dirt.values())
                    for kind in sorted({kind for table in dirt.values() for kind in table})}  # fmt: skip
    rows = {name: landing.rows.get(name, 0) for name in contract()}
    _write_summary(truth, scope, dirty, landing, counted, staff)
    policy = write_company("saas", out)
    tell("done", 1.0)
    return DemoReport(
        out=out, raw=raw, truth=truth, policy=policy, rows=rows, first_day=scope.first_day, last_day=LAST_DAY,
        planted=counted,
    )  # fmt: skip


def _write_part(
    landing: Landing, people: Population, staff: Staff, owners: Owners, deals: Contracts, facts: UsageFacts,
    first: int, stop: int, part: int,
) -> tuple[
    contacts.Planted, feedback.PlantedCases, int, changes.Exposed, orders.Orders, experiments.Arms, promises.Promised
]:  # fmt: skip
    """All tables but events and employees for the customers [first, stop)."""
    span = slice(first, stop)
    write_customers(landing, people, first, stop, part)
    write_segments(landing, people, first, stop, part)
    write_attributes(landing, people, first, stop, part)
    write_owners(landing, owners, people, first, stop, part)
    write_contact_points(landing, people, len(staff.team), first, stop, part)
    consents = Consents(people, first, stop, part)
    consents.write(landing, people)
    write_contracts(landing, deals, people, first, stop, part)
    paid = write_payments(landing, deals, people, first, stop, part)
    tickets = write_tickets(landing, people, staff, deals.ended, first, stop, part)
    activated = np.where(people.activation[span] < 0, NEVER, people.activation[span])
    moments = {
        "first_payment": np.where(people.registered[span] >= 0, paid, NEVER),
        "mailing_50": facts.mailing_50[span],
        "mailing_500": facts.mailing_500[span],
        "onboarding_completed": np.minimum(activated, people.truth["tour_completed"][span]),
        "cancel_requested": deals.cancel_asked[span],
    }
    asked = surveys.invite(people, tickets, deals.ended, moments, first, stop, part)
    drawn = surveys.respond(landing, people, staff, tickets, asked, part)
    low = drawn.low(people.scope.end)
    scores = (
        drawn.number[low],
        asked.customer[drawn.row[low]],
        np.where(drawn.comes_back, drawn.second_write, drawn.first_write)[low],
    )
    flags = contacts.do_not_disturb(people, staff, owners, deals.ended, first, stop, part)
    carriers, evidence, named = contacts.write_contacts(
        landing, people, staff, owners, deals, facts, tickets, asked, consents, flags, scores,
        asked.customer[drawn.row], first, stop, part,
    )  # fmt: skip
    commented = surveys.write_surveys(landing, people, staff, tickets, asked, drawn, carriers, part)
    cases = feedback.write_feedback(
        landing, people, staff, owners, tickets, asked, drawn, commented, deals.ended, facts.last_use, first, stop, part
    )
    numbers = contacts.write_flags(landing, flags, evidence, people, part)
    contacts.write_reviews(landing, people, staff, flags, numbers, first, stop, part)
    exposures = changes.write_release(landing, people, staff, deals, facts, flags, consents, first, stop, part)
    unreachable = named.customer[named.kind == contacts.KINDS.index("unreachable")]
    bought = orders.write_orders(landing, people, deals, flags, consents, unreachable, first, stop, part)
    arms = experiments.write_arms(landing, people, deals, flags, consents, unreachable, first, stop, part)
    words = promises.write_promises(landing, people, staff, owners, tickets, bought, first, stop, part)
    abused = int(((flags.setter == staff.abuser) & ~flags.is_request).sum())
    return named, cases, abused, exposures, bought, arms, words


def _dates(scope: Scope, days: np.ndarray, hidden: np.ndarray | None = None) -> pa.Array:
    """Days as dates; NULL for what does not happen within the data."""
    is_null = (days >= scope.days) | (days >= NEVER_DAY)
    if hidden is not None:
        is_null |= hidden
    epoch = scope.epoch_seconds // DAY
    return pa.array((np.where(is_null, 0, days) + epoch).astype("int32"), mask=is_null).view(pa.date32())


def _moments(scope: Scope, moments: np.ndarray) -> pa.Array:
    is_null = (moments > scope.end) | (moments < 0)
    micros = (np.where(is_null, 0, moments) + scope.epoch_seconds) * 1_000_000
    return pa.array(micros, mask=is_null).view(pa.timestamp("us"))


def _write_truth(
    truth: Path, people: Population, staff: Staff, deals: Contracts, actions: PlannedActions, facts: UsageFacts,
    named: list[contacts.Planted],
) -> dict[str, int]:  # fmt: skip
    """Planted cases by customer, by key action and by contact. Returns how many of each."""
    scope = people.scope
    everyone = np.arange(people.size)
    is_turning = people.is_a("decliner")
    stops = people.is_a("vanisher", "exporter", "deleted", "reactivator")
    no_last_use = facts.last_use < 0
    gap_ends = np.where(people.is_a("reactivator"), people.gap_to, NEVER_DAY)
    is_before = people.activation < 0
    kinds = pa.array(list(NEVER_KINDS)).take(pa.array(np.maximum(people.never_kind, 0)))
    dropped = pa.array(list(components())).take(pa.array(np.maximum(people.dropped_component, 0)))
    columns = {
        "customer_id": numbered("c", 7, everyone + 1),
        "archetype": pa.array(list(NAMES)).take(pa.array(people.archetype)),
        "never_activates_kind": pc.if_else(pa.array(people.never_kind >= 0), kinds, None),
        "is_test": pa.array(people.is_a("test")),
        "registered_at": pa.array((people.registered + scope.epoch_seconds) * 1_000_000).view(pa.timestamp("us")),
        "registered_before_data": pa.array(people.registered < 0),
        "activation": pa.array(
            np.where(is_before, "before_data", np.where(people.activation <= scope.end, "planted", "none"))
        ),
        "activated_at": _moments(scope, people.activation),
        "decline_from": _dates(scope, people.turn, ~is_turning),
        "vanish_on": _dates(scope, np.where(people.is_a("reactivator"), people.gap_from, people.use_to), ~stops),
        "returned_on": _dates(scope, gap_ends),
        "gave_up_on": _dates(scope, people.use_to, ~people.is_a("decliner", "never_activates")),
        "paused_from": _dates(scope, people.truth["paused_from"]),
        "paused_to": _dates(scope, people.truth["paused_to"]),
        "contract_ended_on": _dates(scope, deals.ended),
        "cancel_requested_at": _moments(scope, deals.cancel_asked),
        "deleted_at": _moments(scope, people.deleted),
        "onboarding_declined_at": _moments(scope, people.truth["declined"]),
        "tour_completed_at": _moments(scope, people.truth["tour_completed"]),
        "stopped_component": pc.if_else(
            pa.array((people.dropped_component >= 0) & (people.dropped_day < scope.days)), dropped, None
        ),
        "component_stopped_on": _dates(scope, people.dropped_day),
        "users": pa.array(people.users.astype("int32")),
        "planted_bulk_exports": pa.array(people.truth["planted_exports"].astype("int32")),
        "first_use_at": _moments(scope, facts.first_use),
        "last_use_at": _moments(scope, np.where(no_last_use, NEVER, facts.last_use)),
        "mailing_50_at": _moments(scope, facts.mailing_50),
        "mailing_500_at": _moments(scope, facts.mailing_500),
    }
    pq.write_table(pa.table(columns), truth / "customers.parquet", compression="zstd")

    happened = actions.done_at <= scope.end
    pq.write_table(
        pa.table({
            "customer_id": numbered("c", 7, actions.customer[happened] + 1),
            "key_action_code": pa.array(list(actions.names)).take(pa.array(actions.action[happened])),
            "is_required": pa.array(actions.is_required[happened].astype(bool)),
            "done_at": _moments(scope, actions.done_at[happened]),
        }),
        truth / "key_actions.parquet", compression="zstd",
    )  # fmt: skip

    kind = np.concatenate([part.kind for part in named])
    pq.write_table(
        pa.table({
            "contact_id": numbered("k", 8, np.concatenate([part.number for part in named])),
            "customer_id": numbered("c", 7, np.concatenate([part.customer for part in named]) + 1),
            "kind": pa.array(list(contacts.KINDS)).take(pa.array(kind)),
        }),
        truth / "contacts_planted.parquet", compression="zstd",
    )  # fmt: skip
    counted = {f"customers_{name}": int((people.archetype == code).sum()) for code, name in enumerate(NAMES)}
    counted |= {f"contacts_{name}": int((kind == code).sum()) for code, name in enumerate(contacts.KINDS)}
    counted["customers_activated_in_data"] = int((~is_before & (people.activation <= scope.end)).sum())
    return counted


def _write_cases_truth(truth: Path, answered: list[feedback.PlantedCases]) -> dict[str, int]:
    """Handling of every feedback case. Returns how many of each."""
    source = np.concatenate([part.source for part in answered])
    source_number = np.concatenate([part.source_number for part in answered])
    decider = np.concatenate([part.decider for part in answered])
    is_late = np.concatenate([part.is_late for part in answered])
    is_reopening = np.concatenate([part.is_reopening for part in answered])
    pq.write_table(
        pa.table({
            "case_id": numbered("f", 8, np.concatenate([part.number for part in answered])),
            "source_type": pa.array(list(feedback.SOURCES)).take(pa.array(source)),
            "source_id": pc.if_else(
                pa.array(source == 0), numbered("q", 8, source_number), numbered("t", 8, source_number)
            ),
            "decider": pa.array(list(feedback.DECIDERS)).take(pa.array(decider)),
            "is_late": pa.array(is_late),
            "is_reopening": pa.array(is_reopening),
        }),
        truth / "feedback_cases.parquet", compression="zstd",
    )  # fmt: skip
    counted = {f"cases_{name}": int((decider == code).sum()) for code, name in enumerate(feedback.DECIDERS)}
    return counted | {
        "cases_late": int(is_late.sum()),
        "cases_reopened": int(is_reopening.sum()),
        "pulse_invitations": sum(part.pulse for part in answered),
    }


def _write_summary(
    truth: Path, scope: Scope, dirty: bool, landing: Landing, counted: dict[str, int], staff: Staff
) -> None:
    tables = {
        name: {
            "rows": landing.rows.get(name, 0),
            "distinct_keys": landing.keys.get(name, 0),
            "delivery": "daily" if name in DAILY_TABLES else "weekly",
        }
        for name in sorted(contract())
    }
    summary = {
        "pack": "saas",
        "parameters": {
            "customers": scope.customers, "days": scope.days, "seed": scope.seed, "dirty": dirty,
            "events_per_customer": scope.events_per_customer,
        },
        "first_day": scope.first_day.isoformat(),
        "last_day": LAST_DAY.isoformat(),
        "incident_day": str(scope.first_date + incident_day(scope)),
        "dnd_abuser": f"m{staff.abuser + 1:03d}",
        "tables": tables,
        "planted": counted,
    }  # fmt: skip
    (truth / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
