"""A release of a part: marts of this run beside those that stay as they were, each with its day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.orchestration.defs import publishing
from stayhouse.orchestration.defs.publishing import marts_of_release
from stayhouse.orchestration.defs.quality import _last_published
from stayhouse.orchestration.selection import (
    checked_marts,
    chosen_domains,
    forget_checks,
    needed_nodes,
    note_checks,
    part_of_the_past,
)
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.summary import print_status
from stayhouse.page.build import build_page, read_page
from stayhouse.page.cards import write_cards
from stayhouse.page.panel import Column, Panel, Section, Table
from stayhouse.publishing.release import DATABASE_NAME, Mart, current_publication, day_of, publish

ORDERS, CHURN = Mart("sales", "mart_orders", "Orders.", {"n": "Number."}, ("n",)), Mart("churn", "mart_churn", "Churn.")
FIRST, SECOND = date(2025, 1, 1), date(2025, 1, 2)


@pytest.fixture
def warehouse(tmp_path: Path):
    """Writes the working file; every mart holds the number."""

    def write(number: int, *names: str) -> Path:
        path = tmp_path / "w.duckdb"
        with duckdb.connect(path) as db:
            for schema in ("sales", "churn"):
                db.execute(f"create schema if not exists {schema}")
            for name in names:
                db.execute(f"create or replace table {name} as select {number} as n")
        return path

    return write


def publish_day(path: Path, folder: Path, day: date, *marts: Mart, **options):
    with duckdb.connect(path) as db:
        return publish(db, folder, marts, day, f"{day.day:08x}", {}, **options)


def read(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(folder / "current" / DATABASE_NAME, read_only=True) as db:
        return db.execute(sql).fetchall()


@pytest.fixture
def in_part(warehouse, tmp_path) -> Path:
    """A folder of publications: first both marts, then only the orders; the working file holds another churn."""
    folder = tmp_path / "published"
    publish_day(warehouse(1, "sales.mart_orders", "churn.mart_churn"), folder, FIRST, ORDERS, CHURN)
    publish_day(
        warehouse(2, "sales.mart_orders", "churn.mart_churn"), folder, SECOND, ORDERS, replace(CHURN, carried=FIRST)
    )
    return folder


def test_a_mart_that_was_not_built_stays_as_readers_have_it(in_part):
    assert read(in_part, "select (from sales.mart_orders), (from churn.mart_churn)") == [(2, 1)]
    assert read(in_part, "from main.published_marts order by 1") == [
        ("churn.mart_churn", FIRST),
        ("sales.mart_orders", SECOND),
    ]
    document = current_publication(in_part)
    assert (day_of(document, "churn.mart_churn"), day_of(document, "sales.mart_orders")) == (FIRST, SECOND)
    assert document["rows"] == {"churn.mart_churn": 1, "sales.mart_orders": 1}
    comment = "select comment from duckdb_tables() where table_name = 'mart_churn'"
    assert read(in_part, comment) == [("Churn.",)]
    parquet = in_part / "current" / "parquet" / "mart_churn.parquet"
    assert duckdb.sql(f"from '{parquet}'").fetchall() == [(1,)]


def test_a_part_that_fails_leaves_the_publication_and_the_connection(warehouse, in_part, tmp_path):
    """The current release stayed open in a connection that the next publication uses too."""
    with duckdb.connect(tmp_path / "w.duckdb") as db:
        broken = (replace(CHURN, carried=FIRST), Mart("sales", "mart_missing"))
        for _ in range(2):
            with pytest.raises(duckdb.CatalogException):
                publish(db, in_part, broken, SECOND, "00000009", {})
            db.execute("rollback")
            db.execute("detach database if exists published")
    assert read(in_part, "from sales.mart_orders") == [(2,)]


def test_a_document_of_an_earlier_version_has_one_day():
    assert day_of({"as_of_date": "2025-01-01"}, "churn.mart_churn") == FIRST


# ---------------------------------------------------------------- what a run publishes


@pytest.fixture
def release(monkeypatch, in_part):
    """The marts that a run would publish, with the day of those that it takes from the current release."""

    def decide(as_of: date, checked: set[str], selected=None, domains=(), folder: Path = in_part) -> dict:
        run = SimpleNamespace(manifest={}, domains=domains, settings=SimpleNamespace(publish=folder))
        monkeypatch.setattr(publishing, "marts", lambda manifest: [ORDERS, CHURN])
        monkeypatch.setattr(
            publishing, "chosen_marts", lambda manifest, names: {"sales.mart_orders"} if names == ("sales",) else set()
        )
        return {mart.full_name: mart.carried for mart in marts_of_release(run, as_of, selected, checked)}

    return decide


BOTH = {"sales.mart_orders", "churn.mart_churn"}
THIRD = date(2025, 1, 3)


def test_a_whole_run_publishes_what_it_has_checked(release):
    assert release(THIRD, BOTH) == {"sales.mart_orders": None, "churn.mart_churn": None}


def test_a_mart_that_failed_its_checks_is_not_published_by_hand(release):
    """The publication could be begun alone in the UI, after a run whose checks had failed."""
    assert release(THIRD, {"sales.mart_orders"}) == {"sales.mart_orders": None, "churn.mart_churn": FIRST}
    with pytest.raises(dg.Failure, match="no mart of 2025-01-03 has passed its checks"):
        release(THIRD, set())


def test_a_part_publishes_no_mart_that_an_earlier_run_of_the_day_left_behind(release):
    assert release(THIRD, BOTH, domains=("sales",)) == {"sales.mart_orders": None, "churn.mart_churn": FIRST}


def test_assets_that_were_selected_in_the_ui_are_a_part(release):
    selected = {dg.AssetKey(["churn", "mart_churn"]), dg.AssetKey(["publication"])}
    assert release(THIRD, BOTH, selected) == {"sales.mart_orders": SECOND, "churn.mart_churn": None}
    assert release(THIRD, BOTH, {dg.AssetKey(["publication"])}) == {"sales.mart_orders": None, "churn.mart_churn": None}


def test_a_part_of_the_past_cannot_stand_beside_marts_of_a_later_day(release):
    with pytest.raises(dg.Failure, match="Build 2025-01-01 whole"):
        release(FIRST, BOTH, domains=("sales",))
    assert part_of_the_past({"as_of_date": "2025-01-01"}, FIRST) is None
    assert part_of_the_past(None, FIRST) is None


def test_the_first_publication_may_be_a_part(release, tmp_path):
    assert release(FIRST, BOTH, domains=("sales",), folder=tmp_path / "none") == {"sales.mart_orders": None}


def test_a_mart_that_is_built_again_has_to_be_checked_again():
    with duckdb.connect() as db:
        db.execute("select 1")
        note_checks(db, BOTH, FIRST)
        note_checks(db, {"churn.mart_churn"}, SECOND)
        assert (checked_marts(db, FIRST), checked_marts(db, SECOND)) == ({"sales.mart_orders"}, {"churn.mart_churn"})
        forget_checks(db, ["sales.mart_orders", "core.policy"])
        assert checked_marts(db, FIRST) == set()
        forget_checks(db, [])
        note_checks(db, [], THIRD)
        assert checked_marts(db, SECOND) == {"churn.mart_churn"}


def test_a_mart_is_compared_with_what_was_published_of_it_unless_that_is_later(in_part, tmp_path):
    """After a part, the next run of the day before compares the marts that were published for it, and no others."""
    with duckdb.connect() as db:
        db.execute(
            "create schema core; create table core.policy as select 10 as published_lost_pct, 5 as min_reliable_count"
        )
        settings = SimpleNamespace(publish=in_part)
        assert set(_last_published(settings, FIRST, db)["published"]) == {"churn.mart_churn"}
        assert set(_last_published(settings, SECOND, db)["published"]) == BOTH
        assert _last_published(SimpleNamespace(publish=tmp_path / "none"), FIRST, db) == {}


# ---------------------------------------------------------------- which domains


def test_domains_are_named_once_and_in_any_order():
    assert chosen_domains(" cx,activation, cx ") == ("cx", "activation")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("activatoin", "did you mean activation?"),
        ("zzz", "known are activation, alerts, churn"),
        (" ,", "names no domain"),
    ],
)
def test_an_unknown_domain_is_bad_input_before_anything_is_loaded(text, message, tmp_path):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        chosen_domains(text)
    places = ["--warehouse", str(tmp_path / "w.duckdb"), "--publish", str(tmp_path / "p")]
    result = CliRunner().invoke(app, ["build", "--select", text, "--raw", str(tmp_path), *places])
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert not (tmp_path / "w.duckdb").exists()


def test_a_domain_needs_its_marts_and_all_that_they_are_made_from():
    def node(name: str, *parents: str, kind: str = "model") -> dict:
        return {"name": name, "resource_type": kind, "depends_on": {"nodes": list(parents)}}

    nodes = {
        "mart": node("mart_churn_monthly", "step", "source.raw.x"),
        "step": node("int_churn", "seed"),
        "seed": node("thresholds", kind="seed") | {"depends_on": {"macros": []}},
        "other": node("mart_activation_curve", "step"),
        "test": node("a_test", "mart", kind="test"),
    }
    assert needed_nodes({"nodes": nodes}, ["churn"]) == {"mart", "step", "seed"}


# ---------------------------------------------------------------- what readers see


def panel(key: str, sql: str) -> Panel:
    return Panel(key, f"Panel {key}", "", sql, Table((Column("n", "N"),)))


def shown(folder: Path, *sqls: str) -> dict:
    sections = [Section("one", "One", "", tuple(panel(f"p{at}", sql) for at, sql in enumerate(sqls)))]
    page = build_page(
        folder / "current" / DATABASE_NAME, folder / "page.html", as_of=SECOND, published_at="", sections=sections
    )
    return read_page(page.read_text())


@pytest.fixture
def without_library(monkeypatch):
    monkeypatch.setattr("stayhouse.page.library.script", str)


def test_the_page_marks_panels_of_an_earlier_day_and_leaves_out_what_is_not_built(in_part, without_library):
    found = shown(
        in_part,
        "select n from sales.mart_orders",
        "select n from churn.mart_churn join sales.mart_orders using (n)",
        "select n from cx.mart_nothing",
    )
    (section,) = found["sections"]
    assert {one["key"]: one["as_of"] for one in section["panels"]} == {"p0": None, "p1": "2025-01-01"}
    assert found["left_out"] == ["Panel p2"]
    assert shown(in_part, "select n from cx.mart_nothing")["sections"] == []


def test_a_mart_of_an_earlier_version_costs_its_panel_and_not_the_page(in_part, without_library):
    """After an upgrade a mart that stays as it was may lack a column; one of this run may not."""
    assert shown(in_part, "select fresh_column from churn.mart_churn")["left_out"] == ["Panel p0"]
    with pytest.raises(duckdb.BinderException):
        shown(in_part, "select fresh_column from sales.mart_orders")


def test_a_publication_without_alerts_has_no_cards(in_part, tmp_path):
    assert write_cards(in_part / "current" / DATABASE_NAME, tmp_path, SECOND) == {}
    result = CliRunner().invoke(app, ["card", "c1", "--publish", str(in_part)])
    assert (result.exit_code, "does not have customer_360.mart_customer_360" in result.stderr) == (2, True)


def test_status_names_the_domains_of_an_earlier_day(in_part, tmp_path, capsys):
    print_status(Settings.resolve(tmp_path / "raw", None, tmp_path / "w.duckdb", in_part), verbose=True)
    screen = capsys.readouterr().out
    assert "older churn: as of 2025-01-01 (1 of 2 marts)" in screen
    assert re.search(r"churn.mart_churn\s+│\s+1 │ 2025-01-01", screen)
    assert re.search(r"sales.mart_orders\s+│\s+1 │ 2025-01-02", screen)
