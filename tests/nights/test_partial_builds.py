"""A run of some domains publishes their marts; all others stay as readers have them, and the next whole run as well."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import duckdb
import pytest
from nights.conftest import LAST, assert_same

from stayhouse.orchestration.dbt_session import read_manifest
from stayhouse.orchestration.selection import needed_nodes
from stayhouse.orchestration.summary import print_status
from stayhouse.page import PAGE_NAME
from stayhouse.page.build import read_page
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
NEXT = LAST + timedelta(days=1)


def rows_of(settings, mart: str) -> list[tuple]:
    with duckdb.connect(settings.publish / "current" / DATABASE_NAME, read_only=True) as db:
        return db.execute(f"from {mart} order by all").fetchall()


def test_a_run_of_one_domain_leaves_the_other_marts_as_readers_have_them(again, capsys):
    """Somebody who tunes one domain waited for all of them; and the working file may hold marts that failed."""
    settings, build = again
    with duckdb.connect(settings.warehouse) as db:
        # What a withheld run left behind.
        db.execute("update churn.mart_churn_monthly set churn_num = 999")
    before = rows_of(settings, "churn.mart_churn_monthly")
    customers = rows_of(settings, "activation.mart_activation_customer")
    outcome = build(first=NEXT, last=NEXT, allow_stale=True, domains=("activation",))
    assert outcome.exit_code == 0, outcome.log
    document = json.loads((settings.publish / "current" / "publication.json").read_text())
    assert document["as_of_date"] == NEXT.isoformat()
    days = {mart.split(".")[0]: set() for mart in document["rows"]}
    for mart, day in document["as_of_dates"].items():
        days[mart.split(".")[0]].add(day)
    assert days.pop("activation") == {NEXT.isoformat()}
    assert set().union(*days.values()) == {LAST.isoformat()}
    assert len(days) > 8
    assert rows_of(settings, "churn.mart_churn_monthly") == before
    assert rows_of(settings, "activation.mart_activation_customer") != customers
    assert ("churn.mart_churn_monthly", LAST) in rows_of(settings, "main.published_marts")
    with duckdb.connect(settings.warehouse, read_only=True) as db:
        checked = db.execute(
            "select distinct split_part(asset, '/', 1) from ops.expectation_results where stage = 'mart' "
            "and as_of_date = ?",
            [NEXT],
        ).fetchall()
    assert checked == [("activation",)], "the gates of other domains looked at marts that were not built"
    page = (settings.publish / "current" / PAGE_NAME).read_text()
    panels = {panel["key"]: panel for section in read_page(page)["sections"] for panel in section["panels"]}
    assert {panels[key]["as_of"] for key in ("activation_funnel", "activation_curve", "onboarding_kpi")} == {None}
    assert {panels[key]["as_of"] for key in ("churn_rate", "churn_bridge")} == {LAST.isoformat()}
    # A list reads customers of the other domains too, and is as old as they are.
    assert panels["activation_waiting"]["as_of"] == LAST.isoformat()
    print_status(settings, verbose=False)
    assert f"usage_health: as of {LAST} (" in capsys.readouterr().out


@pytest.mark.repetition
def test_a_whole_run_after_a_part_gives_what_it_would_have_given(small_company, straight, company, tmp_path):
    """Models of the part have taken in rows that the others have not seen, and each must find what is new to itself."""
    raw = tmp_path / "raw"
    first, then = LAST - timedelta(days=20), LAST - timedelta(days=5)

    def deliver(until: str) -> None:
        for part in small_company.glob("*/dt=*"):
            place = raw / part.parent.name / part.name
            if part.name <= f"dt={until}" and not place.exists():
                shutil.copytree(part, place)

    tuned = company(raw)
    deliver(first.isoformat())
    tuned.load()
    tuned.core_tables(first)
    deliver(then.isoformat())
    tuned.load()
    manifest = read_manifest(tuned.settings, tuned.session)
    chosen = [manifest["nodes"][key] for key in needed_nodes(manifest, ["activation"])]
    built = tuned.transform(then, select=[f"fqn:{'.'.join(node['fqn'])}" for node in chosen])
    deliver("9999")
    tuned.load()
    tables = tuned.core_tables(LAST)
    incremental = {
        f"core.{node.name}"
        for node in tuned.session.parse().nodes.values()
        if node.config.get("materialized") == "changed_keys"
    }
    assert incremental & set(built), "the part continued nothing"
    assert incremental - set(built), "the part was the whole"
    assert_same(straight, tuned, tables)
