"""An explanation is about the number that people see: the same publication, the rows that add up to it, the policy of its
run."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.orchestration.explaining import CannotExplain, period_start
from stayhouse.orchestration.metric_catalogue import facts, metrics, parts_of
from stayhouse.orchestration.metric_definitions import definitions
from stayhouse.publishing.reading import DEFINITIONS_NAME
from stayhouse.publishing.release import Mart, publish

MARTS = [
    Mart("metrics", "mart_metric_values"),
    Mart("churn", "mart_churn_events"),
    Mart("customer_360", "mart_customer_360"),
]
DEFINITIONS = {
    "metrics": {
        "lost_pct": {
            "code": "lost_pct", "title": "Lost customers", "question": "How many are lost?",
            "formula": "100 x churned in lost_days / all", "numerator": "churned within lost_days",
            "denominator": "all of the month", "unit": "percent", "better": "lower", "target": "lost_pct", "version": "3",
            "owner": "churn", "mart": "churn.mart_churn_events", "period_grain": "month", "where": None,
            "column": "lost_pct", "thresholds": ["lost_days"],
            "parts": {
                "numerator": {"facts": "churns", "expression": "lost", "row": "case when is_lost then 1 else 0 end"},
                "denominator": {"facts": "churns", "expression": "every", "row": "1"},
            },
        },
        "opening_pct": {
            "code": "opening_pct", "title": "Opening", "question": "Who was there?", "formula": "f", "numerator": "n",
            "denominator": "d", "unit": "percent", "better": "none", "target": None, "version": "1", "owner": "churn",
            "mart": "churn.mart_churn_events", "period_grain": "month", "where": None, "column": None, "thresholds": [],
            "parts": {
                "numerator": {"facts": "churns", "expression": "lost", "row": "case when is_lost then 1 else 0 end"},
                "denominator": {"facts": "openings", "expression": "o", "row": "o"},
            },
        },
    },
    "facts": {
        "churns": {
            "model": "mart_churn_events", "sql": "select * from churn.mart_churn_events",
            "marts": ["churn.mart_churn_events"], "time": "churned_date",
            "dimensions": {"segment": "segment_code", "customer": "customer_id"}, "unpublished": None,
        },
        "openings": {
            "model": "mart_churn_events", "sql": None, "marts": [], "time": "m", "dimensions": {},
            "unpublished": "churn.mart_churn_monthly has the counts",
        },
    },
    "thresholds": {
        "lost_days": {"value": "9", "unit": "days", "origin": "text", "reason": "so they say", "file": "company"},
        "other_days": {"value": "1", "unit": "days", "origin": "ours", "reason": "no matter", "file": "default"},
    },
    "targets": [
        {"metric_code": "lost_pct", "segment_code": "shop", "comparator": "<=", "target_value": "7", "reason": "", "origin": ""},
        {"metric_code": "lost_pct", "segment_code": "*", "comparator": "<=", "target_value": "5", "reason": "norm", "origin": "ours"},
    ],
    "models": {
        "mart_churn_events": {
            "layer": "marts", "table": "churn.mart_churn_events", "meaning": "Churn events.",
            "parents": ["fct_churn_events"], "thresholds": [],
        },
        "fct_churn_events": {
            "layer": "core", "table": "core.fct_churn_events", "meaning": "Churn.", "parents": ["customers"],
            "thresholds": ["lost_days"],
        },
        "customers": {"layer": "raw", "table": "raw.customers", "meaning": "", "parents": [], "thresholds": []},
        "mart_else": {"layer": "marts", "table": "x.mart_else", "meaning": "", "parents": [], "thresholds": ["other_days"]},
    },
}  # fmt: skip
VALUES = """
create table metrics.mart_metric_values as select * replace (cast(metric_amount as double) as metric_amount)
from (values
    ('lost_pct', 'all', 'all', 50.0, 2, 4, date '2025-01-01', true),
    ('lost_pct', 'segment', 'shop', 100.0, 1, 1, date '2025-01-01', true),
    ('lost_pct', 'region', 'north', 50.0, 2, 4, date '2025-01-01', true),
    ('lost_pct', 'all', 'all', 100.0, 1, 1, date '2025-02-01', false),
    ('opening_pct', 'all', 'all', 20.0, 2, 10, date '2025-01-01', true),
    ('lost_pct', 'all', 'all', null, null, null, date '2024-12-01', true)
) as t (metric_code, dimension_name, dimension_value, metric_amount, numerator_amount, denominator_amount,
    period_start_date, is_complete)
"""
EVENTS = """
create table churn.mart_churn_events as
from (values
    ('c1', '=shop', true, date '2025-01-05'), ('c2', 'sender', true, date '2025-01-31'),
    ('c3', 'sender', false, date '2025-01-01'), ('c1', 'shop', false, date '2025-01-09'),
    ('c2', 'sender', true, date '2025-02-01')
) as t (customer_id, segment_code, is_lost, churned_date)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as db:
        for mart in MARTS:
            db.execute(f"create schema {mart.schema}")
        db.execute(VALUES)
        for column in ("metric_amount_ci_lo double", "metric_amount_ci_hi double", "is_reliable boolean"):
            db.execute(f"alter table metrics.mart_metric_values add column {column}")
        db.execute(EVENTS)
        db.execute(
            "create table customer_360.mart_customer_360 as from (values ('c1'), ('c2'), ('c9')) as t (customer_id)"
        )
    return path


@pytest.fixture
def explain(warehouse, tmp_path):
    """Publishes the warehouse and runs the command on the publication."""

    def run(*arguments: str, definitions: dict | None = DEFINITIONS, details: dict | None = None):
        def write(release: Path, document: dict) -> None:
            if definitions:
                (release / DEFINITIONS_NAME).write_text(json.dumps(definitions))

        folder = tmp_path / "published"
        with duckdb.connect(warehouse) as db:
            publish(db, folder, MARTS, date(2025, 2, 28), "00000001", details or {}, companions=[write])
        return CliRunner().invoke(app, ["explain", *arguments, "--publish", str(folder)])

    return run


def test_a_number_that_is_not_measurable_is_compared_with_nothing(explain):
    """NULL was read as 0, so a metric that nobody can measure was said to agree with its rows."""
    result = explain("lost_pct", "--period", "2024-12")
    assert result.exit_code == 0, result.output
    assert "add up to" in result.output
    assert "as the number says" not in result.output


def test_an_explanation_has_the_definition_the_number_and_the_policy_of_its_run(explain):
    """People asked what a percentage counts, and the answer lay in five files of the repository."""
    result = explain("lost_pct")
    assert result.exit_code == 0, result.output
    for part in (
        "Lost customers (lost_pct, version 3), published as of 2025-02-28",
        "100 x churned in lost_days / all",
        "<= 5: norm (our choice)",
        "50 % in 2025-01 = 2 / 4",
        "4 rows of churn.mart_churn_events add up to numerator 2 and denominator 4, as the number says",
        "company's policy",
        "so they say",
        "raw tables: customers",
        "mart_churn_events: Churn events.",
    ):
        assert part in result.output
    assert "other_days" not in result.output, "a threshold that no model on the way reads"


def test_the_rows_are_written_and_add_up_to_the_number(explain, tmp_path):
    file = tmp_path / "rows.csv"
    assert explain("lost_pct", "--rows", str(file)).exit_code == 0
    rows = list(csv.DictReader(file.open()))
    assert sorted((row["customer_id"], row["in_numerator"], row["in_denominator"]) for row in rows) == [
        ("c1", "0", "1"), ("c1", "1", "1"), ("c2", "1", "1"), ("c3", "0", "1"),
    ]  # fmt: skip
    assert "'=shop" in {row["segment_code"] for row in rows}, "a spreadsheet would run it as a formula"


def test_rows_that_do_not_add_up_are_an_error_that_names_the_days(explain):
    """Marts of two days need not agree; without a word the file would pass for the number."""
    older = {"as_of_dates": {"churn.mart_churn_events": "2025-02-27"}}
    result = explain("lost_pct", "--by", "segment=shop", details=older)
    assert result.exit_code == 1
    assert "those of the numerator add up to 0, the number says 1" in result.output
    assert "churn.mart_churn_events of 2025-02-27" in result.output


def test_a_period_is_named_in_any_way_and_an_unfinished_one_says_so(explain):
    assert (
        "100 % in 2025-02 = 1 / 1; its window has not elapsed" in explain("lost_pct", "--period", "2025-02-17").output
    )


def test_a_customer_is_shown_with_what_they_add(explain):
    result = explain("lost_pct", "--customer", "c1")
    assert result.exit_code == 0
    assert "c1 adds 1 to the numerator and 2 to the denominator, by 2 rows" in result.output


def test_a_customer_outside_the_period_is_pointed_to_theirs(explain):
    result = explain("lost_pct", "--customer", "c1", "--period", "2025-02")
    assert "c1 is not counted in 2025-02" in result.output
    assert re.search(r"counted in\s+2025-01\n", result.output)


def test_rows_that_are_not_published_say_why_and_where_the_counts_are(explain, tmp_path):
    result = explain("opening_pct")
    assert result.exit_code == 0
    assert "2 rows of churn.mart_churn_events add up to numerator 2, as the number says" in result.output
    assert "of the denominator: churn.mart_churn_monthly has the counts" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lost_pc",), "lost_pc: no such metric; did you mean lost_pct?"),
        (("lost customers",), "did you mean lost_pct?"),
        (("zzz",), "zzz: no such metric; stayhouse explain lists the metrics"),
        (("lost_pct", "--by", "segmnt=shop"), "is not split by segmnt; did you mean segment?"),
        (("lost_pct", "--by", "segment=shp"), "has no segment shp; did you mean shop?"),
        (("lost_pct", "--by", "segment"), "--by segment names no value"),
        (("lost_pct", "--period", "2024-01"), "published are 2024-12 to 2025-02"),
        (("lost_pct", "--period", "soon"), "--period soon does not name a period"),
        (("lost_pct", "--customer", "c77"), "c77: no such customer"),
        (("lost_pct", "--by", "region=north", "--rows", "x.csv"), "no rows of the numerator: published rows have no region"),
        (("--customer", "c1"), "name a metric"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_by_what_can_be_asked(explain, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = explain(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_without_a_metric_all_are_listed_by_domain(explain):
    result = explain()
    assert result.exit_code == 0
    assert re.search(r"churn\s+│ lost_pct\s+│ Lost customers\s+│ 50 % in 2025-01", result.output)


def test_a_publication_of_an_earlier_version_says_what_to_do(explain):
    result = explain("lost_pct", definitions=None)
    assert (result.exit_code, "Run stayhouse build" in result.stderr) == (2, True)


def test_nothing_published_is_said(tmp_path):
    result = CliRunner().invoke(app, ["explain", "--publish", str(tmp_path / "none")])
    assert (result.exit_code, "nothing has been published" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "grain", "start"),
    [
        ("2025-06", "month", date(2025, 6, 1)),
        ("2025-06", "quarter", date(2025, 4, 1)),
        ("2025-Q4", "quarter", date(2025, 10, 1)),
        ("2025q1", "month", date(2025, 1, 1)),
        ("2025-12-31", "quarter", date(2025, 10, 1)),
        ("2025-12-31", "day", date(2025, 12, 31)),
    ],
)
def test_periods(text, grain, start):
    assert period_start(text, grain) == start


@pytest.mark.parametrize("text", ["2025", "2025-13", "2025-02-30", "Q2"])
def test_what_does_not_name_a_period(text):
    with pytest.raises(CannotExplain):
        period_start(text, "month")


def test_every_metric_says_where_its_rows_are():
    """A metric of another shape, or over facts that nobody can read, would be found out by a user."""
    known, marts = facts(), {metric["published"]["mart"] for metric in metrics()}
    assert marts
    for metric in metrics():
        for part in filter(None, parts_of(metric["expression"])):
            owners = [one for one in known.values() if set(re.findall(r"\w+", part)) & set(one.measures)]
            assert len(owners) == 1, f"{metric['code']}: {part} is counted in {[one.name for one in owners]}"
            (one,) = owners
            if not one.model.startswith("mart_"):
                assert bool(one.sql) != bool(one.unpublished), (
                    f"{one.name}: say where the rows are published, or why not"
                )


def node(name: str, layer: str, *parents: str, code: str = "", macros: tuple[str, ...] = ()) -> dict:
    return {
        "name": name, "resource_type": "model", "schema": layer, "path": f"{layer}/{name}.sql", "raw_code": code,
        "description": f"What {name} is. More of it.", "depends_on": {"nodes": list(parents), "macros": list(macros)},
    }  # fmt: skip


def source(name: str, schema: str) -> dict:
    return {"name": name, "resource_type": "source", "schema": schema, "path": "x", "description": ""}


@pytest.fixture
def stated(tmp_path) -> dict:
    """The document of a project with one mart of the catalogue and its facts."""
    manifest = {
        "sources": {"a": source("customers", "raw"), "b": source("customers", "superseded")},
        "nodes": {
            "m": node("mart_churn_events", "marts", "c"),
            "q": node("mart_churn_quality", "marts", "m", code="select policy.top_value_pct, policy.unknown"),
            "c": node("fct_churn_events", "core", "a", "b", macros=("macro.stayhouse.outer", "macro.dbt.x")),
            "t": node("a_test", "test") | {"resource_type": "test"},
        },
        "macros": {
            "macro.stayhouse.outer": {"macro_sql": "", "depends_on": {"macros": ["macro.stayhouse.inner"]}},
            "macro.stayhouse.inner": {"macro_sql": "policy.grace_days", "depends_on": {"macros": []}},
        },
    }
    header = "threshold_code,threshold_value,unit,origin,reason\n"
    seeds, policy = tmp_path / "seeds", tmp_path / "policy"
    for folder, rows in (
        (seeds, "grace_days,9,days,ours,a\ntop_value_pct,20,percent,text,b\n"),
        (policy, "grace_days,9,d,o,a\n"),
    ):
        folder.mkdir()
        (folder / "thresholds.csv").write_text(header + rows)
    (seeds / "metric_targets.csv").write_text("metric_code,segment_code\nchurn_pct,*\n")
    return definitions(manifest, seeds, policy)


def test_a_publication_says_which_models_and_thresholds_are_on_the_way(stated):
    models = stated["models"]
    assert models["fct_churn_events"]["parents"] == ["customers", "superseded.customers"]
    assert models["fct_churn_events"]["thresholds"] == ["grace_days"], "named by a macro of a macro"
    assert models["mart_churn_quality"]["thresholds"] == ["top_value_pct"]
    assert models["mart_churn_events"]["meaning"] == "What mart_churn_events is."
    assert (models["customers"]["layer"], models["mart_churn_events"]["layer"]) == ("raw", "marts")
    assert "a_test" not in models


def test_a_threshold_says_whose_it_is(stated):
    assert {code: one["file"] for code, one in stated["thresholds"].items()} == {
        "grace_days": "company",
        "top_value_pct": "default",
    }


def test_metrics_of_models_that_are_switched_off_are_left_out(stated):
    assert {"winback_pct", "surprise_churn_pct"} <= set(stated["metrics"])
    assert not {"customer_churn_pct", "nps_month_points"} & set(stated["metrics"])
    part = stated["metrics"]["winback_pct"]["parts"]["denominator"]
    assert (part["facts"], part["row"]) == ("churns", "(case when is_winback_mature then 1 else 0 end)")
    assert stated["facts"]["churns"]["marts"] == ["marts.mart_churn_events"]
