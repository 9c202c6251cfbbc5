"""Readers of the server see one publication as a whole, also while the next one takes its place."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from parsing import settings_in
from servers import asked, client

from stayhouse.contract.sql import connect
from stayhouse.orchestration.defs import publishing
from stayhouse.orchestration.run_log import RunLog
from stayhouse.orchestration.server import check_publication
from stayhouse.orchestration.settings import Settings
from stayhouse.postgres import Server, ServerError, attached
from stayhouse.postgres.release import Table, publish
from stayhouse.publishing.release import Mart

FIRST = date(2025, 6, 30)
TABLES = [
    Table("churn.mart_a", "mart_a", "All of a.", {"run": "The run's number."}),
    Table("churn.mart_b", "mart_b", "All of b.", {}),
]


def build(server: Server, number: int) -> None:
    asked(
        server,
        "create schema if not exists churn; "
        + "; ".join(
            f"drop table if exists churn.{name}; create table churn.{name} as select {number} as run from generate_series(1, 500)"
            for name in ("mart_a", "mart_b")
        ),
    )


def release(server: Server, number: int, wait_seconds: float = 60.0) -> None:
    build(server, number)
    with connect() as db, attached(db, server):
        publish(db, server, TABLES, FIRST + timedelta(days=number), f"run{number}", "", wait_seconds)


def test_a_publication_has_the_marts_with_their_meaning_and_the_day(server) -> None:
    release(server, 1)
    assert asked(server, "select run_id, as_of_date from published.publication") == [("run1", date(2025, 7, 1))]
    assert asked(server, "select distinct run from published.mart_a") == [(1,)]
    comments = "select obj_description('published.mart_a'::regclass), col_description('published.mart_a'::regclass, 1)"
    assert asked(server, comments) == [("All of a.", "The run's number.")]


def test_readers_see_one_publication_at_a_time(server) -> None:
    """What a transaction reads of two marts is of one run, and no reader fails."""
    release(server, 0)
    seen, faults, began, done = set(), [], threading.Event(), threading.Event()

    def read() -> None:
        connection = client(server)
        try:
            is_last = False
            while not is_last:
                # One more time after the last publication.
                is_last = done.is_set()
                with connection, connection.cursor() as cursor:
                    found = []
                    for name in ("mart_a", "publication", "mart_b"):
                        column = "run" if name != "publication" else "cast(substr(run_id, 4) as integer)"
                        cursor.execute(f"select count(*), min({column}), max({column}) from published.{name}")
                        found.append(cursor.fetchone())
                seen.add(tuple(sorted({value for row in found for value in row[1:]})))
                began.set()
                if [row[0] for row in found] != [500, 1, 500]:
                    faults.append(found)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        assert began.wait(60), faults
        for number in range(1, 6):
            release(server, number)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert all(len(runs) == 1 for runs in seen)
    assert {(0,), (5,)} <= seen


def test_a_reader_who_does_not_end_keeps_the_publication_and_is_named(server) -> None:
    release(server, 1)
    reader = client(server)
    with reader.cursor() as cursor:
        cursor.execute("set application_name = 'forgotten dashboard'; select * from published.mart_a")
        with pytest.raises(ServerError, match=r"forgotten dashboard.*end their transactions"):
            release(server, 2, wait_seconds=2.0)
        cursor.execute("select distinct run from published.mart_b")
        assert cursor.fetchall() == [(1,)]
    reader.close()
    release(server, 2)
    assert asked(server, "select distinct run from published.mart_a") == [(2,)]


def test_rights_and_views_of_others_go_on(server) -> None:
    release(server, 1)
    role = f"reader_of_{server.database}"
    asked(server, f"create role {role}; grant usage on schema published to {role}")
    asked(server, f"grant select on all tables in schema published to {role}")
    asked(server, "create schema bi; create view bi.shown as select run + 0 as run from published.mart_a")
    release(server, 2)
    assert asked(server, f"set role {role}; select distinct run from published.mart_b") == [(2,)]
    assert asked(server, "select distinct run from bi.shown") == [(2,)]
    assert asked(server, "select count(*) from pg_namespace where nspname like 'published%'") == [(1,)]


def may_read(server: Server, role: str) -> list[str]:
    """The published tables that a role may read."""
    found = asked(
        server,
        f"select tablename from pg_tables where schemaname = 'published' "
        f"and has_table_privilege('{role}', format('%I.%I', schemaname, tablename), 'select') order by 1",
    )
    return [name for (name,) in found]


def test_a_role_that_may_read_one_mart_reads_no_other_after_a_publication(server) -> None:
    """Everybody with usage of the schema could read every mart after the next publication."""
    release(server, 1)
    role, part = f"one_mart_of_{server.database}", f"one_column_of_{server.database}"
    asked(server, f"create role {role}; create role {part}; grant usage on schema published to {role}, {part}")
    asked(server, f"grant select on published.mart_a to {role} with grant option")
    asked(server, f"grant select (run) on published.mart_b to {part}")
    release(server, 2)
    assert may_read(server, role) == ["mart_a"]
    assert may_read(server, part) == []
    assert asked(server, f"set role {part}; select distinct run from published.mart_b") == [(2,)]
    assert asked(server, f"set role {role}; select distinct run from published.mart_a") == [(2,)]
    passed_on = "has_table_privilege('{}', 'published.mart_a', 'select with grant option')"
    assert asked(server, f"select {passed_on.format(role)}") == [(True,)]


def test_a_new_mart_gets_the_default_privileges_and_an_old_one_keeps_what_was_revoked(server) -> None:
    """Default privileges of a schema went with the schema, and gave back what had been taken from a mart."""
    release(server, 1)
    role, other = f"default_of_{server.database}", f"global_of_{server.database}"
    asked(server, f"create role {role}; create role {other}")
    asked(server, "create table churn.mart_new as select 1 as run")
    asked(server, f"alter default privileges in schema published grant select on tables to {role}")
    asked(server, f"alter default privileges grant select on tables to {other}")
    for number in (2, 3):
        with connect() as db, attached(db, server):
            tables = [*TABLES, Table("churn.mart_new", "mart_new", "New.", {})]
            publish(db, server, tables, FIRST, f"run{number}", "")
        assert may_read(server, role) == ["mart_new"]
        assert may_read(server, other) == ["mart_new"]


def test_a_view_keeps_its_barrier(server) -> None:
    release(server, 1)
    asked(server, "create view published.shown with (security_barrier) as select run from published.mart_a")
    release(server, 2)
    options = "select reloptions from pg_class where oid = 'published.shown'::regclass"
    assert asked(server, options) == [(["security_barrier=true"],)]
    assert asked(server, "select distinct run from published.shown") == [(2,)]


@pytest.fixture
def plain(server: Server) -> Server:
    """The server as a role uses it that owns the database, without the rights of a superuser."""
    role = f"runs_of_{server.database}"
    asked(server, f"create role {role} login; alter database {server.database} owner to {role}")
    return replace(server, user=role)


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (
            "create materialized view bi.kept as select run from published.mart_a",
            "materialized view bi.kept of analyst",
        ),
        ("create view bi.theirs as select run from published.mart_a", "view bi.theirs of analyst"),
        (
            "reset role; alter table published.mart_a enable row level security",
            "row security of table published.mart_a",
        ),
        (
            "reset role; alter table published.publication add primary key (run_id); "
            "create table bi.runs (run_id text references published.publication)",
            "constraint runs_run_id_fkey on table bi.runs",
        ),
        ("reset role; create table published.theirs (n integer)", "table published.theirs of owner"),
    ],
)
def test_what_cannot_go_on_with_new_tables_is_named_before_anything_is_written(server, plain, made, named) -> None:
    """The files were released, and then PostgreSQL refused to drop the old tables."""
    release(plain, 1)
    analyst = f"analyst_of_{server.database}"
    asked(server, f"create role {analyst}; create schema bi authorization {analyst}")
    asked(server, f"grant usage on schema published to {analyst}; grant select on published.mart_a to {analyst}")
    asked(server, f"set role {analyst}; {made}")
    with pytest.raises(ServerError, match=f"cannot be replaced because of {named}"):
        release(plain, 2)
    assert asked(server, "select count(*) from pg_namespace where nspname = 'published_next'") == [(0,)]
    assert asked(server, "select distinct run from published.mart_b") == [(1,)]


def test_a_view_that_does_not_fit_the_new_table_keeps_the_last_publication(plain) -> None:
    """A reader got PostgreSQL's own error, and the run a traceback."""
    release(plain, 1)
    asked(plain, "create schema bi; create view bi.shown as select run from published.mart_b")
    with (
        connect() as db,
        attached(db, plain),
        pytest.raises(ServerError, match=r"keep the last publication: .*published\.mart_b"),
    ):
        publish(db, plain, TABLES[:1], FIRST, "run2", "")
    assert asked(plain, "select run_id from published.publication") == [("run1",)]


def test_a_reader_of_a_view_is_waited_for(plain) -> None:
    release(plain, 1)
    asked(plain, "create schema bi; create view bi.shown as select 1 as one from published.mart_a limit 1")
    reader = client(plain)
    with reader.cursor() as cursor:
        # It holds the view and none of its tables.
        cursor.execute("comment on view bi.shown is 'read'")
        with pytest.raises(ServerError, match="waited for 1 seconds"):
            release(plain, 2, wait_seconds=1.0)
    reader.close()
    release(plain, 2)
    assert asked(plain, "select run_id from published.publication") == [("run2",)]


# ---------------------------------------------------------------- beside the release of files


@pytest.fixture
def beside_files(server: Server, tmp_path: Path) -> Settings:
    """Settings of a company whose files have run1."""
    settings = replace(settings_in(tmp_path), server=server)
    (settings.publish / "current").mkdir(parents=True)
    document = {"run_id": "run1", "as_of_date": "2025-07-01"}
    (settings.publish / "current" / "publication.json").write_text(json.dumps(document))
    return settings


PART = [Mart("churn", "mart_a"), Mart("churn", "mart_b", carried=date(2025, 7, 1))]


def test_a_part_needs_the_other_marts_on_the_server(beside_files, server) -> None:
    """After a change of the target `build --select` copied marts that the server did not have, or of another day."""
    with pytest.raises(ServerError, match=r"has no marts yet, and the files those of run run1 .*without --select"):
        check_publication(beside_files, PART)
    check_publication(beside_files, [replace(mart, carried=None) for mart in PART])
    release(server, 1)
    check_publication(beside_files, PART)
    release(server, 2)
    with pytest.raises(ServerError, match="has the marts of run run2, and the files those of run run1"):
        check_publication(beside_files, PART)


def test_a_run_whose_server_does_not_follow_keeps_its_record(beside_files, monkeypatch) -> None:
    """A reader who blocked the server cost the run its record, although its files were published."""

    def refuse(*arguments: object) -> None:
        raise ServerError("db: waited for readers")

    run = SimpleNamespace(settings=beside_files, log=RunLog(beside_files.run_log))
    run.log.note(published={"as_of": date(2025, 7, 1)})
    monkeypatch.setattr(publishing, "publish_on_server", refuse)
    with pytest.raises(dg.Failure, match="2025-07-01 is published in the files and not on the server: db") as raised:
        publishing.follow_on_server(run, date(2025, 7, 1), PART, "run1", "")
    assert not raised.value.allow_retries
    assert run.log.read()["published"] == {"as_of": "2025-07-01", "on_server": False}
    monkeypatch.setattr(publishing, "publish_on_server", lambda *arguments: None)
    publishing.follow_on_server(run, date(2025, 7, 1), PART, "run1", "")
    assert run.log.read()["published"] == {"as_of": "2025-07-01", "on_server": True}


def test_a_day_that_readers_do_not_get_is_not_held_up_by_the_server(beside_files, monkeypatch) -> None:
    """A back-fill of the past is kept beside the current release, and the server has no part in it."""
    run = SimpleNamespace(settings=beside_files, make_current=False)
    publishing.check_server_follows(run, date(2025, 6, 1), PART)
    with pytest.raises(dg.Failure, match="no marts yet"):
        publishing.check_server_follows(run, date(2025, 7, 2), PART)
