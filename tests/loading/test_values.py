"""Values that a file may hold and a mart must never see; which moment a text means."""

from __future__ import annotations

import json
import re

import duckdb
import pytest
from conftest import LOADED_AT, Landing, customer, event

from stayhouse.contract import Zones, contract
from stayhouse.loading import load_landing
from stayhouse.loading.contract_sql import UTC, Incoming, reasons
from stayhouse.loading.examples import phrase, way_out

TABLES = {name: contract()[name] for name in ("customers", "events", "contact_points", "customer_segments")}


@pytest.fixture
def load(landing: Landing, db):
    return lambda zones=UTC: load_landing(db, landing.folder, TABLES, zones=zones)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_a_named_zone_does_not_shift_the_rows_beside_it(landing: Landing, load, db, kind, zone):
    """One timestamp with `Europe/Berlin` behind it moved those above and below it by an hour."""
    named = ["Europe/Berlin", "EST", "PST8PDT", "Asia/Tokyo"]
    rows = [customer(number, registered_at="2025-01-01 10:00:00") for number in range(40)]
    for number, name in enumerate(named):
        rows[10 * number + 5]["registered_at"] = f"2025-01-01 10:00:00 {name}"
    getattr(landing, kind)("customers", rows)
    load(Zones(source=zone))
    found = db.execute("select distinct cast(registered_at as varchar) from raw.customers").fetchall()
    assert found == [("2025-01-01 10:00:00",)]
    reasons = db.execute("select reasons, count(*) from quarantine.customers group by 1").fetchall()
    assert reasons == [("wrong_type:registered_at", 4)]


@pytest.mark.parametrize(
    "text", ["2025-01-01 10:00:00 UTC", "2025-01-01 10:00:00UTC", "2025-01-01T10:00:00Z", "2025-01-01 12:00:00+02:00",
             "2025-01-01 10:00:00 gmt"]
)  # fmt: skip
def test_utc_is_an_offset(landing: Landing, load, db, text):
    """BigQuery writes UTC behind each timestamp."""
    landing.csv("customers", [customer(1, registered_at=text)])
    load()
    assert db.execute("select cast(registered_at as varchar) from raw.customers").fetchall() == [
        ("2025-01-01 10:00:00",)
    ]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e15", "-1e300"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_number_that_no_sum_holds_is_quarantined(landing: Landing, load, db, value, kind):
    """NaN and infinity in Parquet were loaded, and a quantity of 1e15 stopped each later run in the models."""
    landing.csv("customers", [customer(1)])
    rows = [event(1, quantity=value), event(2, quantity="9e12"), event(3, quantity="-2.5")]
    getattr(landing, kind)("events", rows)
    load()
    assert db.execute("select event_id, quantity from raw.events order by 1").fetchall() == [("e2", 9e12), ("e3", -2.5)]
    reason = "out_of_range:quantity" if value[-1].isdigit() else "wrong_type:quantity"
    assert db.execute("select reasons from quarantine.events").fetchall() == [(reason,)]


def test_money_beyond_what_models_convert_is_quarantined(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    landing.csv("events", [event(1, value_amount="100000000000.01"), event(2, value_amount="100000000000")])
    load()
    assert db.execute("select event_id from raw.events").fetchall() == [("e2",)]
    assert db.execute("select reasons from quarantine.events").fetchall() == [("out_of_range:value_amount",)]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [("infinity", "wrong_type:valid_to"), ("12025-01-01", "implausible_time:valid_to"), ("9999-12-31", None)],
)
def test_an_endless_day_is_quarantined(landing: Landing, load, db, kind, value, reason):
    """PostgreSQL exports an open end as `infinity`, with which no duration can be computed."""
    landing.csv("customers", [customer(1)])
    row = {"customer_id": "c1", "scheme": "usage", "segment_code": "s", "valid_from": "2025-01-01", "valid_to": value,
           "ingested_at": LOADED_AT}  # fmt: skip
    getattr(landing, kind)("customer_segments", [row])
    load()
    found = db.execute("select reasons from quarantine.customer_segments").fetchall()
    assert found == ([(reason,)] if reason else [])


def test_an_endless_moment_in_parquet_is_quarantined(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    path = landing.parquet("events", [event(1), event(2)])
    with duckdb.connect() as files:
        files.execute(
            f"create table t as select * replace (case when event_id = 'e1' then timestamp 'infinity' "
            f"else occurred_at end as occurred_at) from '{path}'"
        )
        files.execute(f"copy t to '{path}'")
    load()
    assert db.execute("select reasons from quarantine.events").fetchall() == [("wrong_type:occurred_at",)]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("value", ["jane.doe@example.com", "+7 (912) 345-67-89", "192.168.0.17"])
def test_contact_data_where_a_hash_belongs_are_quarantined_unreadable(landing: Landing, load, db, kind, value):
    """An e-mail address in a column of hashes stayed in the raw table."""
    point = {"contact_point_id": "p1", "customer_id": "c1", "channel": "email", "ingested_at": LOADED_AT}
    landing.csv("customers", [customer(1)])
    getattr(landing, kind)("contact_points", [point | {"value_hash": value, "is_valid": "true"},
                                              point | {"contact_point_id": "p2", "value_hash": "ab12", "is_valid": "true"}])  # fmt: skip
    load()
    assert db.execute("select contact_point_id, value_hash from raw.contact_points").fetchall() == [("p2", "ab12")]
    ((reasons, row),) = db.execute("select reasons, row from quarantine.contact_points").fetchall()
    assert reasons == "not_hashed:value_hash"
    assert json.loads(row)["contact_point_id"] == "p1"
    assert value not in row


def test_an_address_in_a_malformed_line_is_not_kept(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    header = "contact_point_id,customer_id,channel,value_hash,ingested_at\n"
    landing.text("contact_points", "rows.csv", header + "p1,c1,email,jane.doe@example.com\n")
    load()
    ((row,),) = db.execute("select row from quarantine.contact_points").fetchall()
    assert json.loads(row) == {"_text": "p1,c1,email,(address)\n"} or json.loads(row) == {
        "_text": "p1,c1,email,(address)"
    }


def test_the_summary_shows_rule_value_file_and_line(landing: Landing, load):
    """Of rows in quarantine only a code and a number were shown."""
    landing.csv("customers", [customer(1)])
    rows = [event(1), event(2, source="fax"), event(3, source="telex"), event(4, occurred_at="2025-01-02 10:00:00 CET")]
    landing.csv("events", [*rows, event(5, customer_id="nobody@example.com"), event(6, is_success="perhaps")], "a.csv")
    sources = "app, web, loyalty_card, club_entry, pos, crm_auto, crm_manual"
    again = "correct the source, and deliver the file again"
    assert sorted(load().tables["events"].notices) == [
        # An identity is not shown: the summary and the log of a run hold no trace of a customer.
        "events: 1 row in quarantine, customer_id refers to no row of customers (events/a.csv line 6); "
        "they are loaded when customers brings it",
        f"events: 1 row in quarantine, is_success is not true or false (events/a.csv line 7: 'perhaps'); {again}",
        "events: 1 row in quarantine, occurred_at is not a moment (events/a.csv line 5: '2025-01-02 10:00:00 CET'); "
        f"write it like 2025-01-31 10:00:00+02:00, without the name of a zone; {again}",
        f"events: 2 rows in quarantine, source is none of {sources} (first in events/a.csv line 3: 'fax'); {again}",
    ]


def test_every_reason_has_a_sentence():
    """Codes never reach a reader without what they mean."""
    for table in contract().values():
        incoming = Incoming("t", dict.fromkeys(table.column_names, "VARCHAR"))
        found = re.findall(r"then '([a-z_]+:[a-z_]+)'", reasons(table, incoming))
        orphans = [f"orphan:{column.name}" for column in table.columns if column.quarantines_orphans]
        assert len(found) >= sum(column.required for column in table.columns)
        for reason in ["malformed", *found, *orphans]:
            assert len(phrase(table, reason).split()) > 2, reason
            assert way_out(table, reason), reason
