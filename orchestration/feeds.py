"""Which day a run describes, and whether the raw tables reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from stayhouse.contract import Zones, contract
from stayhouse.contract.words import counted, listed
from stayhouse.loading import record_feed_days
from stayhouse.orchestration.policy_files import read_policy_file
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

POLICY_FILE = "feeds.csv"
# More would push the ways out off the first screen.
NAMED_FEEDS = 4
SHOWN_TABLES = 3
REQUIRED, EXPECTED, OPTIONAL = "required", "expected", "optional"


class StaleFeeds(Exception):
    """Raw tables do not reach the day of the run. One line per table, then the ways out."""

    def __init__(self, lines: list[str]):
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class CoveredDay:
    """The day that a run describes when none is named, and the tables that decide it."""

    day: date
    tables: tuple[str, ...]

    def describe(self) -> str:
        return f"{self.day}, the last closed day with rows of {listed(self.tables, SHOWN_TABLES, 'tables')}"


@dataclass(frozen=True)
class Feed:
    """A raw table, what policy expects of it, and how far it reaches on the day of a run."""

    table: str
    rule: str
    tolerated_days: int | None
    last_day: date | None
    """Not after the day of the run; None without a row."""
    as_of: date

    @property
    def delay_days(self) -> int | None:
        return None if self.last_day is None else (self.as_of - self.last_day).days

    @property
    def is_late(self) -> bool:
        """Its rows end earlier than policy tolerates."""
        return self.tolerated_days is not None and self.delay_days is not None and self.delay_days > self.tolerated_days

    @property
    def withholds(self) -> bool:
        """A run for this day would mislead."""
        return (self.is_late and self.rule != OPTIONAL) or (self.rule == REQUIRED and self.last_day is None)

    def describe(self) -> str:
        if self.last_day is None:
            return f"{self.table}: has no row up to {self.as_of}"
        delay = counted(self.delay_days or 0, "day")
        text = f"{self.table}: its rows end on {self.last_day}, {delay} before {self.as_of}"
        if self.tolerated_days is None:
            return text
        return f"{text}; {counted(self.tolerated_days, 'day')} {'is' if self.tolerated_days == 1 else 'are'} tolerated"


def last_covered_day(warehouse: Path) -> CoveredDay | None:
    """The last closed business day that any raw table reaches, as the newest load found it; None without such a row."""
    with open_warehouse(warehouse) as connection:
        return covered_day(connection)


def covered_day(connection: duckdb.DuckDBPyConnection) -> CoveredDay | None:
    """The same of an open warehouse."""
    found = connection.execute(
        "select last_date, table_name from ops.feed_days "
        "where last_date = (select max(last_date) from ops.feed_days) group by all"
    ).fetchall()
    if not found:
        return None
    reaching = {table for _, table in found}
    return CoveredDay(found[0][0], tuple(sorted(reaching)))


def feeds_on(settings: Settings, seeds: Path, as_of: date) -> list[Feed]:
    """Every raw table as it is for a run of `as_of`, also written to `ops.feed_days` for the marts."""
    with open_warehouse(settings.warehouse) as connection:
        return feeds_in(connection, settings.zones, seeds, as_of)


def feeds_in(connection: duckdb.DuckDBPyConnection, zones: Zones, seeds: Path, as_of: date) -> list[Feed]:
    """The same of an open warehouse."""
    last_days = record_feed_days(connection, contract(), zones, as_of)
    rules = {row["table_name"]: row for row in read_policy_file(seeds / POLICY_FILE).rows}
    return [_feed(table, rules[table], last_days, as_of) for table in contract()]


def _feed(table: str, rule: Mapping[str, str], last_days: Mapping[str, date | None], as_of: date) -> Feed:
    tolerated = rule["tolerated_delay_days"].strip()
    return Feed(table, rule["feed_rule"].strip(), int(tolerated) if tolerated else None, last_days[table], as_of)


def stale(feeds: Sequence[Feed]) -> list[Feed]:
    """The feeds for which a run is withheld, unless stale feeds are allowed."""
    return [feed for feed in feeds if feed.withholds]


def check_feeds(settings: Settings, feeds: Sequence[Feed], allow_stale: bool) -> list[str]:
    """One line per late table. Raises StaleFeeds when one of them withholds the run and stale feeds are not allowed."""
    late = stale(feeds)
    if late and not allow_stale:
        lines = [feed.describe() for feed in late[:NAMED_FEEDS]]
        if others := late[NAMED_FEEDS:]:
            lines.append(f"{', '.join(feed.table for feed in others)}: end too early as well")
        raise StaleFeeds([*lines, _ways_out(settings, late)])
    lines = [f"published although {feed.describe()}" for feed in late]
    return lines + [feed.describe() for feed in feeds if feed.is_late and not feed.withholds]


def _ways_out(settings: Settings, late: Sequence[Feed]) -> str:
    reached = [feed.last_day for feed in late if feed.last_day]
    earlier = f"describe a day that they reach (--as-of {min(reached)}), " if reached else ""
    path = settings.where_to_set(f"[feeds.{late[0].table}]", str(settings.policy_folder / POLICY_FILE))
    return (
        f"deliver the missing files and run again, {earlier}publish and mark them as stale (--allow-stale), "
        f"or change their rule or tolerated_delay_days: {path}"
    )
