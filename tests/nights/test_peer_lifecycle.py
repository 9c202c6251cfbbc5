"""The lifecycle of use agrees with sets of customers in pandas, day by day, for every scope, grain and value."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pandas as pd
import pytest
from nights.peers import Models, days

pytestmark = pytest.mark.slow

AS_OF = date(2025, 4, 10)
FIRST = date(2024, 12, 30)
OBSERVED = date(2025, 1, 3)
MONTHLY = 10
HISTORY = {("any", "day"): 40, ("any", "week"): None, ("any", "month"): None, ("send", "week"): 6}
ORDER = [
    "fct_activity_days", "fct_activity_periods", "int_usage__active_periods", "int_usage__activity_cells", "int_usage__lifecycle_counts",
    "mart_usage_lifecycle", "mart_usage_frequency",
]  # fmt: skip


def use_days() -> pd.DataFrame:
    """Daily, weekly and rare users, with pauses of exactly a period and of a trailing window."""
    rng = random.Random(5)
    rows = []
    for number in range(60):
        day = FIRST + timedelta(days=rng.randrange(40))
        while day <= AS_OF + timedelta(days=3):
            rows.append((f"c{number:02}", day))
            day += timedelta(
                days=rng.choice([1, 1, 2, 6, 7, 8, MONTHLY - 1, MONTHLY, MONTHLY + 1, rng.randrange(1, 45)])
            )
    return pd.DataFrame(rows, columns=["customer_id", "day"])


def segment(customer: str, day: date) -> str:
    """Every third customer changes the segment in the middle of February."""
    number = int(customer[1:])
    return f"s{(number + (number % 3 == 0 and day >= date(2025, 2, 14))) % 2}"


@pytest.fixture(scope="module")
def modelled(parsed_once, tmp_path_factory):
    models = Models(tmp_path_factory.mktemp("lifecycle"), ORDER)
    used = use_days()
    names = sorted(used["customer_id"].unique())
    registered = used.groupby("customer_id")["day"].min().to_dict()
    turn = date(2025, 2, 14)
    segments = [
        {
            "customer_id": name,
            "scheme": "usage",
            "segment_code": segment(name, since),
            "valid_from": since,
            "valid_to": until,
        }
        for name in names
        for since, until in ((date(2024, 1, 1), turn), (turn, None))
    ]
    sizes = [
        {"customer_id": name, "attribute_code": "size", "attribute_value": "big", "valid_from": FIRST, "valid_to": None}
        for name in names[::4]
    ]
    sent = used[used["day"].map(lambda day: day.toordinal() % 3 > 0)]
    db = models.run(
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": (
                "week_starts_on integer, min_reliable_count integer, monthly_active_days integer",
                [{"week_starts_on": 1, "min_reliable_count": 5, "monthly_active_days": MONTHLY}],
            ),
            "activity_scopes": (
                "scope_code varchar, scope_kind varchar, component_codes varchar, event_names varchar",
                [
                    {"scope_code": "any", "scope_kind": "any_use", "component_codes": None, "event_names": None},
                    {"scope_code": "send", "scope_kind": "events", "component_codes": None, "event_names": "open|send"},
                ],
            ),
            "activity_settings": (
                "scope_code varchar, period_grain varchar, history_periods integer",
                [
                    {"scope_code": scope, "period_grain": grain, "history_periods": history}
                    for (scope, grain), history in HISTORY.items()
                ],
            ),
            "recurring_settings": (
                "start_scope_code varchar, return_scope_code varchar, period_grain varchar, cohorts_count integer",
                [],
            ),
            "fct_customer_usage_daily": (
                "customer_id varchar, usage_date date",
                used.rename(columns={"day": "usage_date"}).to_dict("records"),
            ),
            "fct_component_usage_daily": ("customer_id varchar, component_code varchar, usage_date date", []),
            "fct_scope_events_daily": (
                "customer_id varchar, event_name varchar, event_date date",
                [
                    {"customer_id": row.customer_id, "event_name": event, "event_date": row.day}
                    for row in sent.itertuples()
                    for event in ("send", "other")
                ],
            ),
            "fct_purchases": ("customer_id varchar, purchased_date date", []),
            "dim_customer_activation": ("customer_id varchar, is_activated boolean, activated_at timestamp", []),
            "customer_registrations": (
                "customer_id varchar, registered_date date",
                [{"customer_id": name, "registered_date": registered[name]} for name in names],
            ),
            "dim_customers": (
                "customer_id varchar, region varchar, acquisition_channel varchar, registered_date date",
                [
                    {
                        "customer_id": name,
                        "region": None,
                        "acquisition_channel": "web",
                        "registered_date": registered[name],
                    }
                    for name in names
                ],
            ),
            "customer_status_periods": ("customer_id varchar, plan_code varchar, valid_from date, valid_to date", []),
            "dim_customer_segments": (
                "customer_id varchar, scheme varchar, segment_code varchar, valid_from date, valid_to date",
                segments,
            ),
            "dim_observation_starts": (
                "source_code varchar, observed_from date, measured_from date",
                [{"source_code": "events", "observed_from": OBSERVED, "measured_from": OBSERVED}],
            ),
            "customer_breakdowns": (
                "attribute_code varchar, title varchar",
                [{"attribute_code": "size", "title": "Size"}],
            ),
            "dim_customer_attributes": (
                "customer_id varchar, attribute_code varchar, attribute_value varchar, valid_from date, valid_to date",
                sizes,
            ),
            "dim_dates": days(FIRST, AS_OF),
        }
    )
    used = used[used["day"] <= AS_OF]
    return models, db, {"any": used, "send": sent[sent["day"] <= AS_OF]}, set(names[::4])


def start_of(grain: str, day: date) -> date:
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[grain]


def before(grain: str, start: date) -> date:
    return start_of(grain, start - timedelta(days=1))


def periods(grain: str) -> list[date]:
    return sorted({start_of(grain, day.date()) for day in pd.date_range(FIRST, AS_OF)})


class Peer:
    """Sets of active customers by period, and the value of each in a dimension on the last active day."""

    def __init__(self, used: pd.DataFrame, grain: str, dimension: str, big: set[str]):
        self.grain, self.used = grain, used
        self.first = used.groupby("customer_id")["day"].min().to_dict()
        groups = used.assign(start=[start_of(grain, day) for day in used["day"]]).groupby(["start", "customer_id"])[
            "day"
        ]
        self.active: dict[date, dict[str, str]] = {}
        self.days: dict[tuple[date, str], int] = {}
        self.big, self.dimension = big, dimension
        for (start, name), own in groups:
            self.active.setdefault(start, {})[name] = self.value(name, own.max())
            self.days[start, name] = len(own)

    def value(self, name: str, day: date) -> str:
        if self.dimension == "segment":
            return segment(name, day)
        if self.dimension == "attribute_size":
            return "big" if name in self.big else "unknown"
        return "all"

    def row(self, start: date, value: str) -> dict[str, int]:
        now, earlier = self.active.get(start, {}), self.active.get(before(self.grain, start), {})
        own = {name for name, its in now.items() if its == value}
        was = {name for name, its in earlier.items() if its == value}
        new = {name for name in own if start_of(self.grain, self.first[name]) == start}
        returning = own & set(earlier)
        return {
            "active_count": len(own),
            "active_before_count": len(was),
            "new_count": len(new),
            "new_doubtful_count": sum(self.first[name] < OBSERVED for name in new),
            "returning_count": len(returning),
            "resurrecting_count": len(own - new - returning),
            "dormant_change": -len(was - set(now)),
            "moved_change": len(own & set(earlier)) - len(was & set(now)),
            "retained_num": len(was & set(now)),
            "stickiness_num": sum(self.days[start, name] for name in own),
        }

    def trailing(self, day: date, width: int, value: str) -> int:
        """Customers active in the days to this one, by their value on the last of them."""
        recent = self.used[(self.used["day"] <= day) & (self.used["day"] > day - timedelta(days=width))]
        last = recent.groupby("customer_id")["day"].max()
        return sum(self.value(name, its) == value for name, its in last.items())


@pytest.mark.parametrize("dimension", ["all", "segment", "attribute_size"])
@pytest.mark.parametrize(("scope", "grain"), HISTORY)
def test_bridges_are_those_of_sets_of_customers(modelled, scope, grain, dimension) -> None:
    models, db, used, big = modelled
    peer = Peer(used[scope], grain, dimension, big)
    marts = models.frame(
        db,
        "mart_usage_lifecycle",
        f"scope_code = '{scope}' and period_grain_code = '{grain}' and dimension_name = '{dimension}'",
    )
    wanted = periods(grain)[-(HISTORY[scope, grain] or 1000) :]
    found = {(row["period_start_date"].date(), row["dimension_value"]): row for row in marts.to_dict("records")}
    assert {start for start, _ in found} == set(wanted)
    for (start, value), row in found.items():
        expected = peer.row(start, value)
        assert {name: row[name] for name in expected} == expected, (start, value)
        if grain == "day":
            assert row["day_of_week_den"] == peer.trailing(start, 7, value), (start, value)
            assert row["day_of_month_den"] == peer.trailing(start, MONTHLY, value), (start, value)
    assert marts["resurrecting_count"].sum() > 0
    if HISTORY[scope, grain] is None:
        assert (marts["moved_change"] != 0).any() == (dimension == "segment")
    complete = {row["period_start_date"].date() for row in marts[marts["is_complete"]].to_dict("records")}
    ends = {
        start: start_of(grain, start + timedelta(days={"day": 1, "week": 7, "month": 31}[grain])) for start in wanted
    }
    assert complete == {start for start, end in ends.items() if start >= OBSERVED and end <= AS_OF + timedelta(days=1)}


@pytest.mark.parametrize("grain", ["week", "month"])
def test_customers_by_number_of_active_days(modelled, grain) -> None:
    models, db, used, big = modelled
    peer = Peer(used["any"], grain, "segment", big)
    marts = models.frame(
        db,
        "mart_usage_frequency",
        f"scope_code = 'any' and period_grain_code = '{grain}' and dimension_name = 'segment'",
    )
    assert len(marts) > 50
    for row in marts.to_dict("records"):
        start = row["period_start_date"].date()
        own = [
            peer.days[start, name] for name, its in peer.active.get(start, {}).items() if its == row["dimension_value"]
        ]
        assert row["customers_num"] == own.count(row["active_days"])
        assert row["at_least_num"] == sum(number >= row["active_days"] for number in own)
        assert row["customers_den"] == len(own)
    lengths = marts.groupby("period_start_date")["active_days"].max()
    assert all(length == (7 if grain == "week" else start.days_in_month) for start, length in lengths.items())
    # Once, a month of one recorded day was complete.
    complete = {start.date() for start in marts[marts["is_complete"]]["period_start_date"]}
    known = models.frame(
        db, "mart_usage_lifecycle", f"scope_code = 'any' and period_grain_code = '{grain}' and is_complete"
    )
    assert complete == {start.date() for start in known["period_start_date"]}
    assert complete < {start.date() for start in lengths.index if start.date() <= AS_OF}
