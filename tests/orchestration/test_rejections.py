"""Rows that are rejected in large shares are named in the first lines of the summary."""

from __future__ import annotations

import duckdb
import pytest
from conftest import Landing, customer, event

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.rejections import describe_rejections
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(landing: Landing, tmp_path) -> Settings:
    return Settings(raw=landing.folder, policy=None, warehouse=tmp_path / "w.duckdb", publish=tmp_path / "published")


@pytest.fixture
def described(settings: Settings):
    """Loads the landing folder and describes it with a limit of one percent and these reasons of rejected answers."""

    def describe(*answers: str | None) -> list[str]:
        with open_warehouse(settings.warehouse) as db:
            load_landing(db, settings.raw, contract())
            db.execute("create schema if not exists core")
            db.execute("create or replace table core.fct_survey_answers (reject_reason varchar)")
            db.executemany("insert into core.fct_survey_answers values (?)", [[reason] for reason in answers or [None]])
            db.execute(
                "create or replace table core.policy as "
                "select 1.0 as quarantined_share_pct, 1.0 as rejected_answers_share_pct"
            )
        return describe_rejections(settings)

    return describe


def test_a_table_with_many_broken_rows_is_named_with_its_reasons(landing: Landing, described, settings):
    """Half of the events were in quarantine, in a column of a table of twenty rows, and the run said "published"."""
    landing.csv("customers", [customer(1)])
    broken = [event(1, occurred_at="never"), event(2, occurred_at="never"), event(3, customer_id="c9")]
    landing.csv("events", [*broken, *(event(number) for number in range(4, 9))])
    (line,) = described()
    assert line.startswith("events: 3 of 8 rows (37.5 %) of the new files are in quarantine: ")
    assert line.index("occurred_at is not a moment") < line.index("customer_id refers to no row"), (
        "the most frequent reason comes first"
    )
    assert f"quarantine.events of {settings.warehouse}" in line


def test_a_share_within_the_limit_and_loads_of_before_are_not_named(landing: Landing, described):
    landing.csv("customers", [customer(number) for number in range(99)] + [customer(99, registered_at="never")])
    assert described() == []
    landing.csv(
        "customers", [customer(number) for number in range(100, 149)] + [customer(150, registered_at="x")], "b.csv"
    )
    assert len(described()) == 1
    landing.csv("customers", [customer(151)], "c.csv")
    assert described() == []


def test_answers_that_their_question_does_not_allow_are_named(landing: Landing, described):
    landing.csv("customers", [customer(1)])
    (line,) = described("score_outside_scale", "score_not_asked", "unknown_question", None)
    assert line.startswith("survey_answers: 2 of 4 rows (50.0 %) have a score that their question does not allow")
    assert described("unknown_question", None) == [], "unknown questions are named as codes that policy does not know"


def test_before_the_first_build_there_is_nothing_to_say(settings):
    with duckdb.connect(str(settings.warehouse)):
        pass
    assert describe_rejections(settings) == []
