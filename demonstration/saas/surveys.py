"""Surveys: invitations, responses and answers. Most people do not answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stayhouse.demonstration.saas.landing import Code, Landing, Number, Ready, Whole, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance, one_of, pick
from stayhouse.demonstration.saas.staff import UNITS, Staff
from stayhouse.demonstration.saas.tickets import CHANNELS as TICKET_CHANNELS
from stayhouse.demonstration.saas.tickets import Tickets

SURVEYS = ("relational", "csat_chat", "ces_support", "csi_service", "onboarding", "churn_reason")
RELATIONAL, CSAT_CHAT, CES_SUPPORT, CSI_SERVICE, ONBOARDING, CHURN_REASON = range(6)
QUESTIONS = ("nps", "nps_comment", "csi", "cli_q1", "cli_q2", "cli_q3", "cli_q4", "csat", "ces", "onboarding_rating",
             "onboarding_missing", "churn_reason")  # fmt: skip
QUESTIONS_OF = ((0, 1, 2, 3, 4, 5, 6), (7,), (8,), (2,), (9, 10), (11,))
TRIGGER_TYPES = ("tenure", "event", "service", "campaign")
TENURES = (3, 6, 9, 12, 18, 24, 30, 36, 42)
TRIGGER_KEYS = (*(f"T{month}" for month in TENURES), "first_payment", "mailing_50", "mailing_500",
                "onboarding_completed", "cancel_requested", "summer_campaign")  # fmt: skip
CHANNELS = ("email", "messenger", "call", "landing", "popup", "sms", "chat")
CARRIED_CHANNELS = (CHANNELS.index("email"), CHANNELS.index("messenger"))
"""Channels whose invitations are contacts; the others appear inside the product or in a talk."""
SERVICE_TRIGGER = TRIGGER_TYPES.index("service")
RESPONSE_RATE = np.array([0.20, 0.30, 0.5, 0.3, 0.34, 0.1, 0.40])
"""Share of invitations that are answered, by channel."""
STAGES = ("onboarding", "usage", "renewal", "exit")
TOUCHPOINTS = ("account", "support_chat", "support", "onboarding", "billing")
OPTIONS = ("too_expensive", "missing_feature", "switched_competitor", "need_gone", "poor_support", "other")
GOOD_WORDS = (
    "Everything works as it should.", "The editor saves us hours every week.", "Great support, quick answers.",
    "Reports are clear, our team likes them.", "Очень удобный редактор.", "Easy to start with. Thank you!",
)  # fmt: skip
BAD_WORDS = (
    "Too expensive for what we use.", "Support took three days to answer.", "The import loses half of the fields.",
    "Mailings land in spam since spring.", "Could not connect the shop, gave up.", "Слишком дорого, ищем замену.",
    "Please call me, my number is +49 30 000000.", "Write to anna@example.org, nobody answers in the chat.",
    "The invoice was wrong, twice.",
)  # fmt: skip
MISSING_WORDS = ("Examples for shops.", "A shorter tour.", "How to import from a spreadsheet.", "Nothing, all clear.",
                 "A video instead of text.")  # fmt: skip
SAGGING_MONTHS = (6, 9)
"""Customers of this tenure (from, before) are less happy with everything than the others."""
BAD_UNIT = "support-2"
"""Customers whose chat is closed by this unit rate it worse."""
SAG, BAD = 0.18, 0.28
"""By how much; feelings run from 0 to 1."""
WORDS = (*GOOD_WORDS, *BAD_WORDS, *MISSING_WORDS)


@dataclass
class Invitations:
    """Drawn invitations of one range of customers."""

    customer: np.ndarray
    survey: np.ndarray
    kind: np.ndarray
    key: np.ndarray
    """Position in TRIGGER_KEYS; -1 when the key is the ticket."""
    ticket: np.ndarray
    """Position in the tickets; -1 without one."""
    sent: np.ndarray
    channel: np.ndarray


def invite(
    people: Population,
    tickets: Tickets,
    ended: np.ndarray,
    moments: dict[str, np.ndarray],
    first: int,
    stop: int,
    part: int,
) -> Invitations:
    """Who is asked when. `moments` holds by customer the moments of the event triggers, NEVER where none came."""
    scope = people.scope
    rng = scope.rng("invitations", part)
    span = np.arange(first, stop)
    layers: list[tuple[np.ndarray, ...]] = []

    def layer(customer, survey, kind, key, ticket, sent, channel) -> None:
        kind = TRIGGER_TYPES.index(kind)
        keep = np.flatnonzero((sent >= 0) & (sent <= scope.end) & (sent > people.registered[customer] + HOUR))
        size = len(keep)
        layers.append((
            customer[keep], np.broadcast_to(survey, len(customer))[keep], np.full(size, kind), np.full(size, key),
            ticket[keep] if ticket is not None else np.full(size, -1), sent[keep], channel[keep],
        ))  # fmt: skip

    for position, months in enumerate(TENURES):
        due = scope.add_months(people.registration_day[span], months)
        is_there = (due >= 0) & (due < np.minimum(ended[span], scope.days)) & chance(rng, len(span), 0.94)
        is_there &= ~people.is_a("test")[span]
        who = span[is_there]
        sent = office_moment(rng, due[is_there] + between(rng, 0, 5, len(who)), scope)
        channel = one_of(rng, len(who), {"email": 60, "popup": 30, "messenger": 10}, CHANNELS)
        layer(who, RELATIONAL, "tenure", position, None, sent, channel)
    for name, survey in (
        ("first_payment", RELATIONAL),
        ("mailing_50", RELATIONAL),
        ("mailing_500", RELATIONAL),
        ("onboarding_completed", ONBOARDING),
        ("cancel_requested", CHURN_REASON),
    ):
        who = span[(moments[name] < NEVER) & chance(rng, len(span), 0.92)]
        sent = moments[name][who - first] + between(rng, HOUR // 6, 30 * HOUR, len(who))
        channel = one_of(rng, len(who), {"email": 40, "popup": 50, "chat": 10}, CHANNELS)
        layer(who, survey, "event", TRIGGER_KEYS.index(name), None, sent, channel)

    closed = np.flatnonzero((tickets.closed < NEVER) & chance(rng, len(tickets.customer), 0.8))
    is_chat = tickets.channel[closed] == TICKET_CHANNELS.index("chat")
    other = np.where(chance(rng, len(closed), 0.6), CES_SUPPORT, CSI_SERVICE)
    channel = np.array([CHANNELS.index(name) for name in TICKET_CHANNELS])[tickets.channel[closed]]
    sent = tickets.closed[closed] + between(rng, 300, 6 * HOUR, len(closed))
    layer(tickets.customer[closed], np.where(is_chat, CSAT_CHAT, other), "service", -1, closed, sent, channel)

    campaign = int(scope.days * 0.5)
    is_there = (people.registration_day[span] < campaign - 14) & (ended[span] > campaign)
    who = span[is_there & chance(rng, len(span), 0.15)]
    sent = office_moment(rng, campaign + between(rng, 0, 3, len(who)), scope)
    channel = np.full(len(who), CHANNELS.index("email"))
    layer(who, RELATIONAL, "campaign", TRIGGER_KEYS.index("summer_campaign"), None, sent, channel)

    columns = [np.concatenate(column) for column in zip(*layers, strict=True)]
    order = np.lexsort((columns[3], columns[5], columns[0]))
    return Invitations(*(column[order] for column in columns))


@dataclass
class Responses:
    """Drawn responses and answers; one element per response unless said otherwise."""

    shown: np.ndarray
    """By invitation."""
    delivered: np.ndarray
    """By invitation."""
    invitation_number: np.ndarray
    """By invitation."""
    number: np.ndarray
    row: np.ndarray
    """Position of the invitation (also of those who answer uninvited: they are customers who were asked once)."""
    is_uninvited: np.ndarray
    is_anonymous: np.ndarray
    survey: np.ndarray
    length: np.ndarray
    """Questions of the survey."""
    reached: np.ndarray
    """Questions answered in the first session."""
    comes_back: np.ndarray
    started: np.ndarray
    resumed: np.ndarray
    pause: np.ndarray
    """Seconds per question."""
    submitted: np.ndarray
    complete_at: np.ndarray
    first_write: np.ndarray
    second_write: np.ndarray
    answer_of: np.ndarray
    """By answer: position of the response."""
    answer_nth: np.ndarray
    question: np.ndarray
    score: np.ndarray
    words: np.ndarray
    """By answer: position in WORDS."""

    def low(self, end: int) -> np.ndarray:
        """Positions of responses of detractors that are in the data early enough for a follow-up."""
        of = self.answer_of[(self.question == 0) & (self.score <= 6)]
        is_low = np.zeros(len(self.number), dtype=bool)
        is_low[of] = True
        return np.flatnonzero(is_low & ~self.is_anonymous & (self.first_write <= end - 2 * DAY))


COUNTS = np.array([len(questions) for questions in QUESTIONS_OF])


def respond(
    landing: Landing, people: Population, staff: Staff, tickets: Tickets, asked: Invitations, part: int
) -> Responses:
    """Views of the invitation, responses, progress and answers."""
    rng = people.scope.rng("responses", part)
    size = len(asked.customer)
    delivered = np.where(chance(rng, size, 0.97), asked.sent + between(rng, 1, 120, size), NEVER)
    is_mail = asked.channel == 0
    seen = chance(rng, size, np.where(is_mail, 0.55, 0.85)) & (delivered < NEVER)
    wait = rng.exponential(np.where(is_mail, 9 * HOUR, HOUR), size).astype("int64")
    shown = np.where(seen, delivered + wait, NEVER)

    # Viewed invitations are answered at the rate of their channel; unhappy people answer slightly more often.
    mood = _mood(people, tickets, asked)
    rate = RESPONSE_RATE[asked.channel] / np.where(is_mail, 0.55, 0.85)
    answers = np.flatnonzero(seen & chance(rng, size, np.clip(rate * (1.15 - 0.2 * mood), 0, 0.95)))
    row = np.concatenate([answers, np.flatnonzero(chance(rng, size, 0.006))])
    count = len(row)
    is_uninvited = np.arange(count) >= len(answers)
    started = np.where(is_uninvited, asked.sent[row] + 5 * DAY, shown[row] + between(rng, 5, 300, count))
    survey = np.where(is_uninvited, RELATIONAL, asked.survey[row])
    length = COUNTS[survey]
    is_partial = chance(rng, count, 0.16) & (length > 1)
    reached = np.where(is_partial, between(rng, 1, length, count), length)
    pause = between(rng, 20, 90, count)
    # A third of the partial responses is finished later, some are sent in as they are, the others never.
    fate = rng.random(count)
    comes_back = is_partial & (fate < 0.33)
    stopped = started + pause * reached
    resumed = stopped + between(rng, HOUR, 4 * DAY, count)
    finished = np.where(comes_back, resumed + pause * length, stopped) + 5
    is_sent_in = ~is_partial | comes_back | (fate < 0.6)
    submitted = np.where(is_sent_in, finished, NEVER)
    first_write = np.where(comes_back, stopped, finished) + between(rng, 10, 600, count)
    second_write = np.where(comes_back, finished + between(rng, 10, 600, count), NEVER)

    total = np.where(comes_back, length, reached)
    of = np.repeat(np.arange(count), total)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(total) - total, total)
    table = np.full((len(SURVEYS), 7), -1)
    for position, questions in enumerate(QUESTIONS_OF):
        table[position, : len(questions)] = questions
    question = table[survey[of], nth]
    feeling = mood[row][of] + np.repeat(rng.normal(0, 0.10, count), total) + rng.normal(0, 0.06, len(of))
    feeling = np.clip(feeling - _planted(people, staff, tickets, asked)[row][of], 0, 1)
    ten = np.clip(np.round(feeling * 10.5), 0, 10).astype("int64")
    five = np.clip(np.round(0.7 + feeling * 4.6), 1, 5).astype("int64")
    # The fourth loyalty question asks about switching: high is bad.
    loyalty = np.where(question == 6, np.clip(11 - ten, 1, 10), np.clip(ten, 1, 10))
    score = np.where(question == 0, ten, np.where((question >= 3) & (question <= 6), loyalty, five))
    bad = len(GOOD_WORDS) + rng.integers(0, len(BAD_WORDS), len(of))
    words = np.where(feeling > 0.62, rng.integers(0, len(GOOD_WORDS), len(of)), bad)
    missing = len(GOOD_WORDS) + len(BAD_WORDS) + rng.integers(0, len(MISSING_WORDS), len(of))
    return Responses(
        shown=shown, delivered=delivered, invitation_number=landing.take_numbers("survey_invitations", size),
        number=landing.take_numbers("survey_responses", count), row=row, is_uninvited=is_uninvited,
        is_anonymous=is_uninvited & chance(rng, count, 0.4), survey=survey, length=length, reached=reached,
        comes_back=comes_back, started=started, resumed=resumed, pause=pause, submitted=submitted,
        complete_at=np.where(is_partial & ~comes_back, NEVER, finished), first_write=first_write,
        second_write=second_write, answer_of=of, answer_nth=nth, question=question, score=score,
        words=np.where(question == 10, missing, words),
    )  # fmt: skip


def write_surveys(
    landing: Landing,
    people: Population,
    staff: Staff,
    tickets: Tickets,
    asked: Invitations,
    drawn: Responses,
    carriers: np.ndarray,
    part: int,
) -> np.ndarray:
    """Write all three tables. `carriers` holds the number of the contact that carried each invitation, -1 without.

    Returns the positions of the responses with a comment.
    """
    rng = people.scope.rng("survey rows", part)
    size = len(asked.customer)
    # A ticket that is not in the data cannot be referred to; closed ones always are.
    has_ticket = asked.ticket >= 0
    ticket = np.full(size, -1)
    ticket[has_ticket] = tickets.number[asked.ticket[has_ticket]]
    keys = pa.array(list(TRIGGER_KEYS)).take(pa.array(np.maximum(asked.key, 0)))
    keys = pc.if_else(pa.array(asked.key >= 0), keys, numbered("t", 8, ticket))
    stage = np.array([1, 1, 1, 1, 0, 3])
    touchpoint = np.array([0, 1, 2, 2, 3, 4])
    shown = drawn.shown
    landing.write(
        "survey_invitations",
        {
            "invitation_id": Number(drawn.invitation_number, prefix="i"),
            "customer_id": Number(asked.customer + 1, prefix="c", width=7),
            "survey_code": Code(asked.survey, words=SURVEYS),
            "trigger_type": Code(asked.kind, words=TRIGGER_TYPES),
            "trigger_key": Ready(keys),
            "channel": Code(asked.channel, words=CHANNELS),
            "stage_code": Code(stage[asked.survey], words=STAGES),
            "touchpoint_code": Code(touchpoint[asked.survey], words=TOUCHPOINTS),
            "sent_at": landing.moment(asked.sent),
            "delivered_at": landing.moment(drawn.delivered),
            "shown_at": landing.moment(shown),
            "question_count": Whole(COUNTS[asked.survey]),
            "ticket_id": Number(ticket, prefix="t"),
            "contact_id": Number(carriers, prefix="k"),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("surveys",)),
        },
        # Later than the contact that carries it, so that the reference always finds it.
        [
            asked.sent + between(rng, 700, 900, size),
            np.where(shown < NEVER, shown + between(rng, 905, 1_200, size), NEVER),
        ],
        part,
    )
    row, count = drawn.row, len(drawn.row)
    invited = ~drawn.is_uninvited
    rated = np.full(count, -1)
    by_ticket = np.flatnonzero(invited & has_ticket[row])
    rated[by_ticket] = tickets.closer[asked.ticket[row[by_ticket]]]
    submitted = drawn.submitted
    synced = np.where((submitted < NEVER) & chance(rng, count, 0.93), submitted + between(rng, 5, 9, count), NEVER)
    landing.write(
        "survey_responses",
        {
            "response_id": Number(drawn.number, prefix="q"),
            "invitation_id": Number(np.where(invited, drawn.invitation_number[row], -1), prefix="i"),
            "customer_id": Number(np.where(drawn.is_anonymous, -1, asked.customer[row] + 1), prefix="c", width=7),
            "survey_code": Code(drawn.survey, words=SURVEYS),
            "channel": Code(np.where(invited, asked.channel[row], 3), words=CHANNELS),
            "started_at": landing.moment(drawn.started),
            "submitted_at": landing.moment(submitted),
            "status": Code(np.zeros(count, dtype="int8"), drawn.complete_at, words=("complete", "partial"), before=1),
            "stage_code": Code(stage[drawn.survey], words=STAGES),
            "touchpoint_code": Code(touchpoint[drawn.survey], words=TOUCHPOINTS),
            "ticket_id": Number(np.where(invited, ticket[row], -1), prefix="t"),
            "subject_employee_id": Number(np.where(rated < 0, -1, rated + 1), prefix="m", width=3),
            "subject_unit": Code(np.where(rated < 0, -1, staff.unit[np.maximum(rated, 0)]), words=UNITS),
            "crm_synced_at": landing.moment(synced),
            "source_system": Code(np.zeros(count, dtype="int8"), words=("surveys",)),
        },
        [drawn.first_write, drawn.second_write],
        part,
    )
    return _write_answers(landing, rng, drawn, part)


def _write_answers(landing: Landing, rng: np.random.Generator, drawn: Responses, part: int) -> np.ndarray:
    """One row per answered question; a comment that was left empty has none. Returns responses with a comment."""
    of, nth, question = drawn.answer_of, drawn.answer_nth, drawn.question
    size = len(of)
    is_text = np.isin(question, [QUESTIONS.index("nps_comment"), QUESTIONS.index("onboarding_missing")])
    is_option = question == QUESTIONS.index("churn_reason")
    is_second = drawn.comes_back[of] & (nth >= drawn.reached[of])
    at = np.where(is_second, drawn.resumed[of], drawn.started[of]) + drawn.pause[of] * (nth + 1)
    written = np.where(is_second, drawn.second_write[of], drawn.first_write[of])
    option = pick(rng, size, [24, 18, 20, 14, 12, 8])
    keep = np.flatnonzero(~is_text | chance(rng, size, 0.45))
    landing.write(
        "survey_answers",
        {
            "response_id": Number(drawn.number[of][keep], prefix="q"),
            "question_code": Code(question[keep], words=QUESTIONS),
            "score": Whole(np.where(is_text | is_option, -1, drawn.score)[keep]),
            "option_code": Code(np.where(is_option, option, -1)[keep], words=OPTIONS),
            "text_answer": Code(np.where(is_text, drawn.words, -1)[keep], words=WORDS),
            "answered_at": landing.moment(at[keep]),
            "source_system": Code(np.zeros(len(keep), dtype="int8"), words=("surveys",)),
        },
        [written[keep]],
        part,
    )
    return of[keep][question[keep] == QUESTIONS.index("nps_comment")]


def _mood(people: Population, tickets: Tickets, asked: Invitations) -> np.ndarray:
    """Satisfaction 0-1 when the invitation is sent: that of the customer, lower after complaints."""
    mood = people.satisfaction[asked.customer].copy()
    # Customers who will decline are satisfied before the decline.
    turn = people.turn[asked.customer]
    is_before = (turn < NEVER_DAY) & (asked.sent < (turn - 60) * DAY)
    mood = np.where(is_before, np.maximum(mood, 0.72), mood)
    wrong = np.flatnonzero(tickets.is_complaint)
    if len(wrong):
        key = tickets.customer[wrong].astype("int64") * (1 << 31) + tickets.opened[wrong]
        here = asked.customer.astype("int64") * (1 << 31) + asked.sent
        before = np.searchsorted(key, here, side="right") - 1
        recent = wrong[np.maximum(before, 0)]
        hurts = (before >= 0) & (tickets.customer[recent] == asked.customer)
        hurts &= asked.sent - tickets.opened[recent] < 45 * DAY
        mood = np.where(hurts, mood - 0.22, mood)
    return mood


def _planted(people: Population, staff: Staff, tickets: Tickets, asked: Invitations) -> np.ndarray:
    """How much worse the answer is than the customer's satisfaction, by invitation: an unhappy tenure band, a poor
    unit."""
    scope = people.scope
    registered, day = people.registration_day[asked.customer], asked.sent // DAY
    first, after = (scope.add_months(registered, months) for months in SAGGING_MONTHS)
    is_sagging = (asked.survey == RELATIONAL) & (day >= first) & (day < after)
    closer = tickets.closer[np.maximum(asked.ticket, 0)] if len(tickets.closer) else np.full(len(asked.ticket), -1)
    is_bad = (asked.survey == CSAT_CHAT) & (asked.ticket >= 0) & (closer >= 0)
    is_bad &= staff.unit[np.maximum(closer, 0)] == UNITS.index(BAD_UNIT)
    return SAG * is_sagging + BAD * is_bad
