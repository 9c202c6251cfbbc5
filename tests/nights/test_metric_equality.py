"""One number, wherever one looks it up: the mart, MetricFlow over the facts, a BI client and the page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from nights.bi.client import CELLS, superset_answers

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.metric_catalogue import FOLDER, metrics
from stayhouse.page import PAGE_NAME
from stayhouse.page.build import read_page
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
PARTS_OF_THE_PROJECT = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")
CODES = [metric["code"] for metric in metrics()]

Cell = tuple[str, str, str, str]
"""Metric, dimension, value, first day of the period."""
Queries = dict[str, dict[str, list[str]]]
"""Metrics and dimensions by the name of a question."""

ENTITIES = ("segment", "value_segment", "plan", "region", "channel", "owner", "unit")
"""Dimensions that marts and facts name alike; an answer of a survey has those of its response."""


@pytest.fixture(scope="module")
def release(published) -> Path:
    return published.publish / "current"


@pytest.fixture(scope="module")
def in_the_mart(release) -> dict[Cell, float]:
    """Every metric by every dimension and period in which it can be measured."""
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        rows = db.execute(
            "select metric_code, dimension_name, dimension_value, cast(period_start_date as varchar), metric_amount "
            "from metrics.mart_metric_values where metric_amount is not null"
        ).fetchall()
    return {(code, name, value, day): amount for code, name, value, day, amount in rows}


def measured(rows: Iterable[tuple[str, str, str, dict]]) -> dict[Cell, float]:
    """Cells out of rows of (dimension, value, day, amount by metric); what cannot be measured is left out."""
    return {
        (code, name, value, day): float(amounts[code])
        for name, value, day, amounts in rows
        for code in CODES
        if amounts[code] not in (None, "", "None", "nan")
    }


@pytest.fixture(scope="module")
def over_the_facts(published, parsed, tmp_path_factory) -> Callable[[Queries], dict[str, list[dict]]]:
    """Asks MetricFlow, whose semantic models are over the facts of the working warehouse."""
    folder = tmp_path_factory.mktemp("metricflow")
    for name in PARTS_OF_THE_PROJECT:
        (folder / name).symlink_to(REPO_ROOT / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")} | {
        "STAYHOUSE_WAREHOUSE": str(published.warehouse.resolve()),
        "DBT_PROFILES_DIR": str(folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "STAYHOUSE_ACCESS_MODE": "read_only",
    }
    # All that MetricFlow reads of what dbt parses.
    (folder / "target").mkdir()
    shutil.copy(parsed / "target" / "semantic_manifest.json", folder / "target")
    script = Path(__file__).parent / "bi" / "ask_metricflow.py"

    def ask(queries: Queries) -> dict[str, list[dict]]:
        done = subprocess.run(
            [sys.executable, script],
            cwd=folder, env=environment, input=json.dumps(queries), capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return ask


def facts_of(metric: dict) -> list[dict]:
    """The semantic models that the parts of a metric are measured in."""
    return [
        model
        for file in sorted(FOLDER.glob("*.yml"))
        for model in yaml.safe_load(file.read_text()).get("semantic_models", [])
        if {measure["name"] for measure in model.get("measures", [])} & set(metric["parts"])
    ]


def question(metric: dict, dimension: str) -> dict[str, list[str]]:
    """The metric by its period and one dimension, which is `all` or an entity."""
    grain = metric["published"]["period_grain"]
    # The facts of use are those of today, and have no period.
    groups = [] if grain == "day" else [f"metric_time__{grain}"]
    is_survey = metric["published"]["mart"] == "mart_cx_indices"
    return {
        "metrics": [metric["code"]],
        "group_by": [*groups, *([] if dimension == "all" else [f"response__{dimension}" if is_survey else dimension])],
    }


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.repetition)], ids=["some", "all"])
def test_a_metric_over_its_facts_is_the_same_number(over_the_facts, in_the_mart, is_whole):
    """By the first of its dimensions, or over everybody where it has none; as a repetition by every other and over all."""
    queries, latest = {}, {}
    for metric in metrics():
        entities = set.intersection(
            *({entity["name"] for entity in model["entities"]} for model in facts_of(metric)), set(ENTITIES)
        ) if metric["published"]["mart"] != "mart_cx_indices" else set(ENTITIES)  # fmt: skip
        names = {name.replace("usage_segment", "segment") for code, name, _, _ in in_the_mart if code == metric["code"]}
        dimensions = sorted(entities & names)
        dimensions.append("all")
        for dimension in dimensions[1:] if is_whole else dimensions[:1]:
            queries[f"{metric['code']} {dimension}"] = question(metric, dimension)
        latest[metric["code"]] = max((day for code, *_, day in in_the_mart if code == metric["code"]), default="")
    answers = over_the_facts(queries)
    assert answers
    wrong = {}
    for name, rows in answers.items():
        code, dimension = name.split()
        found = {}
        for row in rows:
            keys = [value for column, value in row.items() if column != code]
            day = next((row[column] for column in row if column.startswith("metric_time")), latest[code])
            if row[code] is not None:
                found["all" if dimension == "all" else keys[-1], day] = row[code]
        metric = next(metric for metric in metrics() if metric["code"] == code)
        expected = {
            (value, day): found_there
            for (metric_code, cell, value, day), found_there in in_the_mart.items()
            if metric_code == code and cell.replace("usage_segment", "segment") == dimension
            and (metric["published"]["period_grain"] != "day" or day == latest[code])
        }  # fmt: skip

        def amount(value: float | None, is_count: bool = metric["unit"] == "count") -> float | None:
            # A count of zero has no row over the facts.
            return value or 0 if is_count else value

        # Marts round money to cents before they divide.
        near = 0.05 if metric["published"].get("is_complete") == "is_mrr_final" else 1e-6
        wrong |= {
            (name, *cell): (found.get(cell), expected.get(cell))
            for cell in found.keys() | expected.keys()
            if amount(found.get(cell)) != pytest.approx(amount(expected.get(cell)), abs=near)
        }
    assert wrong == {}


def test_metrics_are_sliced_by_two_dimensions_and_summed_to_a_quarter(over_the_facts, published):
    parts = ["customers_churned", "customers_at_opening"]
    answers = over_the_facts(
        {
            "both": {"metrics": parts, "group_by": ["metric_time__month", "segment", "plan"]},
            "one": {"metrics": parts, "group_by": ["metric_time__month", "segment"]},
            "quarter": {"metrics": ["customer_churn_pct"], "group_by": ["metric_time__quarter"]},
        },
    )
    sums: dict[tuple, float] = {}
    for row in answers["both"]:
        for part in parts:
            key = (row["metric_time__month"], row["segment"], part)
            sums[key] = sums.get(key, 0) + (row[part] or 0)
    assert sums == {
        (row["metric_time__month"], row["segment"], part): row[part] or 0 for row in answers["one"] for part in parts
    }
    with duckdb.connect(published.publish / "current" / DATABASE_NAME, read_only=True) as db:
        expected = db.execute(
            "select cast(cast(date_trunc('quarter', churn_month) as date) as varchar), quarter_churn_pct "
            "from churn.mart_churn_monthly where dimension_name = 'all' and month(churn_month) % 3 = 0 "
            "and quarter_churn_pct is not null"
        ).fetchall()
    found = {row["metric_time__quarter"]: row["customer_churn_pct"] for row in answers["quarter"]}
    assert expected
    assert {day: found[day] for day, _ in expected} == pytest.approx(dict(expected))


def in_superset(release: Path, made_once, folder: Path) -> dict[Cell, float]:
    """Superset's own query over the saved metrics of its dataset."""
    return measured(
        (
            row["dimension_name"],
            row["dimension_value"],
            datetime.fromtimestamp(row["period_start_date"] / 1000, UTC).date().isoformat(),
            row,
        )
        for row in superset_answers(release, made_once)["results"][CELLS]
    )


def on_the_page(release: Path, made_once, folder: Path) -> dict[Cell, float]:
    """The list of all metrics on the page: the latest complete period of each over everybody."""
    text = (release / PAGE_NAME).read_text()
    panel = next(
        p for section in read_page(text)["sections"] for p in section["panels"] if p["key"] == "overview_metrics"
    )
    shown = dict(zip(panel["columns"], panel["data"], strict=True))
    assert set(shown["metric_code"]) <= set(CODES)
    rows = zip(shown["metric_code"], shown["period_start_date"], shown["metric_amount"], strict=True)
    return {(code, "all", "all", day): amount for code, day, amount in rows if amount is not None}


def shown_on_the_page(release: Path) -> set[Cell]:
    """The cells that the page must show: of each metric the latest period over everybody whose window has elapsed."""
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        rows = db.execute(
            "select metric_code, cast(max(period_start_date) as varchar) from metrics.mart_metric_values where "
            "dimension_name = 'all' and metric_amount is not null and is_complete is not false group by metric_code"
        ).fetchall()
    return {(code, "all", "all", day) for code, day in rows}


@pytest.mark.parametrize(
    "place",
    [pytest.param(in_superset, marks=pytest.mark.repetition), on_the_page],
    ids=lambda place: place.__name__,
)
def test_a_metric_is_the_same_number_in_the_mart_and(place: Callable, release, in_the_mart, made_once, tmp_path):
    found = place(release, made_once, tmp_path)
    expected, near = in_the_mart, {"rel": 1e-9, "abs": 1e-9}
    if place is on_the_page:
        # The page rounds to four digits.
        expected, near = {cell: in_the_mart[cell] for cell in shown_on_the_page(release)}, {"abs": 1e-4}
    assert found.keys() == expected.keys()
    wrong = {cell: found[cell] for cell, amount in expected.items() if found[cell] != pytest.approx(amount, **near)}
    assert wrong == {}


def test_the_small_company_measures_metrics_of_every_domain(in_the_mart):
    # Otherwise equality would mean little: a metric without a number is equal everywhere.
    domains = {metric["owner"] for metric in metrics()}
    assert {
        metric["owner"] for metric in metrics() if any(cell[0] == metric["code"] for cell in in_the_mart)
    } == domains
