"""Readers of the server see one publication as a whole, also while the next one takes its place."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from servers import asked, client

from stayhouse.contract.sql import connect
from stayhouse.postgres import Server, ServerError, attached
from stayhouse.postgres.release import Table, publish

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
    seen, faults, done = set(), [], threading.Event()

    def read() -> None:
        connection = client(server)
        try:
            while not done.is_set():
                with connection, connection.cursor() as cursor:
                    found = []
                    for name in ("mart_a", "publication", "mart_b"):
                        column = "run" if name != "publication" else "cast(substr(run_id, 4) as integer)"
                        cursor.execute(f"select count(*), min({column}), max({column}) from published.{name}")
                        found.append(cursor.fetchone())
                seen.add(tuple(sorted({value for row in found for value in row[1:]})))
                if [row[0] for row in found] != [500, 1, 500]:
                    faults.append(found)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 6):
        release(server, number)
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert all(len(runs) == 1 for runs in seen)
    assert len(seen) > 1, "no reader saw a change"


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
