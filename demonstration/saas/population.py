"""The customers and their planted histories.

Everything else (contracts, use, contacts, surveys) follows from these arrays. Row number = customer number - 1, in
order of registration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from stayhouse.demonstration.saas import policy
from stayhouse.demonstration.saas.scope import (
    DAY,
    HOUR,
    LONG_HOURS,
    NEVER,
    NEVER_DAY,
    OFFICE_HOURS,
    Scope,
    between,
    chance,
    pick,
    seconds_of_day,
)

# Share of each archetype. The order is the code. Archetypes in TURNING need a day on which their behaviour changes.
ARCHETYPES = {
    "steady": 0.325,
    "grower": 0.10,
    "never_activates": 0.16,
    "slow_activator": 0.09,
    "decliner": 0.09,
    "vanisher": 0.09,
    "reactivator": 0.05,
    "sharer": 0.02,
    "exporter": 0.02,
    "seasonal": 0.04,
    "test": 0.01,
    "deleted": 0.005,
}
NAMES = tuple(ARCHETYPES)
TURNING = ("decliner", "vanisher", "reactivator", "exporter", "deleted", "seasonal")
NEVER_KINDS = ("nothing", "views_only", "optional_only", "partial")
# Mean satisfaction, 0-1: answers must agree with behaviour.
SATISFACTION = {
    "steady": 0.81, "grower": 0.89, "never_activates": 0.50, "slow_activator": 0.70, "decliner": 0.50,
    "vanisher": 0.47, "reactivator": 0.64, "sharer": 0.84, "exporter": 0.44, "seasonal": 0.74, "test": 0.7,
    "deleted": 0.40,
}  # fmt: skip

REGIONS = {
    "north": ("Hamburg", "Kiel", "Bremen"),
    "south": ("Munich", "Augsburg", "Stuttgart"),
    "east": ("Leipzig", "Dresden", "Berlin"),
    "west": ("Cologne", "Essen", "Bonn"),
    "alps": ("Vienna", "Graz", "Zurich"),
    "baltic": ("Riga", "Vilnius", "Tallinn"),
    "benelux": ("Antwerp", "Utrecht", "Ghent"),
    "iberia": ("Porto", "Valencia", "Bilbao"),
}
CITIES = tuple(city for cities in REGIONS.values() for city in cities)
CHANNELS = ("organic", "ads", "partner", "referral", "event")
HISTORY_DAYS = 730
"""Customers may have registered this long before the first day."""


@dataclass
class Population:
    """One array element per customer. Days and moments as in `scope`; a code of -1 means none."""

    scope: Scope
    registered: np.ndarray
    archetype: np.ndarray
    never_kind: np.ndarray
    segment: np.ndarray
    """0 sender, 1 shop, 2 agency, 3 none."""
    segment_day: np.ndarray
    """First day of the membership; NEVER_DAY without one."""
    next_segment: np.ndarray
    next_segment_day: np.ndarray
    value: np.ndarray
    next_value: np.ndarray
    next_value_day: np.ndarray
    is_business: np.ndarray
    region: np.ndarray
    city: np.ndarray
    channel: np.ndarray
    referrer: np.ndarray
    birth_day: np.ndarray
    completed: np.ndarray
    """Moment the account details were completed."""
    deleted: np.ndarray
    level: np.ndarray
    """Factor on the share of active days."""
    favourite: np.ndarray
    """Weekday on which a sender mails, 0-4."""
    use_from: np.ndarray
    use_to: np.ndarray
    """First day without any further use."""
    gap_from: np.ndarray
    gap_to: np.ndarray
    turn: np.ndarray
    """Day on which the behaviour of a TURNING archetype changes; NEVER_DAY for others."""
    activation: np.ndarray
    """Moment of the last required key action; -1 before the data begin, NEVER when it never happens."""
    satisfaction: np.ndarray
    users: np.ndarray
    devices: np.ndarray
    variant: np.ndarray
    dropped_component: np.ndarray
    dropped_day: np.ndarray
    has_plan: np.ndarray
    """0 nothing after the trial, 1 free, 2 paid."""
    truth: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.registered)

    @property
    def registration_day(self) -> np.ndarray:
        return self.registered // DAY

    def is_a(self, *names: str) -> np.ndarray:
        """Mask of the customers of these archetypes."""
        return np.isin(self.archetype, [NAMES.index(name) for name in names])

    def segment_on(self, customers: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Usage pattern of a customer on a day."""
        return np.where(days >= self.next_segment_day[customers], self.next_segment[customers], self.segment[customers])

    def value_on(self, customers: np.ndarray, days: np.ndarray) -> np.ndarray:
        return np.where(days >= self.next_value_day[customers], self.next_value[customers], self.value[customers])


def _registrations(scope: Scope) -> np.ndarray:
    """Moments of registration, ascending: 30% before the first day, the rest with growth over the period."""
    rng = scope.rng("registrations")
    size = scope.customers
    is_earlier = rng.random(size) < 0.3
    before = -1 - (rng.random(size) ** 1.3 * HISTORY_DAYS).astype("int64")
    # Density rises linearly from 1 to 1.8: the inverse of its distribution function.
    share = rng.random(size)
    position = (np.sqrt(1 + share * (1.8**2 - 1)) - 1) / 0.8
    during = np.minimum((position * scope.days).astype("int64"), scope.days - 1)
    day = np.where(is_earlier, before, during)
    # Fewer people sign up on weekends; two thirds of those wait until Monday.
    waits = (scope.weekday(day) >= 5) & (rng.random(size) < 0.6) & (day != -1) & (day != -2)
    day = np.where(waits, np.minimum(day + (7 - scope.weekday(day)), scope.days - 1), day)
    return np.sort(day * DAY + seconds_of_day(rng, size, LONG_HOURS))


def _archetypes(scope: Scope, registration_day: np.ndarray) -> tuple[np.ndarray, int]:
    """Archetype of every customer by quota, and the day on which the behaviour changes."""
    rng = scope.rng("archetypes")
    size = scope.customers
    need = int(min(120, scope.days * 0.4))
    codes = np.full(size, NAMES.index("steady"), dtype="int8")
    shuffled = rng.permutation(size)
    is_old_enough = registration_day[shuffled] <= scope.days - need
    queue = np.concatenate([shuffled[is_old_enough], shuffled[~is_old_enough]])
    first, last = 0, size
    for name, share in ARCHETYPES.items():
        if name == "steady":
            continue
        quota = max(1, round(share * size))
        if name in TURNING:
            chosen = queue[first : first + quota]
            first += len(chosen)
        else:
            # From the other end, so that not all young customers are steady.
            chosen = queue[max(last - quota, first) : last]
            last -= len(chosen)
        codes[chosen] = NAMES.index(name)
    # The end of the queue is young; spread archetypes that need no history over everybody.
    free = np.flatnonzero(~np.isin(codes, [NAMES.index(name) for name in TURNING]))
    codes[free] = codes[rng.permutation(free)]
    return codes, need


def _region_and_city(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    region = pick(rng, size, [18, 20, 14, 17, 11, 8, 7, 5])
    city = region.astype("int16") * 3 + pick(rng, size, [6, 3, 1])
    return np.where(chance(rng, size, 0.015), -1, region), np.where(chance(rng, size, 0.04), -1, city)


def _clamp_to_daytime(moments: np.ndarray, not_before: np.ndarray) -> np.ndarray:
    """Squeeze moments into 8-20 h of their day; the order of the moments of a customer does not change."""
    day = moments // DAY
    return np.maximum(day * DAY + 8 * HOUR + (moments - day * DAY) // 2, not_before)


def activation_moment(registered: np.ndarray, delay: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Moment at which `share` of the way from registration to activation is done."""
    raw = registered + (delay * share).astype("int64")
    # Within the first day people continue in one session, whatever the hour.
    return np.where(
        delay < DAY, raw, _clamp_to_daytime(raw, registered + 60 + (3_600 * np.asarray(share)).astype("int64"))
    )


def populate(scope: Scope) -> Population:
    """Draw the whole population."""
    size, days = scope.customers, scope.days
    registered = _registrations(scope)
    day = registered // DAY
    archetype, need = _archetypes(scope, day)
    code = {name: archetype == position for position, name in enumerate(NAMES)}
    never = np.full(size, NEVER_DAY)

    rng = scope.rng("profile")
    segment = pick(rng, size, [54, 26, 16, 4]).astype("int8")
    segment[segment == policy.NO_SEGMENT] = 0
    has_segment = ~chance(rng, size, 0.02)
    starts_late = chance(rng, size, 0.04)
    segment_day = np.where(has_segment, day + np.where(starts_late, between(rng, 3, 30, size), 0), NEVER_DAY)
    changes = chance(rng, size, 0.06) & has_segment
    next_segment_day = np.where(changes, segment_day + between(rng, 60, 400, size), NEVER_DAY)
    next_segment = np.where(segment == 0, 1, np.where(segment == 1, 0, 1)).astype("int8")
    value = pick(rng, size, [8, 32, 60])
    is_business = chance(rng, size, np.array([0.55, 0.78, 0.97, 0.5])[segment])
    region, city = _region_and_city(rng, size)
    channel = pick(rng, size, [35, 30, 12, 13, 10]).astype("int8")
    channel = np.where(chance(rng, size, 0.02), -1, channel)
    referrer = np.where(
        (channel == CHANNELS.index("referral")) & (np.arange(size) > 0),
        (rng.random(size) * np.arange(size)).astype("int64"),
        -1,
    )
    birth = (np.datetime64(date(1955, 1, 1)) - scope.first_date).astype("int64") + between(rng, 0, 19_000, size)
    birth_day = np.where(~is_business & chance(rng, size, 0.85), birth, NEVER_DAY)
    completes = chance(rng, size, np.where(code["never_activates"], 0.35, 0.86))
    completed = np.where(completes, registered + (rng.exponential(3 * DAY, size) + 300).astype("int64"), NEVER)

    rng = scope.rng("life")
    low = np.maximum(day, 0) + 0.4 * need
    high = np.maximum(days - 0.3 * need, low + 1)
    high = np.where(code["reactivator"], low + (high - low) * 0.5, high)
    is_turning = np.isin(archetype, [NAMES.index(name) for name in TURNING]) & (day <= days - need)
    turn = np.where(is_turning, between(rng, low, high, size), NEVER_DAY)
    # Small companies may have too few old customers for the quota: the others are steady.
    cannot = np.isin(archetype, [NAMES.index(name) for name in TURNING]) & ~is_turning
    archetype = np.where(cannot, 0, archetype).astype("int8")
    code = {name: archetype == position for position, name in enumerate(NAMES)}

    use_from = day + np.where(chance(rng, size, 0.85), 0, between(rng, 1, 6, size))
    use_to = never.copy()
    for name in ("vanisher", "exporter", "deleted"):
        use_to = np.where(code[name], turn, use_to)
    gives_up = code["decliner"] & chance(rng, size, 0.6)
    use_to = np.where(gives_up, turn + between(rng, need * 0.5, need, size), use_to)
    gap_from = np.where(code["reactivator"], turn, never)
    room = np.maximum(days - 7 - turn, 12)
    gap_to = np.where(
        code["reactivator"], turn + np.minimum(between(rng, 45, 150, size), room * 0.8).astype("int64"), never
    )

    never_kind = np.where(code["never_activates"], pick(rng, size, [25, 30, 15, 30]), -1)
    stay = np.array([3, 25, 40, 60])[np.maximum(never_kind, 0)]
    use_to = np.where(code["never_activates"], use_from + 1 + between(rng, 0, stay, size), use_to)

    # Activation is planted only where the data can show it.
    pace = pick(rng, size, [42, 36, 22])
    delay = np.choose(pace, [between(rng, 2, 20, size) * HOUR, between(rng, 1, 14, size) * DAY,
                             between(rng, 14, 45, size) * DAY])  # fmt: skip
    slow = between(rng, min(21, days * 0.15), min(76, days * 0.3), size) * DAY
    delay = np.where(code["slow_activator"], slow, delay) + between(rng, 0, 3 * HOUR, size)
    limit = np.minimum(np.where(turn < NEVER_DAY, (turn - day) * DAY // 2, NEVER), NEVER)
    delay = np.minimum(delay, np.maximum(limit, 2 * HOUR))
    activation = np.where(day < 0, -1, activation_moment(registered, delay, 1.0))
    activation = np.where(code["never_activates"], NEVER, activation)

    is_sharer = code["sharer"]
    seats = np.array([2, 3, 5, 1])[segment]
    users = np.where(is_sharer, between(rng, 12, 40, size), 1 + (rng.random(size) * seats).astype("int64"))
    devices = np.where(is_sharer, users + between(rng, 3, 15, size), users + chance(rng, size, 0.5))
    satisfaction = np.array([SATISFACTION[name] for name in NAMES])[archetype] + rng.normal(0, 0.1, size)
    level = np.exp(rng.normal(0, 0.3, size)).astype("float32")
    favourite = pick(rng, size, [1, 3, 3, 3, 1])
    variant = pick(rng, size, [3, 2, 2, 1, 1, 1, 1, 1])
    drops = chance(rng, size, 0.15) & (archetype != NAMES.index("never_activates"))
    dropped_component = np.where(drops, rng.integers(0, len(policy.components()), size), -1).astype("int8")
    dropped_day = np.where(drops, np.maximum(day, 0) + between(rng, 60, 360, size), NEVER_DAY)

    paying = np.where(segment == 0, 0.72, 1.0)
    has_plan = np.where(chance(rng, size, paying), 2, 1)
    has_plan = np.where(code["never_activates"], pick(rng, size, [65, 22, 13]), has_plan)
    # The exporter and the reactivator need a contract that ends.
    has_plan = np.where(code["exporter"] | code["reactivator"], 2, has_plan).astype("int8")

    moves = chance(rng, size, 0.12)
    step = np.where(code["grower"], -1, np.where(code["decliner"], 1, pick(rng, size, [1, 1]) * 2 - 1))
    next_value = np.clip(value + step, 0, 2)
    next_value_day = np.where(moves & (next_value != value), day + between(rng, 60, 420, size), NEVER_DAY)
    deleted = np.where(code["deleted"], turn * DAY + 30 * HOUR + between(rng, 0, 5 * DAY, size), NEVER)
    completed = np.where(completed < deleted, completed, NEVER)

    return Population(
        scope=scope, registered=registered, archetype=archetype, never_kind=never_kind, segment=segment,
        segment_day=segment_day, next_segment=next_segment, next_segment_day=next_segment_day, value=value,
        next_value=next_value, next_value_day=next_value_day, is_business=is_business, region=region, city=city,
        channel=channel, referrer=referrer, birth_day=birth_day, completed=completed, deleted=deleted, level=level,
        favourite=favourite, use_from=use_from, use_to=use_to, gap_from=gap_from, gap_to=gap_to, turn=turn,
        activation=activation, satisfaction=satisfaction, users=users.astype("int16"),
        devices=devices.astype("int16"), variant=variant, dropped_component=dropped_component,
        dropped_day=dropped_day, has_plan=has_plan, truth={"delay": delay},
    )  # fmt: skip


def office_moment(rng: np.random.Generator, days: np.ndarray, scope: Scope) -> np.ndarray:
    """A moment in office hours of the day, or of the next Monday when the day is on a weekend."""
    weekday = scope.weekday(days)
    workday = np.where(weekday >= 5, days + 7 - weekday, days)
    return workday * DAY + seconds_of_day(rng, len(days), OFFICE_HOURS)
