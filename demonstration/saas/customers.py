"""The register of customers with their segments, contact points and consents."""

from __future__ import annotations

import numpy as np

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.landing import Code, Flag, Hash, Landing, Number
from stayhouse.demonstration.saas.population import CHANNELS, CITIES, REGIONS, Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, NEVER, NEVER_DAY, between, chance

COMPANY_SIZES = ("small", "medium", "large")
CONTACT_CHANNELS = ("call", "email", "sms", "push", "messenger", "chat", "meeting", "post")
CALL, EMAIL, SMS, PUSH, MESSENGER, CHAT, MEETING, POST = range(8)


def write_customers(landing: Landing, people: Population, first: int, stop: int, part: int) -> None:
    """The register; the last version of an erased account has no personal data."""
    rng = people.scope.rng("customer rows", part)
    span = slice(first, stop)
    size = stop - first
    registered, completed, deleted = people.registered[span], people.completed[span], people.deleted[span]
    # A customer row arrives before all other rows of the customer, also at midnight.
    written = registered + between(rng, 5, 50, size)
    completed = np.where(completed < NEVER, np.maximum(completed, written + 30), NEVER)
    erased = deleted < NEVER
    landing.write(
        "customers",
        {
            "customer_id": Number(np.arange(first, stop) + 1, prefix="c", width=7),
            "registered_at": landing.moment(registered),
            "customer_type": Code(
                np.where(chance(rng, size, 0.02), -1, np.where(people.is_business[span], 0, 1)), words=("b2b", "b2c")
            ),
            "region": Code(people.region[span], words=tuple(REGIONS)),
            "city": Code(np.where(erased, -1, people.city[span]), words=CITIES),
            "acquisition_channel": Code(people.channel[span], words=CHANNELS),
            "referred_by_customer_id": Number(
                np.where(people.referrer[span] < 0, -1, people.referrer[span] + 1), prefix="c", width=7
            ),
            "birth_date": landing.day(np.where(erased, NEVER_DAY, people.birth_day[span]), is_planned=True),
            "account_completed_at": landing.moment(completed),
            "is_test": Flag(people.is_a("test")[span].astype("int8")),
            "deleted_at": landing.moment(deleted),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [
            written,
            np.where(completed < NEVER, completed + between(rng, 5, 60, size), NEVER),
            np.where(erased, deleted + between(rng, 60, 120, size), NEVER),
        ],
        part,
    )


def write_segments(landing: Landing, people: Population, first: int, stop: int, part: int) -> None:
    """Memberships in both schemes."""
    rng = people.scope.rng("segment rows", part)
    span = np.arange(first, stop)
    last = people.scope.days
    layers = []
    for number, code, since, next_code, change in (
        (0, people.segment, people.segment_day, people.next_segment, people.next_segment_day),
        (1, people.value + 3, people.registration_day, people.next_value + 3, people.next_value_day),
    ):
        who = span[since[span] < last]
        layers.append((who, np.full(len(who), number), code[who], since[who], change[who]))
        who = who[change[who] < last]
        layers.append((who, np.full(len(who), number), next_code[who], change[who], np.full(len(who), NEVER_DAY)))
    customer, scheme, code, since, until = (np.concatenate(parts) for parts in zip(*layers, strict=True))
    until = np.where(until < last, until, NEVER_DAY)
    size = len(customer)
    written = np.maximum(since * DAY + between(rng, 4 * HOUR, 5 * HOUR, size), people.registered[customer] + 120)
    # The job that moves customers closes the old membership in the same run.
    closed = np.where(until < NEVER_DAY, until * DAY + between(rng, 4 * HOUR, 5 * HOUR, size), NEVER)
    landing.write(
        "customer_segments",
        {
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "scheme": Code(scheme, words=("usage", "value")),
            "segment_code": Code(code, words=(*policy.SEGMENTS, *policy.VALUE_SEGMENTS)),
            "valid_from": landing.day(since, is_planned=True),
            "valid_to": landing.day(until),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [written, np.where(closed < NEVER, np.maximum(closed, written + 60), NEVER)],
        part,
    )


def write_attributes(landing: Landing, people: Population, first: int, stop: int, part: int) -> None:
    """The size of the company that a customer is; some grow."""
    rng = people.scope.rng("attribute rows", part)
    span = np.arange(first, stop)
    last = people.scope.days
    size_at_first = np.searchsorted(np.array([0.6, 0.9]), rng.random(len(span)))
    since = people.registration_day[span]
    grown = since + between(rng, 30, 400, len(span))
    grows = chance(rng, len(span), 0.15) & (size_at_first < len(COMPANY_SIZES) - 1) & (grown < last)
    known = since < last
    customer = np.concatenate((span[known], span[grows]))
    code = np.concatenate((size_at_first[known], size_at_first[grows] + 1))
    since = np.concatenate((since[known], grown[grows]))
    written = np.maximum(since * DAY + between(rng, 4 * HOUR, 5 * HOUR, len(since)), people.registered[customer] + 120)
    landing.write(
        "customer_attributes",
        {
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "attribute": Code(np.zeros(len(since), dtype="int8"), words=("company_size",)),
            "value": Code(code, words=COMPANY_SIZES),
            "valid_from": landing.day(since, is_planned=True),
            "source_system": Code(np.zeros(len(since), dtype="int8"), words=("crm",)),
        },
        [written],
        part,
    )


def write_contact_points(
    landing: Landing, people: Population, staff_size: int, first: int, stop: int, part: int
) -> None:
    """Contact points: placeholders, dead ones, ones entered by staff."""
    rng = people.scope.rng("contact points", part)
    span = np.arange(first, stop)
    owners, channels = [], []
    for number, share in ((EMAIL, 0.985), (CALL, 0.86), (MESSENGER, 0.3), (PUSH, 0.4), (SMS, 0.35), (POST, 0.06)):
        who = span[chance(rng, len(span), share)]
        owners.append(who)
        channels.append(np.full(len(who), number))
    customer, channel = np.concatenate(owners), np.concatenate(channels)
    size = len(customer)
    added = people.registered[customer] + np.where(
        channel == EMAIL, 60, (rng.exponential(5 * DAY, size) + 120).astype("int64")
    )
    is_filler = chance(rng, size, 0.02)
    is_missing = chance(rng, size, 0.008)
    is_shared = chance(rng, size, 0.005)
    dies = chance(rng, size, np.where(is_filler, 0.5, 0.035))
    invalidated = np.where(dies, added + between(rng, DAY, 300 * DAY, size), NEVER)
    is_checked = chance(rng, size, 0.8)
    value = customer * 8 + channel + (1 << 34)
    value = np.where(is_shared & (customer > 0), (customer - 1) * 8 + channel + (1 << 34), value)
    value = np.where(is_filler, 7 + channel, value)
    is_typed = chance(rng, size, 0.18)
    landing.write(
        "contact_points",
        {
            "contact_point_id": Number(landing.take_numbers("contact_points", size), prefix="a"),
            "customer_id": Number(customer + 1, prefix="c", width=7),
            "channel": Code(channel, words=CONTACT_CHANNELS),
            "value_hash": Hash(np.where(is_missing, -1, value)),
            "is_placeholder": Flag(is_filler.astype("int8")),
            # A point is known to be dead only from that moment on: before, a checked point was valid.
            "is_valid": ChangingFlag(np.where(dies, 0, np.where(is_checked, 1, -1)), invalidated),
            "added_at": landing.moment(added),
            "invalidated_at": landing.moment(invalidated),
            "entered_by_employee_id": Number(
                np.where(is_typed, rng.integers(1, staff_size + 1, size), -1), prefix="m", width=3
            ),
            "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
        },
        [added + between(rng, 30, 600, size), np.where(dies, invalidated + between(rng, 600, 900, size), NEVER)],
        part,
    )


class ChangingFlag(Flag):
    """Flag that was true until `known_from`."""

    def show(self, values, hidden, rows, seen_at):
        return super().show(np.where(hidden, 1, values), None, rows, seen_at)


CONSENT_ACTIONS = ("granted", "revoked", "unsubscribed", "resubscribed")
PURPOSES = ("service", "marketing", "sales", "survey", "all")
CONSENT_CHANNELS = (*CONTACT_CHANNELS, "all")


class Consents:
    """Consents of the customers [first, stop), by customer."""

    def __init__(self, people: Population, first: int, stop: int, part: int) -> None:
        rng = people.scope.rng("consents", part)
        size = stop - first
        registered = people.registered[first:stop]
        alive_to = np.minimum(people.use_to[first:stop] * DAY, people.scope.end)
        start = np.maximum(registered, 0)
        self.first = first
        self.registered = registered
        self.has_any = ~chance(rng, size, 0.03)
        self.has_marketing = self.has_any & chance(rng, size, 0.82)
        window = np.maximum(alive_to - start, DAY)
        revokes = self.has_marketing & chance(rng, size, 0.035)
        leaves_list = self.has_marketing & ~revokes & chance(rng, size, 0.07)
        moment = start + 3 * DAY + (rng.random(size) * window).astype("int64")
        self.revoked = np.where(revokes, moment, NEVER)
        self.unsubscribed = np.where(leaves_list, moment, NEVER)
        comes_back = leaves_list & chance(rng, size, 0.2)
        self.resubscribed = np.where(comes_back, moment + between(rng, 20 * DAY, 150 * DAY, size), NEVER)
        self.part = part

    def is_unsubscribed(self, customers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """True when the customer was unsubscribed from the mailing list at that moment."""
        who = customers - self.first
        return (moments >= self.unsubscribed[who]) & (moments < self.resubscribed[who])

    def is_revoked(self, customers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """True when the customer had revoked the consent to marketing at that moment."""
        return moments >= self.revoked[customers - self.first]

    def is_missing(self, customers: np.ndarray) -> np.ndarray:
        """True when the customer never agreed to marketing or sales."""
        return ~self.has_marketing[customers - self.first]

    def write(self, landing: Landing, people: Population) -> None:
        rng = people.scope.rng("consent rows", self.part)
        layers = []
        # Codes of channel, purpose and action.
        for mask, codes, when in (
            (self.has_any, (8, 0, 0), self.registered + 2),
            (self.has_any, (8, 3, 0), self.registered + 2),
            (self.has_marketing, (8, 1, 0), self.registered + 4),
            (self.has_marketing, (8, 2, 0), self.registered + 4),
            (self.revoked < NEVER, (8, 1, 1), self.revoked),
            (self.unsubscribed < NEVER, (EMAIL, 1, 2), self.unsubscribed),
            (self.resubscribed < NEVER, (EMAIL, 1, 3), self.resubscribed),
        ):
            who = np.flatnonzero(mask & (when <= people.scope.end))
            layers.append((who, *(np.full(len(who), code) for code in codes), when[who]))
        who, channel, purpose, action, at = (np.concatenate(parts) for parts in zip(*layers, strict=True))
        size = len(who)
        is_new_policy = at > people.scope.days * DAY // 2
        landing.write(
            "consent_events",
            {
                "consent_event_id": Number(landing.take_numbers("consent_events", size), prefix="n"),
                "customer_id": Number(who + self.first + 1, prefix="c", width=7),
                "channel": Code(channel, words=CONSENT_CHANNELS),
                "purpose": Code(purpose, words=PURPOSES),
                "action": Code(action, words=CONSENT_ACTIONS),
                "occurred_at": landing.moment(at),
                "stage_code": Code(np.where(action == 0, 0, 1), words=("registration", "usage")),
                "policy_version": Code(is_new_policy.astype("int8"), words=("2023-01", "2024-10")),
                "source_system": Code(np.zeros(size, dtype="int8"), words=("crm",)),
            },
            [at + between(rng, 70, 600, size)],
            self.part,
        )
