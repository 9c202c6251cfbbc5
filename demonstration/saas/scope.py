"""Size, calendar and seeds of one generated company.

Inside the generator a moment is a number of seconds and a day a number of days, both counted from midnight of the first
day (negative before it). What never happens is at NEVER, far in the future, so that one comparison (`moment > now`)
hides both future and impossible moments.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

DAY = 86_400
HOUR = 3_600
NEVER = 1 << 40
"""Moment (seconds) of an event that does not happen."""
NEVER_DAY = NEVER // DAY

LAST_DAY = date(2025, 6, 30)
"""The data always ends here: a pack that followed the clock would differ from one day to the next."""

# Relative traffic by hour of day; index is the hour, UTC.
OFFICE_HOURS = np.array([0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 12, 10, 8, 10, 12, 11, 9, 6, 3, 2, 1, 0.5, 0.2, 0])
LONG_HOURS = np.array([1, 0.5, 0.3, 0.2, 0.2, 0.5, 2, 4, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 7, 5, 3, 0])


@dataclass(frozen=True)
class Scope:
    """The requested size, and the calendar that follows from it."""

    customers: int
    days: int
    seed: int
    events_per_customer: float | None = None

    @property
    def first_day(self) -> date:
        return LAST_DAY - timedelta(days=self.days - 1)

    @property
    def end(self) -> int:
        """Last second of the data."""
        return self.days * DAY - 1

    @property
    def epoch_seconds(self) -> int:
        """Midnight of the first day in seconds since 1970."""
        return (self.first_day - date(1970, 1, 1)).days * DAY

    @property
    def first_date(self) -> np.datetime64:
        return np.datetime64(self.first_day, "D")

    def day_of(self, day: date) -> int:
        return (day - self.first_day).days

    def rng(self, domain: str, part: int = 0) -> np.random.Generator:
        """Random stream of a domain (and of a part of it), so that a change in one domain does not shift another."""
        child = np.random.SeedSequence(self.seed, spawn_key=(zlib.crc32(domain.encode()), part))
        return np.random.Generator(np.random.SFC64(child))

    def weekday(self, days: np.ndarray) -> np.ndarray:
        """Monday is 0."""
        return (days + self.first_day.weekday()) % 7

    def month(self, days: np.ndarray) -> np.ndarray:
        """Calendar month 1-12."""
        return (self.first_date + np.asarray(days, dtype="int64")).astype("datetime64[M]").astype("int64") % 12 + 1

    def add_months(self, days: np.ndarray, months: np.ndarray | int) -> np.ndarray:
        """The same day of a later month, clipped to the end of that month (31 January + 1 month = end of February)."""
        start = self.first_date + np.asarray(days, dtype="int64")
        month = start.astype("datetime64[M]")
        day_of_month = (start - month.astype("datetime64[D]")).astype("int64")
        target = month + np.asarray(months, dtype="int64")
        length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype("int64")
        moved = target.astype("datetime64[D]") + np.minimum(day_of_month, length - 1)
        return (moved - self.first_date).astype("int64")


def seconds_of_day(rng: np.random.Generator, size: int, hours: np.ndarray) -> np.ndarray:
    """Second of the day by the traffic pattern `hours`."""
    share = np.cumsum(hours) / hours.sum()
    hour = np.searchsorted(share, rng.random(size), side="right").astype("int64")
    return hour * HOUR + rng.integers(0, HOUR, size)


def pick(rng: np.random.Generator, size: int, weights: list[float] | np.ndarray) -> np.ndarray:
    """Index drawn with the given weights."""
    share = np.cumsum(np.asarray(weights, dtype="float64"))
    return np.searchsorted(share / share[-1], rng.random(size), side="right").astype("int8")


def one_of(rng: np.random.Generator, size: int, weights: Mapping[str, float], words: tuple[str, ...]) -> np.ndarray:
    """Position in `words`, drawn by the weights of some of them."""
    return np.array([words.index(word) for word in weights])[pick(rng, size, list(weights.values()))]


def chance(rng: np.random.Generator, size: int, probability: float | np.ndarray) -> np.ndarray:
    """True with the given probability."""
    return rng.random(size) < probability


def between(rng: np.random.Generator, low: np.ndarray | float, high: np.ndarray | float, size: int) -> np.ndarray:
    """Whole number in [low, high), or low where the range is empty."""
    return np.floor(low + rng.random(size) * np.maximum(np.asarray(high) - low, 0)).astype("int64")
