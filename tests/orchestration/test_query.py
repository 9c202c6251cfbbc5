"""SQL on what is published: read-only, readable, and undisturbed by a run that publishes meanwhile."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.publishing import reading
from stayhouse.publishing.reading import NothingPublished, standing
from stayhouse.publishing.release import Mart, publish

MARTS = [Mart("sales", "mart_orders")]


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as db:
        db.execute("create schema sales")
        db.execute(
            "create table sales.mart_orders as select range as order_id, '=' || range as note, 1.50::decimal(9,2) as paid, "
            "null as nothing, date '2025-01-01' as bought_date from range(100)"
        )
    return path


def publish_day(warehouse: Path, folder: Path, day: int = 1, **options) -> None:
    with duckdb.connect(warehouse) as db:
        publish(db, folder, MARTS, date(2025, 1, day), f"{day:08x}", {}, **options)


@pytest.fixture
def query(warehouse, tmp_path):
    publish_day(warehouse, tmp_path / "published")

    def run(*arguments: str):
        return CliRunner().invoke(app, ["query", *arguments, "--publish", str(tmp_path / "published")])

    return run


def test_a_table_says_how_many_rows_it_leaves_out(query):
    result = query("select order_id, paid from sales.mart_orders", "--rows", "3")
    assert result.exit_code == 0
    assert "3 of 100 rows shown" in result.stdout
    assert "as of 2025-01-01" in result.stderr
    assert result.stdout.count("1.50") == 3
    assert "\n100 rows\n" in query("select order_id, paid from sales.mart_orders", "--rows", "0").stdout


def test_a_wide_row_is_a_block_with_whole_values(query):
    """A table of 60 columns on a screen of 120 characters has two characters for each."""
    columns = ", ".join(f"repeat('x', 20) || {n} as column_{n}" for n in range(20))
    result = query(f"select {columns}")
    assert "row 1" in result.stdout
    assert f"  column_19  {'x' * 20}19" in result.stdout


def test_other_programs_read_csv_and_json(query):
    sql = "select * from sales.mart_orders order by order_id limit 2"
    assert json.loads(query(sql, "--format", "json").stdout) == [
        {"order_id": n, "note": f"={n}", "paid": 1.5, "nothing": None, "bought_date": "2025-01-01"} for n in (0, 1)
    ]
    # A spreadsheet would run the note as a formula.
    assert query(sql, "--format", "csv").stdout.splitlines()[1] == "0,'=0,1.50,,2025-01-01"
    assert json.loads(query("select 1 as one where false", "--format", "json").stdout) == []


def test_json_loses_no_column_and_is_json(query):
    """Of two columns of one name the first was lost, and NaN is not JSON."""
    result = query("select 1 as a, 2 as a", "--format", "json")
    assert (result.exit_code, "a: a JSON object has each name once" in result.stderr) == (2, True)
    rows = query("select 'nan'::double as a, '-infinity'::double as b", "--format", "json").stdout
    assert json.loads(rows, parse_constant=pytest.fail) == [{"a": None, "b": None}]


def test_one_row_is_counted_as_one(query):
    assert "\n1 row\n" in query("select 1 as one").stdout


def test_a_pivot_finds_its_columns_itself(query):
    """DuckDB makes two statements of it, and the command said that one SELECT is expected."""
    sql = "pivot (select order_id % 2 as parity, paid from sales.mart_orders) on parity using sum(paid)"
    assert json.loads(query(sql, "--format", "json").stdout) == [{"0": 75.0, "1": 75.0}]
    inside = f'with totals as ({sql}) select t."1" as odd from totals as t'
    assert json.loads(query(inside, "--format", "json").stdout) == [{"odd": 75.0}]


def test_a_file_gets_every_row(query, tmp_path):
    result = query("from sales.mart_orders", "--csv", str(tmp_path / "rows.csv"))
    assert (result.exit_code, "100 rows written" in result.stderr) == (0, True)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 101


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from sales.mart_order", "Did you mean"),
        ("selct 1", "syntax error"),
        ("select 1; select 2", "not 2 statements"),
        ("", "not 0 statements"),
        ("delete from sales.mart_orders", "DELETE changes something"),
        ("copy (select 1) to 'here.csv'", "COPY changes something"),
        ("create temp table t as select 1", "CREATE changes something"),
        ("create type t as enum ('a'); select 1", "not 2 statements"),
        ("pivot sales.mart_orders on paid using count(*); select 1", "not 2 statements"),
        ("from read_csv('rows.csv')", "disabled"),
        ("set memory_limit = '1GB'", "SET changes something"),
    ],
)
def test_a_query_that_cannot_be_answered_is_bad_input(query, sql, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = query(sql)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "here.csv").exists()


def test_a_publication_is_locked_for_every_reader(warehouse, tmp_path):
    """The command looks at the kind of a statement; what protects the publication is the database itself."""
    publish_day(warehouse, tmp_path / "published")
    with standing(tmp_path / "published") as publication:
        for sql in (
            "delete from sales.mart_orders",
            f"copy (select 1) to '{tmp_path / 'here.csv'}'",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                publication.db.execute(sql)


def test_a_folder_that_does_not_exist_is_bad_input(query):
    assert "name another file" in query("select 1", "--csv", "/none/rows.csv").stderr


def test_a_reader_keeps_the_release_that_it_has_opened(warehouse, tmp_path):
    """A run that publishes while somebody reads must neither stop the reader nor change half of the answer."""
    folder = tmp_path / "published"
    publish_day(warehouse, folder)
    with standing(folder) as publication:
        publish_day(warehouse, folder, 2, kept=1)
        assert not publication.folder.exists()
        assert publication.as_of == date(2025, 1, 1)
        assert publication.db.execute("select as_of_date from main.publication").fetchall() == [(date(2025, 1, 1),)]
        assert publication.db.execute("select count(*) from sales.mart_orders").fetchall() == [(100,)]


@pytest.mark.parametrize("name", ["publication.json", "definitions.json", "stayhouse.duckdb"])
def test_a_publication_that_is_damaged_is_named(query, tmp_path, name):
    """A disk that was full left half a file, and the command ended in a traceback."""
    (tmp_path / "published" / "current" / name).write_text('{"half')
    result = query("select 1")
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert "this publication cannot be read" in result.stderr
    assert "run stayhouse build, which publishes again" in result.stderr


def test_a_publication_that_may_not_be_read_is_named(query, monkeypatch):
    """A colleague without rights to the files of the nightly run saw a traceback."""

    def refuse(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    result = query("select 1")
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert "publication.json: may not be read; give the user of the command the right to" in result.stderr


def test_a_release_that_vanishes_while_it_is_opened_is_replaced_by_the_next(warehouse, tmp_path, monkeypatch):
    """Between the link and the file lies a moment in which a run can publish and remove."""
    folder = tmp_path / "published"
    publish_day(warehouse, folder)
    really, moments = reading.connect, []

    def connect(path: Path, read_only: bool):
        if not moments:
            moments.append(path)
            publish_day(warehouse, folder, 2, kept=1)
        return really(path, read_only=read_only)

    monkeypatch.setattr(reading, "connect", connect)
    with standing(folder) as publication:
        assert publication.as_of == date(2025, 1, 2)
    assert moments


def test_a_publication_without_its_database_is_no_publication(warehouse, tmp_path):
    folder = tmp_path / "published"
    publish_day(warehouse, folder)
    (folder / "current" / "stayhouse.duckdb").unlink()
    with pytest.raises(NothingPublished), standing(folder):
        pass
    shutil.rmtree(folder)
    with pytest.raises(NothingPublished), standing(folder):
        pass
