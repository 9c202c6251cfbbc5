"""A file that is delivered again replaces what its old content brought, and nothing that others brought."""

from __future__ import annotations

import pytest
from accounting import is_accounted_for
from conftest import LOADED_AT, Landing, customer, event

from stayhouse.contract import contract
from stayhouse.loading import load_landing

pytestmark = pytest.mark.slow

TABLES = {name: contract()[name] for name in ("customers", "events", "survey_responses", "survey_answers")}


@pytest.fixture
def load(landing: Landing, db):
    return lambda: load_landing(db, landing.folder, TABLES)


def regions(db) -> list[tuple]:
    return db.execute("select customer_id, region from raw.customers order by 1").fetchall()


def ids(db, relation: str) -> list[str]:
    return [value for (value,) in db.execute(f"select event_id from {relation}.events order by 1").fetchall()]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_corrected_file_with_the_same_ingestion_time_replaces_the_old(landing: Landing, load, db, kind):
    """A corrected file kept the old value when `ingested_at` was the same, and rows taken out of it stayed."""
    write = getattr(landing, kind)
    write("customers", [customer(1, region="wrong"), customer(2, region="same"), customer(3, region="out")])
    load()
    write("customers", [customer(1, region="right"), customer(2, region="same"), customer(4, region="new")])
    report = load().tables["customers"]
    assert regions(db) == [("c1", "right"), ("c2", "same"), ("c4", "new")]
    assert (report.rows_in_files, report.rows_loaded, report.rows_duplicate, report.rows_withdrawn) == (3, 2, 1, 2)
    assert any("has new content" in notice for notice in report.notices)
    assert any("2 rows are withdrawn" in notice for notice in report.notices)
    is_accounted_for(db, TABLES)
    # What it withdrew shows incremental models which customers changed; the unchanged row is as it was.
    changed = db.execute(
        "select customer_id from superseded.customers where _superseded_load_id = 2 order by 1"
    ).fetchall()
    assert changed == [("c1",), ("c3",)]
    assert db.execute("select customer_id, _load_id from raw.customers order by 1").fetchall() == [
        ("c1", 2), ("c2", 1), ("c4", 2),
    ]  # fmt: skip
    load()
    assert regions(db) == [("c1", "right"), ("c2", "same"), ("c4", "new")]


def test_an_older_correction_wins_over_what_it_replaces(landing: Landing, load, db):
    landing.csv("customers", [customer(1, region="wrong", ingested_at="2025-03-02")])
    load()
    landing.csv("customers", [customer(1, region="right", ingested_at="2025-03-01")])
    load()
    assert regions(db) == [("c1", "right")]
    is_accounted_for(db, TABLES)


def test_the_best_version_of_other_files_takes_the_place_of_a_withdrawn_one(landing: Landing, load, db):
    landing.csv("customers", [customer(1, region="old", ingested_at="2025-03-01")], "a.csv")
    landing.csv("customers", [customer(1, region="mid", ingested_at="2025-03-02")], "b.csv")
    landing.csv("customers", [customer(1, region="new", ingested_at="2025-03-03"), customer(2)], "c.csv")
    load()
    landing.csv("customers", [customer(2)], "c.csv")
    load()
    assert regions(db) == [("c1", "mid"), ("c2", None)]
    is_accounted_for(db, TABLES)
    # The reinstated row counts as new, so that incremental models see it.
    assert db.execute("select _load_id from raw.customers where customer_id = 'c1'").fetchall() == [(2,)]
    landing.csv("customers", [customer(3)], "b.csv")
    load()
    assert regions(db) == [("c1", "old"), ("c2", None), ("c3", None)]
    is_accounted_for(db, TABLES)


def test_a_row_that_another_file_repeats_is_not_withdrawn(landing: Landing, load, db):
    """Copies are only counted, so that the files that repeat a row must be asked before it goes."""
    landing.csv("customers", [customer(1), customer(2)], "a.csv")
    landing.csv("customers", [customer(2), customer(3)], "b.csv")
    load()
    landing.csv("customers", [customer(1)], "a.csv")
    report = load().tables["customers"]
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2", "c3"]
    is_accounted_for(db, TABLES)
    landing.csv("customers", [customer(3)], "b.csv")
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c3"]
    is_accounted_for(db, TABLES)
    assert report.rejected == []


def test_a_rejection_is_kept_where_other_files_are_asked_again(landing: Landing, load, db):
    """The second look at the files that repeat a row forgot what the first had refused: the ledger was without it."""
    landing.csv("customers", [customer(1), customer(2)], "a.csv")
    landing.csv("customers", [customer(2), customer(3)], "b.csv")
    load()
    landing.csv("customers", [customer(1)], "a.csv")
    landing.text("customers", "broken.csv", "customer_id,city\nc9,Riga\n")
    assert load().tables["customers"].files_loaded == 2
    rejected = "select file from ops.load_ledger where status = 'rejected'"
    assert db.execute(rejected).fetchall() == [("customers/broken.csv",)]


def test_a_row_that_moves_between_two_files_stays(landing: Landing, load, db):
    landing.csv("customers", [customer(1), customer(2)], "a.csv")
    landing.csv("customers", [customer(3)], "b.csv")
    landing.jsonl("customers", [customer(4)], "c.jsonl")
    load()
    landing.csv("customers", [customer(1)], "a.csv")
    landing.csv("customers", [customer(3), customer(2)], "b.csv")
    landing.jsonl("customers", [customer(4), customer(1)], "c.jsonl")
    load()
    landing.csv("customers", [customer(5)], "a.csv")
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2", "c3", "c4", "c5"]
    is_accounted_for(db, TABLES)


def test_a_whole_copy_keeps_the_rows_when_its_original_changes(landing: Landing, load, db):
    landing.csv("customers", [customer(1), customer(2)], "a.csv")
    landing.csv("customers", [customer(1), customer(2)], "b.csv")
    load()
    landing.csv("customers", [customer(3)], "a.csv")
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2", "c3"]
    is_accounted_for(db, TABLES)
    landing.csv("customers", [customer(1)], "b.csv")
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c3"]
    is_accounted_for(db, TABLES)


def test_a_rotated_log_loses_and_recomputes_nothing(landing: Landing, load, db):
    """The renamed file was booked as a copy of the new content of its old name, and its rows were lost."""
    path = landing.csv("customers", [customer(1), customer(2)], "log.csv")
    load()
    path.rename(path.with_name("log-1.csv"))
    landing.csv("customers", [customer(3)], "log.csv")
    report = load().tables["customers"]
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2", "c3"]
    assert report.rows_withdrawn == 0
    assert db.execute("select count(*) from superseded.customers").fetchone() == (0,)
    is_accounted_for(db, TABLES)


def test_a_renamed_file_is_corrected_under_its_new_name(landing: Landing, load, db):
    path = landing.csv("customers", [customer(1), customer(2)], "a.csv")
    load()
    path.rename(path.with_name("b.csv"))
    load()
    landing.csv("customers", [customer(1, region="right")], "b.csv")
    load()
    assert regions(db) == [("c1", "right")]
    is_accounted_for(db, TABLES)


def test_two_files_may_swap_their_contents(landing: Landing, load, db):
    a, b = landing.csv("customers", [customer(1)], "a.csv"), landing.csv("customers", [customer(2)], "b.csv")
    load()
    a.rename(a.with_name("_c.csv"))
    b.rename(a)
    a.with_name("_c.csv").rename(b)
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2"]
    is_accounted_for(db, TABLES)


def test_a_file_may_become_what_another_one_is(landing: Landing, load, db):
    landing.csv("customers", [customer(1)], "a.csv")
    landing.csv("customers", [customer(2)], "b.csv")
    load()
    landing.csv("customers", [customer(1)], "b.csv")
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1"]
    is_accounted_for(db, TABLES)


def test_quarantined_rows_go_with_the_content_that_brought_them(landing: Landing, load, db):
    """An orphan of a file that no longer holds it was released when its customer came."""
    landing.csv("customers", [customer(1)], "a.csv")
    landing.csv("events", [event(1), event(2, customer_id="c2"), event(3, source="fax")])
    load()
    landing.csv("events", [event(1)])
    load()
    assert db.execute("select count(*) from quarantine.events").fetchone() == (0,)
    landing.csv("customers", [customer(2)], "b.csv")
    load()
    assert ids(db, "raw") == ["e1"]
    is_accounted_for(db, TABLES)


def test_rows_of_a_withdrawn_parent_wait_for_it(landing: Landing, load, db):
    """Events of a customer who was taken out of a file stayed, and the gate withheld each later run."""
    landing.csv("customers", [customer(1), customer(2, region="north")], "a.csv")
    landing.csv("events", [event(1), event(2, customer_id="c2", quantity=2.5, properties='{"a": 1}', colour="red")])
    response = {"response_id": "r1", "customer_id": "c2", "survey_code": "s", "status": "complete",
                "submitted_at": "2025-02-01", "ingested_at": LOADED_AT}  # fmt: skip
    landing.csv("survey_responses", [response])
    landing.csv("survey_answers", [{"response_id": "r1", "question_code": "nps", "score": 9, "ingested_at": LOADED_AT}])
    load()
    before = db.execute("select * exclude (_load_id) from raw.events order by event_id").fetchall()
    landing.csv("customers", [customer(1)], "a.csv")
    report = load()
    assert ids(db, "raw") == ["e1"]
    assert report.tables["events"].rows_retired == 1
    for table, reason in (("events", "orphan:customer_id"), ("survey_responses", "orphan:customer_id"),
                          ("survey_answers", "orphan:response_id")):  # fmt: skip
        assert db.execute(f"select reasons from quarantine.{table}").fetchall() == [(reason,)]
    # A trace shows incremental models whose events went.
    trace = db.execute("select customer_id, _load_id, _superseded_load_id, _file_id from superseded.events").fetchall()
    assert trace == [("c2", 1, 2, None)]
    is_accounted_for(db, TABLES)
    landing.csv("customers", [customer(1), customer(2, region="south")], "a.csv")
    load()
    assert db.execute("select * exclude (_load_id) from raw.events order by event_id").fetchall() == before
    assert db.execute("select count(*) from raw.survey_answers").fetchone() == (1,)
    is_accounted_for(db, TABLES)


def test_a_day_that_no_file_holds_any_more_is_not_covered(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    landing.csv("events", [event(1), event(2, occurred_at="2025-03-30 10:00:00")])
    load()
    landing.csv("events", [event(1)])
    load()
    (last,) = db.execute("select cast(max(event_time_max) as varchar) from ops.load_ledger").fetchone()
    assert last == "2025-01-02 10:00:00"


def test_a_broken_new_content_leaves_the_old(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    load()
    for text in ("customer_id\nc2\n", 'customer_id,registered_at,is_test,ingested_at\n"c2,2025-01-01,false\n'):
        landing.text("customers", "rows.csv", text)
        assert len(load().rejected) == 1
        assert [customer_id for customer_id, _ in regions(db)] == ["c1"]
    landing.csv("customers", [customer(1)])
    report = load()
    assert (report.rejected, report.tables["customers"].files_known) == ([], 1)
    is_accounted_for(db, TABLES)


def test_a_killed_load_asks_the_files_that_repeat_a_row_next_time(landing: Landing, load, db, monkeypatch):
    """Between the withdrawal of a row and the second look at the files that repeat it, a kill would lose the row."""
    from stayhouse.loading import ledger

    landing.csv("customers", [customer(1), customer(2)], "a.csv")
    landing.csv("customers", [customer(2), customer(3)], "b.csv")
    load()
    landing.csv("customers", [customer(1)], "a.csv")

    def die(target):
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "shared_files", die)
    with pytest.raises(KeyboardInterrupt):
        load()
    monkeypatch.undo()
    load()
    assert [customer_id for customer_id, _ in regions(db)] == ["c1", "c2", "c3"]
    is_accounted_for(db, TABLES)
