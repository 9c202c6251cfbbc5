"""Files as people and tools really deliver them: each is read whole, or not at all with file, line and way out."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import duckdb
import pyarrow
import pytest
from conftest import Landing, customer, event

from stayhouse.contract import contract
from stayhouse.loading import LoadError, discovery, load_landing

TABLES = {name: contract()[name] for name in ("customers", "events")}
HEADER = "customer_id,registered_at,is_test,ingested_at\n"


@pytest.fixture
def load(landing: Landing, db):
    return lambda: load_landing(db, landing.folder, TABLES)


def row(number: object) -> str:
    return f"c{number},2025-01-01,false,2025-03-31\n"


def ids(db) -> list[str]:
    return [value for (value,) in db.execute("select customer_id from raw.customers order by 1").fetchall()]


def lines(db) -> list[tuple]:
    return db.execute("select customer_id, _line from raw.customers order by 1").fetchall()


def is_whole_or_nothing(report, db, rows: int) -> None:
    """The file was rejected, and nothing of it was loaded."""
    assert (report.rows_in_files, report.rows_loaded, report.rows_quarantined) == (0, 0, 0)
    assert db.execute("select count(*) from raw.customers").fetchone() == (rows,)
    assert db.execute("select count(*) from quarantine.customers").fetchone() == (0,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEADER + row(1) + '"' + "".join(row(number) for number in range(2, 20_001)),
            "customers/a.csv: opens a quote in line 3 that is never closed, so that lines 3 to 20001 would be one value",
        ),
        (
            HEADER + row(1) + '"' + "".join(row(number) for number in range(2, 99)) + '"c99",2025-01-01,false,2025-03-31\n',
            "customers/a.csv: opens a quote in line 3 that is closed in line 100 in the middle of a value",
        ),
        # Both quotes are where a text may have them, and the two rows make one of the right width.
        (
            "customer_id,registered_at,is_test,ingested_at,region\n"
            'c1,2025-01-01,false,2025-03-31,"north\nc2,2025-01-01,false,2025-03-31,south"\n',
            "customers/a.csv: opens a quote in line 2 that takes in line 3, which looks like a row",
        ),
        # A quote that was closed one row late: what it took makes its own row too short.
        (
            HEADER + '"c1,2025-01-01,false,2025-03-31\nc2,2025-01-01,false,2025-03-31"\n' + row(3),
            "customers/a.csv: opens a quote in line 2 that is closed in line 3, with 1 of 4 columns in all",
        ),
    ],
)  # fmt: skip
def test_a_quote_that_takes_in_other_rows_rejects_the_file(landing: Landing, load, db, text, message):
    """An unclosed quote made one value of 19,989 of 20,000 rows, and the run published without them."""
    landing.text("customers", "a.csv", text)
    report = load().tables["customers"]
    assert len(report.rejected) == 1
    assert report.rejected[0].startswith(message)
    assert "close " in report.rejected[0]
    is_whole_or_nothing(report, db, 0)


@pytest.mark.parametrize("name", ["path", "file_id", "position", "line", "reasons", "row"])
def test_a_column_may_have_the_name_of_something_in_the_loader(landing: Landing, load, db, name):
    """A table of page views has a column `path`; the file was rejected as ambiguous."""
    landing.text("customers", "a.csv", f"customer_id,registered_at,{name}\nc1,2025-01-01,/home\n")
    landing.text("customers", "b.jsonl", json.dumps({"customer_id": "c2", "registered_at": "2025-01-01", name: "/"}))
    report = load().tables["customers"]
    assert report.rejected == []
    assert db.execute("select _extra from raw.customers order by 1 desc limit 1").fetchone() == (
        f'{{"{name}":"/home"}}',
    )


def test_texts_of_several_lines_are_read_with_their_lines(landing: Landing, load, db):
    """A comment of several lines is one value; the lines of the rows after it were wrong by its line breaks."""
    text = "customer_id,registered_at,is_test,ingested_at,region\n"
    text += 'c1,2025-01-01,false,2025-03-31,"first, second\nthird, ""fourth"", fifth, sixth, seventh\n\nlast"\n'
    text += "c2,2025-01-01,false,2025-03-31,south\nc3,2025-01-01,perhaps,2025-03-31,\n"
    landing.text("customers", "a.csv", text)
    report = load().tables["customers"]
    assert (report.rejected, report.rows_in_files, report.rows_loaded) == ([], 3, 2)
    assert lines(db) == [("c1", 2), ("c2", 6)]
    assert db.execute("select _line from quarantine.customers").fetchall() == [(7,)]
    found = db.execute("select region from raw.customers where customer_id = 'c1'").fetchone()
    assert found == ('first, second\nthird, "fourth", fifth, sixth, seventh\n\nlast',)


def test_a_quote_within_one_line_costs_that_row_only(landing: Landing, load, db):
    landing.text("customers", "a.csv", HEADER + row(1) + '"c2"x,2025-01-01,false,2025-03-31\n' + row(3))
    report = load().tables["customers"]
    assert (report.rejected, report.rows_in_files, report.rows_quarantined) == ([], 3, 1)
    assert lines(db) == [("c1", 2), ("c3", 4)]
    assert db.execute("select _line, reasons from quarantine.customers").fetchall() == [(3, "malformed")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER + row(1) + row(2).replace("\n", "\r\n") + row(3), [("c1", 2), ("c2", 3), ("c3", 4)]),
        ((HEADER + row(1) + row(2)).replace("\n", "\r\n"), [("c1", 2), ("c2", 3)]),
        ((HEADER + row(1) + row(2)).replace("\n", "\r"), [("c1", 2), ("c2", 3)]),
        ("\n\r\n" + HEADER + row(1), [("c1", 4)]),
        (HEADER + row(1) + "\n  \n\n" + row(2) + "\n", [("c1", 2), ("c2", 6)]),
        (HEADER + row(1) + row(2).rstrip(), [("c1", 2), ("c2", 3)]),
        ("\ufeff" + HEADER + row(1), [("c1", 2)]),
        ("sep=;\n" + (HEADER + row(1)).replace(",", ";"), [("c1", 3)]),
        (HEADER.replace(",", " , ") + '"c1", "2025-01-01", "false", "2025-03-31"\n', [("c1", 2)]),
        ("," + HEADER + "0," + row(1), [("c1", 2)]),
    ],
    ids=["one CRLF", "CRLF", "CR", "first lines blank", "blank lines", "no last line break", "mark", "sep", "blanks",
         "column without a name"],
)  # fmt: skip
def test_lines_end_and_begin_in_many_ways(landing: Landing, load, db, text, expected):
    """One CRLF line refused its file, and a blank first line made it empty."""
    landing.path("customers", "a.csv").write_bytes(text.encode())
    report = load().tables["customers"]
    assert report.rejected == []
    assert report.rows_in_files == report.rows_loaded == len(expected)
    assert lines(db) == expected


def test_json_lines_end_and_begin_in_many_ways(landing: Landing, load, db):
    good = '{"customer_id": "c%s", "registered_at": "2025-01-01", "is_test": false, "ingested_at": "2025-03-31"}'
    text = "\ufeff" + good % 1 + "\n\n" + good % 2 + "\r\n" + '{"customer_id": \n' + good % 3
    landing.path("customers", "a.jsonl").write_bytes(text.encode())
    report = load().tables["customers"]
    assert (report.rejected, report.rows_in_files, report.rows_quarantined) == ([], 4, 1)
    assert lines(db) == [("c1", 1), ("c2", 3), ("c3", 5)]
    assert db.execute("select _line, reasons from quarantine.customers").fetchall() == [(4, "malformed")]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_bytes_that_are_no_utf8_cost_their_row_only(landing: Landing, load, db, kind):
    path = getattr(landing, kind)("customers", [customer(1), customer(2, region="n*rth"), customer(3)])
    path.write_bytes(path.read_bytes().replace(b"*", b"\xf6"))
    report = load().tables["customers"]
    assert (report.rejected, report.rows_in_files, report.rows_quarantined) == ([], 3, 1)
    assert ids(db) == ["c1", "c3"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_another_encoding_is_named(landing: Landing, load, db, encoding):
    landing.path("customers", "a.csv").write_bytes((HEADER + row(1)).encode(encoding))
    report = load()
    assert report.rejected == ["customers/a.csv: is not UTF-8 text (it is UTF-16, or damaged); save it as UTF-8"]


def _compress(data: bytes, kind: str) -> bytes:
    return gzip.compress(data) if kind == "gz" else pyarrow.compress(data, codec="zstd", asbytes=True)


def _many(rows: int) -> bytes:
    return (HEADER + "".join(row(f"{number * 7919:x}") for number in range(rows))).encode()


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_compressed_files_are_read_whole_or_not_at_all(landing: Landing, load, db, kind):
    """A truncated gzip loaded half of its rows, and nothing said so."""
    whole = _compress(_many(20_000), kind)
    path = landing.path("customers", f"a.csv.{kind}")
    path.write_bytes(whole[: len(whole) // 2])
    report = load().tables["customers"]
    assert report.rejected == []
    assert report.notices == [
        f"customers/a.csv.{kind}: ends in the middle of its compressed bytes; still being written or truncated, "
        "so nothing of it is read until the next run"
    ]
    is_whole_or_nothing(report, db, 0)
    path.write_bytes(whole)
    assert load().rows_loaded == 20_000


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_damaged_archive_is_rejected(landing: Landing, load, db, kind):
    damaged = bytearray(_compress(_many(5_000), kind))
    damaged[-6] ^= 0xFF
    landing.path("customers", f"a.csv.{kind}").write_bytes(damaged)
    report = load().tables["customers"]
    assert [message.split(" (")[0] for message in report.rejected] == [f"customers/a.csv.{kind}: is damaged"]
    is_whole_or_nothing(report, db, 0)


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.csv", (HEADER + row(1) + "c2,2025-01").encode(), "ends in the middle of line 3 (2 of 4 columns)"),
        ("a.csv", (HEADER + row(1) + '"c2,2025-01').encode(), "opens a quote in line 3 that is never closed"),
        ("a.jsonl", b'{"customer_id": "c1"}\n{"customer', "ends in the middle of line 2"),
        ("a.csv.gz", _compress(_many(999), "gz")[:900], "ends in the middle of its compressed bytes"),
        ("a.parquet", b"PAR1" + bytes(100), "is not finished (no PAR1 at its end)"),
        ("a.parquet", b"", "is not finished (no PAR1 at its end)"),
    ],
)
def test_a_truncated_file_that_nobody_writes_any_more_is_broken(landing: Landing, load, db, name, content, where):
    """A file truncated for good was left for the next run again and again."""
    landing.csv("customers", [customer(9)], "b.csv")
    path = landing.path("customers", name)
    path.write_bytes(content)
    report = load().tables["customers"]
    assert (report.rejected, len(report.notices)) == ([], 1)
    assert report.notices[0].startswith(f"customers/{name}: {where}")
    yesterday = path.stat().st_mtime - 86_400
    os.utime(path, (yesterday, yesterday))
    report = load().tables["customers"]
    assert len(report.rejected) == 1
    assert report.rejected[0].startswith(f"customers/{name}: {where}")
    assert report.rejected[0].endswith("deliver it again")
    assert ids(db) == ["c9"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_names_of_columns_are_matched_whatever_their_case_and_blanks(landing: Landing, load, db, kind):
    """`Customer_ID` for `customer_id` lost the customer of every event."""
    renamed = {"customer_id": "Customer ID", "registered_at": "REGISTERED_AT", "region": "Region "}
    rows = [{renamed.get(name, name): value for name, value in customer(1, region="north").items()}]
    if kind == "parquet":
        path = landing.parquet("customers", [customer(1, region="north")])
        with duckdb.connect() as files:
            for old, new in renamed.items():
                files.execute(f"create or replace table t as from '{path}'")
                files.execute(f"""alter table t rename column {old} to "{new}" """)
                files.execute(f"copy t to '{path}'")
    else:
        getattr(landing, kind)("customers", rows)
    report = load().tables["customers"]
    assert report.rejected == []
    assert db.execute("select customer_id, region, _extra from raw.customers").fetchall() == [("c1", "north", None)]
    assert len(report.notices) == 1
    assert "reads column" in report.notices[0]
    assert "'Customer ID' as customer_id" in report.notices[0]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("second", ["Customer_ID", "customer id"])
def test_two_columns_that_mean_the_same_are_refused(landing: Landing, load, kind, second):
    if kind == "parquet":
        path = landing.parquet("customers", [customer(1)])
        with duckdb.connect() as files:
            table = files.execute(f"from '{path}'").to_arrow_table()
        pyarrow.parquet.write_table(table.append_column(second, table["customer_id"]), path)
    else:
        getattr(landing, kind)("customers", [customer(1) | {second: "c2"}])
    report = load()
    assert len(report.rejected) == 1
    for word in (f"customers/rows.{kind}", "customer_id", repr(second), "rename or drop"):
        assert word in report.rejected[0]


def test_files_of_one_batch_may_write_their_keys_differently(landing: Landing, load, db):
    landing.jsonl("customers", [customer(1)], "a.jsonl")
    rows = [{name.upper(): value for name, value in customer(2).items()}]
    landing.jsonl("customers", rows, "b.jsonl")
    assert load().rejected == []
    assert ids(db) == ["c1", "c2"]


def test_a_column_with_a_name_of_the_loader_is_refused(landing: Landing, load):
    landing.csv("customers", [customer(1) | {"_line": 7}])
    assert "rows.csv: has a column _line, a name that the loader keeps for itself" in load().rejected[0]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.CSV", lambda text: text.encode()),
        ("a.tsv", lambda text: text.replace(",", "\t").encode()),
        ("a.TXT", lambda text: text.replace(",", "|").encode()),
        ("a.csv.GZ", lambda text: gzip.compress(text.encode())),
        ("a.Csv.Zst", lambda text: _compress(text.encode(), "zst")),
        ("named-wrongly.csv", lambda text: gzip.compress(text.encode())),
        ("not-compressed.csv.gz", lambda text: text.encode()),
        ("a [1] *?.csv", lambda text: text.encode()),
    ],
)
def test_files_are_known_by_their_ending_whatever_its_case(landing: Landing, load, db, name, make):
    landing.path("customers", name).write_bytes(make(HEADER + row(1) + row(2)))
    report = load()
    assert (report.rejected, report.notices, report.rows_loaded) == ([], [], 2)


@pytest.mark.parametrize("name", ["a.JSONL", "a.ndjson", "a.json"])
def test_json_is_read_by_lines(landing: Landing, load, name):
    landing.jsonl("customers", [customer(1), customer(2)], name)
    assert load().rows_loaded == 2


def test_a_parquet_file_is_known_whatever_the_case_of_its_ending(landing: Landing, load):
    landing.parquet("customers", [customer(1)], "a.PARQUET")
    assert load().rows_loaded == 1


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.xlsx", b"PK\x03\x04...", "is an Excel workbook; export its rows as Parquet, CSV or JSON Lines"),
        ("a.csv", b"PK\x03\x04...", "is a zip archive or an Excel workbook; export its rows as CSV"),
        ("a.zip", b"PK\x03\x04...", "is an archive"),
        ("a.csv.bz2", b"BZh", "is compressed in a way that is not read"),
        ("a.gz", b"\x1f\x8b", "is compressed, and its name does not say what is inside"),
        ("a.parquet.gz", b"\x1f\x8b", "is compressed, and its name does not say what is inside"),
        ("a.json", b'[{"customer_id": "c1"}]', "is one JSON array; write JSON Lines"),
        ("a.avro", b"Obj\x01", "is an Avro file"),
        ("a.csv", b"PAR1....PAR1", "is a Parquet file; let its name end in .parquet"),
    ],
)
def test_a_format_that_is_not_read_stops_the_run_by_name(landing: Landing, load, db, name, content, what):
    """Rows in an Excel workbook or archive were passed over with a notice, and the run published without them."""
    landing.csv("customers", [customer(9)], "b.csv")
    landing.path("customers", name).write_bytes(content)
    report = load()
    assert len(report.rejected) == 1
    assert report.rejected[0].startswith(f"customers/{name}: {what}")
    assert ids(db) == ["c9"]
    # Set aside, it stops nothing, and the rejection is forgotten.
    path = landing.path("customers", name)
    path.rename(path.with_name("_" + name))
    assert load().rejected == []
    assert db.execute("select count(*) from ops.load_ledger where status = 'rejected'").fetchone() == (0,)


def test_links_are_followed_and_those_that_lead_nowhere_are_named(landing: Landing, load, db, tmp_path):
    """A linked folder was passed over without a word, and a dangling link ended the run with a traceback."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text(HEADER + row(1))
    (elsewhere / "back").symlink_to(elsewhere)
    landing.csv("customers", [customer(2)], "b.csv")
    landing.path("customers", "dt=2025-01-01").symlink_to(elsewhere)
    (tmp_path / "c.csv").write_text(HEADER + row(3))
    landing.path("customers", "c.csv").symlink_to(tmp_path / "c.csv")
    landing.path("customers", "d.csv").symlink_to(tmp_path / "nothing")
    report = load()
    assert ids(db) == ["c1", "c2", "c3"]
    assert report.rejected == [
        f"customers/d.csv: is a link to {tmp_path}/nothing, which does not exist; correct or remove the link"
    ]


def test_a_linked_table_folder_that_leads_nowhere_is_named(landing: Landing, load, tmp_path):
    landing.csv("customers", [customer(1)])
    (landing.folder / "events").symlink_to(tmp_path / "nothing")
    assert load().rejected[0].startswith("events: is a link to")


def test_a_folder_that_cannot_be_read_stops_the_load(landing: Landing, load, monkeypatch):
    """A folder without rights was passed over without a word; files of the table were missing from the marts."""
    landing.csv("customers", [customer(1)])
    landing.csv("customers", [customer(2)], "dt=2025-01-01/a.csv")
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "dt=2025-01-01":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(discovery.os, "scandir", refuse)
    with pytest.raises(
        LoadError, match=r"dt=2025-01-01: this folder cannot be read \(Permission denied\).*right to read"
    ):
        load()


def test_a_file_that_cannot_be_read_is_rejected(landing: Landing, load, db, monkeypatch):
    landing.csv("customers", [customer(1)], "a.csv")
    landing.csv("customers", [customer(2)], "b.csv")
    monkeypatch.setattr(discovery.os, "access", lambda path, mode: path.name != "b.csv")
    assert load().rejected == [
        "customers/b.csv: cannot be read (Permission denied); give the user of the run the right to read it"
    ]
    assert ids(db) == ["c1"]


def test_a_pipe_does_not_hang_the_load(landing: Landing, load):
    landing.csv("customers", [customer(1)])
    os.mkfifo(landing.path("customers", "b.csv"))
    assert load().rejected[0].startswith("customers/b.csv: is a device, pipe or socket, not a file")


def test_a_name_that_is_no_utf8_is_shown_with_escapes(landing: Landing, load):
    landing.csv("customers", [customer(1)])
    name = os.fsencode(landing.path("customers", "")) + b"/caf\xe9.csv"
    with open(name, "w") as stream:
        stream.write(HEADER + row(2))
    assert load().rejected == [
        r"customers/caf\xe9.csv: has a name that is not UTF-8; rename it, "
        "or set the file aside by a name that begins with an underscore"
    ]


def test_a_folder_that_is_nearly_a_table_is_named_with_it(landing: Landing, load):
    landing.csv("customers", [customer(1)])
    landing.csv("Events", [event(1)])
    assert load().notices == [
        "Events/: no table of the raw contract has this name, so nothing of it is read; "
        "rename it to events/ if it holds that table"
    ]


def test_files_are_counted_against_what_the_reader_made_of_them(landing: Landing, load, db, monkeypatch):
    """Should DuckDB read other records than the lines hold, the file is taken apart line by line."""
    from stayhouse.loading import reading

    genuine = reading._read_regular_csv

    def lose_rows(target, batch):
        genuine(target, batch)
        target.db.execute("delete from staged where _line > 2")

    monkeypatch.setattr(reading, "_read_regular_csv", lose_rows)
    landing.csv("customers", [customer(number) for number in range(1, 9)])
    assert load().rows_loaded == 8
    assert [line for _, line in lines(db)] == list(range(2, 10))
