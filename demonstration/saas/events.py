"""The event stream: drawn in blocks of days, so that memory does not grow with the period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stayhouse.contract import contract
from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.landing import Landing, cents, hashed, numbered
from stayhouse.demonstration.saas.onboarding import PROPERTIES, PROPERTIES_OF, Planted
from stayhouse.demonstration.saas.outcomes import FIRST_OBJECT, GoalEvents
from stayhouse.demonstration.saas.population import NAMES, NEVER_KINDS, Population
from stayhouse.demonstration.saas.scope import DAY, HOUR, LONG_HOURS, NEVER, OFFICE_HOURS, Scope
from stayhouse.demonstration.saas.subscriptions import Contracts

# Relative frequency of events of an active customer, by segment (sender, shop, agency).
MIX = {
    "mailing_created": (10, 5, 10), "template_edited": (14, 7, 12), "mailing_sent": (14, 13, 12),
    "contact_list_imported": (3, 2, 4), "contact_edited": (10, 4, 6), "audience_segment_created": (3, 3, 6),
    "report_opened": (12, 8, 12), "report_filtered": (6, 5, 9), "report_exported": (3, 2, 6),
    "form_published": (1.5, 1.2, 0.3), "automation_started": (0.4, 4, 2), "automation_edited": (0.6, 10, 5),
    "integration_connected": (0.1, 0.4, 0.1), "teammate_invited": (0.1, 0.1, 0.5), "sms_sent": (2, 0.5, 1.5),
    "bulk_export": (0.1, 0.1, 0.15), "mailing_failed": (0.8, 0.8, 0.8), "import_failed": (0.3, 0.2, 0.3),
    "hint_shown": (2.5, 2, 1.5), "help_article_viewed": (2.5, 2, 1.5), "video_watched": (0.6, 0.5, 0.4),
    "training_opened": (0.3, 0.3, 0.2),
}  # fmt: skip
# Events of new customers before (or instead of) activation, without key actions.
NEWCOMER = {"contact_edited": 5, "report_opened": 4, "hint_shown": 4, "help_article_viewed": 3, "video_watched": 1.5,
            "signed_in": 2}  # fmt: skip
VIEWER = {"report_opened": 3, "hint_shown": 4, "help_article_viewed": 4, "video_watched": 2}
VIEWS = ("hint_shown", "help_article_viewed", "video_watched", "training_opened")
"""Events about a component, although the catalogue names none for them."""
# Components that a variant of customers never takes up.
NEVER_USED = ((), (), (), ("forms",), ("segments",), ("sms", "forms"), ("sms", "forms", "segments"), ("sms",))
# Share of days with use by segment, Monday to Sunday. A sender has a favourite weekday on top.
RHYTHM = np.array([[0.10, 0.10, 0.10, 0.10, 0.09, 0.03, 0.03], [0.62, 0.64, 0.64, 0.63, 0.60, 0.42, 0.40],
                   [0.68, 0.70, 0.70, 0.69, 0.62, 0.05, 0.04]])  # fmt: skip
FAVOURITE_DAY = 0.78
QUIET_MONTHS = (1, 2, 6, 7, 8)
"""Months in which seasonal customers hardly work."""
TABLE_SIZE = 1_024
CELLS_PER_BLOCK = 12_000_000
EVENTS_PER_BLOCK = 2_000_000
SESSIONS_PER_DAY = 1.26
EVENTS_PER_SESSION = 2.0
SHARED_SESSIONS = 5
"""Sessions a day that a shared account has beyond those of others."""
SOURCES = ("app", "web", "crm_manual")
APP_VERSIONS = tuple(f"{major}.{minor}" for major in (4, 5, 6) for minor in range(8))
ERRORS = ("E_TIMEOUT", "E_QUOTA", "E_BOUNCE_LIMIT", "E_FORMAT")
LATE_SHARE = 0.005
UNKNOWN_SHARE = 0.003
ANONYMOUS_SHARE = 0.01
INCIDENT_FAILURES = 0.35
"""Share of mailings that fail on the day of the incident."""


def incident_day(scope: Scope) -> int:
    """Day on which sending was broken for everybody (a Wednesday)."""
    day = int(scope.days * 0.62)
    return int(day + (2 - scope.weekday(np.array([day]))[0]) % 7)


@dataclass
class UsageFacts:
    """Facts of the stream that later domains need, by customer (moments; NEVER where it did not happen)."""

    first_use: np.ndarray
    last_use: np.ndarray
    """-1 without any use."""
    mailing_50: np.ndarray
    mailing_500: np.ndarray
    events: int = 0
    late: int = 0
    anonymous: int = 0
    unknown: int = 0


class _Profiles:
    """Lookup tables from a random number to an event, one per way of using the product."""

    def __init__(self) -> None:
        events, components = policy.event_names(), policy.components()
        of_event, available = policy.event_components(), policy.plan_has()
        tables = []
        for segment in range(3):
            for plan in range(len(policy.PLANS)):
                for variant in NEVER_USED:
                    for dropped in range(len(components) + 1):
                        missing = {components.index(code) for code in variant if code in components} | {dropped - 1}
                        weights = np.zeros(len(events))
                        for name, shares in MIX.items():
                            if name in events:
                                code = events.index(name)
                                component = of_event[code]
                                if component < 0 or (available[plan, component] and component not in missing):
                                    weights[code] = shares[segment]
                        tables.append(self._table(weights))
        for mix in (NEWCOMER, VIEWER, {"signed_in": 1}):
            tables.append(self._table(np.array([float(mix.get(name, 0)) for name in events])))
        self.tables = np.stack(tables)
        self.shape = (3, len(policy.PLANS), len(NEVER_USED), len(components) + 1)
        self.newcomer = len(tables) - 3
        self.viewer = len(tables) - 2
        self.visitor = len(tables) - 1

    @staticmethod
    def _table(weights: np.ndarray) -> np.ndarray:
        share = np.cumsum(weights) / weights.sum()
        return np.searchsorted(share, (np.arange(TABLE_SIZE) + 0.5) / TABLE_SIZE, side="right").astype("int8")

    def of(self, segment, plan, variant, dropped) -> np.ndarray:
        _, plans, variants, components = self.shape
        return ((segment.astype("int32") * plans + plan) * variants + variant) * components + dropped


def write_events(
    landing: Landing,
    people: Population,
    deals: Contracts,
    planted: Planted,
    goals: GoalEvents,
    tell: Callable[[float], None],
) -> UsageFacts:
    """Draw and write the whole stream, one block of days after the other."""
    stream = _Stream(landing, people, deals, planted, goals)
    since = 0
    while since < people.scope.days:
        until = min(since + stream.block_days, people.scope.days)
        stream.block(since, until)
        since = until
        tell(since / people.scope.days)
    return stream.facts


class _Stream:
    """State that passes from one block of days to the next."""

    def __init__(
        self, landing: Landing, people: Population, deals: Contracts, planted: Planted, goals: GoalEvents
    ) -> None:
        self.landing, self.people, self.deals, self.planted, self.goals = landing, people, deals, planted, goals
        self.scope = people.scope
        self.profiles = _Profiles()
        size = people.size
        self.facts = UsageFacts(np.full(size, NEVER), np.full(size, -1), np.full(size, NEVER), np.full(size, NEVER))
        self.mailings = np.zeros(size, dtype="float64")
        self.pending: dict[str, np.ndarray] | None = None
        self.part = 0
        hours = np.stack([LONG_HOURS, LONG_HOURS + OFFICE_HOURS, OFFICE_HOURS])
        self.minutes = np.stack([
            np.searchsorted(np.cumsum(np.repeat(row, 60)) / (row.sum() * 60), (np.arange(4_096) + 0.5) / 4_096)
            for row in hours
        ]).astype("int32")  # fmt: skip
        self.day_factor = self._day_factors()
        self.thinning, self.extra_events = 1.0, EVENTS_PER_SESSION - 1
        self._calibrate()

    def _day_factors(self) -> np.ndarray:
        """Factor of the calendar: little happens between the years."""
        dates = self.scope.first_date + np.arange(self.scope.days)
        day = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype("int64") + 1
        month = self.scope.month(np.arange(self.scope.days))
        is_quiet = ((month == 12) & (day >= 24)) | ((month == 1) & (day <= 1))
        return np.where(is_quiet, 0.35, 1.0).astype("float32")

    def _calibrate(self) -> None:
        """Choose events per session for the requested volume, and the size of the blocks."""
        people, scope = self.people, self.scope
        rng = scope.rng("calibration")
        sample = np.sort(rng.choice(people.size, min(people.size, 3_000), replace=False))
        step = max(1, scope.days // 180)
        days = np.arange(0, scope.days, step)
        # Shared accounts have many sessions a day and weigh as much.
        weight = np.where(people.is_a("sharer")[sample], (SESSIONS_PER_DAY + SHARED_SESSIONS) / SESSIONS_PER_DAY, 1)
        active_days = sum(
            float(weight @ self._probability(sample, days[first : first + 30]).sum(axis=1))
            for first in range(0, len(days), 30)
        )
        active_days *= step / len(sample)
        if self.scope.events_per_customer is not None:
            planted = len(self.planted.at) / people.size
            wanted = max(self.scope.events_per_customer / (1 + ANONYMOUS_SHARE) - planted, 0.1)
            per_session = wanted / max(active_days * SESSIONS_PER_DAY, 1e-9)
            self.extra_events = max(per_session - 1, 0.05)
            self.thinning = min(1.0, per_session / 1.05)
        expected = active_days * self.thinning * SESSIONS_PER_DAY * (1 + self.extra_events) * people.size
        per_day = max(expected / scope.days, 1)
        self.block_days = int(np.clip(min(CELLS_PER_BLOCK / people.size, EVENTS_PER_BLOCK / per_day), 1, scope.days))

    def _probability(self, customers: np.ndarray, days: np.ndarray) -> np.ndarray:
        """(customer, day) -> probability of a day with use."""
        people = self.people
        weekday = self.scope.weekday(days)
        last = days[-1]
        segment = people.segment[customers]
        moved = np.flatnonzero(people.next_segment_day[customers] <= last)
        chances = RHYTHM.astype("float32")[segment][:, weekday]
        senders = np.flatnonzero(segment == 0)
        if len(moved):
            later = people.segment_on(customers[moved][:, None], days[None, :])
            chances[moved] = RHYTHM.astype("float32")[later, weekday[None, :]]
            senders = np.setdiff1d(senders, moved, assume_unique=True)
        is_favourite = people.favourite[customers[senders]][:, None] == weekday[None, :]
        chances[senders] = np.where(is_favourite, np.float32(FAVOURITE_DAY), chances[senders])
        chances *= people.level[customers][:, None] * np.float32(self.thinning)
        chances *= self.day_factor[days][None, :]
        in_use = days[None, :] >= people.use_from[customers][:, None]
        in_use &= days[None, :] < people.use_to[customers][:, None]
        chances *= in_use
        gaps = np.flatnonzero((people.gap_from[customers] <= last) & (people.gap_to[customers] > days[0]))
        inside = (days[None, :] >= people.gap_from[customers[gaps]][:, None]) & (
            days[None, :] < people.gap_to[customers[gaps]][:, None]
        )
        chances[gaps] *= ~inside
        archetype = people.archetype[customers]
        falling = np.flatnonzero((archetype == NAMES.index("decliner")) & (people.turn[customers] <= last))
        fall = np.clip((days[None, :] - people.turn[customers[falling]][:, None]) / 30, 0, 1)
        chances[falling] *= (1 - 0.86 * fall).astype("float32")
        growing = np.flatnonzero(archetype == NAMES.index("grower"))
        growth = np.clip((days[None, :] - people.use_from[customers[growing]][:, None]) / 300, 0, 1)
        chances[growing] *= (0.6 + 0.9 * growth).astype("float32")
        seasonal = np.flatnonzero(archetype == NAMES.index("seasonal"))
        chances[seasonal] *= np.where(np.isin(self.scope.month(days), QUIET_MONTHS), 0.1, 1.15).astype("float32")
        robots = np.flatnonzero(archetype == NAMES.index("test"))
        chances[robots] *= np.float32(1.6)
        return np.minimum(chances, np.float32(0.97))

    # ------------------------------------------------------------------ one block

    def block(self, since: int, until: int) -> None:
        """Events that happen on the days [since, until)."""
        rng = self.scope.rng("events", since)
        rows = self._drawn(rng, since, until)
        rows = self._with_planted(rows, since, until)
        rows = self._with_anonymous(rng, rows)
        # One sort of one unique number per row is several times faster than a stable sort of two columns.
        size = len(rows["at"])
        key = np.sort((rows["at"] << 26) | np.arange(size))
        order = key & ((1 << 26) - 1)
        rows = {name: values[order] for name, values in rows.items()}
        day = rows["at"] // DAY
        first_of_day = np.searchsorted(day, np.arange(since, until))
        rows["number"] = day * 10_000_000 + np.arange(size) - first_of_day[day - since] + 1
        rows["goal"] = np.full(size, -1, dtype="int64")
        self._decorate(rng, rows)
        self._remember(rows)
        self._deliver(rng, rows, since, until)

    def _drawn(self, rng: np.random.Generator, since: int, until: int) -> dict[str, np.ndarray]:
        """The ordinary use of the block."""
        people = self.people
        days = np.arange(since, until)
        here = np.flatnonzero((people.use_from < until) & (people.use_to > since))
        chances = self._probability(here, days)
        who, which = np.nonzero(rng.random(chances.shape, dtype="float32") < chances)
        customer, day = here[who], days[which]
        del chances

        size = len(customer)
        sessions = 1 + (rng.random(size, dtype="float32") < 0.2) + (rng.random(size, dtype="float32") < 0.06)
        shared = np.flatnonzero(people.is_a("sharer")[customer])
        sessions[shared] += rng.poisson(SHARED_SESSIONS, len(shared))
        cell = np.repeat(np.arange(size, dtype="int32"), sessions)
        nth = np.arange(len(cell)) - np.repeat(np.cumsum(sessions) - sessions, sessions)

        # The profile belongs to the customer's day; users, device and start belong to the session.
        segment = people.segment_on(customer, day)
        plan = self.deals.plan_on(customer, day)
        dropped = np.where(day >= people.dropped_day[customer], people.dropped_component[customer] + 1, 0)
        profile = self.profiles.of(segment, plan, people.variant[customer], dropped)
        kind = people.never_kind[customer]
        is_new = day * DAY < np.where(kind >= 0, NEVER, people.activation[customer])
        # A customer who activated earlier on this day still counts as new: the planted steps are that day's work.
        is_new |= day == np.where(people.activation[customer] < 0, -1, people.activation[customer] // DAY)
        profile = np.where(is_new, self.profiles.newcomer, profile)
        profile = np.where(kind == NEVER_KINDS.index("views_only"), self.profiles.viewer, profile)
        profile = np.where(kind == NEVER_KINDS.index("nothing"), self.profiles.visitor, profile)

        sessions_total = len(cell)
        owner = customer[cell]
        user = (rng.random(sessions_total, dtype="float32") * people.users[owner]).astype("int16")
        spare = people.devices[owner] - people.users[owner]
        device = user + (rng.random(sessions_total, dtype="float32") * (spare + 1)).astype("int16")
        minute = self.minutes[segment[cell], rng.integers(0, 4_096, sessions_total, dtype="int16")]
        start = minute * 60 + rng.integers(0, 60, sessions_total, dtype="int8")
        pace = 15 + rng.integers(0, 120, sessions_total, dtype="int16")

        length = 1 + rng.poisson(self.extra_events, sessions_total)
        session = np.repeat(np.arange(sessions_total, dtype="int32"), length)
        total = len(session)
        step = np.arange(total, dtype="int64") - np.repeat(np.cumsum(length) - length, length)
        second = start[session] + step * pace[session] + rng.integers(0, 15, total, dtype="int8")
        # Events that would run past midnight happen in the last minutes before it.
        second = np.minimum(second, DAY - 1)
        of_cell = cell[session]
        code = self.profiles.tables[profile[of_cell], rng.integers(0, TABLE_SIZE, total, dtype="int16")]
        signs_in = (step == 0) & (rng.random(total, dtype="float32") < 0.45)
        code[signs_in] = policy.event_code("signed_in")
        on_day = day[of_cell]
        broken = np.flatnonzero((on_day == incident_day(self.scope)) & (code == policy.event_code("mailing_sent")))
        code[broken[rng.random(len(broken)) < INCIDENT_FAILURES]] = policy.event_code("mailing_failed")
        if "sms_sent" in policy.event_names():
            too_early = self._days_before_sms()
            code[(on_day < too_early) & (code == policy.event_code("sms_sent"))] = policy.event_code("report_opened")
        lost = rng.random(total, dtype="float32") < UNKNOWN_SHARE
        code[lost] = policy.event_code(policy.UNKNOWN_EVENT)
        return {
            "customer": customer[of_cell].astype("int32"),
            "at": on_day * DAY + second,
            "code": code,
            "session": nth.astype("int8")[session],
            "user": user[session],
            "device": device[session],
            "property": np.full(total, -2, dtype="int8"),
            "quantity": np.full(total, np.nan, dtype="float32"),
            "recorder": np.full(total, -1, dtype="int16"),
            "is_planted": np.zeros(total, dtype=bool),
        }

    def _days_before_sms(self) -> int:
        """First day on which SMS can be sent, by the seed of components."""
        for row in policy.read_seed("components"):
            if row["component_code"] == "sms" and row["available_from"]:
                return int((np.datetime64(row["available_from"]) - self.scope.first_date).astype("int64"))
        return -1

    def _with_planted(self, rows: dict[str, np.ndarray], since: int, until: int) -> dict[str, np.ndarray]:
        extra = self.planted.between(since * DAY, until * DAY)
        size = len(extra.at)
        added = {
            "customer": extra.customer, "at": extra.at, "code": extra.code, "session": np.full(size, 99, dtype="int8"),
            "user": np.zeros(size, dtype="int16"), "device": np.zeros(size, dtype="int16"),
            "property": extra.property, "quantity": extra.quantity, "recorder": extra.recorder,
            "is_planted": np.ones(size, dtype=bool),
        }  # fmt: skip
        return {name: np.concatenate([values, added[name]]) for name, values in rows.items()}

    def _with_anonymous(self, rng: np.random.Generator, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Visitors who are not signed in, at times of customer activity."""
        size = len(rows["at"])
        chosen = rng.integers(0, max(size, 1), int(size * ANONYMOUS_SHARE))
        names = ("help_article_viewed", "video_watched")
        code = np.array([policy.event_code(name) for name in names], dtype="int8")[rng.integers(0, 2, len(chosen))]
        # A visitor has a negative number in place of the customer.
        visitor = -1 - (rng.integers(0, 1 << 20, len(chosen)) // 3)
        added = {name: values[chosen] for name, values in rows.items()}
        moved = np.minimum(added["at"] + rng.integers(1, 600, len(chosen)), (added["at"] // DAY) * DAY + DAY - 1)
        added |= {
            "customer": visitor.astype("int32"), "code": code, "at": moved,
            "property": np.full(len(chosen), -1, dtype="int8"),
            "quantity": np.full(len(chosen), np.nan, dtype="float32"),
            "recorder": np.full(len(chosen), -1, dtype="int16"), "is_planted": np.zeros(len(chosen), dtype=bool),
        }  # fmt: skip
        return {name: np.concatenate([values, added[name]]) for name, values in rows.items()}

    def _decorate(self, rng: np.random.Generator, rows: dict[str, np.ndarray]) -> None:
        """Quantities, properties, components, errors."""
        code = rows["code"]
        size = len(code)
        draw = rng.random(size, dtype="float32")
        quantity = rows["quantity"]
        for name, center, spread in (
            ("contact_list_imported", 5.5, 1.2),
            ("sms_sent", 3.5, 0.8),
            ("bulk_export", 6.2, 0.5),
        ):
            rows_of = np.flatnonzero((code == policy.event_code(name)) & np.isnan(quantity))
            quantity[rows_of] = np.exp(rng.normal(center, spread, len(rows_of))).astype("int64") + 1
        mailed = np.flatnonzero((code == policy.event_code("mailing_sent")) & np.isnan(quantity))
        segment = self.people.segment[np.maximum(rows["customer"][mailed], 0)]
        quantity[mailed] = 1 + rng.poisson(np.array([0.15, 4.0, 1.0])[segment])

        first, count = np.full(128, -1), np.ones(128)
        for name, (position, number) in PROPERTIES_OF.items():
            first[policy.event_code(name)], count[policy.event_code(name)] = position, number
        drawn = first[code] + (draw * count[code]).astype("int64") * (first[code] >= 0)
        rows["property"] = np.where(rows["property"] == -2, drawn, rows["property"]).astype("int8")
        # Views of information are about any component; use belongs to the component of the catalogue.
        of_event = policy.event_components()[code]
        is_view = np.isin(code, [policy.event_code(name) for name in VIEWS])
        about = rng.integers(0, len(policy.components()), size, dtype="int8")
        rows["component"] = np.where(is_view, about, np.where(draw < 0.7, of_event, -1)).astype("int8")
        failed = np.isin(code, [policy.event_code("mailing_failed"), policy.event_code("import_failed")])
        rows["error"] = np.where(failed, (draw * len(ERRORS)).astype("int8"), -1).astype("int8")
        reported = failed | np.isin(
            code, [policy.event_code("mailing_sent"), policy.event_code("contact_list_imported")]
        )
        rows["success"] = np.where(reported, np.where(failed, 0, 1), -1).astype("int8")

    def _remember(self, rows: dict[str, np.ndarray]) -> None:
        """Update what later domains need: first and last use, 50th and 500th mailing."""
        facts, customer, at, code = self.facts, rows["customer"], rows["at"], rows["code"]
        used = np.flatnonzero(policy.is_usage()[code] & (customer >= 0))
        # Rows are in order of time, so the last assignment to a customer wins.
        facts.last_use[customer[used]] = at[used]
        backwards = used[::-1]
        first = np.full(self.people.size, NEVER)
        first[customer[backwards]] = at[backwards]
        facts.first_use = np.minimum(facts.first_use, first)

        mailed = np.flatnonzero((code == policy.event_code("mailing_sent")) & (customer >= 0))
        mailed = mailed[np.argsort(customer[mailed], kind="stable")]
        who, quantity = customer[mailed], rows["quantity"][mailed].astype("float64")
        if len(who):
            running = np.cumsum(quantity)
            start = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))
            group = np.cumsum(np.concatenate([[True], who[1:] != who[:-1]])) - 1
            total = running - (running[start] - quantity[start])[group] + self.mailings[who]
            for threshold, reached in ((50, facts.mailing_50), (500, facts.mailing_500)):
                crossing = np.flatnonzero((total >= threshold) & (total - quantity < threshold))
                reached[who[crossing]] = np.minimum(reached[who[crossing]], at[mailed[crossing]])
            self.mailings += np.bincount(who, quantity, minlength=self.people.size)

    # ------------------------------------------------------------------ arrival

    def _deliver(self, rng: np.random.Generator, rows: dict[str, np.ndarray], since: int, until: int) -> None:
        """Give every row its moment of arrival, keep rows that arrive after the block, write the rest."""
        scope = self.scope
        size = len(rows["at"])
        draw = rng.random(size, dtype="float32")
        delay = 60 + (rng.random(size, dtype="float32") * 1_740).astype("int64")
        slow = np.flatnonzero(draw < 0.03)
        delay[slow] = HOUR + rng.integers(0, 11 * HOUR, len(slow))
        # Offline devices. Planted steps are never late, so that the truth is correct on the last day too.
        late = np.flatnonzero((draw < LATE_SHARE) & ~rows["is_planted"])
        delay[late] = DAY + rng.integers(0, 59 * DAY, len(late))
        arrives = rows["at"] + delay
        is_late = np.zeros(size, dtype=bool)
        is_late[late] = True
        arrives = np.where(is_late, arrives, np.minimum(arrives, scope.end))
        rows["arrives"] = arrives
        self.facts.late += int((is_late & (arrives <= scope.end)).sum())
        keep = np.flatnonzero(arrives <= scope.end)
        if len(keep) < size:
            rows = {name: values[keep] for name, values in rows.items()}
        goals = self._goals(since, until)
        rows = {name: np.concatenate([values, goals[name]]) for name, values in rows.items()}
        if self.pending is not None:
            rows = {name: np.concatenate([values, self.pending[name]]) for name, values in rows.items()}
        waits = rows["arrives"] >= until * DAY
        held = np.flatnonzero(waits)
        self.pending = {name: values[held] for name, values in rows.items()}
        ready = np.flatnonzero(~waits)
        key = np.sort((rows["arrives"][ready] << 26) | np.arange(len(ready)))
        order = ready[key & ((1 << 26) - 1)]
        rows = {name: values[order] for name, values in rows.items()}
        self.landing.settle()
        self._write(rows)

    def _goals(self, since: int, until: int) -> dict[str, np.ndarray]:
        """Events about goals in the block. They arrive on their own day, with numbers of their own."""
        goals = self.goals.between(since * DAY, until * DAY)
        size = len(goals.at)
        day = goals.at // DAY
        nth = np.arange(size) - np.searchsorted(day, day)

        def same(value: int, kind: str) -> np.ndarray:
            return np.full(size, value, dtype=kind)

        return {
            "customer": goals.customer, "at": goals.at, "code": goals.code, "session": same(98, "int8"),
            "user": same(0, "int16"), "device": same(0, "int16"), "property": same(-1, "int8"),
            "quantity": np.full(size, np.nan, dtype="float32"), "recorder": same(-1, "int16"),
            "is_planted": np.ones(size, dtype=bool), "number": day * 10_000_000 + 9_000_000 + nth, "goal": goals.goal,
            "component": same(-1, "int8"), "error": same(-1, "int8"), "success": same(-1, "int8"),
            "arrives": np.minimum(goals.at + 120, day * DAY + DAY - 1),
        }  # fmt: skip

    def _write(self, rows: dict[str, np.ndarray]) -> None:
        scope = self.scope
        customer, at, code = rows["customer"].astype("int64"), rows["at"], rows["code"]
        size = len(at)
        is_anonymous = customer < 0
        person = np.maximum(customer, 0)
        words = {name: pa.array(list(values), type=pa.string()) for name, values in (
            ("event_name", policy.event_names()), ("source", SOURCES), ("component_code", policy.components()),
            ("error_code", ERRORS), ("app_version", APP_VERSIONS), ("properties", PROPERTIES),
            ("source_system", ("tracker", "crm")),
        )}  # fmt: skip

        def coded(name: str, positions: np.ndarray) -> pa.Array:
            shown = pa.array(np.maximum(positions, 0).astype("int8"), mask=positions < 0)
            return pa.DictionaryArray.from_arrays(shown, words[name])

        def moments(values: np.ndarray) -> pa.Array:
            return pa.array((values + scope.epoch_seconds) * 1_000_000).view(pa.timestamp("us"))

        typed = rows["recorder"] >= 0
        in_app = (rows["device"] % 3 == 1) & ~is_anonymous & ~typed
        day = at // DAY
        version = np.minimum(day * len(APP_VERSIONS) // max(scope.days, 1), len(APP_VERSIONS) - 1)
        version = np.maximum(version - rows["user"] % 2, 0)
        mailing = np.isin(code, [policy.event_code(name) for name in
                                 ("mailing_created", "template_edited", "mailing_sent", "mailing_failed")])  # fmt: skip
        is_goal = rows["goal"] >= 0
        objects = np.where(is_goal, FIRST_OBJECT + rows["goal"], person * 1_000 + day // 2 % 1_000)
        device = np.where(is_anonymous, -customer, person * 100 + rows["device"])
        is_sms = code == policy.event_code("sms_sent")
        cost = np.where(is_sms, np.nan_to_num(rows["quantity"]) * 5, 0).astype("int64")
        arrays = {
            "event_id": numbered("e", 11, rows["number"]),
            "customer_id": numbered("c", 7, person + 1, is_anonymous),
            "user_id": numbered("u", 9, person * 100 + rows["user"] + 100, is_anonymous | typed),
            "anonymous_id": hashed(-customer, ~is_anonymous),
            "event_name": coded("event_name", code),
            "occurred_at": moments(at),
            "source": coded("source", np.where(typed, 2, np.where(in_app, 0, 1))),
            "recorded_by_employee_id": numbered("m", 3, rows["recorder"] + 1, ~typed),
            "component_code": coded("component_code", rows["component"]),
            "object_id": numbered("x", 10, objects, is_anonymous | ~(mailing | is_goal)),
            "quantity": pa.array(rows["quantity"].astype("float64"), mask=np.isnan(rows["quantity"])),
            "value_amount": cents(cost, ~is_sms),
            "is_success": pa.array(rows["success"] > 0, mask=rows["success"] < 0),
            "error_code": coded("error_code", rows["error"]),
            "session_id": numbered("s", 13, (person * 10_000 + day) * 100 + rows["session"] + 1, is_anonymous | typed),
            "device_id": numbered("d", 9, device, typed),
            "ip_hash": hashed(device // 2 + (1 << 40), typed),
            "app_version": coded("app_version", np.where(in_app, version, -1)),
            "properties": coded("properties", rows["property"]),
            "ingested_at": moments(rows["arrives"]),
            "source_system": coded("source_system", typed.astype("int8")),
        }
        self.landing.write_sorted(contract()["events"], arrays, rows["arrives"] // DAY, self.part)
        self.part += 1
        self.facts.events += size
        self.facts.anonymous += int(is_anonymous.sum())
        self.facts.unknown += int((code == policy.event_code(policy.UNKNOWN_EVENT)).sum())
        self.landing.keys["events"] = self.facts.events
