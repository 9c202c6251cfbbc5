"""Contacts with customers, do-not-disturb flags and verdicts of reviewers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.customers import (
    CALL,
    CHAT,
    CONTACT_CHANNELS,
    EMAIL,
    MEETING,
    MESSENGER,
    PUSH,
    SMS,
    Consents,
)
from stayhouse.demonstration.saas.events import UsageFacts, incident_day
from stayhouse.demonstration.saas.landing import Code, Flag, Landing, Number, Ready, Whole, numbered
from stayhouse.demonstration.saas.population import Population, office_moment
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance, one_of
from stayhouse.demonstration.saas.staff import Owners, Staff
from stayhouse.demonstration.saas.subscriptions import Contracts
from stayhouse.demonstration.saas.surveys import CARRIED_CHANNELS, SERVICE_TRIGGER, Invitations
from stayhouse.demonstration.saas.tickets import CHANNELS as TICKET_CHANNELS
from stayhouse.demonstration.saas.tickets import Tickets

PURPOSES = ("welcome", "onboarding", "retention", "renewal", "rating_request", "sales", "service", "incident",
            "reminder", "followup", "winback", "exit", "nudge", "feature_announcement", "feature_training")  # fmt: skip
RULES = ("welcome", "onboarding_call", "inactivity_call", "renewal_call", "post_renewal_rating")
REASONS = ("first_login", "no_mailing_yet", "component_unused", "usage_drop", "contract_due", "low_score",
           "new_feature", "customer_request", "other")  # fmt: skip
OUTCOMES = ("conversation", "no_answer", "voicemail", "wrong_number", "refused", "bounced", "delivered", "held",
            "cancelled", "answered")  # fmt: skip
(CONVERSATION, NO_ANSWER, VOICEMAIL, WRONG_NUMBER, REFUSED, BOUNCED, DELIVERED, HELD, CANCELLED, ANSWERED) = range(10)
OUTCOME_REASONS = ("dislike", "alternative", "need_gone", "vacation", "price", "unknown")
OUT, IN = 0, 1
DND_PURPOSES = tuple(
    PURPOSES.index(name)
    for name in ("onboarding", "retention", "renewal", "rating_request", "sales", "reminder", "winback", "nudge")
)
"""Proactive purposes, which do-not-disturb forbids."""
MARKETING_PURPOSES = tuple(PURPOSES.index(name) for name in ("nudge", "winback"))
SALES = PURPOSES.index("sales")
VIOLATION_SHARE = 0.08
"""Share of forbidden contacts that are made anyway."""


@dataclass
class Flags:
    """Do-not-disturb flags of one range of customers."""

    customer: np.ndarray
    since: np.ndarray
    until: np.ndarray
    setter: np.ndarray
    """Employee; -1 when the customer set it."""
    is_request: np.ndarray
    has_evidence: np.ndarray

    def left_alone(self, avoided: np.ndarray, first: int, size: int) -> np.ndarray:
        """Of `size` customers from `first` on, whether they have a flag or are among the avoided ones."""
        found = np.zeros(size, dtype=bool)
        found[self.customer - first] = True
        found[avoided - first] = True
        return found


@dataclass
class Planted:
    """Contacts that the truth folder names."""

    number: np.ndarray
    customer: np.ndarray
    kind: np.ndarray


KINDS = ("after_dnd", "after_unsubscribe", "after_revocation", "without_consent", "machine_open", "dnd_evidence",
         "unreachable")  # fmt: skip
UNREACHABLE_SHARE = 0.6
UNREACHABLE_FROM = 8
"""Of customers with this many attempts and no conversation, the share (at least one) that is never reached."""


WORDS = {"purpose": PURPOSES, "rule": RULES, "reason": REASONS}
FIELDS = (
    "customer", "at", "channel", "direction", "purpose", "employee", "rule", "reason", "component", "campaign",
    "ticket", "response", "is_automated", "is_personal", "origin",
)  # fmt: skip


class _Layers:
    """Collects contacts; every layer is one reason for a contact. A code of -1 means none."""

    def __init__(self, people: Population) -> None:
        self.parts: list[dict[str, np.ndarray]] = []
        self.end, self.registered = people.scope.end, people.registered
        months = np.unique((people.scope.first_date + np.arange(people.scope.days)).astype("datetime64[M]"))
        self.months = months
        self.campaigns = (*(f"news_{month}" for month in months), "incident_notice", "winback_offer")

    def add(self, customer: np.ndarray, at: np.ndarray, **values) -> None:
        """Contacts with `customer` at the moments `at`; a purpose, rule, reason or campaign may be given by name."""
        defaults = dict.fromkeys(FIELDS, -1) | {"direction": OUT, "is_automated": 0, "is_personal": 0}
        words = WORDS | {"campaign": self.campaigns}
        values = {
            name: words[name].index(value) if isinstance(value, str) else value
            for name, value in (defaults | values | {"customer": customer, "at": at}).items()
        }
        keep = np.flatnonzero((at >= 0) & (at <= self.end) & (at > self.registered[customer] + 60))
        self.parts.append({name: np.broadcast_to(values[name], len(customer))[keep] for name in FIELDS})

    def joined(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate([part[name] for part in self.parts]) for name in FIELDS}


INVITATION, EVIDENCE = 1 << 40, 2 << 40
"""Marks in `origin`: the contact carries that invitation, or it is the evidence of that flag."""


def do_not_disturb(
    people: Population, staff: Staff, owners: Owners, ended: np.ndarray, first: int, stop: int, part: int
) -> Flags:
    """Flags requested by customers (with the conversation as evidence) and flags set by staff without evidence."""
    scope = people.scope
    rng = scope.rng("flags", part)
    span = np.arange(first, stop)
    since = np.maximum(people.registered[span], 0) + 10 * DAY
    until = np.minimum(np.minimum(ended[span], people.use_to[span]) * DAY, scope.end - 2 * DAY)
    can = until > since
    moment = since + (rng.random(len(span)) * np.maximum(until - since, 0)).astype("int64")
    moment = np.minimum(office_moment(rng, moment // DAY, scope), scope.end - DAY)
    moment = np.maximum(moment, people.registered[span] + DAY)
    asks = can & chance(rng, len(span), 0.02)
    owner = owners.on("account_manager", span, moment)
    is_abuse = can & ~asks & (owner == staff.abuser) & chance(rng, len(span), 0.45)
    is_set = can & ~asks & ~is_abuse & (owner >= 0) & chance(rng, len(span), 0.012)
    who = span[asks | is_abuse | is_set]
    place = who - first
    size = len(who)
    ends = chance(rng, size, 0.3)
    is_asked = asks[place]
    return Flags(
        customer=who,
        since=moment[place],
        until=np.where(ends, moment[place] + between(rng, 60 * DAY, 200 * DAY, size), NEVER),
        setter=np.where(is_asked & chance(rng, size, 0.4), -1, np.where(owner[place] >= 0, owner[place], -1)),
        is_request=is_asked,
        has_evidence=is_asked & chance(rng, size, 0.9),
    )


def write_contacts(
    landing: Landing,
    people: Population,
    staff: Staff,
    owners: Owners,
    deals: Contracts,
    facts: UsageFacts,
    tickets: Tickets,
    asked: Invitations,
    consents: Consents,
    flags: Flags,
    low: tuple[np.ndarray, np.ndarray, np.ndarray],
    talkative: np.ndarray,
    first: int,
    stop: int,
    part: int,
) -> tuple[np.ndarray, np.ndarray, Planted]:
    """All contacts of the customers [first, stop).

    `low` names responses with low scores (number, customer, moment) that get a follow-up, `talkative` customers who
    answer surveys and are therefore reachable. Returns the contact numbers by invitation and by flag (-1 without one)
    and what was planted.
    """
    scope = people.scope
    rng = scope.rng("contacts", part)
    layers = _Layers(people)
    span = np.arange(first, stop)
    _plan(people, staff, owners, deals, facts, span, rng, layers)
    _campaigns(people, deals, span, rng, layers)
    _relationship(people, owners, deals, span, rng, layers)
    _about_churn(people, staff, owners, deals, span, rng, layers)
    _service(people, staff, tickets, asked, flags, low, rng, layers)
    rows = layers.joined()

    # Do-not-disturb and consent are mostly respected.
    out, customer, at = rows["direction"] == OUT, rows["customer"], rows["at"]
    is_marketing = out & np.isin(rows["purpose"], MARKETING_PURPOSES)
    breaks = np.stack([
        out & np.isin(rows["purpose"], DND_PURPOSES) & _inside(flags, customer, at, first, stop),
        is_marketing & (rows["channel"] == EMAIL) & consents.is_unsubscribed(customer, at),
        is_marketing & consents.is_revoked(customer, at),
        (is_marketing | (out & (rows["purpose"] == SALES))) & consents.is_missing(customer),
    ])  # fmt: skip
    happens = ~breaks.any(axis=0) | chance(rng, len(at), VIOLATION_SHARE)
    for kind in breaks:
        # A small company has one of each, too.
        happens[np.flatnonzero(kind)[:1]] = True
    keep = np.flatnonzero(happens)
    keep = keep[np.lexsort((at[keep], customer[keep]))]
    rows = {name: values[keep] for name, values in rows.items()}
    breaks = breaks[:, keep]
    size = len(keep)
    number = landing.take_numbers("contacts", size)
    signals = _signals(people, rng, rows, scope)
    is_unreachable = _plant_unreachable(people, rows, signals, talkative, first, stop, part)
    at = rows["at"]
    columns = {
        "contact_id": Number(number, prefix="k"),
        "customer_id": Number(rows["customer"] + 1, prefix="c", width=7),
        "employee_id": Number(np.where(rows["employee"] < 0, -1, rows["employee"] + 1), prefix="m", width=3),
        "direction": Code(rows["direction"], words=("outbound", "inbound")),
        "channel": Code(rows["channel"], words=CONTACT_CHANNELS),
        "purpose": Code(rows["purpose"], words=PURPOSES),
        "reason_code": Code(rows["reason"], words=REASONS),
        "component_code": Code(rows["component"], words=policy.components()),
        "campaign_code": Code(rows["campaign"], words=layers.campaigns),
        "comm_rule_code": Code(rows["rule"], words=RULES),
        "ticket_id": Number(rows["ticket"], prefix="t"),
        "trigger_response_id": Number(rows["response"], prefix="q"),
        "is_automated": Flag(rows["is_automated"]),
        "is_personalised": Flag(rows["is_personal"]),
        "attempted_at": landing.moment(at),
        "delivered_at": landing.moment(signals["delivered"]),
        "opened_at": landing.moment(signals["opened"]),
        "is_machine_open": Flag(signals["is_machine"], signals["opened"]),
        "clicked_at": landing.moment(signals["clicked"]),
        "answered_at": landing.moment(signals["answered"]),
        "duration_sec": Whole(signals["duration"], signals["known"]),
        "replied_at": landing.moment(signals["replied"]),
        "held_at": landing.moment(signals["held"]),
        "ended_at": landing.moment(signals["ended"]),
        "outcome_code": Code(signals["outcome"], signals["known"], words=OUTCOMES),
        "outcome_reason": Code(signals["reason"], signals["known"], words=OUTCOME_REASONS),
        "source_system": Code(rows["is_automated"], words=("crm", "marketing")),
    }
    early = np.maximum(at, np.where(signals["ended"] - at < 3 * HOUR, signals["ended"], at)) + between(
        rng, 60, 600, size
    )
    latest = np.full(size, -1)
    for name in ("delivered", "opened", "clicked", "replied", "held", "ended", "known"):
        latest = np.maximum(latest, np.where(signals[name] < NEVER, signals[name], -1))
    second = np.where(latest > early, latest + between(rng, 60, 600, size), NEVER)
    # Openings that come days apart from clicks or replies: three versions of the same contact.
    opened = np.where(signals["opened"] < NEVER, signals["opened"] + between(rng, 61, 300, size), NEVER)
    between_both = (opened > early) & (opened + 2 * HOUR < second) & (second < NEVER)
    arrived = landing.write("contacts", columns, [early, np.where(between_both, opened, NEVER), second], part)

    by_invitation = np.full(len(asked.customer), -1)
    carries = (rows["origin"] >= INVITATION) & (rows["origin"] < EVIDENCE) & arrived
    by_invitation[rows["origin"][carries] - INVITATION] = number[carries]
    by_flag = np.full(len(flags.customer), -1)
    proves = (rows["origin"] >= EVIDENCE) & arrived
    by_flag[rows["origin"][proves] - EVIDENCE] = number[proves]
    # An automatic opening is planted only where the data show it.
    is_machine = (signals["is_machine"] == 1) & (signals["opened"] <= scope.end) & (signals["clicked"] >= NEVER)
    is_machine &= np.where(signals["opened"] <= early, early, np.where(between_both, opened, second)) <= scope.end
    kinds = [np.flatnonzero(mask & arrived) for mask in (*breaks, is_machine, proves, is_unreachable)]
    where = np.concatenate(kinds)
    kind = np.repeat(np.arange(len(kinds)), [len(found) for found in kinds])
    return by_invitation, by_flag, Planted(number[where], rows["customer"][where], kind)


def _plan(people, staff, owners, deals, facts, span, rng, layers) -> None:
    """The communication plan: welcome, onboarding call, inactivity call, renewal call, rating after renewal."""
    scope = people.scope
    welcome = span[chance(rng, len(span), 0.985)]
    soon, late = between(rng, 70, 1_200, len(welcome)), between(rng, 4 * HOUR, 40 * HOUR, len(welcome))
    at = people.registered[welcome] + np.where(chance(rng, len(welcome), 0.93), soon, late)
    layers.add(
        welcome, at, channel=EMAIL, purpose="welcome", rule="welcome", reason="first_login", is_automated=1,
        is_personal=1,
    )  # fmt: skip

    # The onboarding specialist tries up to three times in the first days of use.
    registered = people.registered[span]
    start = np.where(facts.first_use[span] < NEVER, facts.first_use[span], registered + DAY)
    guide = owners.on("onboarding_manager", span, registered + 40 * HOUR)
    tries = (guide >= 0) & (registered >= 0) & chance(rng, len(span), 0.88)
    for attempt in range(3):
        tried = np.flatnonzero(tries)
        day = start[tried] // DAY + between(rng, 1, 9, len(tried)) + attempt * 2
        reason = one_of(rng, len(tried), {"first_login": 1, "no_mailing_yet": 1, "component_unused": 1}, REASONS)
        layers.add(
            span[tried], office_moment(rng, day, scope), channel=CALL, purpose="onboarding", rule="onboarding_call",
            employee=guide[tried], is_personal=1, reason=reason,
        )  # fmt: skip
        tries = tries & chance(rng, len(span), 0.45)

    # A month without use: a call by support.
    for stopped in (people.use_to, people.gap_from):
        inactive = span[(stopped[span] < scope.days) & (stopped[span] > 0) & (people.activation[span] < NEVER)]
        inactive = inactive[chance(rng, len(inactive), 0.6)]
        at = office_moment(rng, stopped[inactive] + between(rng, 31, 42, len(inactive)), scope)
        layers.add(
            inactive, at, channel=CALL, purpose="retention", rule="inactivity_call", reason="usage_drop", is_personal=1,
            employee=staff.draw(rng, "support", len(inactive)),
        )  # fmt: skip

    # A month before renewal a call, after it a mail that asks for a rating.
    due = span[(deals.next_renewal[span] < NEVER_DAY) & chance(rng, len(span), 0.8)]
    at = office_moment(rng, deals.next_renewal[due] - between(rng, 24, 37, len(due)), scope)
    manager = owners.on("account_manager", due, at)
    layers.add(
        due, at, channel=CALL, purpose="renewal", rule="renewal_call", reason="contract_due", is_personal=1,
        employee=np.where(manager >= 0, manager, staff.draw(rng, "account", len(due))),
    )  # fmt: skip
    renewed = span[(deals.renewed[span] < NEVER_DAY) & chance(rng, len(span), 0.85)]
    at = deals.renewed[renewed] * DAY + between(rng, 10 * HOUR, 9 * DAY, len(renewed))
    layers.add(
        renewed, at, channel=EMAIL, purpose="rating_request", rule="post_renewal_rating", reason="contract_due",
        is_automated=1,
    )  # fmt: skip


def _campaigns(people, deals, span, rng, layers) -> None:
    """Monthly news by mail, hints by push and messenger, the notice of the incident."""
    scope = people.scope
    for position, month in enumerate(layers.months):
        day = int((month.astype("datetime64[D]") - scope.first_date).astype("int64")) + 8
        if not 0 <= day < scope.days:
            continue
        there = (people.registration_day[span] < day) & (deals.ended[span] + 30 > day)
        mailed = span[there & chance(rng, len(span), 0.5)]
        at = day * DAY + 9 * HOUR + rng.integers(0, 2 * HOUR, len(mailed))
        layers.add(mailed, at, channel=EMAIL, purpose="nudge", reason="new_feature", campaign=position, is_automated=1)
        pushed = span[there & chance(rng, len(span), 0.12)]
        at = (day + between(rng, 3, 15, len(pushed))) * DAY + between(rng, 9 * HOUR, 19 * HOUR, len(pushed))
        channel = one_of(rng, len(pushed), {"push": 60, "messenger": 28, "sms": 12}, CONTACT_CHANNELS)
        component = rng.integers(0, len(policy.components()), len(pushed))
        layers.add(
            pushed, at, channel=channel, purpose="nudge", reason="component_unused", campaign=position,
            component=component, is_automated=1,
        )  # fmt: skip
    broken = incident_day(scope)
    there = (people.registration_day[span] < broken) & (deals.ended[span] > broken)
    affected = span[there & chance(rng, len(span), 0.7)]
    at = broken * DAY + 15 * HOUR + rng.integers(0, 3 * HOUR, len(affected))
    layers.add(affected, at, channel=EMAIL, purpose="incident", campaign="incident_notice", is_automated=1)


def _relationship(people, owners, deals, span, rng, layers) -> None:
    """Account managers keep in touch at the pace of the value segment; sellers sell; some customers call themselves."""
    scope, first = people.scope, span[0]
    begin = np.maximum(owners.since[2, span], 0)
    stop = np.minimum(np.minimum(owners.until[2, span], deals.ended[span] * DAY), scope.end)
    length = np.where(owners.employee[2, span] >= 0, np.maximum(stop - begin, 0), 0)
    pace = np.array([15.0, 44.0, 110.0])[people.value[span]] * DAY
    customer = np.repeat(span, rng.poisson(length / pace))
    size = len(customer)
    at = begin[customer - first] + (rng.random(size) * length[customer - first]).astype("int64")
    at = office_moment(rng, at // DAY, scope)
    channel = one_of(rng, size, {"call": 45, "email": 30, "meeting": 10, "messenger": 15}, CONTACT_CHANNELS)
    purpose = one_of(rng, size, {"retention": 35, "followup": 25, "reminder": 15, "sales": 15, "service": 10}, PURPOSES)
    reason = one_of(rng, size, {"component_unused": 35, "usage_drop": 20, "new_feature": 25, "other": 20}, REASONS)
    # Some contacts are made to tick a box: no reason, nothing personal.
    is_routine = chance(rng, size, 0.3)
    component = rng.integers(0, len(policy.components()), size)
    layers.add(
        customer, at, channel=channel, purpose=purpose, employee=owners.on("account_manager", customer, at),
        is_personal=np.where(is_routine, 0, 1), reason=np.where(is_routine, -1, reason),
        component=np.where(is_routine, -1, component),
    )  # fmt: skip

    sold = span[(owners.employee[0, span] >= 0) & chance(rng, len(span), 0.7)]
    at = office_moment(rng, people.registration_day[sold] + between(rng, 1, 14, len(sold)), scope)
    seller = owners.on("seller", sold, at)
    layers.add(sold, at, channel=CALL, purpose="sales", reason="customer_request", employee=seller, is_personal=1)

    # Inbound, without a ticket.
    since = np.maximum(people.registration_day[span], 0)
    length = np.maximum(np.minimum(deals.ended[span], scope.days) - since, 0)
    customer = np.repeat(span, rng.poisson(length / 400))
    size = len(customer)
    day = since[customer - first] + (rng.random(size) * length[customer - first]).astype("int64")
    at = office_moment(rng, day, scope)
    layers.add(
        customer, at, direction=IN, reason="customer_request",
        channel=one_of(rng, size, {"call": 40, "email": 35, "chat": 25}, CONTACT_CHANNELS),
        purpose=np.where(chance(rng, size, 0.5), PURPOSES.index("service"), -1),
        employee=owners.on("account_manager", customer, at),
    )  # fmt: skip


def _about_churn(people, staff, owners, deals, span, rng, layers) -> None:
    """Conversations about the reasons of a cancellation, and attempts to win back churned customers."""
    scope = people.scope
    asked = span[(deals.cancel_asked[span] < NEVER) & chance(rng, len(span), 0.5)]
    at = office_moment(rng, deals.cancel_asked[asked] // DAY + between(rng, 1, 5, len(asked)), scope)
    manager = owners.on("account_manager", asked, at)
    caller = np.where(manager >= 0, manager, staff.draw(rng, "support", len(asked)))
    layers.add(asked, at, channel=CALL, purpose="exit", employee=caller, is_personal=1)

    left = span[(deals.ended[span] < scope.days) & (deals.ended[span] > 0)]
    mailed = left[chance(rng, len(left), 0.6)]
    at = (deals.ended[mailed] + between(rng, 25, 60, len(mailed))) * DAY + 10 * HOUR
    layers.add(mailed, at, channel=EMAIL, purpose="winback", campaign="winback_offer", is_automated=1)
    called = left[chance(rng, len(left), 0.15)]
    at = office_moment(rng, deals.ended[called] + between(rng, 30, 80, len(called)), scope)
    caller = staff.draw(rng, "sales", len(called))
    layers.add(called, at, channel=CALL, purpose="winback", employee=caller, is_personal=1)
    # Some reactivated customers were contacted shortly before.
    gone = span[people.is_a("reactivator")[span] & chance(rng, len(span), 0.6)]
    at = (people.gap_to[gone] - between(rng, 3, 12, len(gone))) * DAY + 11 * HOUR
    layers.add(gone, at, channel=EMAIL, purpose="winback", campaign="winback_offer", is_automated=1)


def _service(people, staff, tickets, asked, flags, low, rng, layers) -> None:
    """Contacts about tickets, invitations, follow-ups of low scores and do-not-disturb requests."""
    channel_of_ticket = np.array([CONTACT_CHANNELS.index(name) for name in TICKET_CHANNELS])
    arrived = np.flatnonzero(tickets.arrived)
    layers.add(
        tickets.customer[arrived], tickets.opened[arrived] + 1, direction=IN, purpose="service",
        channel=channel_of_ticket[tickets.channel[arrived]], employee=tickets.assigned[arrived],
        ticket=tickets.number[arrived],
    )  # fmt: skip
    back = arrived[(tickets.solved[arrived] < NEVER) & chance(rng, len(arrived), 0.55)]
    layers.add(
        tickets.customer[back], tickets.solved[back] + between(rng, 60, 4 * HOUR, len(back)), purpose="service",
        channel=channel_of_ticket[tickets.channel[back]], employee=tickets.closer[back], is_personal=1,
        ticket=tickets.number[back],
    )  # fmt: skip
    carried = np.flatnonzero(np.isin(asked.channel, CARRIED_CHANNELS) & (asked.kind != SERVICE_TRIGGER))
    layers.add(
        asked.customer[carried], asked.sent[carried], purpose="rating_request", is_automated=1,
        channel=np.where(asked.channel[carried] == CARRIED_CHANNELS[0], EMAIL, MESSENGER),
        origin=INVITATION + carried,
    )  # fmt: skip
    number, customer, moment = low
    chosen = np.flatnonzero(chance(rng, len(number), 0.55))
    at = office_moment(rng, moment[chosen] // DAY + between(rng, 1, 6, len(chosen)), people.scope)
    layers.add(
        customer[chosen], np.maximum(at, moment[chosen] + HOUR), channel=CALL, purpose="followup", reason="low_score",
        employee=staff.draw(rng, "support", len(chosen)), is_personal=1, response=number[chosen],
    )  # fmt: skip
    proves = np.flatnonzero(flags.has_evidence)
    layers.add(
        flags.customer[proves], flags.since[proves] - 2 * HOUR, direction=IN, channel=CALL, purpose="service",
        employee=flags.setter[proves], reason="customer_request", origin=EVIDENCE + proves,
    )  # fmt: skip


def _inside(flags: Flags, customers: np.ndarray, moments: np.ndarray, first: int, stop: int) -> np.ndarray:
    """True where the customer was flagged at the moment (a customer has one flag at most)."""
    since, until = np.full(stop - first, NEVER), np.full(stop - first, NEVER)
    since[flags.customer - first], until[flags.customer - first] = flags.since, flags.until
    return (moments >= since[customers - first]) & (moments < until[customers - first])


def _signals(people, rng, rows, scope) -> dict[str, np.ndarray]:
    """What comes back from a contact, by channel. `known` is the moment at which the outcome is known."""
    at, channel, size = rows["at"], rows["channel"], len(rows["at"])
    inbound = rows["direction"] == IN
    never = np.full(size, NEVER)
    found = {name: never.copy() for name in
             ("delivered", "opened", "clicked", "answered", "replied", "held", "ended", "known")}  # fmt: skip
    found["duration"], found["outcome"], found["reason"] = (np.full(size, -1) for _ in range(3))
    found["is_machine"] = np.full(size, -1)
    warmth = np.clip(people.satisfaction[rows["customer"]], 0.1, 0.95)
    draw, second = rng.random(size), rng.random(size)

    mail = np.isin(channel, [EMAIL, PUSH, SMS, MESSENGER]) & ~inbound
    bounced = mail & (draw < np.where(channel == EMAIL, 0.03, 0.05))
    delivered = np.where(mail & ~bounced, at + between(rng, 1, 90, size), NEVER)
    found["delivered"] = delivered
    # SMS has no signal of being read; some privacy proxies open every mail at once.
    open_rate = np.choose(np.minimum(channel, 4), [0, 0.24, 0, 0.18, 0.62]) * (0.6 + 0.7 * warmth)
    robot = mail & ~bounced & (channel == EMAIL) & (second < 0.13)
    human = mail & ~bounced & ~robot & (second - 0.13 < open_rate)
    wait = np.exp(rng.normal(9.3, 1.5, size)).astype("int64") + 20
    opened = np.where(robot, delivered + between(rng, 1, 45, size), np.where(human, delivered + wait, NEVER))
    found["opened"] = opened
    found["is_machine"] = np.where(opened < NEVER, robot.astype("int64"), -1)
    clicks = (human | robot) & chance(rng, size, np.where(robot, 0.04, 0.22)) | (
        mail & ~bounced & (channel == SMS) & chance(rng, size, 0.06)
    )
    base = np.where(opened < NEVER, opened, delivered)
    found["clicked"] = np.where(clicks, base + between(rng, 5, 4 * HOUR, size), NEVER)
    replies = mail & ~bounced & (rows["is_automated"] == 0) & chance(rng, size, 0.28) & (human | (channel == MESSENGER))
    found["replied"] = np.where(replies, base + between(rng, 300, 2 * DAY, size), NEVER)
    found["outcome"] = np.where(bounced, BOUNCED, np.where(mail, DELIVERED, -1))
    found["known"] = np.where(mail, at + 30, NEVER)

    call = channel == CALL
    share = np.where(inbound, 0.97, 0.42 + 0.16 * warmth)
    speaks = call & (draw < share)
    length = np.exp(rng.normal(5.2, 0.8, size)).astype("int64") + 8
    refuses = speaks & (second < 0.09) & ~inbound
    brief = between(rng, 5, 29, size)
    machine = call & ~speaks & (draw < share + 0.14)
    wrong = call & ~speaks & ~machine & (draw < share + 0.16)
    talk = np.where(refuses | wrong, brief, length)
    ring = between(rng, 4, 35, size)
    # Some telephone systems report an answering machine as an answer.
    picked_up = speaks | wrong | (machine & (second < 0.3))
    found["answered"] = np.where(picked_up, at + ring, found["answered"])
    found["duration"] = np.where(speaks | wrong, talk, np.where(machine, brief, found["duration"]))
    found["ended"] = np.where(call, at + ring + np.maximum(found["duration"], 0), found["ended"])
    found["outcome"] = np.where(call, np.where(refuses, REFUSED, np.where(speaks, CONVERSATION, np.where(
        machine, VOICEMAIL, np.where(wrong, WRONG_NUMBER, NO_ANSWER)))), found["outcome"])  # fmt: skip
    found["known"] = np.where(call, found["ended"], found["known"])
    asks_why = np.isin(rows["purpose"], [PURPOSES.index(name) for name in ("retention", "winback", "exit")])
    gives_reason = speaks & asks_why & ~refuses & (second > 0.3)
    why = {"dislike": 20, "alternative": 22, "need_gone": 18, "vacation": 12, "price": 20, "unknown": 8}
    found["reason"] = np.where(gives_reason, one_of(rng, size, why, OUTCOME_REASONS), -1)

    meeting = channel == MEETING
    day = at // DAY + between(rng, 1, 8, size)
    planned = office_moment(rng, day, scope)
    takes_place = meeting & (draw < 0.8)
    found["held"] = np.where(takes_place, planned, NEVER)
    minutes = between(rng, 20, 90, size) * 60
    found["ended"] = np.where(takes_place, planned + minutes, found["ended"])
    found["duration"] = np.where(takes_place, minutes, found["duration"])
    found["outcome"] = np.where(meeting, np.where(takes_place, HELD, CANCELLED), found["outcome"])
    found["known"] = np.where(meeting, np.where(takes_place, planned + minutes, planned), found["known"])

    chat = (channel == CHAT) | (inbound & ~call)
    answers = chat & (draw < 0.9)
    found["replied"] = np.where(answers, at + between(rng, 20, 3 * HOUR, size), found["replied"])
    found["ended"] = np.where(answers, found["replied"] + between(rng, 60, 1_800, size), found["ended"])
    found["outcome"] = np.where(chat, np.where(answers, ANSWERED, NO_ANSWER), found["outcome"])
    found["known"] = np.where(chat, np.where(answers, found["ended"], at + DAY), found["known"])
    return found


def _plant_unreachable(
    people: Population,
    rows: dict[str, np.ndarray],
    signals: dict[str, np.ndarray],
    talkative: np.ndarray,
    first: int,
    stop: int,
    part: int,
) -> np.ndarray:
    """Plants unreachable customers: removes every signal of a person from their contacts.

    A robot may still open their mail. Draws from a stream of its own, so that the rest of the company stays the same.
    Returns which contacts are theirs.
    """
    rng = people.scope.rng("unreachable", part)
    spoke = np.zeros(stop - first, dtype=bool)
    spoke[rows["customer"][rows["direction"] == IN] - first] = True
    spoke[talkative - first] = True
    tried = np.bincount(rows["customer"] - first, minlength=stop - first)
    span = np.arange(first, stop)
    can = np.flatnonzero((tried >= UNREACHABLE_FROM) & ~spoke & ~people.is_a("test", "deleted")[span])
    chosen = np.zeros(stop - first, dtype=bool)
    chosen[rng.permutation(can)[: max(1, round(UNREACHABLE_SHARE * len(can)))]] = True
    theirs = chosen[rows["customer"] - first]

    is_robot = signals["is_machine"] == 1
    signals["opened"][theirs & ~is_robot] = NEVER
    signals["is_machine"][theirs & ~is_robot] = -1
    for name in ("clicked", "answered", "replied", "held"):
        signals[name][theirs] = NEVER
    for name in ("duration", "reason"):
        signals[name][theirs] = -1
    for channel, outcome in ((CALL, NO_ANSWER), (MEETING, CANCELLED), (CHAT, NO_ANSWER)):
        mask = theirs & (rows["channel"] == channel)
        signals["outcome"][mask] = outcome
        signals["ended"][mask] = rows["at"][mask] + 40 if channel == CALL else NEVER
        signals["known"][mask] = rows["at"][mask] + (40 if channel == CALL else DAY)
    return theirs


def write_flags(landing: Landing, flags: Flags, evidence: np.ndarray, people: Population, part: int) -> np.ndarray:
    """Do-not-disturb flags. Returns their numbers."""
    rng = people.scope.rng("flag rows", part)
    size = len(flags.customer)
    number = landing.take_numbers("dnd_flags", size)
    landing.write(
        "dnd_flags",
        {
            "dnd_id": Number(number, prefix="d", width=6),
            "customer_id": Number(flags.customer + 1, prefix="c", width=7),
            "valid_from": landing.moment(flags.since),
            "valid_to": landing.moment(flags.until),
            "set_by_employee_id": Number(np.where(flags.setter < 0, -1, flags.setter + 1), prefix="m", width=3),
            "is_customer_request": Flag(flags.is_request.astype("int8")),
            "evidence_contact_id": Number(evidence, prefix="k"),
            "reason_code": Code(np.where(flags.is_request, 0, 1), words=("asked_for_silence", "prefers_few_contacts")),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [
            flags.since + between(rng, 60, 900, size),
            np.where(flags.until < NEVER, flags.until + between(rng, 60, 900, size), NEVER),
        ],
        part,
    )
    return number


VERDICTS = ("abuse", "legitimate", "justified", "unjustified", "confirmed", "false_alarm")
SUBJECTS = ("usage_anomaly", "below_segment", "dnd_flag", "alert", "failure")


def write_reviews(
    landing: Landing,
    people: Population,
    staff: Staff,
    flags: Flags,
    numbers: np.ndarray,
    first: int,
    stop: int,
    part: int,
) -> None:
    """Verdicts on shared accounts, bulk exports, low use and flags of the staff."""
    scope = people.scope
    rng = scope.rng("reviews", part)
    span = np.arange(first, stop)
    layers: list[tuple[np.ndarray, np.ndarray, pa.Array, np.ndarray, np.ndarray]] = []

    def layer(customer, subject, key, verdict, at) -> None:
        keep = np.flatnonzero((at > people.registered[customer] + DAY) & (at >= 0) & (at <= scope.end))
        layers.append((customer[keep], np.full(len(keep), subject), key.take(pa.array(keep)), verdict[keep], at[keep]))

    shared = span[people.is_a("sharer")[span]]
    key = pa.array([f"c{customer + 1:07d}:shared_account" for customer in shared], type=pa.string())
    at = office_moment(rng, np.maximum(people.registration_day[shared], 0) + between(rng, 40, 160, len(shared)), scope)
    layer(shared, 0, key, np.where(chance(rng, len(shared), 0.8), 0, 1), at)
    taken = span[people.is_a("exporter")[span]]
    key = pa.array([f"c{customer + 1:07d}:bulk_export" for customer in taken], type=pa.string())
    layer(taken, 0, key, np.where(chance(rng, len(taken), 0.7), 0, 1),
          office_moment(rng, people.turn[taken] + between(rng, 1, 9, len(taken)), scope))  # fmt: skip
    weak = span[(people.archetype[span] == 0) & chance(rng, len(span), 0.02)]
    key = pa.array([f"c{customer + 1:07d}" for customer in weak], type=pa.string())
    at = office_moment(rng, np.maximum(people.registration_day[weak], 0) + between(rng, 90, 300, len(weak)), scope)
    layer(weak, 1, key, np.where(chance(rng, len(weak), 0.6), 2, 3), at)
    checked = np.flatnonzero(chance(rng, len(numbers), 0.5))
    key = numbered("d", 6, numbers[checked])
    layer(flags.customer[checked], 2, key, np.where(flags.is_request[checked], 2, 3),
          office_moment(rng, flags.since[checked] // DAY + between(rng, 5, 40, len(checked)), scope))  # fmt: skip
    fallen = span[people.is_a("decliner", "vanisher")[span] & chance(rng, len(span), 0.4)]
    key = pa.array([f"c{customer + 1:07d}:usage_decline" for customer in fallen], type=pa.string())
    layer(fallen, 3, key, np.where(chance(rng, len(fallen), 0.75), 4, 5),
          office_moment(rng, people.turn[fallen] + between(rng, 30, 60, len(fallen)), scope))  # fmt: skip
    lost = span[(people.archetype[span] == 2) & chance(rng, len(span), 0.1)]
    key = pa.array([f"c{customer + 1:07d}:not_activated" for customer in lost], type=pa.string())
    layer(lost, 4, key, np.full(len(lost), 4),
          office_moment(rng, people.registration_day[lost] + between(rng, 30, 60, len(lost)), scope))  # fmt: skip

    customer = np.concatenate([part[0] for part in layers])
    size = len(customer)
    at = np.concatenate([part[4] for part in layers])
    landing.write(
        "reviews",
        {
            "review_id": Number(landing.take_numbers("reviews", size), prefix="v", width=7),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "subject_type": Code(np.concatenate([part[1] for part in layers]), words=SUBJECTS),
            "subject_key": Ready(pa.concat_arrays([part[2] for part in layers])),
            "verdict": Code(np.concatenate([part[3] for part in layers]), words=VERDICTS),
            "reviewed_by": Number(staff.draw(rng, "cx", size) + 1, prefix="m", width=3),
            "reviewed_at": landing.moment(at),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [at + between(rng, 60, 900, size)],
        part,
    )
