"""The mart, the semantic layer, a BI client and the page show the same number."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from nights.bi.client import CELLS, superset_answers

from orchestration.contract import REPO_ROOT
from orchestration.metric_catalogue import metrics
from orchestration.publication import DATABASE_NAME
from page import PAGE_NAME

pytestmark = pytest.mark.slow
PARTS_OF_THE_PROJECT = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")
CODES = [metric["code"] for metric in metrics()]

Cell = tuple[str, str, str, str]
"""Metric, dimension, value, first day of the period."""


@pytest.fixture(scope="module")
def release(published) -> Path:
    return published.publish / "current"


@pytest.fixture(scope="module")
def in_the_mart(release) -> dict[Cell, float]:
    """Every metric in every breakdown and period in which it is measurable."""
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        rows = db.execute(
            "select metric_code, dimension_name, dimension_value, cast(period_start_date as varchar), metric_amount "
            "from metrics.mart_metric_values where metric_amount is not null"
        ).fetchall()
    return {(code, name, value, day): amount for code, name, value, day, amount in rows}


def measured(rows: Iterable[tuple[str, str, str, dict]], suffix: str = "") -> dict[Cell, float]:
    """Cells from rows of (dimension, value, day, amount by metric), without unmeasurable ones."""
    return {
        (code, name, value, day): float(amounts[code + suffix])
        for name, value, day, amounts in rows
        for code in CODES
        if amounts[code + suffix] not in (None, "", "None", "nan")
    }


def in_the_semantic_layer(release: Path, made_once, folder: Path) -> dict[Cell, float]:
    """Queries the published file through `mf query`: over everybody, and by every breakdown."""
    for name in PARTS_OF_THE_PROJECT:
        (folder / name).symlink_to(REPO_ROOT / name)
    tools = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")} | {
        "STAYHOUSE_WAREHOUSE": str((release / DATABASE_NAME).resolve()),
        "DBT_PROFILES_DIR": str(folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "STAYHOUSE_ACCESS_MODE": "read_only",
    }
    subprocess.run([tools / "dbt", "-q", "parse"], cwd=folder, env=environment, check=True, timeout=300)

    def ask(names: list[str], *group_by: str) -> list[dict[str, str]]:
        answer = folder / "answer.csv"
        command = [tools / "mf", "query", "--metrics", ",".join(names), "--group-by", ",".join(group_by)]
        done = subprocess.run(
            [*command, "--csv", str(answer)], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        with open(answer, newline="") as lines:
            return list(csv.DictReader(lines))

    time, name, value = "metric_time__day", "metric_cell__dimension_name", "metric_cell__dimension_value"
    everybody = [("all", "all", row[time][:10], row) for row in ask(CODES, time)]
    cuts = [
        (row[name], row[value], row[time][:10], row) for row in ask([f"{code}_by" for code in CODES], time, name, value)
    ]
    by_cut = measured(cuts, "_by")
    over_everybody = measured(everybody)
    assert over_everybody == {cell: amount for cell, amount in by_cut.items() if cell[1] == "all"}
    return by_cut


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
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])
    panel = next(p for section in data["sections"] for p in section["panels"] if p["key"] == "overview_metrics")
    shown = dict(zip(panel["columns"], panel["data"], strict=True))
    assert set(shown["metric_code"]) == set(CODES)
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


@pytest.mark.parametrize("place", [in_the_semantic_layer, in_superset, on_the_page], ids=lambda place: place.__name__)
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
