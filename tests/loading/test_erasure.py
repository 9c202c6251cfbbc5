"""Landing files and loaded rows without an erased customer; a file that comes again changes nothing."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import duckdb
import pyarrow
import pytest
from conftest import LOADED_AT, customer, event

from stayhouse.contract import contract
from stayhouse.contract.packed import packed_block
from stayhouse.contract.personal import names_staff, personal_class
from stayhouse.contract.pseudonyms import ERASED_TEXT, Names
from stayhouse.contract.sql import columns_of, identifier
from stayhouse.loading import load_landing
from stayhouse.loading.discovery import find_files
from stayhouse.loading.erased_files import Rewriting, drop_erased, erase_files
from stayhouse.loading.erased_rows import erase_relation, erase_rows, find_keys, note_keys
from stayhouse.loading.suppression import ErasureError, ErasureFolder
from stayhouse.publishing.erasure import erase_tables, traces

pytestmark = pytest.mark.slow

GONE = "c0000042"
PHONE, ADDRESS = "5f1d7a84db00", "a3c9e0b7712f"


def response(number: int, customer_id: str | None, **changes) -> dict:
    return {"response_id": f"r{number:05}", "customer_id": customer_id, "survey_code": "nps", "status": "complete",
            "submitted_at": "2025-02-01 10:00:00", "ingested_at": LOADED_AT} | changes  # fmt: skip


def answer(number: int, text: str) -> dict:
    return {"response_id": f"r{number:05}", "question_code": "why", "text_answer": text, "ingested_at": LOADED_AT}


def review(number: int, customer_id: str, key: str, **changes) -> dict:
    return {"review_id": f"v{number}", "customer_id": customer_id, "subject_type": "usage_anomaly", "subject_key": key,
            "verdict": "confirmed", "reviewed_at": "2025-02-02 10:00:00", "ingested_at": LOADED_AT} | changes  # fmt: skip


@pytest.fixture
def company(landing):
    """One customer with traces in every format and in broken rows, and others who mention her."""
    landing.csv("customers", [
        customer(number=1, customer_id=GONE, city="Riga", birth_date="1980-02-03"),
        customer(number=2, customer_id="c0000043", referred_by_customer_id=GONE, city="Riga"),
    ])  # fmt: skip
    landing.parquet("contact_points", [
        {"contact_point_id": "p1", "customer_id": GONE, "channel": "call", "value_hash": PHONE, "ingested_at": LOADED_AT},
        {"contact_point_id": "p2", "customer_id": "c0000043", "channel": "call", "value_hash": ADDRESS, "ingested_at": LOADED_AT},
    ])  # fmt: skip
    landing.jsonl("events", [
        event(1, customer_id=GONE, user_id="u-anna", device_id="d1", ip_hash="0a0b0c0d0e0f", nickname="Anna",
              properties=json.dumps({"tour_version": "2", "mail": "anna"})),
        event(2, customer_id="c0000043", object_id=f"invite:{GONE}"),
        event(3, customer_id=GONE, quantity="many"),
    ])  # fmt: skip
    path = landing.path("survey_responses", "rows.csv.gz")
    rows = [response(1, GONE), response(2, "c0000043"), response(3, None)]
    lines = [",".join(rows[0]), *(",".join(str(v or "") for v in row.values()) for row in rows)]
    path.write_bytes(gzip.compress("\r\n".join([*lines, f"r00004,{GONE},nps", ""]).encode()))
    landing.csv("survey_answers", [answer(1, "Call Anna, +371 2000"), answer(2, "fine,\n\"really\""), answer(3, "ok")])  # fmt: skip
    landing.parquet(
        "reviews", [review(1, GONE, f"{GONE}:shared_account"), review(2, "c0000043", "c0000043:shared_account")]
    )
    return landing


@pytest.fixture
def folder(tmp_path) -> ErasureFolder:
    return ErasureFolder(tmp_path / "erasure")


def erase(db, landing, folder: ErasureFolder, *customers: str) -> tuple[Names, Rewriting]:
    names, result = Names("secret", frozenset(customers)), Rewriting()
    find_keys(db, contract(), names)
    erase_files(db, landing.folder, contract(), names, result)
    erase_rows(db, contract(), names)
    folder.suppress(names, contract())
    return names, result


def texts(db) -> list[str]:
    """Every text of every table of the warehouse."""
    found = []
    tables = db.execute(
        "select table_schema, table_name from information_schema.tables where table_schema in ('raw', 'superseded', 'quarantine')"
    ).fetchall()
    for schema, table in tables:
        relation = f"{schema}.{identifier(table)}"
        for name, kind in columns_of(db, relation).items():
            if kind == "VARCHAR":
                found += [
                    f"{relation}.{name}: {v}"
                    for (v,) in db.execute(
                        f"select distinct {identifier(name)} from {relation} where {identifier(name)} is not null"
                    ).fetchall()
                ]
    return found


def contents(folder: Path) -> str:
    """What all files of a folder say, Parquet and gzip unpacked."""
    pieces = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            pieces.append(str(duckdb.sql(f"from '{path}'").fetchall()))
        elif path.is_file():
            data = path.read_bytes()
            pieces.append((gzip.decompress(data) if path.suffix == ".gz" else data).decode())
    return "\n".join(pieces)


TRACES = (GONE, PHONE, "u-anna", "0a0b0c0d0e0f", "Anna", "+371", "anna", "r00001", "1980-02-03")


def test_nothing_of_an_erased_customer_is_left(company, load, db, folder):
    """The right to be forgotten: no row, no file and no free text leads to the customer, and no row is lost."""
    before = load()
    assert before.rejected == []
    counted = {name: db.execute(f"select count(*) from raw.{name}").fetchone()[0] for name in before.tables}
    _, result = erase(db, company, folder, GONE)
    assert result.problems == []
    left = texts(db) + contents(company.folder).splitlines()
    assert [line for line in left for trace in TRACES if trace in line] == []
    assert {name: db.execute(f"select count(*) from raw.{name}").fetchone()[0] for name in counted} == counted


def test_a_broken_line_of_an_export_is_erased_in_the_result_of_its_shape(landing, load, db, folder):
    """The text of such a line is in a column of ours, and those were passed over."""
    landing.csv("customers", [customer(number=1, customer_id=GONE), customer(number=2, customer_id="c0000043")])
    line = {"_export_file": "shop/customers.csv", "_export_line": "3", "_export_text": f"{GONE},2025-01-01,too many"}
    path = landing.parquet("customers", [line | {"registered_at": None, "customer_id": None}], "shaped/shop.parquet")
    assert load().tables["customers"].quarantine_reasons == {"malformed": 1}
    erase(db, landing, folder, GONE)
    assert GONE not in contents(path.parent)
    assert [text for text in texts(db) if GONE in text] == []


def test_other_customers_keep_every_byte(company, load, db, folder):
    load()
    erase(db, company, folder, GONE)
    whole = contents(company.folder)
    for kept in ("c0000043", ADDRESS, 'fine,\n""really""', "r00002", "r00003", "c0000043:shared_account"):
        assert kept in whole
    assert db.execute("select city from raw.customers order by 1 nulls first").fetchall() == [(None,), ("Riga",)]


def test_rows_of_the_customer_still_belong_together(company, load, db, folder):
    load()
    names, _ = erase(db, company, folder, GONE)
    name = names.name(GONE)
    assert db.execute(f"select count(*) from raw.events where customer_id = '{name}'").fetchone() == (1,)
    assert db.execute(
        "select referred_by_customer_id from raw.customers where customer_id = 'c0000043'"
    ).fetchone() == (name,)
    assert db.execute("select subject_key from raw.reviews where review_id not like 'v%'").fetchone() == (
        f"{name}:shared_account",
    )
    assert db.execute("select object_id from raw.events where customer_id = 'c0000043'").fetchone() == (
        f"invite:{name}",
    )
    assert db.execute("select text_answer from raw.survey_answers join raw.survey_responses using (response_id) "
                      f"where customer_id = '{name}'").fetchall() == [(ERASED_TEXT,)]  # fmt: skip
    assert db.execute(f"select properties from raw.events where customer_id = '{name}'").fetchone() == (
        '{"tour_version":"2"}',
    )


def test_a_new_warehouse_from_the_landing_files_has_the_same_rows(company, db, folder, tmp_path):
    """The warehouse may be deleted at any time; what is loaded again from the files has nobody in it, and every figure."""
    load_landing(db, company.folder, contract())
    erase(db, company, folder, GONE)
    with duckdb.connect(tmp_path / "again.duckdb") as again:
        report = load_landing(again, company.folder, contract())
        assert report.rejected == []
        for name, table in contract().items():
            columns = ", ".join(identifier(c.name) for c in table.columns)
            rows = f"select {columns} from raw.{name} order by all"
            assert again.execute(rows).fetchall() == db.execute(rows).fetchall(), name
        assert not drop(again, company, folder).files, "no file brings the customer back"


def drop(db, landing, folder: ErasureFolder) -> Rewriting:
    result = Rewriting()
    found = find_files(landing.folder, contract()).files
    drop_erased(db, contract(), [file for files in found.values() for file in files], folder.suppression(), result)
    return result


def test_a_file_that_is_delivered_again_does_not_bring_the_customer_back(company, load, db, folder):
    load()
    erase(db, company, folder, GONE)
    company.csv("customers", [customer(customer_id=GONE, city="Riga"), customer(customer_id="c0000044")], "again.csv")
    company.parquet("events", [event(1, customer_id=GONE), event(9, customer_id="c0000044")], "again.parquet")
    company.jsonl("survey_answers", [answer(1, "Call Anna"), answer(2, "fine")], "again.jsonl")
    company.text("customers", "broken.csv", f"customer_id,registered_at,is_test,ingested_at\n{GONE},2025-01-01\n")
    result = drop(db, company, folder)
    assert result.problems == []
    assert set(result.files) == {
        "customers/again.csv",
        "customers/broken.csv",
        "events/again.parquet",
        "survey_answers/again.jsonl",
    }
    assert result.rows == 4
    assert GONE not in contents(company.folder)
    load()
    assert [line for line in texts(db) for trace in (GONE, "Anna") if trace in line] == []
    assert db.execute("select count(*) from raw.events where customer_id = 'c0000044'").fetchone() == (1,)
    assert not drop(db, company, folder).files


def test_files_with_other_names_of_columns_are_erased_too(landing, load, db, folder):
    """The loader takes `Customer ID` for customer_id; the erasure has to read the same file in the same way."""
    landing.text(
        "customers",
        "a.csv",
        f"sep=;\nCustomer ID;Registered-At;is_test;ingested_at;city\n{GONE};2025-01-01;false;{LOADED_AT};Riga\n",
    )
    path = landing.path("contact_points", "a.parquet")
    duckdb.sql(f"copy (select 'p1' as contact_point_id, '{GONE}' as \"Customer ID\", 'call' as channel, '{PHONE}' as value_hash, "
               f"timestamp '{LOADED_AT}' as ingested_at) to '{path}'")  # fmt: skip
    row = json.dumps(
        {
            "EVENT-ID": "e1",
            "Customer ID": GONE,
            "event_name": "x",
            "occurred_at": "2025-01-02",
            "ingested_at": LOADED_AT,
        }
    )
    landing.path("events", "a.jsonl.zst").write_bytes(
        pyarrow.compress((row + "\n").encode(), codec="zstd", asbytes=True)
    )
    assert load().rejected == []
    names, result = erase(db, landing, folder, GONE)
    assert (result.problems, result.rows) == ([], 3)
    with duckdb.connect() as again:
        load_landing(again, landing.folder, contract())
        for table in ("customers", "contact_points", "events"):
            assert again.execute(f"select customer_id from raw.{table}").fetchall() == [(names.name(GONE),)]
        assert [line for line in texts(again) for trace in (GONE, PHONE, "Riga") if trace in line] == []
    landing.text(
        "customers", "b.csv", f"Customer ID,registered_at,is_test,ingested_at\n{GONE},2025-01-01,false,{LOADED_AT}\n"
    )
    duckdb.sql(
        f"copy (select 'p9' as contact_point_id, '{GONE}' as \"Customer ID\") to '{landing.path('contact_points', 'b.parquet')}'"
    )
    assert set(drop(db, landing, folder).files) == {"customers/b.csv", "contact_points/b.parquet"}


def test_a_number_as_id_takes_only_the_customers_rows(landing, load, db, folder):
    """Erasing customer 4 must not touch order 4, four pieces or customer 44."""
    landing.csv("customers", [customer(customer_id="4"), customer(customer_id="44", city="4")])
    landing.csv(
        "events",
        [event(4, event_id="4", customer_id="44", object_id="4", quantity=4), event(5, customer_id="4", object_id="o")],
    )
    load()
    names, _ = erase(db, landing, folder, "4")
    assert db.execute("select customer_id, city from raw.customers where customer_id = '44'").fetchall() == [
        ("44", "4")
    ]
    assert db.execute("select event_id, object_id, quantity from raw.events where customer_id = '44'").fetchall() == [
        ("4", "4", 4)
    ]
    assert db.execute(f"select count(*) from raw.events where customer_id = '{names.name('4')}'").fetchone() == (1,)
    assert "44,4" in contents(landing.folder).replace('"', "") or '"44"' in contents(landing.folder)


def test_a_number_under_another_name_of_its_column_is_found(landing, load, db, folder):
    """Parquet was searched under the names of the contract only, so a numeric `Customer ID` kept its rows."""
    path = landing.path("contact_points", "a.parquet")
    duckdb.sql(f"copy (select 'p1' as contact_point_id, 4 as \"Customer ID\", 'call' as channel, '{PHONE}' as value_hash, "
               f"timestamp '{LOADED_AT}' as ingested_at) to '{path}'")  # fmt: skip
    landing.csv("customers", [customer(customer_id="4")])
    assert load().rejected == []
    names, result = erase(db, landing, folder, "4")
    assert set(result.files) == {"customers/rows.csv", "contact_points/a.parquet"}
    assert duckdb.sql(f"select \"Customer ID\" from '{path}'").fetchall() == [(names.name("4"),)]


@pytest.mark.parametrize("name", ["truncated.csv.gz", "quote.csv"])
def test_a_broken_file_is_left_to_the_loader(company, load, db, folder, name):
    """With an erasure on record, a broken file was said to hold erased customers and to need to be made writable."""
    load()
    erase(db, company, folder, GONE)
    text = f"customer_id,registered_at,is_test,ingested_at\n{'c0000044,2025-01-01,false,2025-01-02' * 50}\n"
    path = company.path("customers", name)
    path.write_bytes(gzip.compress(text.encode())[:-20] if name.endswith("gz") else text.encode() + b'"c0000045,')
    assert drop(db, company, folder).problems == []
    os.utime(path, (0, 0))
    assert [message.split(":")[0] for message in load().rejected] == [f"customers/{name}"]


def test_traces_are_found_in_packed_files_whatever_their_name(tmp_path):
    """Compression was taken from the name, and a truncated file ended the search with a traceback."""
    text = (f"{'x' * (1024**2 - 4)}{GONE}\n" + "".join(f"{n * 7919 % 104729}\n" for n in range(50_000))).encode()
    packed = gzip.compress(text)
    assert GONE.encode() not in packed
    (tmp_path / "plain-name").write_bytes(packed)
    (tmp_path / "truncated.csv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "truncated-early.csv.gz").write_bytes(packed[:12])
    (tmp_path / "zstd").write_bytes(pyarrow.compress(text, codec="zstd", asbytes=True))
    (tmp_path / "without.csv.gz").write_bytes(gzip.compress(text.replace(GONE.encode(), b"")))
    for name, who in (("page.html", GONE), ("page-without.html", "")):
        (tmp_path / name).write_text(
            packed_block("rows-one", "{}") + packed_block("rows-two", f'{{"list": ["{who}"]}}')
        )
    assert GONE not in (tmp_path / "page.html").read_text()
    found = traces(sorted(tmp_path.iterdir()), [GONE])
    assert [path.name for path in found] == ["page.html", "plain-name", "truncated.csv.gz", "zstd"]


def test_sql_and_python_give_the_same_names(landing, db):
    """Files are rewritten by the one, tables by the other; different names would tear a customer in two."""
    names = Names("s", frozenset({GONE, "ü-1 'x'"}), {"survey_responses": {"r1"}})
    note_keys(db, names)
    for table in contract().values():
        columns = {column.name: "VARCHAR" for column in table.columns}
        for owner in (GONE, "ü-1 'x'", "c0000043", None):
            row = {name: f"{name} of {GONE}" for name in columns} | {"properties": '{"tour_version":"2","a":1}'}
            row = {name: value for name, value in row.items() if name in columns}
            row |= {name: value for name, value in (("customer_id", owner), ("response_id", "r1")) if name in columns}
            fields = ", ".join(f'cast(? as varchar) as "{name}"' for name in columns)
            db.execute(f"create or replace temp table one as select {fields}", list(row.values()))
            erase_relation(db, "one", table, names)
            found = dict(zip(columns, db.execute("from one").fetchone(), strict=True))
            expected = names.erase_row(table, row)
            assert found == expected, (table.name, owner)


def test_requests_are_read_and_taken_out(folder):
    folder.request(["a", "b,c", "a"])
    folder.request(['d"e'])
    assert folder.requests() == ["a", "b,c", 'd"e']
    folder.fulfil(["a", 'd"e'])
    assert folder.requests() == ["b,c"]
    assert oct((folder.path / "requests.csv").stat().st_mode)[-3:] == "600"


def test_a_request_file_without_its_column_is_named(folder):
    folder.path.mkdir()
    (folder.path / "requests.csv").write_text("id\nc1\n")
    with pytest.raises(ErasureError, match=r"requests\.csv: has no column customer_id \(found id\)"):
        folder.requests()


def test_derived_tables_follow_the_names_of_their_columns(db):
    """Core and marts hold ids in columns of their own: of owners, of triggers, in samples of broken rows."""
    names = Names("s", frozenset({"4", GONE}), {"contacts": {"k1"}})
    note_keys(db, names)
    db.execute("create schema m")
    db.execute(
        """create table m.rows as select * from (values
            ('4', 'e1', 'k1', 'k9', 'k1|low_score', 'Riga', 4, '4 rows', '{"customer_id":"4"}'),
            ('44', 'e1', 'k2', null, '4|low_score', 'Riga', 4, '4 rows of 4', null)
        ) as t(customer_id, owner_employee_id, contact_id, evidence_id, schedule_key, city, n, message_text, observed)"""
    )
    db.execute(f"create table m.unowned as select 'k1' as contact_id, 'seen {GONE}, c00000421' as note, '4' as code")
    erase_tables(db, names)
    four, key, gone = names.name("4"), names.name("k1"), names.name(GONE)
    assert db.execute("from m.rows order by n, customer_id").fetchall() == [
        ("44", "e1", "k2", None, "4|low_score", "Riga", 4, "4 rows of 4", None),
        (four, "e1", key, names.name("k9"), f"{key}|low_score", None, 4, "4 rows", ERASED_TEXT),
    ]
    assert db.execute("from m.unowned").fetchall() == [(key, f"seen {gone}, c00000421", "4")]


def test_the_name_of_a_customer_is_erased_and_that_of_an_employee_stays():
    """A display name is as personal as the id; who served the customer is kept."""
    names = Names("s", frozenset({GONE}))
    row = names.erase_row(contract()["customers"], {"customer_id": GONE, "display_name": "Ada Lovelace"})
    assert row["display_name"] == names.name("Ada Lovelace") != "Ada Lovelace"
    staff = {"employee_id": "m001", "display_name": "Grace Hopper", "manager_id": None}
    assert names.erase_row(contract()["employees"], staff) == staff
    for name in ("display_name", "customer_display_name", "owner_display_name", "account_manager_display_name"):
        assert personal_class(name) == "identifier"
    assert names_staff("owner_display_name")
    assert not names_staff("customer_display_name")
