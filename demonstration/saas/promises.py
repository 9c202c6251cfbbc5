"""Promises to customers, how they are kept, and what is offered where they are not.

It is planted that one unit of support seldom names a term, that some promises are missed, and that some compensations
come too early or consist of words that nobody is known to have heard; neither makes anything good.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stayhouse.demonstration.saas.landing import Code, Column, Flag, Landing, Moment, Money, Number, numbered
from stayhouse.demonstration.saas.orders import STEPS, Orders
from stayhouse.demonstration.saas.population import Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, Scope, between, chance, pick
from stayhouse.demonstration.saas.staff import UNITS, Owners, Staff
from stayhouse.demonstration.saas.tickets import Tickets

TYPES = ("first_contact", "answer", "document_review", "delivery")
FATES = ("kept", "late", "wrong", "never", "cancelled")
FATE_SHARES = (70, 15, 4, 7, 4)
TERMLESS_UNIT = "support-2"
"""Unit that seldom names a term."""
WITHOUT_TERM = (0.12, 0.7)
"""Share of promises without a term, of other units and of that one."""
STEP_WORDS = ("schedule the training", "answer in writing", "review by a specialist", "delivery of the credits")
STOCK = 0.25
"""Share of wrong deliveries whose reason is that something was out of stock."""
AMENDS = ("in_time", "late", "too_early", "words", "none")
AMENDS_SHARES = (45, 15, 8, 7, 25)
KINDS = ("points", "promo", "free_delivery", "apology")


class Planned(Moment):
    """A moment that is known ahead, such as a term."""

    def show(self, values, hidden, rows, seen_at):
        return super().show(values, hidden, rows, np.full(len(values), NEVER - 1))


@dataclass
class Promised:
    """Promises of one range of customers; moments as in `scope`."""

    number: np.ndarray
    customer: np.ndarray
    kind: np.ndarray
    fate: np.ndarray
    unit: np.ndarray
    made: np.ndarray
    due: np.ndarray
    """NEVER without a term."""
    informed: np.ndarray
    done: np.ndarray
    cancelled: np.ndarray
    missed: np.ndarray
    """Moment from which it is missed; NEVER for others, and for first contacts, which contacts keep."""
    is_out_of_stock: np.ndarray
    amends: np.ndarray
    """Position in AMENDS; -1 where nothing was missed."""


def write_promises(
    landing: Landing, people: Population, staff: Staff, owners: Owners, tickets: Tickets, bought: Orders,
    first: int, stop: int, part: int,
) -> Promised:  # fmt: skip
    """Promises and compensations of the customers [first, stop)."""
    scope = people.scope
    rng = scope.rng("promises", part)
    span = np.arange(first, stop)
    guide = owners.employee[1, span]
    met = np.flatnonzero((people.registered[span] >= 0) & (guide >= 0) & chance(rng, len(span), 0.2))
    asked = np.flatnonzero(tickets.arrived & (tickets.assigned >= 0) & chance(rng, len(tickets.number), 0.25))
    paid = np.flatnonzero(bought.furthest == len(STEPS))
    sizes = (len(met), len(asked), len(paid))
    size = sum(sizes)
    kind = np.repeat([0, 1, 3], sizes)
    kind = np.where((kind == 1) & chance(rng, size, 0.25), 2, kind)
    customer = np.concatenate([span[met], tickets.customer[asked], bought.customer[paid]])
    begun = np.concatenate([people.registered[span][met], tickets.opened[asked], bought.began[paid] + HOUR])
    nobody = np.full(size, -1)
    promised, ticket, order = nobody.copy(), nobody.copy(), nobody.copy()
    promised[: sizes[0]] = guide[met]
    promised[sizes[0] : sizes[0] + sizes[1]] = tickets.assigned[asked]
    ticket[sizes[0] : sizes[0] + sizes[1]] = tickets.number[asked]
    order[sizes[0] + sizes[1] :] = 2 * bought.number[paid]
    made = begun + between(rng, 5 * 60, 50 * 60, size)
    unit = np.where(promised >= 0, staff.unit[np.maximum(promised, 0)], -1)
    is_termless = (unit == UNITS.index(TERMLESS_UNIT)) & np.isin(kind, (1, 2))
    has_term = ~np.isin(kind, (1, 2)) | ~chance(rng, size, np.where(is_termless, WITHOUT_TERM[1], WITHOUT_TERM[0]))
    days = np.array([7, 1, 5, 1])[kind]
    due = np.where(has_term, made + days * DAY, NEVER)
    fate = pick(rng, size, list(FATE_SHARES)).astype("int64")
    term = made + days * DAY
    early = made + (between(rng, 0.2 * DAY, 0.95 * DAY, size) * days).astype("int64")
    late = term + between(rng, 2 * HOUR, 6 * DAY, size)
    done = np.where(fate == 0, early, np.where(fate == 1, late, np.where(fate == 2, early, NEVER)))
    # Nobody waits for ever: most give up when the term has long passed.
    gives_up = (fate == 3) & chance(rng, size, 0.8)
    cancelled = np.where(fate == 4, early, np.where(gives_up, term + between(rng, 8 * DAY, 20 * DAY, size), NEVER))
    informed = np.where(
        np.isin(fate, (1, 3)) & chance(rng, size, 0.4), term + between(rng, HOUR, 2 * HOUR, size), NEVER
    )
    informed = np.where(informed < np.minimum(done, cancelled), informed, NEVER)
    revised = np.where(has_term & (informed < NEVER), informed + 3 * DAY, NEVER)
    has_step = chance(rng, size, 0.9) | (kind == 0)
    is_out_of_stock = (kind == 3) & (fate == 2) & chance(rng, size, STOCK * 2)
    evaluated = kind != 0
    missed = np.where(evaluated & (fate == 2), np.minimum(done, due), NEVER)
    missed = np.where(evaluated & np.isin(fate, (1, 3)), due, missed)
    amends = np.where(missed < NEVER, pick(rng, size, list(AMENDS_SHARES)), -1)
    number = landing.take_numbers("promises", size)
    over = np.minimum(done, cancelled)
    landing.write(
        "promises",
        {
            "promise_id": Number(number, prefix="p"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "promise_type": Code(kind, words=TYPES),
            "stage_code": Code(np.where(kind == 0, 0, 1), words=("onboarding", "usage")),
            "made_by_employee_id": Number(np.where(promised < 0, -1, promised + 1), prefix="m", width=3),
            "promised_employee_id": Number(np.where(promised < 0, -1, promised + 1), prefix="m", width=3),
            "ticket_id": Number(ticket, prefix="t"),
            "order_id": Number(order, prefix="b", width=10),
            "next_step": Code(np.where(has_step, kind, -1), words=STEP_WORDS),
            "unkept_reason_code": Code(np.where(is_out_of_stock, 0, -1), done, words=("out_of_stock",)),
            "result_as_promised": Flag(np.where(fate == 2, 0, 1), done),
            "made_at": landing.moment(made),
            "due_at": _planned(landing, due),
            "revised_due_at": _planned(landing, revised, informed),
            "informed_at": landing.moment(informed),
            "fulfilled_at": landing.moment(np.where(kind == 0, NEVER, done)),
            "cancelled_at": landing.moment(np.where(kind == 0, NEVER, cancelled)),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("helpdesk",)),
        },
        [
            made + between(rng, 30, 600, size),
            np.where((informed < NEVER) & (kind != 0), informed + 1_200, NEVER),
            np.where((over < NEVER) & (kind != 0), over + 1_200, NEVER),
        ],
        part,
    )  # fmt: skip
    found = Promised(number, customer, kind, fate, unit, made, due, informed, done, cancelled, missed, is_out_of_stock,
                     amends)  # fmt: skip
    _write_compensations(landing, rng, people, found, part)
    return found


def _planned(landing: Landing, values: np.ndarray, known_from: np.ndarray | None = None) -> Column:
    plain = landing.moment(values, known_from)
    return Planned(plain.values, plain.known_from, plain.epoch_seconds)


def _write_compensations(
    landing: Landing, rng: np.random.Generator, people: Population, found: Promised, part: int
) -> None:
    given = np.flatnonzero((found.amends >= 0) & (found.amends != AMENDS.index("none")))
    size = len(given)
    amends, missed = found.amends[given], found.missed[given]
    wait = np.where(amends == 1, between(rng, 3 * DAY, 9 * DAY, size), between(rng, HOUR, 20 * HOUR, size))
    offered = np.where(amends == 2, found.made[given] + 60, missed + wait)
    kind = np.where(found.kind[given] == 3, np.where(found.is_out_of_stock[given], 2, 1), 0)
    kind = np.where(amends == 3, 3, kind)
    used = np.where((amends != 3) & chance(rng, size, 0.5), offered + between(rng, DAY, 30 * DAY, size), NEVER)
    cents = np.where(kind == 3, -1, 500 * between(rng, 1, 8, size))
    landing.write(
        "compensations",
        {
            "compensation_id": Number(landing.take_numbers("compensations", size), prefix="z"),
            "customer_id": Number(found.customer[given] + 1, prefix="c", width=7),
            "reason_type": Code(np.zeros(size, dtype="int8"), words=("promise",)),
            "reason_id": Number(found.number[given], prefix="p"),
            "kind": Code(kind, words=KINDS),
            "amount": Money(cents),
            "currency": Code(np.zeros(size, dtype="int8"), words=("EUR",)),
            "offered_at": landing.moment(offered),
            "used_at": landing.moment(used),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("helpdesk",)),
        },
        [offered + 300, np.where(used < NEVER, used + 300, NEVER)],
        part,
    )


def write_truth(truth: Path, scope: Scope, parts: list[Promised]) -> dict[str, int]:
    """State and amends of each promise at the end of the data. Returns how many of each."""
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("number", "customer", "kind", "fate", "unit", "due", "done", "cancelled", "missed", "amends",
                     "is_out_of_stock", "made")
    }  # fmt: skip
    happened = np.flatnonzero(columns["made"] + 600 <= scope.end)
    columns = {name: values[happened] for name, values in columns.items()}
    due, done, cancelled, end = columns["due"], columns["done"], columns["cancelled"], scope.end
    # A row says so twenty minutes later.
    is_done, has_term = done + 1_200 <= end, due < NEVER
    state = np.full(len(due), "open", dtype="U9")
    state[due <= end] = "broken"
    state[(cancelled + 1_200 <= end) & (cancelled <= due)] = "cancelled"
    state[is_done & has_term & (done > due)] = "late"
    state[is_done & has_term & (done <= due)] = "kept"
    state[is_done & ~has_term] = "done"
    state[is_done & (columns["fate"] == 2)] = "broken"
    state[columns["kind"] == 0] = "contact"
    names = pa.array(list(AMENDS)).take(pa.array(np.maximum(columns["amends"], 0)))
    is_missed = columns["missed"] <= end
    pq.write_table(
        pa.table({
            "promise_id": numbered("p", 8, columns["number"]),
            "customer_id": numbered("c", 7, columns["customer"] + 1),
            "promise_type": pa.array(list(TYPES)).take(pa.array(columns["kind"])),
            "unit": pa.array(list(UNITS)).take(pa.array(np.maximum(columns["unit"], 0))),
            "state": pa.array(state),
            "is_out_of_stock": pa.array(columns["is_out_of_stock"]),
            "amends": pa.array([name if missed else None for name, missed in zip(names.to_pylist(), is_missed,
                                                                                strict=True)], type=pa.string()),
        }),
        truth / "promises.parquet", compression="zstd",
    )  # fmt: skip
    counted = {f"promises_{name}": int((state == name).sum()) for name in sorted(set(state))}
    return counted | {"promises_out_of_stock": int((columns["is_out_of_stock"] & is_done).sum())}
