"""Gates: with one corrupt value nothing is published, and the last publication stays unchanged, byte by byte."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.longest]


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a publication with the hash of its bytes."""
    current = (folder / "current").resolve()
    return {
        str(file.relative_to(current)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(current.rglob("*"))
        if file.is_file()
    } | {"release": current.name}


def test_a_publication_can_be_read_and_names_its_day(published):
    current = published.publish / "current"
    document = json.loads((current / "publication.json").read_text())
    assert document["as_of_date"] == "2025-06-30"
    with duckdb.connect(current / "stayhouse.duckdb", read_only=True) as db:
        tables = db.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_name like 'mart_%'"
        ).fetchall()
        assert {name for (name,) in tables} == set(document["rows"])
        assert db.execute("select as_of_date from main.publication").fetchone() == (date(2025, 6, 30),)
        for (name,) in tables:
            (rows,) = db.execute(f"select count(*) from {name}").fetchone()
            assert rows == document["rows"][name]
            parquet = current / "parquet" / f"{name.split('.')[1]}.parquet"
            assert db.execute(f"select count(*) from '{parquet}'").fetchone() == (rows,)
        assert db.execute(
            "select count(*) from duckdb_columns() where comment is null and table_name like 'mart_%'"
        ).fetchone() == (0,)
    assert (current / "data_docs" / "index.html").exists()


@pytest.mark.repetition
def test_personal_data_in_a_mart_withholds_the_publication_until_it_is_mended(again):
    settings, build = again
    before = fingerprint(settings.publish)
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        customer_id, registered_at = db.execute(
            "select customer_id, registered_at from raw.customers where not is_test order by 1 limit 1"
        ).fetchone()
    (settings.raw / "customers" / "leak.csv").write_text(
        "customer_id,registered_at,is_test,region,ingested_at\n"
        f"{customer_id},{registered_at},false,jane.doe@example.org,2025-06-30 23:59:00\n"
    )
    outcome = build()
    assert outcome.exit_code == 1
    withheld = outcome.log["withheld"]
    assert any("mart_activation_customer" in line and "e-mail address" in line for line in withheld), withheld
    assert fingerprint(settings.publish) == before
    # corrected by a newer row, the next run is published
    (settings.raw / "customers" / "mended.csv").write_text(
        "customer_id,registered_at,is_test,region,ingested_at\n"
        f"{customer_id},{registered_at},false,north,2025-06-30 23:59:30\n"
    )
    assert build().exit_code == 0
    assert fingerprint(settings.publish)["release"] != before["release"]


def test_a_corrupt_raw_value_stops_the_run_before_dbt(again):
    """The loader quarantines readable contact data; what came into the warehouse by another way is for the gate."""
    settings, build = again
    before = fingerprint(settings.publish)
    with duckdb.connect(settings.warehouse) as db:
        db.execute(
            "update raw.contact_points set value_hash = 'jane.doe@example.org', "
            "_load_id = (select max(load_id) + 1 from ops.loads) "
            "where contact_point_id = (select min(contact_point_id) from raw.contact_points)"
        )
    outcome = build()
    assert outcome.exit_code == 1
    assert any("value_hash holds readable contact data" in line for line in outcome.log["withheld"])
    assert outcome.log.get("published") is None
    assert fingerprint(settings.publish) == before


@pytest.mark.repetition
def test_a_range_of_days_publishes_each(again):
    settings, build = again
    outcome = build(first=date(2025, 6, 28), last=date(2025, 6, 29))
    assert outcome.exit_code == 0, outcome.log.get("withheld")
    assert outcome.days == [date(2025, 6, 28), date(2025, 6, 29)]
    releases = {release.name[:10] for release in (settings.publish / "releases").iterdir()}
    assert releases == {"2025-06-28", "2025-06-29", "2025-06-30"}
    document = json.loads((settings.publish / "current" / "publication.json").read_text())
    assert document["as_of_date"] == "2025-06-30", "a back-fill moved readers back"


DEAD_EVENTS = date(2025, 7, 12)


@pytest.fixture
def dead_events(again):
    """The small company twelve days later: contacts and registrations went on, events did not."""
    settings, build = again
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        (customer_id,) = db.execute("select customer_id from raw.customers where not is_test limit 1").fetchone()
    (settings.raw / "contacts" / "later.csv").write_text(
        "contact_id,customer_id,direction,channel,purpose,attempted_at,outcome,ingested_at\n"
        f"later-1,{customer_id},outbound,call,service,2025-07-12 10:00:00,voicemail,2025-07-12 23:00:00\n"
    )
    (settings.raw / "customers" / "later.csv").write_text(
        "customer_id,registered_at,is_test,ingested_at\nlater,2025-07-12 10:00:00,false,2025-07-12 23:00:00\n"
    )
    return settings, build


def _stopped(settings) -> int:
    with duckdb.connect(settings.publish / "current" / "stayhouse.duckdb", read_only=True) as db:
        (number,) = db.execute(
            "select count(*) from usage_health.mart_usage_health where health_status = 'stopped'"
        ).fetchone()
    return number


def test_the_schedule_does_not_publish_a_dead_feed(dead_events):
    """Events stopped; the schedule published 54 stopped customers instead of 6, and alerts about each of them."""
    import dagster as dg

    from stayhouse.orchestration.definitions import build_definitions
    from stayhouse.orchestration.event_log import open_instance
    from stayhouse.orchestration.resources import Run

    settings, _ = dead_events
    before = fingerprint(settings.publish)
    run = Run(settings)
    nightly = build_definitions(settings, run.dbt).resolve_job_def("nightly")
    with open_instance(settings.warehouse.parent / "dagster") as instance:
        result = nightly.execute_in_process(
            instance=instance,
            resources={"run": dg.ResourceDefinition.hardcoded_resource(run)},
            partition_key=DEAD_EVENTS.isoformat(),
            raise_on_error=False,
        )
    assert not result.success
    dead, ways_out = run.log.read()["withheld"]
    assert dead.startswith("events: its rows end on 2025-06-30, 12 days before 2025-07-12")
    assert "--as-of 2025-06-30" in ways_out
    assert fingerprint(settings.publish) == before


@pytest.mark.repetition
def test_a_dead_feed_that_is_allowed_marks_the_publication(dead_events):
    """Who publishes without the events says so to everyone who reads: 12 days on, customers seem to have stopped."""
    settings, build = dead_events
    stopped = _stopped(settings)
    outcome = build(allow_stale=True)
    assert outcome.exit_code == 0, outcome.log.get("withheld")
    assert _stopped(settings) > stopped
    assert outcome.log["feeds"][0].startswith("published although events: its rows end on 2025-06-30")
    current = settings.publish / "current"
    document = json.loads((current / "publication.json").read_text())
    assert (document["as_of_date"], document["stale_feeds"]) == ("2025-07-12", {"events": "2025-06-30"})
    assert '"stale_feeds":{"events":"2025-06-30"}' in (current / "index.html").read_text().replace(": ", ":")
    with duckdb.connect(current / "stayhouse.duckdb", read_only=True) as db:
        late = db.execute(
            "select table_name, delay_days from quality.mart_raw_accounting where is_late and feed_rule <> 'optional'"
        ).fetchall()
    assert late == [("events", 12)]


@pytest.mark.repetition
def test_a_file_of_the_wrong_shape_stops_the_run_and_other_bad_input_is_reported_and_kept(again):
    settings, build = again
    before = fingerprint(settings.publish)
    (settings.raw / "events" / "shapeless.csv").write_text("event_id,customer_id\ne1,c1\n")
    outcome = build()
    assert outcome.exit_code == 2
    assert "events/shapeless.csv" in outcome.log["bad_input"][0]
    assert "event_name" in outcome.log["bad_input"][0]
    assert fingerprint(settings.publish) == before
    (settings.raw / "events" / "shapeless.csv").rename(settings.raw / "events" / "_shapeless.csv")
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        (customer_id,) = db.execute("select customer_id from raw.customers order by 1 limit 1").fetchone()
        (rows_before,) = db.execute("select count(*) from raw.events").fetchone()
    header = "event_id,customer_id,event_name,occurred_at,source,ingested_at"
    good = f"{customer_id},mailing_sent,2025-06-30 10:00:00,app,2025-06-30 23:00:00"
    events = settings.raw / "events"
    (events / "broken_line.csv").write_text(f"{header}\nx1,{good}\nx2,{customer_id},mailing_sent\n")
    (events / "unknown_column.csv").write_text(f"{header},shoe_size\nx3,{good},43\n")
    (events / "same_key.csv").write_text(f"{header}\nx3,{good.replace('mailing_sent', 'form_published')}\n")
    (events / "wrong_times.jsonl").write_text(
        "".join(
            json.dumps(dict(zip(header.split(","), row.split(","), strict=True))) + "\n"
            for row in (
                f"x4,{good.replace('2025-06-30 10:00:00', '1970-01-01 00:00:00')}",
                f"x5,{good.replace('2025-06-30 10:00:00', '2099-01-01 00:00:00')}",
            )
        )
    )
    whole = next(events.glob("dt=*/*.parquet")).read_bytes()
    (events / "growing.parquet").write_bytes(whole[:-100])
    with duckdb.connect() as db:
        db.execute(
            f"copy (select 'x6' as event_id, '{customer_id}' as customer_id, 'mailing_sent' as event_name, "
            "'soon' as occurred_at, 'app' as source, timestamp '2025-06-30 23:00:00' as ingested_at) "
            f"to '{events / 'wrong_type.parquet'}'"
        )
    outcome = build()
    assert outcome.exit_code == 0, outcome.log
    load = outcome.log["load"]
    assert load["tables"]["events"]["quarantine_reasons"] == {
        "malformed": 1,
        "implausible_time:occurred_at": 1,
        "in_future:occurred_at": 1,
        "wrong_type:occurred_at": 1,
    }
    notices = "\n".join(load["notices"])
    assert "events/unknown_column.csv: unknown columns shoe_size are kept in _extra" in notices
    assert "events/growing.parquet: is not finished" in notices
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        assert db.execute("select count(*) from raw.events").fetchone() == (rows_before + 2,)
        assert db.execute("select count(*) from superseded.events where event_id = 'x3'").fetchone() == (1,)
        quarantined = db.execute(
            "select file, _line, reasons from quarantine.events join ops.load_ledger on file_id = _file_id order by 1, 2"
        ).fetchall()
    assert ("events/broken_line.csv", 3, "malformed") in quarantined
    assert ("events/wrong_type.parquet", 1, "wrong_type:occurred_at") in quarantined
