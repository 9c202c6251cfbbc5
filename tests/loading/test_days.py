"""Which day a date column takes from a moment, whatever the format of the file."""

from __future__ import annotations

import duckdb
import pytest
from conftest import LOADED_AT, Landing, customer, event

from stayhouse.contract import Zones, contract
from stayhouse.loading import load_landing


def rows(db, sql: str) -> list[tuple]:
    return db.execute(sql).fetchall()


def _subscription(number: int, **dates: object) -> dict:
    return {
        "period_id": f"p{number}", "subscription_id": "s1", "customer_id": "c1", "plan_code": "grow", "mrr": "10.00",
        "currency": "EUR", "valid_from": "2025-01-01", "period_status": "active", "ingested_at": LOADED_AT,
    } | dates  # fmt: skip


# Raw value, and its day for a business in Berlin and in New York.
DAYS = [
    ("2025-03-01", "2025-03-01", "2025-03-01"),
    ("2025-02-28T23:00:00Z", "2025-03-01", "2025-02-28"),
    ("2025-05-31T22:00:00+00:00", "2025-06-01", "2025-05-31"),
    ("2025-03-01 01:00:00+03:00", "2025-02-28", "2025-02-28"),
    ("2025-03-01 03:30:00", "2025-03-01", "2025-02-28"),
    ("2025-03-01 00:00:00", "2025-03-01", "2025-03-01"),
]


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_date_column_takes_the_business_day_of_a_moment(landing: Landing, db, file_format):
    # A billing export wrote 1 March 00:00 in Berlin as 28 February 23:00 in UTC; cut off, every customer was a month early.
    landing.csv("customers", [customer(1)])
    rows_written = [_subscription(number, valid_from=value) for number, (value, *_) in enumerate(DAYS)]
    getattr(landing, file_format)("subscription_periods", rows_written)
    load_landing(db, landing.folder, contract(), zones=Zones(business="Europe/Berlin"))
    found = rows(db, "select cast(valid_from as varchar) from raw.subscription_periods order by period_id")
    assert [day for (day,) in found] == [berlin for _, berlin, _ in DAYS]


def test_midnight_without_an_offset_is_a_date(landing: Landing, db):
    # Tools write a plain date into a timestamp; as a moment in UTC it would be the day before in New York.
    landing.csv("customers", [customer(1)])
    landing.csv("subscription_periods", [_subscription(n, valid_from=value) for n, (value, *_) in enumerate(DAYS)])
    load_landing(db, landing.folder, contract(), zones=Zones(business="America/New_York"))
    found = rows(db, "select cast(valid_from as varchar) from raw.subscription_periods order by period_id")
    assert [day for (day,) in found] == [new_york for *_, new_york in DAYS]


@pytest.mark.parametrize(
    ("kind", "value", "day"),
    [
        ("timestamptz", "2025-02-28 23:00:00+00", "2025-03-01"),
        ("timestamp", "2025-02-28 23:00:00", "2025-03-01"),
        ("timestamp_ns", "2025-02-28 23:00:00", "2025-03-01"),
        ("timestamp", "2025-02-28 00:00:00", "2025-02-28"),
        ("date", "2025-02-28", "2025-02-28"),
    ],
)
def test_a_date_column_takes_the_business_day_of_a_parquet_timestamp(landing: Landing, db, kind, value, day):
    landing.csv("customers", [customer(1)])
    path = landing.parquet("subscription_periods", [_subscription(1)])
    with duckdb.connect() as files:
        files.execute("set timezone = 'UTC'")
        files.execute(f"create table t as select * replace (cast('{value}' as {kind}) as valid_from) from '{path}'")
        files.execute(f"copy t to '{path}'")
    load_landing(db, landing.folder, contract(), zones=Zones(business="Europe/Berlin"))
    assert rows(db, "select cast(valid_from as varchar) from raw.subscription_periods") == [(day,)]


def test_an_offset_counts_whatever_the_zone_of_the_source(landing: Landing, db):
    # Raw timestamps are kept in the zone of the source; 12:00Z was read as 12:00 in New York.
    events = [event(1, occurred_at="2025-01-02T12:00:00Z"), event(2, occurred_at="2025-01-02T12:00:00")]
    landing.csv("customers", [customer(1)])
    landing.csv("events", events)
    load_landing(db, landing.folder, contract(), zones=Zones(source="America/New_York"))
    found = rows(db, "select event_id, cast(occurred_at as varchar) from raw.events order by 1")
    assert found == [("e1", "2025-01-02 07:00:00"), ("e2", "2025-01-02 12:00:00")]
