"""How far the raw tables reach: contracts and other states count, what is still to come does not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from conftest import Landing, customer, event

from stayhouse.contract import Zones, contract
from stayhouse.contract.days import first_day_sql, last_closed_day, last_day_sql
from stayhouse.loading import load_landing, record_feed_days

pytestmark = pytest.mark.slow

INGESTED = "2025-06-30 23:00:00"
UNTIL = date(2025, 7, 31)


def period(number: int, **changes: object) -> dict:
    return {
        "period_id": f"p{number}", "subscription_id": f"s{number}", "customer_id": "c1", "plan_code": "grow",
        "mrr": "10.00", "currency": "EUR", "period_status": "active", "ingested_at": INGESTED,
    } | changes  # fmt: skip


@pytest.fixture
def last_day(landing: Landing, db):
    def find(table: str, until: date = UNTIL, zones: Zones = Zones()) -> date | None:  # noqa: B008
        load_landing(db, landing.folder, contract(), zones=zones)
        (day,) = db.execute(last_day_sql(contract()[table], zones, until)).fetchone()
        return day

    return find


def test_a_company_with_contracts_only_reaches_its_last_contract(landing: Landing, last_day):
    """A company that delivers only contracts was described as of its last registration, months ago."""
    landing.csv("customers", [customer(1, registered_at="2024-01-10 10:00:00", ingested_at=INGESTED)])
    landing.csv("subscription_periods", [period(1, valid_from="2025-01-01", valid_to="2025-06-20")])
    assert last_day("subscription_periods") == date(2025, 6, 20)
    assert last_day("customers") == date(2024, 1, 10)


def test_a_table_without_a_moment_says_nothing(landing: Landing, last_day):
    """Attributes of customers have no event and no interval, and two of them stopped the load."""
    landing.csv("customers", [customer(1, ingested_at=INGESTED)])
    row = {"customer_id": "c1", "attribute": "size", "value": "S", "ingested_at": INGESTED}
    landing.csv("customer_attributes", [row, row | {"valid_from": "2025-02-01"}])
    assert last_day("customer_attributes") is None


def test_what_is_still_to_come_says_nothing(landing: Landing, last_day):
    """A contract signed for next January would have moved the day of the run into the future."""
    landing.csv("customers", [customer(1)])
    landing.csv(
        "subscription_periods",
        [
            period(1, valid_from="2025-05-01", valid_to="2025-07-15"),
            period(2, valid_from="2025-07-01"),
            period(3, valid_from="2025-06-10"),
        ],
    )
    assert last_day("subscription_periods") == date(2025, 6, 10)


def test_days_are_those_of_the_business_zone_and_end_at_the_day_asked_for(landing: Landing, last_day):
    landing.csv("customers", [customer(1)])
    moments = ["2025-03-30 12:00:00", "2025-03-31 22:30:00", "2025-04-02 03:00:00"]
    landing.csv("events", [event(n, occurred_at=at, ingested_at=INGESTED) for n, at in enumerate(moments)])
    berlin, new_york = Zones(business="Europe/Berlin"), Zones(business="America/New_York")
    assert last_day("events") == date(2025, 4, 2)
    assert last_day("events", date(2025, 3, 31)) == date(2025, 3, 31)
    assert last_day("events", date(2025, 3, 31), berlin) == date(2025, 3, 30)
    assert last_day("events", date(2025, 4, 1), berlin) == date(2025, 4, 1)
    assert last_day("events", UNTIL, new_york) == date(2025, 4, 1)
    assert last_day("events", date(2025, 3, 29)) is None


def test_a_load_records_every_table_and_forgets_what_it_knew_before(landing: Landing, db):
    landing.csv("customers", [customer(1)])
    load_landing(db, landing.folder, contract())
    record_feed_days(db, contract(), Zones(), date(2024, 1, 1))
    landing.csv("events", [event(1, occurred_at="2025-01-05 10:00:00")])
    load_landing(db, landing.folder, contract())
    found = db.execute("select until_date, table_name, last_date from ops.feed_days").fetchall()
    assert len({until for until, *_ in found}) == 1
    reached = {table: day for _, table, day in found}
    assert set(reached) == set(contract())
    assert {table: day for table, day in reached.items() if day} == {
        "customers": date(2025, 1, 1),
        "events": date(2025, 1, 5),
    }


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("UTC", datetime(2025, 3, 2, 0, 0, tzinfo=UTC), date(2025, 3, 1)),
        ("UTC", datetime(2025, 3, 1, 23, 59, tzinfo=UTC), date(2025, 2, 28)),
        ("Pacific/Auckland", datetime(2025, 3, 1, 11, 30, tzinfo=UTC), date(2025, 3, 1)),
        ("America/Los_Angeles", datetime(2025, 3, 2, 7, 30, tzinfo=UTC), date(2025, 2, 28)),
    ],
)
def test_a_day_is_over_when_it_is_over_in_the_business_zone(zone, now, day):
    """In Los Angeles the day that had ended in Greenwich was described eight hours before its end."""
    assert last_closed_day(zone, now) == day


def test_a_table_whose_rows_say_nothing_of_days_has_no_day(landing: Landing, db):
    """Two attributes of customers stopped every load: each row answered for itself when the table was asked."""
    landing.csv("customers", [customer(1)])
    columns = contract()["customer_attributes"].column_names
    rows = [
        {"customer_id": "c1", "attribute": name, "value": "x", "valid_from": "2025-01-01", "ingested_at": INGESTED}
        for name in ("size", "trade")
    ]
    landing.csv("customer_attributes", [{name: row[name] for name in columns if name in row} for row in rows])
    load_landing(db, landing.folder, contract())
    (found,) = db.execute("select count(*) from raw.customer_attributes").fetchone()
    assert found == 2
    days = record_feed_days(db, contract(), Zones(), UNTIL)
    assert days["customer_attributes"] is None
    assert days["customers"] == date(2025, 1, 1)
    (first,) = db.execute(first_day_sql(contract()["customer_attributes"], Zones())).fetchone()
    assert first is None
