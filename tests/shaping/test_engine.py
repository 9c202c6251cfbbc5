"""Shapes: a SELECT over exports becomes a landing file, with the file and line of the export kept."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.shaping import Folders, ShapeError, run_shapes

TABLES = {name: contract()[name] for name in ("customers", "events")}
WRITTEN = datetime(2025, 3, 31, 12, tzinfo=UTC)
CUSTOMERS = """-- customers of the shop
select id as customer_id, created as registered_at, false as is_test, _file, _line
from {{ export('shop/customers*.csv') }}
"""


class Company:
    """A company's folder in the making."""

    def __init__(self, home: Path):
        self.home = home
        self.folders = Folders(home / "shapes", home / "exports", home / "landing", home / "scratch")
        for folder in (self.folders.shapes, self.folders.exports):
            folder.mkdir()

    def shape(self, name: str, sql: str) -> Path:
        path = self.folders.shapes / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)
        return path

    def export(self, name: str, content: str | bytes) -> Path:
        path = self.folders.exports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
        return path

    def run(self):
        return run_shapes(self.folders, TABLES)

    def fault(self) -> str:
        with pytest.raises(ShapeError) as raised:
            self.run()
        return str(raised.value)

    def landed(self, name: str) -> list[dict]:
        return pyarrow.parquet.read_table(self.folders.landing / name).to_pylist()


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def shop(company: Company, rows: str = "c1,2025-01-01\nc2,2025-01-02\n") -> None:
    company.shape("shop/customers.sql", CUSTOMERS)
    company.export("shop/customers.csv", "id,created\n" + rows)


def test_a_shape_lands_its_rows_with_file_and_line(company):
    """A company should not have to write an ETL job to rename the columns of an export."""
    shop(company)
    done = company.run()
    assert [path.relative_to(company.home).as_posix() for path in done.written] == [
        "landing/customers/shaped/shop.parquet"
    ]
    rows = company.landed("customers/shaped/shop.parquet")
    assert [(r["customer_id"], r["_export_file"], r["_export_line"]) for r in rows] == [
        ("c1", "shop/customers.csv", 2),
        ("c2", "shop/customers.csv", 3),
    ]
    # A row that does not say how new it is has the time of its file: that of the export, not of the run.
    assert (company.folders.landing / "customers/shaped/shop.parquet").stat().st_mtime == WRITTEN.timestamp()


def test_a_shape_is_run_again_only_when_its_sql_or_an_export_changed(company):
    shop(company)
    company.export("shop/other.csv", "a\n1\n")
    company.run()
    assert company.run().written == []
    company.export("shop/other.csv", "a\n2\n")
    assert company.run().written == []
    company.export("shop/customers.csv", "id,created\nc1,2025-01-01\n")
    assert len(company.run().written) == 1
    company.shape("shop/customers.sql", CUSTOMERS + "-- changed\n")
    assert len(company.run().written) == 1
    (company.folders.landing / "customers/shaped/shop.parquet").unlink()
    assert len(company.run().written) == 1


EACH = """select e.event_id, e.customer_id, e.name as event_name, e.at as occurred_at, e.at as ingested_at,
    e._file, e._line
from {{ export('app/*.jsonl', each=true) }} as e
"""


def moment(day: int) -> str:
    return json.dumps({"event_id": f"e{day}", "customer_id": "c1", "name": "sent", "at": f"2025-01-{day:02}T10:00:00Z"})


def events_shape() -> str:
    required = {c.name for c in TABLES["events"].columns if c.required}
    extra = required - {"event_id", "customer_id", "occurred_at", "ingested_at", "event_name"}
    return EACH.replace("e._file", "".join(f"'x' as {name}, " for name in sorted(extra)) + "e._file")


def test_a_new_file_is_shaped_alone(company):
    """A run costs what is new: of a thousand daily files only the last one is read."""
    company.shape("app/events.sql", events_shape())
    for day in (1, 2):
        company.export(f"app/2025-01-{day:02}.jsonl", moment(day) + "\n")
    assert len(company.run().written) == 2
    company.export("app/2025-01-03.jsonl", moment(3) + "\n")
    (written,) = company.run().written
    assert [row["event_id"] for row in pyarrow.parquet.read_table(written).to_pylist()] == ["e3"]
    assert [row["_export_file"] for row in pyarrow.parquet.read_table(written).to_pylist()] == ["app/2025-01-03.jsonl"]


def test_the_result_of_a_withdrawn_export_goes(company):
    company.shape("app/events.sql", events_shape())
    paths = [company.export(f"app/{day}.jsonl", moment(day) + "\n") for day in (1, 2)]
    company.run()
    paths[0].unlink()
    done = company.run()
    assert len(done.removed) == 1
    assert not done.removed[0].exists()
    assert "its export is missing" in done.notices[0]
    assert company.run().removed == []


def test_the_result_of_a_withdrawn_shape_goes_and_files_of_others_stay(company):
    shop(company)
    company.run()
    other = company.folders.landing / "customers/shaped/by_hand.csv"
    other.write_text("customer_id\n")
    (company.folders.shapes / "shop/customers.sql").unlink()
    assert len(company.run().removed) == 1
    assert sorted(path.name for path in other.parent.iterdir()) == ["by_hand.csv"]


def test_a_broken_export_in_a_group_costs_its_own_file_only(company):
    company.shape("app/events.sql", events_shape())
    company.export("app/1.jsonl", moment(1) + "\n")
    company.export("app/2.jsonl", "\x00")
    assert "exports/app/2.jsonl: is not UTF-8 text" in company.fault()
    assert len(list((company.folders.landing / "events/shaped/app").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"\xef\xbb\xbfid;created\nc1;2025-01-01\n"),
        ("a.tsv", b"id\tcreated\nc1\t2025-01-01\n"),
        ("A.CSV", b"id,created\nc1,2025-01-01\n"),
        ("a.csv.gz", gzip.compress(b"id,created\r\nc1,2025-01-01\r\n", mtime=0)),
        ("a.json", b'[\n  {"id": "c1", "created": "2025-01-01"}\n]'),
        ("a.json", b'{\n  "id": "c1",\n "created": "2025-01-01"}'),
        ("a.json", b'{"id": "c1", "created": "2025-01-01"}\n'),
        ("a.json", b'{"id": "c1",\n "created": "2025-01-01"}'),
        ("a.jsonl", b'{"id": "c1", "created": "2025-01-01", "nested": {"b": [1]}}\n'),
        ("a.ndjson.gz", gzip.compress(b'{"id": "c1", "created": "2025-01-01"}\n', mtime=0)),
    ],
    ids=str,
)
def test_exports_are_read_in_every_form(company, name, content):
    company.shape("customers.sql", CUSTOMERS.replace("shop/customers*.csv", f"x/{name.lower()}"))
    company.export(f"x/{name}", content)
    company.run()
    (row,) = company.landed("customers/shaped/customers.parquet")
    assert (row["customer_id"], row["registered_at"], row["_export_file"]) == ("c1", "2025-01-01", f"x/{name}")


def test_the_rows_of_an_interface_are_taken_out_of_its_pages(company):
    sql = CUSTOMERS.replace("'shop/customers*.csv'", "'x/page*.json', rows='users'")
    company.shape("customers.sql", sql)
    page = {"users": [{"id": "c1", "created": "2025-01-01", "tags": ["a"]}, {"id": "c2", "created": "2025-01-02"}]}
    company.export("x/page1.json", json.dumps(page | {"count": 2}))
    company.export("x/page2.json", json.dumps({"users": [{"id": "c3", "created": "2025-01-03"}]}))
    company.run()
    assert [(r["customer_id"], r["_export_line"]) for r in company.landed("customers/shaped/customers.parquet")] == [
        ("c1", 1),
        ("c2", 2),
        ("c3", 1),
    ]


def test_parquet_keeps_its_types_and_files_may_have_different_columns(company, tmp_path):
    company.shape(
        "customers.sql", CUSTOMERS.replace("*.csv", "*").replace("created", "coalesce(cast(created as varchar), born)")
    )
    path = company.export("shop/customers1.parquet", b"")
    duckdb.sql("select 'c1' as id, timestamp '2025-01-01' as created").write_parquet(str(path))
    company.export("shop/customers2.csv", "id,born\nc2,2025-01-02\n")
    company.run()
    assert [row["customer_id"] for row in company.landed("customers/shaped/customers.parquet")] == ["c1", "c2"]


def test_the_newest_of_two_documents_counts_whatever_their_names(company):
    """A document is read from a copy, and the time of the copy made an older export the newest one."""
    company.shape(
        "shop/customers.sql",
        "select id as customer_id, created as registered_at, name as display_name from "
        "{{ export('shop/*.json', rows='data', latest='id') }}",
    )
    for name, day, shown in (("a.json", 2, "now"), ("b.json", 1, "before")):
        path = company.export(
            f"shop/{name}", json.dumps({"data": [{"id": "c1", "created": "2025-01-01", "name": shown}]})
        )
        os.utime(path, (WRITTEN.timestamp() + day,) * 2)
    company.run()
    assert [row["display_name"] for row in company.landed("customers/shaped/shop.parquet")] == ["now"]


def test_rows_that_a_shape_leaves_out_are_counted_and_named(company):
    """Conditions of a shape dropped half of an export, and nobody saw that rows were missing."""
    company.shape(
        "shop/customers.sql",
        "-- Customers of the shop.\n-- Left out: guests.\n" + CUSTOMERS + "where id not like 'guest%'",
    )
    company.export("shop/customers_1.csv", "id,created\nc1,2025-01-01\nguest1,2025-01-01\nc2,2025-01-01\n")
    company.export("shop/customers_2.csv", "id,created\nguest2,2025-01-01\n")
    done = company.run()
    assert [str(one) for one in done.left_out] == [
        "shapes/shop/customers.sql: 2 of 4 rows (exports/shop/customers_1.csv line 3, "
        "exports/shop/customers_2.csv line 2): guests"
    ]
    assert done.left_out_in_short == [
        "rows that shapes leave out: shapes/shop/customers.sql 2 of 4; stayhouse validate says which and why"
    ]
    again = company.run()
    assert ([str(one) for one in again.left_out], again.left_out_in_short) == ([str(one) for one in done.left_out], [])


def test_an_export_of_which_every_row_is_left_out_is_counted(company):
    """Of a hundred files that are shaped one by one, those without a row were in no count."""
    company.shape("app/events.sql", f"-- Left out: tests.\n{events_shape()}where e.event_id <> 'e2'")
    for day in (1, 2):
        company.export(f"app/{day}.jsonl", moment(day) + "\n")
    (line,) = map(str, company.run().left_out)
    assert line == "shapes/app/events.sql: 1 of 2 rows (exports/app/2.jsonl line 1): tests"


def test_rows_without_their_lines_are_not_called_left_out(company):
    """A shape that groups its rows has no line for each of them, so nobody knows which are missing."""
    company.shape("shop/customers.sql", CUSTOMERS.replace(", _file, _line", "") + "where id <> 'c2'")
    company.export("shop/customers.csv", "id,created\nc1,2025-01-01\nc2,2025-01-01\n")
    assert company.run().left_out == []


def test_what_a_killed_run_spilled_is_removed_by_the_next_one(company, monkeypatch):
    """A killed run left copies of exports, with names and addresses, in the temporary folder of the machine for ever."""
    monkeypatch.setattr("tempfile.tempdir", str(company.home / "machine"))
    company.shape("shop/customers.sql", CUSTOMERS)
    company.export("shop/customers.csv", "id,created\nc1,2025-01-01\n")
    company.run()
    spilled = company.folders.scratch / "copies" / "0.jsonl"
    spilled.parent.mkdir(parents=True)
    spilled.write_text("{}")
    company.run()
    assert not company.folders.scratch.exists()
    assert not (company.home / "machine").exists()


def test_rows_of_a_withdrawn_export_go_where_all_exports_make_one_result(company, db):
    """Somebody archives the export of last month and expects its rows to stay; the run says that they went."""
    company.shape("shop/customers.sql", CUSTOMERS)
    for number in (1, 2):
        company.export(f"shop/customers_{number}.csv", f"id,created\nc{number},2025-01-01\n")
    company.run()
    load_landing(db, company.folders.landing, TABLES)
    (company.folders.exports / "shop/customers_1.csv").unlink()
    company.run()
    report = load_landing(db, company.folders.landing, TABLES).tables["customers"]
    assert db.execute("select customer_id from raw.customers").fetchall() == [("c2",)]
    assert any("1 rows are withdrawn" in notice for notice in report.notices)


def test_parquet_as_text_reads_like_json(company):
    """Tools export the same rows as JSON and as Parquet; a shape that compared texts failed on numbers and structs."""
    sql = CUSTOMERS.replace("*.csv'", "*', text=true")
    company.shape("customers.sql", sql.replace("id as", "tags ->> '$[0]' || (account ->> 'id') || id as"))
    path = company.export("shop/customers1.parquet", b"")
    duckdb.sql(
        "select 1 as id, timestamp '2025-01-01' as created, {'id': 7} as account, ['a'] as tags, null::int as x"
    ).write_parquet(str(path))
    company.export("shop/customers2.jsonl", '{"id": 2, "created": "2025-01-02", "account": {"id": 8}, "tags": ["b"]}')
    company.run()
    rows = company.landed("customers/shaped/customers.parquet")
    assert [(row["customer_id"], row["registered_at"]) for row in rows] == [
        ("a71", "2025-01-01 00:00:00"),
        ("b82", "2025-01-02"),
    ]


def test_quarantine_names_the_line_of_the_export(company, db):
    """Somebody who corrects an export looks for a line of it, not for a row of a file that Stayhouse has made."""
    shop(company, 'c1,2025-01-01\nc2,soon\n"c3",2025-01-03,too many\nc4,2025-01-04\n')
    company.run()
    report = load_landing(db, company.folders.landing, TABLES).tables["customers"]
    assert report.quarantine_reasons == {"wrong_type:registered_at": 1, "malformed": 1}
    assert (report.rows_in_files, report.rows_loaded) == (4, 2)
    assert any("(exports/shop/customers.csv line 3: 'soon')" in notice for notice in report.notices)
    assert any("(exports/shop/customers.csv line 4)" in notice for notice in report.notices)
    assert len(report.notices) == 2, "not about unknown columns, nor about the time, which is that of the export"


def test_of_several_exports_of_a_thing_the_newest_counts(company):
    company.shape("customers.sql", CUSTOMERS.replace("*.csv'", "*.csv', latest='ID'"))
    old = company.export("shop/customers_b.csv", "id,created\nc1,2025-01-01\nc2,2025-01-01\n")
    os.utime(old, (WRITTEN.timestamp() - 9, WRITTEN.timestamp() - 9))
    company.export("shop/customers_a.csv", "id,created\nc1,2025-01-02\n")
    company.run()
    rows = company.landed("customers/shaped/customers.parquet")
    assert {(row["customer_id"], row["registered_at"]) for row in rows} == {("c1", "2025-01-02"), ("c2", "2025-01-01")}
    company.export("shop/customers_a.csv", "id,created\n,2025-01-02\n,2025-01-03\n")
    company.run()
    assert len(company.landed("customers/shaped/customers.parquet")) == 4, "rows without an id are not one thing"
    company.shape("customers.sql", CUSTOMERS.replace("*.csv'", "*.csv', latest='key'"))
    assert "line 3: latest names the column key, which shop/customers*.csv does not have" in company.fault()


def test_a_row_that_moves_within_an_export_is_not_a_new_row(company, db):
    """A full export of each day moves every row by a line; the run recomputed all customers."""
    shop(company)
    company.run()
    load_landing(db, company.folders.landing, TABLES)
    shop(company, "c0,2025-01-01\nc1,2025-01-01\nc2,2025-01-02\n")
    company.run()
    report = load_landing(db, company.folders.landing, TABLES).tables["customers"]
    assert report.rows_loaded == 1
    assert db.execute("select count(*) from superseded.customers").fetchone() == (0,)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            CUSTOMERS.replace("as customer_id", "as costumer_id"),
            "shapes/shop/customers.sql line 2: table customers has no column costumer_id; did you mean customer_id? Its columns are",
        ),
        (
            CUSTOMERS.replace("created as registered_at,", ""),
            "shapes/shop/customers.sql: lacks the required column registered_at of table customers; select it",
        ),
        (
            CUSTOMERS.replace("created as", "creatd as"),
            'shapes/shop/customers.sql line 2: Binder Error: Referenced column "creatd" not found in FROM clause! '
            'Candidate bindings: "created"',
        ),
        (CUSTOMERS.replace("select", "selec"), "shapes/shop/customers.sql line 2: Parser Error: syntax error"),
        (CUSTOMERS + ";\ndrop table x", "shapes/shop/customers.sql: a shape is one SELECT; this has SELECT, DROP"),
        ("-- {{ export('shop/customers*.csv') }}", "shapes/shop/customers.sql: a shape is one SELECT; this has none"),
        ("copy (select 1) to 'x' -- {{ export('shop/customers*.csv') }}", "a shape is one SELECT; this has COPY"),
        ("describe {{ export('shop/customers*.csv') }}", "a shape is one SELECT"),
        ("select 1 as customer_id", "shapes/shop/customers.sql: reads no export; name one like"),
        (CUSTOMERS.replace("export(", "exprt("), "shapes/shop/customers.sql line 3: 'exprt' is undefined"),
        (CUSTOMERS.replace("}}", "}"), "shapes/shop/customers.sql line 3: "),
        (
            CUSTOMERS.replace("*.csv'", "*.csv', colums=['a']"),
            "shapes/shop/customers.sql line 3: export() has no option colums; did you mean columns?",
        ),
        (
            CUSTOMERS.replace("*.csv'", "*.csv', optional=true"),
            "is optional, so its columns must be named: columns=['id', ...]",
        ),
        (CUSTOMERS.replace("'shop", "'../shop"), "export() takes a path below the folder of exports"),
        (
            CUSTOMERS.replace("shop/customers", "shop/clients"),
            "shapes/shop/customers.sql line 3: no export matches shop/clients*.csv in",
        ),
        (
            CUSTOMERS.replace("shop/customers", "stripe/customers"),
            "shapes/shop/customers.sql line 3: no export matches stripe/customers*.csv: the folder ",
        ),
        (
            CUSTOMERS.replace("{{ export('shop/customers*.csv') }}", "'/etc/passwd', {{ export('shop/customers*.csv') }}"),
            "shapes/shop/customers.sql line 3: Catalog Error: Table with name /etc/passwd does not exist!; a shape reads",
        ),
        (
            CUSTOMERS.replace("{{", "read_text('/etc/passwd'), {{"),
            "shapes/shop/customers.sql line 3: only exports can be read; write {{ export(",
        ),
        (
            CUSTOMERS.replace("created as", "cast(id as integer) + 1 as"),
            "shapes/shop/customers.sql line 2: Conversion Error: Could not convert string 'c1' to INT32 when casting from",
        ),
    ],
)  # fmt: skip
def test_a_faulty_shape_is_named_with_the_way_out(company, sql, message):
    shop(company)
    company.shape("shop/customers.sql", sql)
    assert message in company.fault()
    assert not (company.folders.landing / "customers/shaped/shop.parquet").exists()


def test_a_fault_leaves_the_last_result_and_lets_other_shapes_run(company):
    shop(company)
    company.run()
    company.shape("shop/customers.sql", CUSTOMERS.replace("select", "selec"))
    company.shape("app/events.sql", events_shape())
    company.export("app/1.jsonl", moment(1) + "\n")
    assert company.fault().startswith("shapes/shop/customers.sql line 2: ")
    assert len(company.landed("customers/shaped/shop.parquet")) == 2
    assert (company.folders.landing / "events/shaped/app").is_dir()


def test_a_table_that_does_not_exist_is_named_with_those_that_do(company):
    company.shape("shop/costumers.sql", CUSTOMERS)
    assert company.fault().startswith(
        "shapes/shop/costumers.sql: no table of the raw contract is called costumers; did you mean customers? "
    )


def test_two_shapes_with_one_result_are_named(company):
    shop(company)
    company.shape("Shop/customers.sql", CUSTOMERS)
    assert "shapes/shop/customers.sql: shapes/Shop/customers.sql has the same name and table" in company.fault()


def test_an_optional_export_has_its_columns_and_no_rows(company):
    shop(company)
    company.shape(
        "shop/customers.sql",
        CUSTOMERS + "where id not in (select id from {{ export('shop/deleted.csv', optional=true, columns=['id']) }})",
    )
    company.run()
    assert len(company.landed("customers/shaped/shop.parquet")) == 2
    company.export("shop/deleted.csv", "id\nc1\n")
    company.run()
    assert [row["customer_id"] for row in company.landed("customers/shaped/shop.parquet")] == ["c2"]


@pytest.mark.parametrize("content", ["id,created\n", ""])
def test_an_empty_export_is_a_notice(company, content):
    company.shape("shop/customers.sql", CUSTOMERS)
    company.export("shop/customers.csv", content)
    notices = company.run().notices
    assert any(notice.startswith("exports/shop/customers.csv: ") for notice in notices)


def test_an_export_that_is_being_written_is_left_for_the_next_run(company):
    shop(company)
    company.run()
    path = company.export("shop/customers.csv", gzip.compress(b"id,created\nc1,2025-01-01\n" * 99)[:-9])
    os.utime(path)
    (notice,) = company.run().notices
    assert "is left for the next run" in notice
    assert len(company.landed("customers/shaped/shop.parquet")) == 2


def test_a_quote_that_takes_in_other_rows_is_named(company):
    company.shape("shop/customers.sql", CUSTOMERS)
    company.export("shop/customers.csv", 'id,created\n"c1,2025-01-01\nc2,2025-01-02\n')
    assert company.fault() == (
        "exports/shop/customers.csv: opens a quote in line 2 that is never closed, so that lines 2 to 3 would be one "
        "value; close the quote, or write the file again if it is truncated (read by shapes/shop/customers.sql)"
    )


def test_a_company_without_shapes_has_nothing_to_do(tmp_path):
    done = run_shapes(
        Folders(tmp_path / "shapes", tmp_path / "exports", tmp_path / "landing", tmp_path / "scratch"), TABLES
    )
    assert (done.written, done.notices) == ([], [])
    assert not (tmp_path / "landing").exists()


def test_an_export_whose_first_line_is_broken_is_no_document(company, db):
    """One truncated line at the beginning made a file of JSON Lines look like one JSON value."""
    company.shape("customers.sql", CUSTOMERS.replace("shop/customers*.csv", "x/a.jsonl"))
    company.export("x/a.jsonl", '{"id": "c1", "crea\n{"id": "c2", "created": "2025-01-01"}\n')
    company.run()
    report = load_landing(db, company.folders.landing, TABLES).tables["customers"]
    assert (report.rows_loaded, report.quarantine_reasons) == (1, {"malformed": 1})


def test_an_export_without_an_object_is_named(company):
    """Nothing of it could be read, and the run said nothing."""
    company.shape("customers.sql", CUSTOMERS.replace("shop/customers*.csv", "x/a.jsonl"))
    company.export("x/a.jsonl", "what\n")
    assert company.fault().startswith("exports/x/a.jsonl: holds no JSON object; export it again as JSON Lines or CSV")


def test_every_type_that_a_query_yields_can_be_loaded(company, db):
    """Sums of whole numbers, JSON, structs and UUIDs are types that a landing file seldom has."""
    company.shape(
        "app/events.sql",
        """select cast(id || '0000000-0000-0000-0000-000000000000' as uuid) as event_id,
            any_value(name) as event_name, any_value("at") as occurred_at,
            sum(cast(n as integer)) as quantity, sum(cast(n as decimal(9, 2))) as value_amount,
            any_value({'a': [1, 2]}) as properties, any_value((details -> '$.error')) as error_code,
            max(cast("at" as timestamptz)) + interval '1 minute' as ingested_at
        from {{ export('app/*.jsonl') }} group by id""",
    )
    company.export(
        "app/1.jsonl", '{"id": 1, "name": "sent", "at": "2025-01-01T10:00:00Z", "n": 3, "details": {"error": 5}}\n'
    )
    company.run()
    report = load_landing(
        db, company.folders.landing, TABLES | {"customers": replace(TABLES["customers"], is_required=False)}
    )
    assert report.tables["events"].quarantine_reasons == {}
    row = db.execute("select quantity, value_amount, properties, error_code, ingested_at from raw.events").fetchone()
    assert row == (3.0, Decimal("3.00"), '{"a":[1,2]}', "5", datetime(2025, 1, 1, 10, 1))


def test_a_broken_line_is_a_row_of_the_table_that_comes_from_its_export(company, db):
    """A broken line of customers was in quarantine once per table whose shape looks customers up."""
    shop(company, 'c1,2025-01-01\n"c2",2025-01-02,too many\n')
    company.shape(
        "app/events.sql",
        """select e.name as event_name, e.at as occurred_at, c.id as customer_id, e._file, e._line
        from {{ export('app/*.jsonl') }} as e left join {{ export('shop/customers*.csv') }} as c on c.id = e.customer_id""",
    )
    company.export("app/1.jsonl", moment(1) + "\n{broken\n")
    company.run()
    tables = load_landing(db, company.folders.landing, TABLES).tables
    assert {name: dict(table.quarantine_reasons) for name, table in tables.items()} == {
        "customers": {"malformed": 1},
        "events": {"malformed": 1},
    }
    (line,) = db.execute("select row ->> '_export_line' from quarantine.events").fetchone()
    assert line == "2"
