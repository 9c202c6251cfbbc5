"""What a source does not say: the default counts, and the load says so."""

from __future__ import annotations

import itertools
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from accounting import is_accounted_for
from conftest import LOADED_AT, Landing, customer, event

from stayhouse.contract import Zones, contract
from stayhouse.contract.pseudonyms import Names
from stayhouse.contract.sql import connect
from stayhouse.loading import load_landing
from stayhouse.loading.contract_sql import UTC as IN_UTC
from stayhouse.loading.erased_files import Rewriting, erase_files

pytestmark = pytest.mark.slow

TABLES = {name: contract()[name] for name in ("customers", "events", "survey_responses", "survey_answers",
                                              "subscription_periods")}  # fmt: skip
FORMATS = ("csv", "jsonl", "parquet")


@pytest.fixture
def load(landing: Landing, db):
    return lambda zones=IN_UTC, tables=TABLES: load_landing(db, landing.folder, tables, zones=zones)


def without(row: dict, *names: str) -> dict:
    return {name: value for name, value in row.items() if name not in names}


def written(path: Path, moment: str) -> Path:
    """Gives a file its time."""
    seconds = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    os.utime(path, (seconds, seconds))
    return path


def customers(db) -> list[tuple]:
    return db.execute(
        "select customer_id, region, cast(ingested_at as varchar), _load_id from raw.customers order by 1"
    ).fetchall()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_column_that_is_missing_has_its_default_and_is_named(landing: Landing, load, db, kind):
    """A file without is_test was rejected, so everybody wrote a column of FALSE into it first."""
    write = getattr(landing, kind)
    path = write("customers", [without(customer(n), "is_test", "ingested_at") for n in (1, 2)], f"a.{kind}")
    written(path, "2025-02-01 08:30:00")
    report = load().tables["customers"]
    assert db.execute("select distinct is_test, cast(ingested_at as varchar) from raw.customers").fetchall() == [
        (False, "2025-02-01 08:30:00")
    ]
    assert report.rejected == []
    assert f"is_test is missing in customers/a.{kind}: every row counts as false" in report.notices
    assert any("ingested_at is missing" in text and "last written is used" in text for text in report.notices)
    is_accounted_for(db, TABLES)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_row_without_a_value_has_the_default_too(landing: Landing, load, db, kind):
    getattr(landing, kind)(
        "customers", [customer(1, is_test=True), customer(2, is_test=None), customer(3)], f"a.{kind}"
    )
    report = load().tables["customers"]
    assert db.execute("select customer_id, is_test from raw.customers order by 1").fetchall() == [
        ("c1", True), ("c2", False), ("c3", False),
    ]  # fmt: skip
    assert f"is_test is missing in 1 row of customers/a.{kind}: counted as false" in report.notices


def test_a_wrong_value_does_not_become_the_default(landing: Landing, load, db):
    landing.csv("customers", [customer(1, is_test="perhaps"), customer(2)])
    load()
    assert db.execute("select reasons from quarantine.customers").fetchall() == [("wrong_type:is_test",)]


def test_a_contract_period_without_a_status_is_active(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    period = {"period_id": "p1", "subscription_id": "s1", "customer_id": "c1", "valid_from": "2025-01-05"}
    written(landing.csv("subscription_periods", [period]), LOADED_AT)
    load()
    assert db.execute("select period_status from raw.subscription_periods").fetchall() == [("active",)]


def test_the_time_of_a_file_is_in_the_zone_of_the_source(landing: Landing, load, db):
    written(landing.csv("customers", [without(customer(1), "ingested_at")]), "2025-02-01 08:30:00")
    load(Zones(source="Europe/Berlin"))
    assert customers(db)[0][2] == "2025-02-01 09:30:00"


def test_a_file_from_before_its_rows_is_refused(landing: Landing, load, db):
    """Archives that are unpacked without times are of 1980: each row would lie in the future of its file."""
    written(landing.csv("customers", [without(customer(1), "ingested_at")], "old.csv"), "1980-01-01 00:00:00")
    landing.csv("customers", [customer(2)], "good.csv")
    (message,) = load().rejected
    assert message.startswith("customers/old.csv: has no column ingested_at, and its own time, 1980-01-01 00:00 UTC")
    assert [row[0] for row in customers(db)] == ["c2"]
    written(landing.jsonl("customers", [without(customer(1), "ingested_at")], "old.jsonl"), "2199-01-01 00:00:00")
    assert len(load().rejected) == 2


@pytest.mark.parametrize("order", list(itertools.permutations("abc")), ids="".join)
def test_the_order_of_loading_does_not_matter_without_a_time(landing: Landing, tmp_path, order):
    """Full exports of three days: the value changes and changes back, and the newest export is right."""
    days = {"a": ("2025-02-01", "old"), "b": ("2025-02-02", "mid"), "c": ("2025-02-03", "old")}
    with connect(tmp_path / "any.duckdb") as db:
        for number, name in enumerate(order, 1):
            day, region = days[name]
            rows = [without(customer(1, region=region), "ingested_at"), customer(10 + ord(name))]
            written(landing.csv("customers", rows, f"{name}.csv"), f"{day} 09:00:00")
            load_landing(db, landing.folder, TABLES)
            assert db.execute("select max(load_id) from ops.loads").fetchone() == (number,)
        assert [row[:3] for row in customers(db) if row[0] == "c1"] == [("c1", "old", "2025-02-03 09:00:00")]
        is_accounted_for(db, TABLES)


def test_a_full_export_of_every_day_changes_no_row(landing: Landing, load, db):
    """Each export has another time; rows that it only repeats are not new versions, and nothing is computed again."""
    rows = [without(customer(number), "ingested_at") for number in (1, 2)]
    written(landing.csv("customers", rows, "monday.csv"), "2025-02-03 09:00:00")
    load()
    rows = [rows[0], rows[1] | {"region": "north"}, without(customer(3), "ingested_at")]
    written(landing.csv("customers", rows, "tuesday.csv"), "2025-02-04 09:00:00")
    report = load().tables["customers"]
    assert customers(db) == [
        ("c1", None, "2025-02-04 09:00:00", 1), ("c2", "north", "2025-02-04 09:00:00", 2),
        ("c3", None, "2025-02-04 09:00:00", 2),
    ]  # fmt: skip
    assert (report.rows_in_files, report.rows_loaded, report.rows_duplicate, report.rows_superseded) == (3, 2, 1, 1)
    is_accounted_for(db, TABLES)
    # What Tuesday repeated goes back to Monday when Tuesday no longer says it.
    written(landing.csv("customers", rows[1:], "tuesday.csv"), "2025-02-05 09:00:00")
    load()
    assert customers(db)[0][:3] == ("c1", None, "2025-02-03 09:00:00")
    assert customers(db)[1] == ("c2", "north", "2025-02-05 09:00:00", 2)
    is_accounted_for(db, TABLES)


def test_full_exports_of_many_days_in_one_load_are_one_version(landing: Landing, load, db):
    for day in range(1, 6):
        row = without(customer(1, region="north"), "ingested_at")
        filler = customer(100 + day)
        written(landing.csv("customers", [row, filler], f"{day}.csv"), f"2025-02-0{day} 09:00:00")
    report = load().tables["customers"]
    assert customers(db)[-1 if customers(db)[-1][0] == "c1" else 0][2] == "2025-02-05 09:00:00"
    assert (report.rows_duplicate, report.rows_superseded) == (4, 0)
    is_accounted_for(db, TABLES)


def test_a_corrected_file_is_newer_than_it_was(landing: Landing, load, db):
    rows = [without(customer(n, region="wrong"), "ingested_at") for n in (1, 2)]
    written(landing.csv("customers", rows, "a.csv"), "2025-02-01 09:00:00")
    other = [without(customer(1, region="other"), "ingested_at")]
    written(landing.csv("customers", other, "b.csv"), "2025-02-02 09:00:00")
    load()
    assert [row[1] for row in customers(db)] == ["other", "wrong"]
    # The row of c1 is as it was, but said later than by b.csv.
    rows[1]["region"] = "right"
    written(landing.csv("customers", rows, "a.csv"), "2025-02-03 09:00:00")
    load()
    assert [row[1] for row in customers(db)] == ["wrong", "right"]
    is_accounted_for(db, TABLES)
    # An older copy is put back: what it says is older than b.csv again.
    rows[1]["region"] = "again"
    written(landing.csv("customers", rows, "a.csv"), "2025-02-01 09:00:00")
    load()
    assert [row[1] for row in customers(db)] == ["other", "again"]
    is_accounted_for(db, TABLES)


def test_the_same_bytes_say_nothing_new(landing: Landing, load, db, tmp_path):
    """A landing folder that is copied to another machine has other times, and must not change a row."""
    written(landing.csv("customers", [without(customer(1), "ingested_at")], "a.csv"), "2025-02-01 09:00:00")
    load()
    before = customers(db)
    path = landing.path("customers", "a.csv")
    written(path, "2025-03-01 09:00:00")
    assert load().rows_loaded == 0
    assert customers(db) == before
    # Under another name, beside the first and instead of it.
    written(Path(shutil.copy(path, landing.path("customers", "copy.csv"))), "2025-03-02 09:00:00")
    assert load().rows_loaded == 0
    assert customers(db) == before
    path.rename(landing.path("customers", "moved.csv"))
    assert load().rows_loaded == 0
    assert customers(db) == before
    is_accounted_for(db, TABLES)


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_an_event_without_an_id_is_the_same_event_in_any_file(landing: Landing, load, db, first, second):
    landing.csv("customers", [customer(1)])
    row = without(event(1, quantity="1.0", is_success=True, page="/start"), "event_id")
    getattr(landing, first)("events", [row, row | {"quantity": "2.5"}], f"a.{first}")
    load()
    known = db.execute("select event_id, quantity from raw.events order by 2").fetchall()
    assert len({name for name, _ in known}) == 2
    # Exported again, with its columns in another order and one more event.
    again = dict(reversed(row.items()))
    getattr(landing, second)("events", [again, row | {"quantity": "3"}], f"b.{second}")
    report = load().tables["events"]
    assert (report.rows_loaded, report.rows_duplicate) == (1, 1)
    assert db.execute("select event_id, quantity from raw.events order by 2").fetchall()[:2] == known
    is_accounted_for(db, TABLES)


def test_equal_rows_without_an_id_count_once_and_that_is_said(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    row = without(event(1), "event_id")
    landing.csv("events", [row, row, row | {"event_name": "other"}], "a.csv")
    report = load().tables["events"]
    assert (report.rows_loaded, report.rows_duplicate) == (2, 1)
    assert any(
        text.startswith(
            "without event_id, 1 row of events/a.csv is counted as a duplicate, because another row has the"
        )
        for text in report.notices
    )
    assert any("event_id is missing in events/a.csv: a hash of its other fields is used" in t for t in report.notices)


def test_an_event_without_an_id_waits_for_its_customer(landing: Landing, load, db):
    """Quarantine keeps rows as they arrived: the hash and the time of the file are found again on release."""
    landing.csv("customers", [customer(2)])
    row = without(event(1, note="x"), "event_id", "ingested_at")
    written(landing.csv("events", [row], "a.csv"), "2025-02-01 09:00:00")
    load()
    assert db.execute("select reasons from quarantine.events").fetchall() == [("orphan:customer_id",)]
    landing.csv("customers", [customer(1)], "later.csv")
    load()
    landing.csv("events", [row, row | {"note": "y"}], "b.csv")
    load()
    found = db.execute("select count(*), count(distinct event_id), cast(min(ingested_at) as varchar) from raw.events")
    assert found.fetchone()[:2] == (2, 2)
    is_accounted_for(db, TABLES)


def test_a_quoted_text_of_several_lines_needs_no_time(landing: Landing, load, db):
    """Without ingested_at the reader of such files found no column to recognise a row by, and failed."""
    landing.csv("customers", [customer(1)])
    row = without(event(1, error_code="first\nsecond"), "ingested_at")
    landing.csv("events", [row], "a.csv")
    report = load()
    assert report.rejected == []
    assert db.execute("select error_code from raw.events").fetchall() == [("first\nsecond",)]


def test_a_company_may_be_older_than_2000(landing: Landing, load, db):
    """Registrations of the eighties were quarantined as unset clocks, whatever the company."""
    landing.csv("customers", [customer(1, registered_at="1988-05-01"), customer(2, registered_at="1984-12-31"),
                              customer(3, registered_at="1999-01-01", birth_date="1931-01-01")])  # fmt: skip
    tables = {name: contract("1985-01-01")[name] for name in TABLES}
    report = load(tables=tables).tables["customers"]
    assert [row[0] for row in customers(db)] == ["c1", "c3"]
    assert any("registered_at is before 1985-01-01" in text for text in report.notices)
    # A column with a limit of its own keeps it.
    assert tables["customers"].column("birth_date").earliest == "1900-01-01"


def test_a_payment_may_lack_its_price(landing: Landing, db):
    """A price that nobody recorded is not 0: the row was quarantined, and the customer had bought nothing."""
    landing.csv("customers", [customer(1)])
    payment = {"payment_id": "p1", "customer_id": "c1", "paid_at": "2025-02-01", "amount": None, "status": "succeeded",
               "ingested_at": LOADED_AT}  # fmt: skip
    landing.csv("payments", [payment])
    load_landing(db, landing.folder, {name: contract()[name] for name in ("customers", "payments")})
    assert db.execute("select amount from raw.payments").fetchall() == [(None,)]


def test_a_file_that_is_written_again_without_a_customer_keeps_its_time(landing: Landing, db):
    """Its rows have the time of the file: a newer one would let them win over later exports."""
    path = written(
        landing.csv("customers", [without(customer(n), "ingested_at") for n in (1, 2)]), "2025-02-01 08:30:00"
    )
    names = Names("s", frozenset({"c1"}), {})
    erase_files(db, landing.folder, {"customers": TABLES["customers"]}, names, Rewriting())
    assert "c1," not in path.read_text()
    assert datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat() == "2025-02-01T08:30:00+00:00"
