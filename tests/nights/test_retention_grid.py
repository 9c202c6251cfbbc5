"""The retention grid equals a plain count over the raw events, for each definition, period, zone and first weekday."""

from __future__ import annotations

import csv
import random
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy

pytestmark = pytest.mark.slow

AS_OF = date(2025, 4, 20)
HOUR = timedelta(hours=1)
SETTINGS = [
    # cohort_kind, measure, period_kind, period_grain, cohort_grain, dimension, horizon, cohorts
    ("registration", "customers", "calendar", "day", "day", "all", 30, 90),
    ("registration", "customers", "calendar", "day", "all", "region", 60, 1),
    ("registration", "customers", "calendar", "week", "week", "all", 10, 90),
    ("registration", "customers", "calendar", "week", "month", "region", 10, 90),
    ("registration", "customers", "calendar", "month", "month", "all", 4, 90),
    ("registration", "customers", "calendar", "week", "month", "attributes", 10, 90),
    ("registration", "customers", "rolling", "day", "week", "all", 20, 90),
    ("registration", "customers", "rolling", "week", "all", "all", 8, 1),
    ("first_event", "customers", "rolling", "month", "all", "all", 3, 1),
    ("first_event", "customers", "calendar", "week", "all", "all", 10, 1),
    ("first_payment", "customers", "calendar", "week", "all", "all", 10, 1),
    ("first_payment", "revenue", "calendar", "week", "week", "all", 10, 90),
    ("first_payment", "revenue", "rolling", "day", "all", "region", 40, 1),
    ("registration", "usage", "calendar", "week", "all", "all", 10, 1),
]
BRACKETS = [("day", 1, 7), ("day", 8, 20), ("week", 1, 4), ("month", 1, 3)]
HEADER = (
    "cohort_kind", "measure_code", "period_kind", "period_grain",
    "cohort_grain", "dimension_name", "horizon_periods", "cohorts_count",
)  # fmt: skip


def _write(folder: Path, table: str, rows: list[dict]) -> None:
    (folder / table).mkdir(parents=True, exist_ok=True)
    number = len(list((folder / table).iterdir()))
    with (folder / table / f"part{number}.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


class Landing:
    """Fifty customers around the changes of clocks of March 2025, many of their events close to some midnight."""

    def __init__(self, folder: Path):
        rng = random.Random(7)
        start = datetime(2025, 2, 15)
        self.customers = {
            f"c{n:02}": (start + timedelta(hours=rng.randrange(1, 24 * 55), minutes=rng.randrange(60)), f"r{n % 3}")
            for n in range(50)
        }
        # Nobody registers in these days: cohorts without customers.
        for name, (at, region) in self.customers.items():
            if date(2025, 3, 16) <= at.date() <= date(2025, 3, 29):
                self.customers[name] = (at + timedelta(days=14), region)
        self.customers["c00"] = (start + HOUR, "r0")
        # One exactly at midnight in Tokyo.
        self.customers["c01"] = (datetime(2025, 3, 1, 15), "r1")
        self.events: dict[str, tuple[str, datetime]] = {"e_first": ("c00", start + 2 * HOUR)}
        self.payments: dict[str, tuple[str, datetime, int]] = {}
        for name, (registered, _) in self.customers.items():
            for _ in range(rng.choice([0, 1, 3, 12, 30])):
                at = registered + timedelta(days=rng.choice([0, 1, 2, 7, 8, 14, 30, rng.randrange(60)]))
                at += rng.choice([-HOUR, timedelta(0), HOUR / 2, timedelta(minutes=rng.randrange(1440))])
                at = max(at, registered)
                self.events[f"e{len(self.events)}"] = (name, at)
            for turn in range(rng.choice([0, 1, 2, 4])):
                at = registered + timedelta(days=7 * turn, minutes=rng.randrange(3000))
                self.payments[f"p{len(self.payments)}"] = (name, at, rng.randrange(100, 9900))
        rows = [
            {"customer_id": name, "registered_at": at, "region": region, "is_test": "false", "ingested_at": at}
            for name, (at, region) in self.customers.items()
        ]
        _write(folder, "customers", rows)
        # A size that holds before the entry, one from its day on, and one that comes too late.
        self.sizes = {
            name: [(at.date() - timedelta(days=9), "small"), (at.date() + timedelta(days=int(name[1:]) % 3), "large")]
            for name, (at, _) in self.customers.items()
            if int(name[1:]) % 5
        }
        _write(folder, "customer_attributes", [
            {"customer_id": name, "attribute": "company_size", "value": value, "valid_from": since,
             "ingested_at": datetime(2025, 4, 1)}
            for name, sizes in self.sizes.items() for since, value in sizes
        ])  # fmt: skip
        _write(folder, "events", [self._event(key, *event) for key, event in self.events.items()])
        # Two accounts are merged: the events of c02 are delivered again under c03, and c02 is deleted.
        moved = {key: ("c03", at) for key, (name, at) in self.events.items() if name == "c02"}
        assert moved
        self.events |= moved
        _write(folder, "events", [self._event(key, *event, version=1) for key, event in moved.items()])
        gone = {"deleted_at": datetime(2025, 4, 15), "ingested_at": datetime(2025, 4, 15)}
        _write(folder, "customers", [next(row for row in rows if row["customer_id"] == "c02") | gone])
        del self.customers["c02"]
        _write(folder, "payments", [
            {"payment_id": key, "customer_id": name, "paid_at": at, "amount": cents / 100, "currency": "EUR",
             "status": "succeeded", "is_refund": "false", "ingested_at": at + HOUR}
            for key, (name, at, cents) in self.payments.items()
        ])  # fmt: skip

    def value(self, name: str, dimension: str, day: date) -> str:
        """The value of a customer in a dimension on the day of the entry."""
        if dimension == "attributes":
            return next((value for since, value in reversed(self.sizes.get(name, [])) if since <= day), "unknown")
        return self.customers[name][1] if dimension == "region" else "all"

    @staticmethod
    def _event(key: str, customer: str, at: datetime, version: int = 0) -> dict:
        return {
            "event_id": key, "customer_id": customer, "event_name": "mailing_sent", "occurred_at": at,
            "source": "app", "ingested_at": max(at + HOUR, datetime(2025, 4, 1)) + version * timedelta(days=1),
        }  # fmt: skip


def _period(grain: str, day: date, first_weekday: int) -> int:
    if grain == "day":
        return day.toordinal()
    if grain == "week":
        return (day.toordinal() - first_weekday) // 7
    return day.year * 12 + day.month


def _is_retained(definition: str, active: set[int], first: int, last: int) -> bool:
    if definition == "on_or_after":
        return max(active, default=-1) >= last
    if definition == "every":
        return active >= set(range(last + 1))
    return any(first <= period <= last for period in active)


def _count(landing: Landing, zone: str, first_weekday: int) -> dict[tuple, tuple]:
    """(setting, definition, cohort, value, first, last) -> (size, eligible, retained, base)."""

    def local(moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    end = datetime.combine(AS_OF + timedelta(days=1), datetime.min.time())
    uses, money = defaultdict(list), defaultdict(list)
    for name, at in landing.events.values():
        if local(at) < end:
            uses[name].append(local(at))
    for name, at, cents in landing.payments.values():
        if local(at) < end:
            money[name].append((local(at), cents))
    # First payments are known for customers registered since payments are recorded, less a day of tolerance.
    paid_from = min(at for moved in money.values() for at, _ in moved).date() - timedelta(days=1)
    entries = {
        "registration": {name: local(at) for name, (at, _) in landing.customers.items()},
        "first_event": {name: min(uses[name]) for name in landing.customers if uses[name]},
        "first_payment": {
            name: min(money[name])[0]
            for name, (registered, _) in landing.customers.items()
            if money[name] and local(registered).date() >= paid_from
        },
    }
    found = {}
    for number, (kind, measure, period_kind, grain, cohort_grain, dimension, horizon, _) in enumerate(SETTINGS):
        length = {"day": 1, "week": 7, "month": 30}[grain]

        def since(moment: datetime, entry: datetime, rolling=period_kind == "rolling", grain=grain, length=length):
            if rolling:
                return (moment - entry) // timedelta(days=length)
            return _period(grain, moment.date(), first_weekday) - _period(grain, entry.date(), first_weekday)

        cohorts = defaultdict(list)
        for name, entry in entries[kind].items():
            if entry < end:
                cohort = "all" if cohort_grain == "all" else _period(cohort_grain, entry.date(), first_weekday)
                cohorts[cohort, landing.value(name, dimension, entry.date())].append(name)
        spans = [(n, n) for n in range(horizon + 1)]
        spans += [(a, b) for g, a, b in BRACKETS if g == grain and b <= horizon and measure == "customers"]
        for (cohort, value), names in cohorts.items():
            for first, last in spans:
                size = len(names)
                # The first moment after the business day belongs to the first open period.
                members = [n for n in names if since(end, entries[kind][n]) > last]
                if not members and last > 0:
                    continue
                active = {n: {since(at, entries[kind][n]) for at in uses[n]} for n in members}
                if measure == "customers":
                    for definition in ("on", "on_or_after", "every") if first == last else ("within",):
                        retained = sum(_is_retained(definition, active[n], first, last) for n in members)
                        key = (number, definition, cohort, value, first, last)
                        found[key] = (size, len(members), retained, len(members))
                else:
                    sums = {
                        p: sum(amount for n in members for at, amount in
                               ([(at, 1) for at in uses[n]] if measure == "usage" else money[n])
                               if since(at, entries[kind][n]) == p)
                        for p in {0, last}
                    }  # fmt: skip
                    found[number, "on", cohort, value, first, last] = (size, len(members), sums[last], sums[0])
    return found


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> tuple[Path, Landing]:
    folder = tmp_path_factory.mktemp("retention")
    return folder, Landing(folder / "raw")


@pytest.mark.parametrize(
    ("zone", "first_weekday"),
    [
        pytest.param("America/New_York", 7, marks=pytest.mark.repetition),
        ("UTC", 3),
        pytest.param("Asia/Tokyo", 1, marks=pytest.mark.repetition),
        pytest.param("Europe/Berlin", 7, marks=pytest.mark.repetition),
    ],
)
def test_the_grid_is_the_plain_count(landing, dbt_session, tmp_path, zone, first_weekday):
    from nights.conftest import Company

    folder, planted = landing
    policy = Path(shutil.copytree(POLICY_FOLDER, tmp_path / "policy"))
    with (policy / "retention_settings.csv").open("w") as stream:
        stream.write(f"setting_code,{','.join(HEADER)},origin,reason\n")
        for number, row in enumerate(SETTINGS):
            stream.write(f"{number:02},{','.join(map(str, row))},ours,test\n")
    with (policy / "retention_brackets.csv").open("w") as stream:
        stream.write("period_grain,first_period,last_period,origin,reason\n")
        stream.writelines(f"{grain},{first},{last},ours,test\n" for grain, first, last in BRACKETS)
    with (policy / "thresholds.csv").open("a") as stream:
        stream.write(f"week_starts_on,{first_weekday},weekday,ours,test\n")
    settings = replace(
        dbt_session.settings,
        raw=folder / "raw",
        policy=policy,
        warehouse=tmp_path / "stayhouse.duckdb",
        business_timezone=zone,
    )
    # A session parses the seeds of one policy.
    session = DbtSession(settings, prepare_policy(settings)[0])
    Company(settings, session).load()
    session.build(AS_OF, select=["+mart_retention_grid"], with_tests=False)

    with duckdb.connect(settings.warehouse, read_only=True) as db:
        rows = db.execute(
            """
            select cast(left(setting_code, 2) as integer), definition_code, cohort_grain_code, cohort_start_date, dimension_value,
                first_period_order, last_period_order, cohort_size_count, eligible_count, retained_num, retained_den
            from retention.mart_retention_grid where cohort_kind <> 'recurring'
            """
        ).fetchall()
    found, empty = {}, 0
    for number, definition, grain, start, value, first, last, *numbers in rows:
        if numbers[0] == 0:
            assert (first, last, numbers) == (0, 0, [0, 0, 0, 0])
            empty += 1
            continue
        cohort = "all" if start is None else _period(grain, start, first_weekday)
        found[number, definition, cohort, value, first, last] = tuple(numbers)
    expected = _count(planted, zone, first_weekday)
    wrong = {
        key: (expected.get(key), found.get(key)) for key in expected | found if expected.get(key) != found.get(key)
    }
    assert not wrong, (len(wrong), len(expected), sorted(wrong.items(), key=repr)[:5])
    assert len(expected) > 1000
    assert empty > 0
    sizes = [number for number, setting in enumerate(SETTINGS) if "attributes" in setting]
    assert {value for number, _, _, value, *_ in found if number in sizes} == {"small", "large", "unknown"}
    retained = defaultdict(int)
    for (_, definition, *_rest), numbers in found.items():
        retained[definition] += numbers[2]
    assert min(retained[code] for code in ("on", "on_or_after", "every", "within")) > 50
