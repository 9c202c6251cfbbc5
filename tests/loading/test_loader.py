"""The loader's promises: every row accounted for, broken rows kept aside with their reasons, newer rows win."""

from __future__ import annotations

import gzip
from itertools import permutations

import pytest
from conftest import Landing, customer, event

from stayhouse.loading import LoadError, validation


def rows(db, sql: str) -> list[tuple]:
    return db.execute(sql).fetchall()


def ledger(db, columns: str = "rows_in_file, rows_loaded, rows_quarantined, rows_duplicate, rows_superseded"):
    return rows(db, f"select file, {columns} from ops.load_ledger where status <> 'rejected' order by file_id")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_same_rows_load_alike_from_every_format(landing: Landing, load, db, kind):
    write = getattr(landing, kind)
    write("customers", [customer(1), customer(2, region="north")])
    write("events", [event(1, quantity=2.5, is_success=True, properties='{"a": 1}'), event(2, customer_id=None)])
    report = load()
    assert report.rejected == []
    assert rows(db, "select customer_id, region, is_test from raw.customers order by 1") == [
        ("c1", None, False),
        ("c2", "north", False),
    ]
    assert rows(db, "select event_id, quantity, is_success, properties, _line from raw.events order by 1") == [
        ("e1", 2.5, True, '{"a": 1}', 2 if kind == "csv" else 1),
        ("e2", None, None, None, 3 if kind == "csv" else 2),
    ]


def test_partitioned_and_compressed_files_are_found(landing: Landing, load, db):
    landing.csv("customers", [customer(1)], "dt=2025-01-01/part-0.csv")
    path = landing.csv("customers", [customer(2)], "dt=2025-01-02/part-0.csv")
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert load().rows_loaded == 2


def test_partitioned_parquet_has_no_column_of_its_folder(landing: Landing, load, db):
    # DuckDB reads dt=2025-01-01 as a column of the file unless asked not to; every such file was rejected.
    landing.parquet("customers", [customer(1)], "dt=2025-01-01/part-0.parquet")
    report = load()
    assert (report.rejected, report.rows_loaded, report.tables["customers"].notices) == ([], 1, [])


def test_an_offset_in_a_timestamp_is_applied_not_dropped(landing: Landing, load, db):
    # A plain cast of '+02:00' text to TIMESTAMP keeps the wall clock and loses the offset.
    landing.csv("customers", [customer(1, registered_at="2025-01-01T01:30:00+02:00")])
    load()
    assert str(rows(db, "select registered_at from raw.customers")[0][0]) == "2024-12-31 23:30:00"


BROKEN = [
    ({"event_name": None}, "missing:event_name"),
    ({"event_name": "  "}, "missing:event_name"),
    ({"occurred_at": "yesterday"}, "wrong_type:occurred_at"),
    ({"quantity": "many"}, "wrong_type:quantity"),
    ({"is_success": "yes?"}, "wrong_type:is_success"),
    ({"properties": "{not json"}, "wrong_type:properties"),
    ({"source": "fax"}, "not_allowed:source"),
    ({"occurred_at": "1970-01-01 00:00:00"}, "implausible_time:occurred_at"),
    ({"occurred_at": "2099-01-01 00:00:00"}, "in_future:occurred_at"),
    ({"occurred_at": "2025-03-31 23:05:01"}, "in_future:occurred_at"),
    ({"ingested_at": "2999-01-01 00:00:00"}, "in_future:ingested_at"),
    ({"customer_id": "nobody"}, "orphan:customer_id"),
    ({"source": "fax", "quantity": "many"}, "not_allowed:source; wrong_type:quantity"),
]
"""Changes of an event that break a rule, and the reason."""


@pytest.mark.parametrize(("change", "reason"), BROKEN)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_broken_row_is_quarantined_with_reason_file_and_line(landing: Landing, load, db, kind, change, reason):
    landing.csv("customers", [customer(1)])
    getattr(landing, kind)("events", [event(1), event(2, **change), event(3)])
    load()
    assert rows(db, "select count(*) from raw.events") == [(2,)]
    found = rows(
        db, "select file, _line, reasons, row from quarantine.events join ops.load_ledger on file_id = _file_id"
    )
    assert [(file, line, set(why.split("; "))) for file, line, why, _ in found] == [
        (f"events/rows.{kind}", 3 if kind == "csv" else 2, set(reason.split("; ")))
    ]
    assert '"e2"' in found[0][3]


@pytest.mark.parametrize("few", [validation.FEW_ROWS, 0], ids=["few", "many"])
def test_many_rows_are_validated_as_few_are(landing: Landing, load, db, monkeypatch, few):
    """Of few rows the rules are evaluated once, of many for each question; a broken row is kept as it came both times."""
    monkeypatch.setattr(validation, "FEW_ROWS", few)
    landing.csv("customers", [customer(1)])
    landing.csv("events", [event(number, **change) for number, (change, _) in enumerate(BROKEN)] + [event(99)])
    load()
    assert rows(db, "select event_id from raw.events") == [("e99",)]
    found = rows(db, "select reasons, row ->> 'event_id', row ->> 'source' from quarantine.events order by _line")
    assert [(set(reasons.split("; ")), *row) for reasons, *row in found] == [
        (set(reason.split("; ")), f"e{number}", change.get("source", "app"))
        for number, (change, reason) in enumerate(BROKEN)
    ]


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("contacts", {"contact_id": "k1", "customer_id": "c1", "direction": "outbound", "channel": "call",
                      "attempted_at": "2025-01-02 10:00:00", "answered_at": "2025-01-02 09:00:00"},
         "before_start:answered_at"),
        ("contacts", {"contact_id": "k1", "customer_id": "c1", "direction": "outbound", "channel": "call",
                      "attempted_at": "2025-01-02 10:00:00", "duration_sec": "-5"}, "out_of_range:duration_sec"),
        ("contacts", {"contact_id": "k1", "customer_id": "c1", "direction": "outbound", "channel": "call",
                      "attempted_at": "2025-01-02 10:00:00", "duration_sec": "1.5"}, "wrong_type:duration_sec"),
        ("payments", {"payment_id": "p1", "customer_id": "c1", "paid_at": "2025-01-02 10:00:00", "amount": "-1",
                      "status": "succeeded"}, "out_of_range:amount"),
        ("customer_segments", {"customer_id": "c1", "scheme": "usage", "segment_code": "sender",
                               "valid_from": "2025-02-01", "valid_to": "2025-01-01"}, "negative_interval:valid_to"),
    ],
)  # fmt: skip
def test_rules_between_columns(landing: Landing, load, db, table, row, reason):
    landing.csv("customers", [customer(1)])
    landing.csv(table, [row | {"ingested_at": "2025-03-31 23:00:00"}])
    load()
    assert rows(db, f"select reasons from quarantine.{table}") == [(reason,)]


def test_planned_ends_may_lie_in_the_future(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    landing.csv(
        "subscription_periods",
        [{"period_id": "p", "subscription_id": "s", "customer_id": "c1", "valid_from": "2025-01-01",
          "valid_to": "2026-01-01", "period_status": "active", "ingested_at": "2025-01-01 00:00:00"}],
    )  # fmt: skip
    load()
    assert rows(db, "select count(*) from raw.subscription_periods") == [(1,)]


def test_broken_csv_lines_are_kept_aside_and_later_lines_keep_their_numbers(landing: Landing, load, db):
    header = "event_id,customer_id,event_name,occurred_at,ingested_at"
    good = "{},c1,mailing_sent,2025-01-02 10:00:00,2025-03-31 23:00:00"
    lines = [header, good.format("e1"), "e2,c1", good.format("e3"), good.format("e4") + ",surplus", "e5,c1,,,"]
    landing.csv("customers", [customer(1)])
    landing.text("events", "rows.csv", "\n".join(lines) + "\n")
    report = load().tables["events"]
    assert (report.rows_in_files, report.rows_loaded, report.rows_quarantined) == (5, 2, 3)
    assert rows(db, "select event_id, _line from raw.events order by 1") == [("e1", 2), ("e3", 4)]
    assert rows(db, "select _line, split_part(reasons, ':', 1) from quarantine.events order by 1") == [
        (3, "malformed"),
        (5, "malformed"),
        (6, "missing"),
    ]


def test_broken_json_lines_are_kept_aside(landing: Landing, load, db):
    landing.jsonl("customers", [customer(1)])
    path = landing.jsonl("events", [event(1), event(2)])
    path.write_text(path.read_text() + '{"event_id": "e3", \n\n[1, 2]\n')
    report = load().tables["events"]
    assert (report.rows_in_files, report.rows_loaded, report.rows_quarantined) == (4, 2, 2)
    assert rows(db, "select _line, reasons from quarantine.events order by 1") == [(3, "malformed"), (5, "malformed")]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_unknown_columns_are_kept_and_reported(landing: Landing, load, db, kind):
    getattr(landing, kind)("customers", [customer(1, shoe_size="43")])
    report = load()
    assert rows(db, "select _extra from raw.customers") == [('{"shoe_size":"43"}',)]
    assert report.tables["customers"].notices == [
        f"customers/rows.{kind}: unknown columns shoe_size are kept in _extra"
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_missing_required_column_rejects_the_file_and_only_that(landing: Landing, load, db, kind):
    landing.csv("customers", [customer(1)], "good.csv")
    broken = customer(2)
    del broken["registered_at"]
    getattr(landing, kind)("customers", [broken], f"broken.{kind}")
    report = load()
    assert len(report.rejected) == 1
    for word in (f"customers/broken.{kind}", "registered_at", "table customers", "underscore"):
        assert word in report.rejected[0]
    assert rows(db, "select customer_id from raw.customers") == [("c1",)]
    # mended, it loads, and the rejection is deleted
    getattr(landing, kind)("customers", [customer(2)], f"broken.{kind}")
    assert load().rejected == []
    assert rows(db, "select count(*) from raw.customers") == [(2,)]
    assert rows(db, "select count(*) from ops.load_ledger where status = 'rejected'") == [(0,)]


def test_a_parquet_column_of_another_type_is_cast_or_quarantined(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    path = landing.path("events", "rows.parquet")
    db.execute(
        f"""copy (select * from (values
            ('e1', 'c1', 'mailing_sent', '2025-01-02 10:00:00', '3', timestamp '2025-03-31'),
            ('e2', 'c1', 'mailing_sent', 'soon', '3', timestamp '2025-03-31'),
            ('e3', 'c1', 'mailing_sent', '2025-01-02', 'three', timestamp '2025-03-31'))
            t(event_id, customer_id, event_name, occurred_at, quantity, ingested_at)) to '{path}'"""
    )
    load()
    assert rows(db, "select event_id, quantity from raw.events") == [("e1", 3.0)]
    assert rows(db, "select reasons from quarantine.events order by 1") == [
        ("wrong_type:occurred_at",),
        ("wrong_type:quantity",),
    ]


def test_a_parquet_list_where_a_time_should_be_quarantines_its_rows(landing: Landing, load, db):
    # DuckDB has no cast from BIGINT or LIST to TIMESTAMP: the whole statement failed, and the file with it.
    landing.csv("customers", [customer(1)])
    path = landing.path("events", "rows.parquet")
    db.execute(
        f"copy (select 'e1' as event_id, 'c1' as customer_id, 'mailing_sent' as event_name, 17 as occurred_at, "
        f"[1] as quantity, timestamp '2025-03-31' as ingested_at) to '{path}'"
    )
    report = load()
    assert report.rejected == []
    assert rows(db, "select reasons from quarantine.events") == [("wrong_type:occurred_at; wrong_type:quantity",)]


def test_the_newer_row_wins_whatever_the_order_of_files(landing: Landing, load, db):
    landing.csv("customers", [customer(1, region="new", ingested_at="2025-03-02")], "a.csv")
    load()
    landing.csv("customers", [customer(1, region="old", ingested_at="2025-03-01")], "b.csv")
    load()
    assert rows(db, "select region from raw.customers") == [("new",)]
    landing.csv("customers", [customer(1, region="newest", ingested_at="2025-03-03")], "c.csv")
    load()
    assert rows(db, "select region from raw.customers") == [("newest",)]
    assert rows(db, "select region from superseded.customers order by 1") == [("new",), ("old",)]
    assert ledger(db) == [
        ("customers/a.csv", 1, 1, 0, 0, 1),
        ("customers/b.csv", 1, 1, 0, 0, 1),
        ("customers/c.csv", 1, 1, 0, 0, 0),
    ]


def test_two_versions_of_the_same_age_settle_alike_in_any_order(landing: Landing, load, db, tmp_path):
    first, second = customer(1, region="a"), customer(1, region="b")
    landing.csv("customers", [first, second])
    load()
    kept = rows(db, "select region from raw.customers")
    landing.csv("customers", [second, first], "again.csv")
    report = load().tables["customers"]
    assert rows(db, "select region from raw.customers") == kept
    assert report.rows_duplicate == 2


def test_a_row_that_is_delivered_again_later_changes_nothing_but_its_time(landing: Landing, load, db):
    """A source that delivers its whole table each day made every customer a changed one, and runs as long as the first."""
    landing.csv("customers", [customer(n, ingested_at="2025-03-01") for n in (1, 2)], "a.csv")
    load()
    landing.csv(
        "customers",
        [customer(1, ingested_at="2025-03-02"), customer(2, ingested_at="2025-03-02", region="new")],
        "b.csv",
    )
    report = load().tables["customers"]
    assert rows(
        db, "select customer_id, region, cast(ingested_at as date)::varchar, _load_id from raw.customers order by 1"
    ) == [
        ("c1", None, "2025-03-02", 1),
        ("c2", "new", "2025-03-02", 2),
    ]
    assert rows(db, "select customer_id from superseded.customers") == [("c2",)]
    assert (report.rows_loaded, report.rows_superseded) == (1, 1)
    # The row belongs to the file that says it last; in the other it is a copy.
    assert ledger(db) == [("customers/a.csv", 2, 1, 0, 1, 1), ("customers/b.csv", 2, 2, 0, 0, 0)]


def in_every_order(landing: Landing, load, db, steps: tuple[str, ...], table: str, row) -> list[str]:
    """Loads one version after the other of rows of which each has an order of its own; returns their keys.

    `row(key, step)` is a version. Rows of other keys cannot matter, so that one warehouse serves all orders.
    """
    keys = {"-".join(order): order for order in permutations(steps)}
    for place in range(len(steps)):
        landing.csv(table, [row(key, order[place]) for key, order in keys.items()], f"{place}.csv")
        load()
    return sorted(keys)


def test_the_day_on_which_a_cancellation_was_taken_back_stays_in_any_order(landing: Landing, load, db):
    """A full export moved the day to that of the export, so the signal of the request never ended."""
    landing.csv("customers", [customer(1)])
    versions = {"request": "2025-03-01", "back": "2025-03-09", "again": "2025-03-10", "and again": "2025-03-11"}

    def period(key: str, step: str) -> dict:
        return {"period_id": key, "subscription_id": key, "customer_id": "c1", "plan_code": "pro",
                "period_status": "active", "valid_from": "2025-01-01", "ingested_at": versions[step],
                "cancel_requested_at": "2025-03-01 09:00:00" if step == "request" else None}  # fmt: skip

    keys = in_every_order(landing, load, db, tuple(versions), "subscription_periods", period)
    assert len(keys) == 24
    assert rows(
        db,
        "select period_id, cast(min(ingested_at) as date)::varchar, count(*) from (from raw.subscription_periods"
        " union all by name from superseded.subscription_periods) where cancel_requested_at is null group by 1 order by 1",
    ) == [(key, "2025-03-09", 3) for key in keys]
    assert rows(
        db, "select period_id, cast(ingested_at as date)::varchar from raw.subscription_periods order by 1"
    ) == [(key, "2025-03-11") for key in keys]


def test_a_value_that_changes_and_changes_back_is_right_in_any_order(landing: Landing, load, db):
    """Guards against the earlier of two equal versions as the only one: the one between them would win."""
    versions = {"first": ("old", "2025-03-01"), "between": ("new", "2025-03-02"), "again": ("old", "2025-03-03")}

    def version(key: str, step: str) -> dict:
        region, moment = versions[step]
        return customer(customer_id=key, region=region, ingested_at=moment)

    keys = in_every_order(landing, load, db, tuple(versions), "customers", version)
    assert len(keys) == 6
    assert rows(db, "select customer_id, region, cast(ingested_at as date)::varchar from raw.customers order by 1") == [
        (key, "old", "2025-03-03") for key in keys
    ]
    for _, in_file, loaded, quarantined, duplicate, _superseded in ledger(db):
        assert in_file == loaded + quarantined + duplicate


def test_exact_copies_are_counted_and_dropped(landing: Landing, load, db):
    landing.csv("customers", [customer(1), customer(1), customer(2)], "a.csv")
    landing.jsonl("customers", [customer(2), customer(3)], "b.jsonl")
    load()
    assert rows(db, "select count(*) from raw.customers") == [(3,)]
    assert ledger(db) == [("customers/a.csv", 3, 2, 0, 1, 0), ("customers/b.jsonl", 2, 1, 0, 1, 0)]


def test_a_known_file_is_passed_over_and_a_renamed_copy_is_all_duplicates(landing: Landing, load, db):
    path = landing.csv("customers", [customer(1), customer(2)])
    load()
    assert load().tables["customers"].files_known == 1
    path.touch()
    assert load().tables["customers"].files_known == 1
    path.rename(path.with_name("renamed.csv"))
    report = load().tables["customers"]
    assert (report.rows_in_files, report.rows_duplicate) == (2, 2)
    assert "same content as customers/rows.csv" in report.notices[0]
    assert load().tables["customers"].files_known == 1


def test_a_file_with_new_content_is_loaded_again(landing: Landing, load, db):
    landing.csv("customers", [customer(1)])
    load()
    landing.csv("customers", [customer(1), customer(2)])
    report = load().tables["customers"]
    assert (report.rows_loaded, report.rows_duplicate) == (1, 1)
    assert rows(db, "select status from ops.load_ledger order by file_id") == [("replaced",), ("loaded",)]


def test_orphans_wait_and_are_released_when_their_parent_comes(landing: Landing, load, db):
    landing.csv("customers", [customer(1)], "a.csv")
    landing.csv("survey_responses", [{"response_id": "r1", "customer_id": "c2", "survey_code": "s", "status": "complete",
                                      "submitted_at": "2025-02-01", "ingested_at": "2025-03-31"}])  # fmt: skip
    landing.csv(
        "survey_answers", [{"response_id": "r1", "question_code": "nps", "score": 9, "ingested_at": "2025-03-31"}]
    )
    report = load()
    assert report.tables["survey_answers"].quarantine_reasons == {"orphan:response_id": 1}
    landing.csv("customers", [customer(2)], "b.csv")
    report = load()
    assert report.tables["survey_answers"].rows_released == 1
    assert rows(db, "select response_id, score from raw.survey_answers") == [("r1", 9)]
    assert rows(db, "select count(*) from quarantine.survey_responses") == [(0,)]
    assert ledger(db, "rows_in_file, rows_loaded, rows_quarantined")[1:3] == [
        ("survey_responses/rows.csv", 1, 1, 0),
        ("survey_answers/rows.csv", 1, 1, 0),
    ]


def test_a_missing_optional_parent_is_no_reason_to_lose_a_row(landing: Landing, load, db):
    landing.csv("customers", [customer(1, referred_by_customer_id="gone")])
    assert load().rows_loaded == 1


def test_unfinished_files_are_left_for_the_next_run(landing: Landing, load, db):
    path = landing.parquet("customers", [customer(1)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    landing.text("customers", "upload.csv.part", "customer_id\n")
    landing.text("customers", "empty.csv", "")
    report = load()
    notices = report.notices + report.tables["customers"].notices
    assert report.rejected == []
    assert sorted(n.split(":")[0] for n in notices) == [
        "customers/empty.csv",
        "customers/rows.parquet",
        "customers/upload.csv.part",
    ]
    path.write_bytes(whole)
    assert load().rows_loaded == 1


def test_a_file_that_changes_while_it_is_read_is_left_whole_for_the_next_run(landing: Landing, load, db, monkeypatch):
    landing.csv("customers", [customer(1)], "a.csv")
    path = landing.csv("customers", [customer(2)], "b.csv")
    from stayhouse.loading import loader

    genuine = loader.load_batch

    def append_meanwhile(target, batch):
        genuine(target, batch)
        if any(c.file.name == "customers/b.csv" for c in batch):
            path.write_text(path.read_text() + "c3,2025-01-01,false,2025-03-31\n")

    monkeypatch.setattr(loader, "load_batch", append_meanwhile)
    report = load()
    assert rows(db, "select customer_id from raw.customers") == [("c1",)]
    assert "customers/b.csv: was written to while it was read" in report.tables["customers"].notices[0]
    monkeypatch.undo()
    load()
    assert rows(db, "select count(*) from raw.customers") == [(3,)]


def test_bytes_that_are_no_parquet_reject_only_their_file(landing: Landing, load, db):
    landing.parquet("customers", [customer(1)], "a.parquet")
    landing.text("customers", "b.parquet", "customer_id,registered_at\n")
    damaged = bytearray(landing.parquet("customers", [customer(n) for n in range(2, 2000)], "c.parquet").read_bytes())
    damaged[100:4000] = b"\0" * 3900
    landing.path("customers", "c.parquet").write_bytes(damaged)
    report = load()
    assert [message.split(":")[0] for message in report.rejected] == ["customers/b.parquet", "customers/c.parquet"]
    assert rows(db, "select count(*) from raw.customers") == [(1,)]


def test_what_is_no_table_is_reported(landing: Landing, load):
    landing.csv("customers", [customer(1)])
    landing.text("custommers", "rows.csv", "x\n")
    landing.text(".", "readme.txt", "x\n")
    landing.text("customers", "notes.txt", "x\n")
    landing.text("customers", "notes.md", "x\n")
    report = load()
    assert report.rejected == []
    assert sorted(notice.split(":")[0] for notice in report.notices + report.tables["customers"].notices) == [
        "customers/notes.md",
        "customers/notes.txt",
        "custommers/",
        "readme.txt",
    ]


def test_folders_that_cannot_be_loaded(landing: Landing, load, tmp_path):
    with pytest.raises(LoadError, match="holds no landing files"):
        load()
    landing.csv("events", [event(1)])
    with pytest.raises(LoadError, match="customers: this table is required"):
        load()
    landing.folder = tmp_path / "elsewhere"
    with pytest.raises(LoadError, match=r"elsewhere: no such landing folder"):
        load()
