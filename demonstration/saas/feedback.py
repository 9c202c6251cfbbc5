"""Handling of feedback: cases, topics found in comments, and two surveys of their own.

Planted: decisions by an interested party, cases that are late or never processed, reopened cases, passives half of
whose wishes concern the editor and automation, a pulse survey that asks too often, a survey of early drop-offs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stayhouse.demonstration.saas.landing import Code, Column, Flag, Landing, Number, Whole, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, between, chance, one_of
from stayhouse.demonstration.saas.staff import UNITS, Owners, Staff
from stayhouse.demonstration.saas.surveys import (
    CES_SUPPORT,
    CHANNELS,
    CSAT_CHAT,
    CSI_SERVICE,
    QUESTIONS,
    RELATIONAL,
    Invitations,
    Responses,
)
from stayhouse.demonstration.saas.tickets import TOPICS as TICKET_TOPICS
from stayhouse.demonstration.saas.tickets import Tickets

TOPICS = (*TICKET_TOPICS, "automation")
DECIDERS = ("disinterested", "self", "same_unit", "manager", "nobody", "undecided")
DISINTERESTED, SELF, SAME_UNIT, MANAGER, NOBODY, UNDECIDED = range(6)
SOURCES = ("response", "ticket")
SIGNAL_SOURCES = ("survey_comment", "ticket", "social")
# Wishes of each group. Half of the passives ask for the editor and for automation.
WISHES = {
    "detractor": {"delivery": 30, "price": 22, "billing": 18, "integration": 15, "import": 15},
    "passive": {"editor": 26, "automation": 24, "reports": 14, "import": 12, "price": 12, "integration": 12},
    "promoter": {"reports": 30, "editor": 25, "automation": 20, "other": 25},
}
PULSE_KEY, DROPOFF_KEY = "pulse_week", "early_dropoff"
ROW_FILES = 500
"""Invitations of this module go to files of their own, beside those of `surveys`."""


@dataclass
class PlantedCases:
    """Cases of one range of customers, for the truth."""

    number: np.ndarray
    source: np.ndarray
    """0 response, 1 ticket."""
    source_number: np.ndarray
    decider: np.ndarray
    """Position in DECIDERS."""
    is_late: np.ndarray
    """Processed later than five days."""
    is_reopening: np.ndarray
    pulse: int
    """Invitations of the pulse survey."""


def write_feedback(
    landing: Landing, people: Population, staff: Staff, owners: Owners, tickets: Tickets, asked: Invitations,
    drawn: Responses, commented: np.ndarray, ended: np.ndarray, last_use: np.ndarray, first: int, stop: int, part: int,
) -> PlantedCases:  # fmt: skip
    """All feedback of the customers [first, stop). `commented` are positions of responses with words."""
    pulse = _ask_too_often(landing, people, ended, last_use, first, stop, part)
    _write_signals(landing, people, tickets, asked, drawn, commented, part)
    return _write_cases(landing, people, staff, owners, tickets, asked, drawn, pulse, part)


def _scores(drawn: Responses, question: str) -> np.ndarray:
    """By response; -1 without an answer."""
    found = np.full(len(drawn.number), -1)
    rows = np.flatnonzero(drawn.question == QUESTIONS.index(question))
    found[drawn.answer_of[rows]] = drawn.score[rows]
    return found


def _group(nps: np.ndarray) -> np.ndarray:
    """0 detractor, 1 passive, 2 promoter, -1 none."""
    return np.where(nps < 0, -1, np.where(nps <= 6, 0, np.where(nps <= 8, 1, 2)))


def _write_cases(
    landing: Landing, people: Population, staff: Staff, owners: Owners, tickets: Tickets, asked: Invitations,
    drawn: Responses, pulse: int, part: int,
) -> PlantedCases:  # fmt: skip
    scope = people.scope
    rng = scope.rng("feedback cases", part)
    nps = _scores(drawn, "nps")
    is_low = (nps >= 0) & (nps <= 6)
    for question in ("csi", "csat", "ces"):
        score = _scores(drawn, question)
        wanted = {"csi": (RELATIONAL, CSI_SERVICE), "csat": (CSAT_CHAT,), "ces": (CES_SUPPORT,)}[question]
        is_low |= np.isin(drawn.survey, wanted) & (score >= 1) & (score <= 2)
    written = np.where(drawn.comes_back, drawn.second_write, drawn.first_write)
    is_there = (drawn.submitted < NEVER) & ~drawn.is_anonymous & (written <= scope.end - HOUR)
    # Nearly every bad answer is registered, of the others every fourth.
    gets = np.flatnonzero(is_there & chance(rng, len(nps), np.where(is_low, 0.9, 0.25)))
    wrong = np.flatnonzero(tickets.is_complaint & tickets.arrived & (tickets.opened <= scope.end - DAY))
    wrong = wrong[chance(rng, len(wrong), 0.4)]
    source = np.concatenate([np.zeros(len(gets), dtype="int64"), np.ones(len(wrong), dtype="int64")])
    source_number = np.concatenate([drawn.number[gets], tickets.number[wrong]])
    customer = np.concatenate([asked.customer[drawn.row[gets]], tickets.customer[wrong]])
    opened = np.concatenate([written[gets], tickets.opened[wrong] + 900]) + between(rng, 60, 1_800, len(source))
    low = np.concatenate([is_low[gets], np.ones(len(wrong), dtype=bool)])
    has_ticket = asked.ticket[drawn.row[gets]] >= 0
    closer = np.where(
        has_ticket & ~drawn.is_uninvited[gets], tickets.closer[np.maximum(asked.ticket[drawn.row[gets]], 0)], -1
    )
    subject = np.concatenate([closer, tickets.assigned[wrong]])
    # An opinion about the company has the account manager as its subject.
    subject = np.where(subject >= 0, subject, owners.on("account_manager", customer, opened))

    size = len(source)
    days = np.exp(rng.normal(np.where(low, 0.1, 0.7), 0.7, size))
    is_late = chance(rng, size, 0.12)
    days = np.where(is_late, 5.5 + days, np.minimum(days, 4.5))
    processed = np.where(chance(rng, size, 0.07), NEVER, opened + (days * DAY).astype("int64"))
    decided = np.where(processed < NEVER, processed + between(rng, 300, 6 * HOUR, size), NEVER)
    kind = np.array([DISINTERESTED, SELF, SAME_UNIT, MANAGER, NOBODY])[
        np.searchsorted(np.cumsum([0.74, 0.07, 0.07, 0.06, 0.06]), rng.random(size) * 0.9999)
    ]
    kind = np.where(decided < NEVER, kind, UNDECIDED)
    decider = _decider(rng, staff, subject, kind, decided)
    kind = np.where(decider == -2, UNDECIDED, kind)
    decided = np.where(decider == -2, NEVER, decided)
    goes_back = low | chance(rng, size, 0.2)
    goes_back &= chance(rng, size, 0.85)
    mends = (decided < NEVER) & low & chance(rng, size, 0.62)
    resolved = np.where(mends, decided + between(rng, DAY, 12 * DAY, size), NEVER)
    is_informed = mends & chance(rng, size, 0.8)
    informed = np.where(is_informed, resolved + between(rng, HOUR, 3 * DAY, size), NEVER)
    knows_why = goes_back & chance(rng, size, 0.7)
    reason = np.where(knows_why, one_of(rng, size, WISHES["detractor"], TOPICS), -1)
    fix = np.where(knows_why & chance(rng, size, 0.75), one_of(rng, size, WISHES["passive"], TOPICS), -1)

    again = np.flatnonzero((resolved < NEVER) & chance(rng, size, 0.07))
    again = again[resolved[again] + 3 * DAY < scope.end - DAY]
    reopened = resolved[again] + between(rng, 2 * DAY, 15 * DAY, len(again))
    picked = np.concatenate([np.arange(size), again])
    is_second = np.arange(len(picked)) >= size
    shift = np.zeros(len(picked), dtype="int64")
    shift[size:] = reopened - opened[again]

    def later(moments: np.ndarray) -> np.ndarray:
        return np.where(moments[picked] < NEVER, moments[picked] + shift, NEVER)

    at, read, settled = later(opened), later(processed), later(decided)
    mended, notified = later(resolved), later(informed)
    # A reopened case is still being fixed at first.
    mended = np.where(is_second, NEVER, mended)
    notified = np.where(is_second, NEVER, notified)
    keep = np.flatnonzero(at <= scope.end - 600)
    picked, is_second, at, read = picked[keep], is_second[keep], at[keep], read[keep]
    settled, mended, notified = settled[keep], mended[keep], notified[keep]
    number = landing.take_numbers("feedback_cases", len(picked))
    decider, subject_of = decider[picked], subject[picked]
    known = settled
    landing.write(
        "feedback_cases",
        {
            "case_id": Number(number, prefix="f"),
            "source_type": Code(source[picked], words=SOURCES),
            "source_id": _either(source[picked], source_number[picked]),
            "customer_id": Number(customer[picked] + 1, prefix="c", width=7),
            "subject_employee_id": Number(np.where(subject_of < 0, -1, subject_of + 1), prefix="m", width=3),
            "subject_unit": Code(
                np.where(subject_of < 0, -1, _unit_on(staff, np.maximum(subject_of, 0), at)), words=UNITS
            ),
            "opened_at": landing.moment(at),
            "processed_at": landing.moment(read),
            "decided_at": landing.moment(settled),
            "decided_by_employee_id": Number(np.where(decider < 0, -1, decider + 1), known, prefix="m", width=3),
            "callback_required": Flag(goes_back[picked].astype("int8"), known),
            "contact_id": Number(np.full(len(picked), -1), prefix="k"),
            "reason_topic": Code(reason[picked], known, words=TOPICS),
            "fix_topic": Code(fix[picked], known, words=TOPICS),
            "resolved_at": landing.moment(mended),
            "informed_at": landing.moment(notified),
            "status": _Status(at, words=("new", "in_progress", "closed"), read=read, closed=mended),
            "source_system": Code(np.zeros(len(picked), dtype="int8"), words=("helpdesk",)),
        },
        [np.where(moment < NEVER, moment + 90 + 7 * step, NEVER)
         for step, moment in enumerate((at, read, settled, mended, notified))],
        part,
    )  # fmt: skip
    decided_in_time = settled <= scope.end - 120
    return PlantedCases(
        number, source[picked], source_number[picked], np.where(decided_in_time, kind[picked], UNDECIDED),
        is_late[picked] & (read < NEVER), is_second, pulse,
    )  # fmt: skip


class _Status(Code):
    """Status of a case as it was when the version was written."""

    def __init__(self, values: np.ndarray, words: tuple[str, ...], read: np.ndarray, closed: np.ndarray) -> None:
        super().__init__(values, None, words)
        self.read, self.closed = read, closed

    def show(self, values, hidden, rows, seen_at):
        state = np.where(self.closed[rows] <= seen_at, 2, np.where(self.read[rows] <= seen_at, 1, 0))
        return super().show(state, None, rows, seen_at)


@dataclass
class _Source(Column):
    """Identifier of a response (values below the offset) or of a ticket."""

    kinds: np.ndarray | None = None

    def render(self, rows, seen_at):
        assert self.kinds is not None
        numbers, kinds = self.values[rows], self.kinds[rows]
        return pc.if_else(pa.array(kinds == 0), numbered("q", 8, numbers), numbered("t", 8, numbers))


def _either(kinds: np.ndarray, numbers: np.ndarray) -> _Source:
    return _Source(numbers, None, kinds)


def _unit_on(staff: Staff, who: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.where(at // DAY >= staff.change[who], staff.next_unit[who], staff.unit[who])


def _decider(
    rng: np.random.Generator, staff: Staff, subject: np.ndarray, kind: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Decider; -1 when unknown, -2 when no employee is of the required kind."""
    size = len(subject)
    known = np.maximum(subject, 0)
    lead = np.searchsorted(staff.team, staff.team[known])
    proper = staff.draw(rng, "cx", size)
    # No feedback is about cx here, but its lead manages all other leads.
    top = staff.members("cx")[0]
    proper = np.where(proper == top, staff.draw(rng, "marketing", size), proper)
    units, mates = _unit_on(staff, known, at), np.full(size, -2)
    everybody = np.flatnonzero((staff.left > 1 << 20) & (staff.hired <= 0))
    for row in np.flatnonzero((kind == SAME_UNIT) & (subject >= 0)):
        moment = np.full(len(everybody), at[row])
        same = everybody[(_unit_on(staff, everybody, moment) == units[row]) & (everybody != subject[row])]
        same = same[same != lead[row]]
        if len(same):
            mates[row] = same[int(rng.integers(0, len(same)))]
    found = np.choose(
        np.minimum(kind, NOBODY), [proper, subject, mates, np.where(lead == subject, -2, lead), np.full(size, -1)]
    )
    # Without a subject nobody is an interested party; such cases are decided by cx or by an unknown employee.
    found = np.where((subject < 0) & np.isin(kind, (SELF, SAME_UNIT, MANAGER)), -2, found)
    return np.where(kind == UNDECIDED, -1, found)


def _write_signals(
    landing: Landing, people: Population, tickets: Tickets, asked: Invitations, drawn: Responses,
    commented: np.ndarray, part: int,
) -> None:  # fmt: skip
    """Topics of comments, and sentiment found in tickets and in public."""
    scope = people.scope
    rng = scope.rng("feedback signals", part)
    written = np.where(drawn.comes_back, drawn.second_write, drawn.first_write)
    group = _group(_scores(drawn, "nps"))
    said = commented[(written[commented] <= scope.end - 600) & (group[commented] >= 0)]
    # One comment in five names two topics.
    said = np.concatenate([said, said[chance(rng, len(said), 0.2)]])
    heard = np.flatnonzero(tickets.arrived & (tickets.opened <= scope.end - HOUR))
    heard = heard[chance(rng, len(heard), 0.25)]
    public = heard[chance(rng, len(heard), 0.1)]
    sizes = (len(said), len(heard), len(public))
    kind = np.repeat([0, 1, 2], sizes)
    size = len(kind)
    topic = np.full(size, -1)
    for code, name in enumerate(("detractor", "passive", "promoter")):
        rows = np.flatnonzero((kind == 0) & (np.concatenate([group[said], np.full(size - sizes[0], -1)]) == code))
        topic[rows] = one_of(rng, len(rows), WISHES[name], TOPICS)
    topic[sizes[0] :] = np.concatenate([tickets.topic[heard], tickets.topic[public]])
    topic = np.where(chance(rng, size, 0.08), -1, topic)
    feeling = np.concatenate([
        np.array([-0.6, 0.1, 0.7, 0.0])[group[said]],
        np.where(tickets.is_complaint[heard], -0.6, 0.0),
        np.where(tickets.is_complaint[public], -0.8, -0.2),
    ])  # fmt: skip
    feeling = np.clip(feeling + rng.normal(0, 0.2, size), -1, 1)
    at = np.concatenate([written[said] - 5, tickets.opened[heard], tickets.opened[public] + 2 * HOUR])
    at = np.minimum(at, scope.end - 300)
    replied = np.where((kind == 2) & chance(rng, size, 0.4), at + between(rng, HOUR, 4 * DAY, size), NEVER)
    nobody = np.full(size, -1)
    response = nobody.copy()
    response[: sizes[0]] = drawn.number[said]
    ticket = np.concatenate([nobody[: sizes[0]], tickets.number[heard], nobody[: sizes[2]]])
    customer = np.concatenate([asked.customer[drawn.row[said]], tickets.customer[heard], tickets.customer[public]])
    customer = np.where(
        np.concatenate([drawn.is_anonymous[said], np.zeros(size - sizes[0], dtype=bool)]), -1, customer + 1
    )
    landing.write(
        "feedback_signals",
        {
            "signal_id": Number(landing.take_numbers("feedback_signals", size), prefix="g"),
            "customer_id": Number(customer, prefix="c", width=7),
            "response_id": Number(response, prefix="q"),
            "source_type": Code(kind, words=SIGNAL_SOURCES),
            "source_id": Number(ticket, prefix="t"),
            "occurred_at": landing.moment(at),
            "stage_code": Code(np.where(kind == 0, 0, -1), words=("usage",)),
            "topic_code": Code(topic, words=TOPICS),
            "sentiment": _Mood(np.round(feeling, 2)),
            "is_direct": Flag((kind == 0).astype("int8")),
            "model_version": Code(np.zeros(size, dtype="int8"), words=("topics-1",)),
            "replied_at": landing.moment(replied),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("speech",)),
        },
        [at + between(rng, 60, 300, size), np.where(replied < NEVER, replied + 400, NEVER)],
        part,
    )


@dataclass
class _Mood(Column):
    """A number with decimals; never NULL here."""

    def show(self, values, hidden, rows, seen_at):
        return pa.array(values.astype("float64"))


def _ask_too_often(
    landing: Landing, people: Population, ended: np.ndarray, last_use: np.ndarray, first: int, stop: int, part: int
) -> int:
    """A pulse survey that asks the same people three times in ten days, and the survey of early drop-offs."""
    scope = people.scope
    rng = scope.rng("own surveys", part)
    span = np.arange(first, stop)
    start = int(scope.days * 0.7)
    there = (people.registration_day[span] < start - 40) & (ended[span] > start + 15) & ~people.is_a("test")[span]
    who = span[there & chance(rng, len(span), 0.08)]
    pulse_customer = np.repeat(who, 3)
    nth = np.tile(np.arange(3), len(who))
    pulse_sent = office_moment(rng, start + 5 * nth, scope)
    registered = people.registered[span]
    gone = span[
        (registered >= 0)
        & (last_use[span] < registered + 13 * DAY)
        & ~people.is_a("test")[span]
        & chance(rng, len(span), 0.6)
    ]
    gone_sent = office_moment(rng, people.registration_day[gone] + 30 + between(rng, 0, 4, len(gone)), scope)
    customer = np.concatenate([pulse_customer, gone])
    sent = np.concatenate([pulse_sent, gone_sent])
    is_pulse = np.arange(len(customer)) < len(pulse_customer)
    keep = np.flatnonzero(sent <= scope.end)
    customer, sent, is_pulse = customer[keep], sent[keep], is_pulse[keep]
    size = len(customer)
    delivered = sent + between(rng, 1, 120, size)
    shown = np.where(chance(rng, size, 0.6), delivered + between(rng, 60, 2 * DAY, size), NEVER)
    number = landing.take_numbers("survey_invitations", size)
    landing.write(
        "survey_invitations",
        {
            "invitation_id": Number(number, prefix="i"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "survey_code": Code(np.where(is_pulse, 0, 1), words=("pulse", "early_dropoff")),
            "trigger_type": Code(np.where(is_pulse, 0, 1), words=("campaign", "event")),
            "trigger_key": Code(np.where(is_pulse, 0, 1), words=(PULSE_KEY, DROPOFF_KEY)),
            "channel": Code(np.where(is_pulse, 4, 0), words=CHANNELS),
            "stage_code": Code(np.where(is_pulse, 1, 0), words=("onboarding", "usage")),
            "touchpoint_code": Code(np.zeros(size, dtype="int8"), words=("account",)),
            "sent_at": landing.moment(sent),
            "delivered_at": landing.moment(delivered),
            "shown_at": landing.moment(shown),
            "question_count": Whole(np.where(is_pulse, 1, 2)),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("surveys",)),
        },
        [sent + between(rng, 700, 900, size), np.where(shown < NEVER, shown + 1_000, NEVER)],
        part + ROW_FILES,
    )
    answers = np.flatnonzero(~is_pulse & (shown < NEVER) & chance(rng, size, 0.4))
    begun = shown[answers] + between(rng, 5, 300, len(answers))
    done = begun + between(rng, 40, 240, len(answers))
    keep = np.flatnonzero(done <= scope.end - 900)
    answers, begun, done = answers[keep], begun[keep], done[keep]
    count = len(answers)
    response = landing.take_numbers("survey_responses", count)
    # Not before its invitation has arrived.
    written = done + between(rng, 1_100, 1_300, count)
    landing.write(
        "survey_responses",
        {
            "response_id": Number(response, prefix="q"),
            "invitation_id": Number(number[answers], prefix="i"),
            "customer_id": Number(customer[answers] + 1, prefix="c", width=7),
            "survey_code": Code(np.zeros(count, dtype="int8"), words=("early_dropoff",)),
            "channel": Code(np.zeros(count, dtype="int8"), words=CHANNELS),
            "started_at": landing.moment(begun),
            "submitted_at": landing.moment(done),
            "status": Code(np.zeros(count, dtype="int8"), words=("complete",)),
            "stage_code": Code(np.zeros(count, dtype="int8"), words=("onboarding",)),
            "touchpoint_code": Code(np.zeros(count, dtype="int8"), words=("account",)),
            "source_system": Code(np.zeros(count, dtype="int8"), words=("surveys",)),
        },
        [written],
        part + ROW_FILES,
    )
    landing.write(
        "survey_answers",
        {
            "response_id": Number(response, prefix="q"),
            "question_code": Code(np.zeros(count, dtype="int8"), words=("dropoff_reason",)),
            "option_code": Code(
                one_of(rng, count, {"import": 30, "editor": 25, "integration": 20, "price": 15, "other": 10}, TOPICS),
                words=TOPICS,
            ),
            "answered_at": landing.moment(done - 10),
            "source_system": Code(np.zeros(count, dtype="int8"), words=("surveys",)),
        },
        [written],
        part + ROW_FILES,
    )
    return int(is_pulse.sum())
