"""Rows of databases come into the company's folder once, whatever interrupts a pull."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from pulling import VARIABLE, WITHOUT_DLT, Company
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.sources import SourceError

pytestmark = WITHOUT_DLT
TOML = """
[sources.app]
url_env = "ACME_DATABASE_URL"
[sources.app.tables.users]
to = "landing/customers"
cursor = "updated_at"
columns = { customer_id = "id", registered_at = "created_at", city = "town", ingested_at = "updated_at" }
"""
MONDAY = datetime(2025, 3, 3, 12)
TUESDAY = datetime(2025, 3, 4, 12)


class Database:
    """A database of the company's product with its users."""

    def __init__(self, url: str):
        self.url = url
        self.engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
        self.do("drop table if exists users")
        self.do("create table users (id integer primary key, town varchar, created_at timestamp, updated_at timestamp)")

    def do(self, sql: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(sqlalchemy.text(sql), values)

    def put(self, number: int, town: str, at: datetime | None) -> None:
        self.do("delete from users where id = :id", id=number)
        self.do("insert into users values (:id, :town, :made, :at)", id=number, town=town, made=MONDAY, at=at)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path}/of the app.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    monkeypatch.setenv(VARIABLE, url)
    found = Database(url)
    yield found
    found.engine.dispose()


@pytest.fixture
def pulling(company: Company, database: Database) -> Company:
    company.states(TOML)
    database.put(1, "Ulm", MONDAY)
    database.put(2, "Bonn", MONDAY)
    return company


def towns(rows: list[dict]) -> list[tuple[int, str]]:
    return [(row["customer_id"], row["city"]) for row in rows]


def test_the_second_pull_brings_only_new_and_changed_rows(pulling: Company, database: Database) -> None:
    assert [table.rows for table in pulling.pull().tables] == [2]
    database.put(2, "Kiel", TUESDAY)
    database.put(3, "Jena", TUESDAY)
    assert [table.rows for table in pulling.pull().tables] == [2]
    assert [towns(rows) for rows in pulling.landed()] == [[(1, "Ulm"), (2, "Bonn")], [(2, "Kiel"), (3, "Jena")]]
    assert set(pulling.landed()[0][0]) == {"customer_id", "registered_at", "city", "ingested_at"}


def test_a_pull_without_news_writes_no_file(pulling: Company) -> None:
    pulling.pull()
    before = pulling.files("landing/customers")
    assert [table.rows for table in pulling.pull().tables] == [0]
    assert pulling.files("landing/customers") == before


def test_a_transaction_that_ends_late_is_not_missed(pulling: Company, database: Database) -> None:
    """A row that got its time before the last pull and was committed after it was behind the cursor for ever."""
    database.put(3, "Jena", TUESDAY)
    pulling.pull()
    database.put(4, "Suhl", TUESDAY.replace(hour=11, minute=55))
    pulling.pull()
    assert towns(pulling.landed()[1]) == [(4, "Suhl")]


def test_a_row_that_changes_twice_in_one_second_is_seen(pulling: Company, database: Database) -> None:
    database.put(2, "Kiel", TUESDAY)
    pulling.pull()
    database.put(2, "Suhl", TUESDAY)
    pulling.pull()
    assert towns(pulling.landed()[1]) == [(2, "Suhl")]


def test_rows_without_a_cursor_are_landed_when_they_are_new_or_changed(pulling: Company, database: Database) -> None:
    """A column like updated_at is often NULL until the first change."""
    database.put(3, "Jena", None)
    pulling.pull()
    database.put(3, "Suhl", None)
    database.put(4, "Gera", None)
    pulling.pull()
    assert [table.rows for table in pulling.pull().tables] == [0]
    assert towns(pulling.landed()[1]) == [(3, "Suhl"), (4, "Gera")]
    assert len(pulling.landed()) == 2


def test_a_table_without_a_cursor_lands_what_differs_from_the_last_pull(pulling: Company, database: Database) -> None:
    pulling.states(TOML.replace('cursor = "updated_at"', ""))
    pulling.pull()
    database.put(1, "Jena", MONDAY)
    pulling.pull()
    database.put(1, "Ulm", MONDAY)  # back as it was: news, too
    pulling.pull()
    database.do("delete from users where id = 2")
    pulling.pull()
    assert [towns(rows) for rows in pulling.landed()] == [[(1, "Ulm"), (2, "Bonn")], [(1, "Jena")], [(1, "Ulm")]]


def test_rows_that_are_equal_are_all_landed(company: Company, database: Database) -> None:
    """A table without a key may hold a row twice; how often is the loader's question."""
    database.do("drop table if exists visits")
    database.do("create table visits (page varchar)")
    database.do("insert into visits values ('a'), ('a'), ('b')")
    company.states(
        '[sources.app]\nurl_env = "ACME_DATABASE_URL"\n[sources.app.tables.visits]\nto = "exports/app/visits"\n'
    )
    (company.folder / "shapes").mkdir()
    (company.folder / "shapes" / "customers.sql").write_text(
        "select page as customer_id from {{ export('app/visits/*.parquet') }}"
    )
    company.pull()
    database.do("insert into visits values ('a')")
    company.pull()
    assert [[row["page"] for row in rows] for rows in company.landed("exports/app/visits")] == [["a", "a", "b"], ["a"]]


def test_names_and_times_of_files_are_those_of_the_pull(pulling: Company, database: Database) -> None:
    """Rows without ingested_at have the time of their file, so it must not be that of a later interruption."""
    begun = datetime.now(UTC).timestamp()
    pulling.pull()
    database.put(3, "Jena", TUESDAY)
    pulling.pull()
    first, second = pulling.files("landing/customers")
    assert first.name.startswith("app-users-20")
    assert begun <= first.stat().st_mtime < second.stat().st_mtime <= datetime.now(UTC).timestamp()


KILLED = """
import os, sys
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.sources import pull_sources
from stayhouse.sources import database, landing
from pathlib import Path

def die(*arguments, **options):
    os._exit(9)

moment = sys.argv[1]
if moment == "before the rows are written":
    database.land = die
elif moment == "before the rows are remembered":
    landing._remember = die
elif moment == "before the pulled file is removed":
    Path.unlink = die
else:
    import importlib
    pipeline = importlib.import_module("dlt.pipeline.pipeline").Pipeline
    step, waiting = {
        "before dlt prepares the rows": ("normalize", "list_extracted_load_packages"),
        "before dlt hands over the rows": ("load", "list_normalized_load_packages"),
    }[moment]
    original = getattr(pipeline, step)

    def die_with_rows(self, *arguments, **options):
        if getattr(self, waiting)():
            die()
        return original(self, *arguments, **options)

    setattr(pipeline, step, die_with_rows)
pull_sources(Settings.resolve(company=Path(sys.argv[2])))
"""


@pytest.mark.parametrize(
    ("database", "moment"),
    [
        ("sqlite", "before dlt prepares the rows"),
        ("postgresql", "before dlt hands over the rows"),
        ("sqlite", "before the rows are written"),
        ("sqlite", "before the rows are remembered"),
        ("sqlite", "before the pulled file is removed"),
    ],
    indirect=["database"],
)
def test_a_killed_pull_loses_nothing_and_brings_nothing_twice(
    pulling: Company, database: Database, moment: str
) -> None:
    """A pull that was killed after its file was written wrote another over it, and a change was lost.

    Another left rows in the temporary folder of the machine, where nobody looks for them.
    """
    elsewhere = pulling.folder.parent / "temporary"
    elsewhere.mkdir()
    pulling.pull()
    database.put(2, "Kiel", TUESDAY)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, moment, str(pulling.folder)],
        cwd=REPO_ROOT,
        env=os.environ | {"TMPDIR": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    assert list(elsewhere.iterdir()) == []
    database.put(3, "Jena", TUESDAY)
    pulling.pull()
    rows = [row for file in pulling.landed()[1:] for row in towns(file)]
    assert sorted(rows) == [(2, "Kiel"), (3, "Jena")]


def test_pulled_rows_are_loaded_and_the_same_rows_change_nothing(pulling: Company, database: Database) -> None:
    def loaded() -> tuple[list, int]:
        with open_warehouse(pulling.settings.warehouse) as db:
            report = load_landing(db, pulling.settings.raw, contract())
            rows = db.execute("select customer_id, city, registered_at from raw.customers order by 1").fetchall()
            return rows, report.tables["customers"].rows_quarantined

    pulling.pull()
    first = loaded()
    assert first == ([("1", "Ulm", MONDAY), ("2", "Bonn", MONDAY)], 0)
    pulling.pull(again=True)
    assert len(pulling.files("landing/customers")) == 2
    assert loaded() == first
    database.put(2, "Kiel", TUESDAY)
    pulling.pull()
    assert loaded() == ([("1", "Ulm", MONDAY), ("2", "Kiel", MONDAY)], 0)


def test_other_columns_are_pulled_from_the_start(pulling: Company, database: Database) -> None:
    """A column that was added later would be empty in all rows that were pulled before."""
    pulling.states(TOML.replace(', city = "town"', ""))
    pulling.pull()
    pulling.states(TOML)
    assert [table.rows for table in pulling.pull().tables] == [2]
    assert [towns(rows) for rows in pulling.landed()[1:]] == [[(1, "Ulm"), (2, "Bonn")]]


def test_every_type_of_postgresql_arrives(company: Company, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, postgres)
    database = Database(postgres)
    database.do("drop table if exists things")
    database.do("drop type if exists mood")
    database.do("create type mood as enum ('good', 'bad')")
    database.do(
        """create table things (u uuid, j jsonb, n numeric, m numeric(12, 3), b boolean, t timestamptz, d date, h time,
        e mood, a text[], f double precision, i interval, x inet, s smallint)"""
    )
    database.do(
        """insert into things values ('0f3c3a52-8d2f-4c1d-9a59-7c1b3b6a5d10', '{"k": [1]}', 1234567890.1234567890123, 1.5, true,
        '2025-03-03 12:00+02', '2025-03-03', '10:30', 'good', '{x,y}', 'NaN', '1 day', '10.0.0.1', 3)"""
    )
    database.do("insert into things default values")
    company.states(
        '[sources.app]\nurl_env = "ACME_DATABASE_URL"\nschema = "public"\n[sources.app.tables.things]\nto = "exports/app/things"\n'
    )
    (company.folder / "shapes").mkdir()
    (company.folder / "shapes" / "customers.sql").write_text(
        "select u as customer_id from {{ export('app/things/*.parquet') }}"
    )
    company.pull()
    ((row, empty),) = company.landed("exports/app/things")
    assert set(empty.values()) == {None}
    assert row["u"] == "0f3c3a52-8d2f-4c1d-9a59-7c1b3b6a5d10"
    assert row["t"].astimezone(UTC) == datetime(2025, 3, 3, 10, tzinfo=UTC)
    assert str(row["m"]) == "1.500"
    # Without a precision it would be rounded in Parquet; times and addresses have no type there.
    assert (row["n"], row["i"], row["x"]) == ("1234567890.1234567890123", "1 day", "10.0.0.1/32")
    assert (row["j"], row["a"]) == ('{"k":[1]}', '["x","y"]')
    assert (row["e"], row["b"], row["s"], str(row["d"]), str(row["h"])) == ("good", True, 3, "2025-03-03", "10:30:00")
    database.engine.dispose()


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("datetime", "'2025-03-03T12:00:00Z'", "'2025-03-04T12:00:00Z'"),
        ("datetime", "'2025-03-03 12:00:00'", "'2025-03-04 12:00:00'"),
        ("datetime", "1741003200000", "1741089600000"),
        ("text", "'2025-03-03T12:00:00.000Z'", "'2025-03-04T12:00:00.000Z'"),
        ("integer", "1741003200", "1741089600"),
        ("date", "'2025-03-03'", "'2025-03-04'"),
        ("", "'2025-03-03'", "'2025-03-04'"),
    ],
)
def test_every_way_to_write_moments_into_sqlite_is_a_cursor(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, first: str, second: str
) -> None:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/app.db")
    database = Database(f"sqlite:///{tmp_path}/app.db")
    database.do("drop table users")
    database.do(f"create table users (id integer, town text, created_at text, updated_at {kind})")
    database.do(f"insert into users values (1, 'Ulm', '2025-03-03', {first})")
    company.states(TOML)
    company.pull()
    database.do(f"insert into users values (2, 'Bonn', '2025-03-03', {second})")
    company.pull()
    assert [table.rows for table in company.pull().tables] == [0]
    assert [towns(rows) for rows in company.landed()] == [[(1, "Ulm")], [(2, "Bonn")]]
    database.engine.dispose()


# ---------------------------------------------------------------- what goes wrong


def fault(company: Company) -> str:
    with pytest.raises(SourceError) as raised:
        company.pull()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tables.users]", "tables.user]", "no table user; did you mean users?"),
        ('"town"', '"twon"', "table users has no column twon; did you mean town?"),
        ('cursor = "updated_at"', 'cursor = "changed_at"', "has no column changed_at; did you mean created_at"),
        ("[sources.app.tables", 'schema = "pubic"\n[sources.app.tables', "the database has no schema pubic"),
    ],
)
def test_a_wrong_name_is_said_with_close_ones(pulling: Company, old: str, new: str, said: str) -> None:
    pulling.states(TOML.replace(old, new))
    assert said in fault(pulling)
    assert not pulling.files("landing/customers")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:s3cr3t-word@127.0.0.1:1/shop", "source app: connection to server at"),
        ("mysql://me:s3cr3t-word@127.0.0.1:1/shop", "Can't connect to MySQL server"),
        ("oracle11://me:s3cr3t-word@host/shop", "oracle11 is not a known database; ACME_DATABASE_URL takes postgresql://"),
        ("just words s3cr3t-word", "ACME_DATABASE_URL holds no address"),
        ("sqlite:////nowhere/shop.db", "/nowhere/shop.db: no such SQLite file"),
        ("mssql+pyodbc://me:s3cr3t-word@host/shop", "the driver pyodbc is not installed"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_one_line_without_its_password(
    company: Company, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    company.states(TOML)
    monkeypatch.setenv(VARIABLE, url)
    found = fault(company)
    assert said in found
    assert "s3cr3t-word" not in found


def test_the_command_says_what_came_and_what_is_wrong(pulling: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    first = CliRunner().invoke(app, ["pull", "acme"])
    assert (first.exit_code, "landing/customers/" in first.output) == (0, True), first.output
    assert pulling.files("landing/customers")
    again = CliRunner().invoke(app, ["pull", "acme", "--again"])
    assert again.exit_code == 0
    assert len(pulling.files("landing/customers")) == 2
    monkeypatch.delenv(VARIABLE)
    for command in ("pull", "build"):
        wrong = CliRunner().invoke(app, [command, "acme"])
        assert wrong.exit_code == 2
        assert "source app: ACME_DATABASE_URL is not set" in wrong.output


def test_folders_may_have_every_name_but_one_with_a_percent_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dlt filled the name of the company in as if it were a pattern, and failed without saying where."""
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/app.db")
    database = Database(f"sqlite:///{tmp_path}/app.db")
    database.put(1, "Ulm", MONDAY)
    company = Company(tmp_path / "#1 of Köln? {yes}")
    company.states(TOML)
    company.pull()
    assert [towns(rows) for rows in company.landed()] == [[(1, "Ulm")]]
    other = Company(tmp_path / "100%")
    other.states(TOML)
    assert "a folder with % in its name" in fault(other)
    database.engine.dispose()


def test_the_password_is_nowhere_in_the_folder(pulling: Company, database: Database) -> None:
    pulling.pull()
    found = [file for file in pulling.folder.rglob("*") if file.is_file() and b"s3cr3t-word" in file.read_bytes()]
    assert found == []


def test_what_is_remembered_holds_no_values(pulling: Company, database: Database) -> None:
    """An erased customer was left in the copies of rows that a pull keeps."""
    database.put(3, "Sangerhausen", TUESDAY)
    pulling.pull()
    state = pulling.settings.pulling
    assert state is not None
    assert any(state.rglob("*.parquet"))
    assert [file for file in state.rglob("*") if file.is_file() and b"Sangerhausen" in file.read_bytes()] == []


def test_a_build_pulls_first_and_says_when_it_cannot(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last publication stays, and files that were landed before are as they were."""
    from stayhouse.orchestration import runner

    # What follows the load is the same for all files.
    monkeypatch.setattr(runner._Jobs, "build_days", lambda jobs, first, last: runner.Outcome(runner.PUBLISHED))
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/app.db")
    database = Database(f"sqlite:///{tmp_path}/app.db")
    database.put(1, "Ulm", MONDAY)
    company.states(TOML)
    assert runner.build(company.settings).exit_code == runner.PUBLISHED
    with open_warehouse(company.settings.warehouse) as db:
        assert db.execute("select customer_id from raw.customers").fetchall() == [("1",)]
    landed = company.files("landing/customers")
    database.do("alter table users rename to people")
    outcome = runner.build(company.settings)
    assert outcome.exit_code == runner.BAD_INPUT
    assert outcome.log["bad_input"][0].startswith("source app: the database has no table users")
    assert runner.build(company.settings.without_pulling()).exit_code == runner.PUBLISHED
    assert company.files("landing/customers") == landed
    database.engine.dispose()
