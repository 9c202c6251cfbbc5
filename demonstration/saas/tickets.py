"""Support tickets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Number, Whole
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance, pick
from stayhouse.demonstration.saas.staff import Staff

CHANNELS = ("chat", "email", "call", "messenger")
TOPICS = ("import", "editor", "delivery", "integration", "reports", "billing", "price", "account", "other")
STAGES = ("onboarding", "usage", "renewal", "exit")
STATES = ("new", "open", "closed")
CLOSED_REASONS = ("solved", "answered", "duplicate", "no_reply")


@dataclass
class Tickets:
    """Tickets of one range of customers; moments that never come are NEVER."""

    number: np.ndarray
    customer: np.ndarray
    channel: np.ndarray
    topic: np.ndarray
    is_complaint: np.ndarray
    opened: np.ndarray
    answered: np.ndarray
    solved: np.ndarray
    closed: np.ndarray
    assigned: np.ndarray
    closer: np.ndarray
    arrived: np.ndarray
    """True where the ticket is in the data."""


def write_tickets(
    landing: Landing, people: Population, staff: Staff, ended: np.ndarray, first: int, stop: int, part: int
) -> Tickets:
    """Questions come with use; complaints accumulate before a churn."""
    scope = people.scope
    rng = scope.rng("tickets", part)
    span = np.arange(first, stop)
    since = np.maximum(people.registration_day[span], 0)
    until = np.minimum(np.minimum(ended[span], people.use_to[span] + 10), scope.days)
    length = np.maximum(until - since, 0)
    is_unhappy = people.is_a("vanisher", "decliner", "exporter", "deleted")[span]
    usual = rng.poisson(length / 300 + (people.registration_day[span] >= 0) * 0.35)
    usual = np.where(length > 0, usual, 0)
    angry = np.where(is_unhappy & (people.turn[span] < NEVER_DAY), rng.poisson(1.3, len(span)), 0)
    customer = np.concatenate([np.repeat(span, usual), np.repeat(span, angry)])
    size = len(customer)
    is_angry = np.arange(size) >= usual.sum()
    # Half of the questions belong to the first weeks.
    share = rng.random(size) ** np.where(chance(rng, size, 0.4), 3, 1)
    day = since[customer - first] + (share * length[customer - first]).astype("int64")
    day = np.where(is_angry, people.turn[customer] - between(rng, 2, 45, size), day)
    day = np.maximum(day, since[customer - first])
    opened = np.maximum(office_moment(rng, day, scope), people.registered[customer] + HOUR)
    keep = np.flatnonzero(opened <= scope.end)
    customer, opened, is_angry = customer[keep], opened[keep], is_angry[keep]
    order = np.lexsort((opened, customer))
    customer, opened, is_angry = customer[order], opened[order], is_angry[order]
    size = len(customer)

    channel = pick(rng, size, [45, 30, 15, 10])
    topic = np.where(
        is_angry, np.array([2, 5, 6, 3])[pick(rng, size, [4, 3, 2, 2])], pick(rng, size, [5, 5, 3, 3, 2, 3, 1, 2, 2])
    )
    is_complaint = (is_angry & chance(rng, size, 0.75)) | chance(rng, size, 0.08)
    is_question = ~is_complaint & chance(rng, size, 0.7)
    is_bot = chance(rng, size, np.where(channel == 0, 0.45, 0.05))
    wait = np.exp(rng.normal(np.array([4.6, 8.6, 4.2, 6.5])[channel], 1.0)).astype("int64") + 5
    answered = opened + np.where(is_bot, between(rng, 1, 20, size), wait)
    is_lost = chance(rng, size, np.where(is_complaint, 0.08, 0.03))
    answered = np.where(is_lost, NEVER, answered)
    spent = np.exp(rng.normal(np.where(is_complaint, 11.2, 9.4), 1.1, size)).astype("int64")
    solved = np.where(is_lost | chance(rng, size, 0.05), NEVER, np.maximum(answered, opened + wait) + spent)
    closed = np.where(solved < NEVER, solved + between(rng, 60, 2 * DAY, size), NEVER)
    assigned = np.where(is_lost, -1, staff.draw(rng, "support", size))
    closer = np.where(chance(rng, size, 0.8), assigned, staff.draw(rng, "support", size))
    talk, is_abandoned = _talks(scope.rng("talks", part), channel, is_complaint, is_lost)
    numbers = landing.take_numbers("tickets", size)
    tenure = opened // DAY - people.registration_day[customer]
    stage = np.where(is_angry, 3, np.where(tenure < 45, 0, np.where(chance(rng, size, 0.1), 2, 1)))
    known = np.where(closed < NEVER, closed, NEVER)
    arrived = landing.write(
        "tickets",
        {
            "ticket_id": Number(numbers, prefix="t"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "channel": Code(channel, words=CHANNELS),
            "topic_code": Code(np.where(chance(rng, size, 0.05), -1, topic), words=TOPICS),
            "stage_code": Code(stage, words=STAGES),
            "is_complaint": Flag(is_complaint.astype("int8")),
            "is_question": Flag(is_question.astype("int8")),
            "opened_at": landing.moment(opened),
            "first_response_at": landing.moment(answered),
            "resolved_at": landing.moment(solved),
            "closed_at": landing.moment(closed),
            "status": StatusCode(np.zeros(size, dtype="int8"), words=STATES, answered=answered, closed=closed),
            "closed_reason": Code(pick(rng, size, [60, 25, 5, 10]), known, words=CLOSED_REASONS),
            "first_assigned_employee_id": Number(np.where(assigned < 0, -1, assigned + 1), prefix="m", width=3),
            "closing_employee_id": Number(np.where(closer < 0, -1, closer + 1), known, prefix="m", width=3),
            "wait_seconds": Whole(
                np.where(chance(rng, size, 0.9), wait, -1), np.where(is_abandoned > 0, opened + wait, answered)
            ),
            "talk_seconds": Whole(talk, answered),
            "transfer_count": Whole(rng.poisson(np.where(is_complaint, 0.8, 0.25)), known),
            "reopened_count": Whole(rng.poisson(np.where(is_complaint, 0.25, 0.06)), known),
            "is_first_response_bot": Flag(is_bot.astype("int8"), answered),
            "is_abandoned": Flag(is_abandoned, np.where(is_abandoned > 0, opened + wait, answered)),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("helpdesk",)),
        },
        [
            opened + between(rng, 2, 20, size),
            np.where(
                is_abandoned > 0,
                opened + wait + 60,
                np.where(answered < NEVER, answered + between(rng, 25, 60, size), NEVER),
            ),
            np.where(closed < NEVER, closed + between(rng, 65, 90, size), NEVER),
        ],
        part,
    )
    return Tickets(
        numbers, customer, channel, topic, is_complaint, opened, answered, solved, closed, assigned, closer, arrived
    )


def _talks(
    rng: np.random.Generator, channel: np.ndarray, is_complaint: np.ndarray, is_lost: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of talk and whether the customer gave up: in chats and calls, where somebody waits; -1 elsewhere."""
    is_live = np.isin(channel, (CHANNELS.index("chat"), CHANNELS.index("call")))
    talk = np.exp(rng.normal(np.where(is_complaint, 6.3, 5.6), 0.6)).astype("int64") + 10
    return np.where(is_live & ~is_lost, talk, -1), np.where(is_live, is_lost.astype("int8"), -1).astype("int8")


class StatusCode(Code):
    """Status of a ticket as it was when the version was written."""

    def __init__(self, values: np.ndarray, words: tuple[str, ...], answered: np.ndarray, closed: np.ndarray) -> None:
        super().__init__(values, None, words)
        self.answered, self.closed = answered, closed

    def show(self, values, hidden, rows, seen_at):
        state = np.where(self.closed[rows] <= seen_at, 2, np.where(self.answered[rows] <= seen_at, 1, 0))
        return super().show(state, None, rows, seen_at)
