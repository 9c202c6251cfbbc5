"""One number, wherever one looks it up: the mart, the semantic layer and the page."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.contract import REPO_ROOT
from orchestration.metric_catalogue import metrics
from orchestration.publication import DATABASE_NAME
from page import PAGE_NAME

pytestmark = pytest.mark.slow
PARTS_OF_THE_PROJECT = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")


@pytest.fixture(scope="module")
def release(published) -> Path:
    return published.publish / "current"


@pytest.fixture(scope="module")
def expected(release) -> dict[str, dict[str, float | None]]:
    """Every metric over everybody, by the first day of its period."""
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        rows = db.execute(
            "select metric_code, period_start_date, metric_amount from metrics.mart_metric_values "
            "where dimension_name = 'all' order by all"
        ).fetchall()
    found: dict[str, dict[str, float | None]] = {metric["code"]: {} for metric in metrics()}
    for code, day, amount in rows:
        found[code][day.isoformat()] = amount
    return found


@pytest.fixture(scope="module")
def semantic_layer(release, tmp_path_factory):
    """Asks the published file through MetricFlow: `ask(metrics)`; the project is read from a folder of its own."""
    folder = tmp_path_factory.mktemp("semantic")
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

    def ask(codes: list[str]) -> list[dict[str, str]]:
        command = [tools / "mf", "query", "--metrics", ",".join(codes), "--group-by", "metric_time__day"]
        answer = folder / "answer.csv"
        done = subprocess.run(
            [*command, "--csv", str(answer)], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        with open(answer, newline="") as lines:
            return list(csv.DictReader(lines))

    return ask


def test_the_semantic_layer_gives_the_numbers_of_the_mart(expected, semantic_layer):
    measured = sorted(code for code, values in expected.items() if values)
    assert len(measured) > 3
    found = {code: {} for code in measured}
    for row in semantic_layer(measured):
        for code in measured:
            if row[code] not in ("", "None", "nan"):
                found[code][row["metric_time__day"][:10]] = float(row[code])
    for code in measured:
        wanted = {day: amount for day, amount in expected[code].items() if amount is not None}
        assert found[code].keys() == wanted.keys(), code
        for day, amount in wanted.items():
            assert found[code][day] == pytest.approx(amount, rel=1e-9, abs=1e-9), (code, day)


def test_the_page_gives_the_numbers_of_the_mart(expected, release):
    text = (release / PAGE_NAME).read_text()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])
    panels = {panel["key"]: panel for section in data["sections"] for panel in section["panels"]}
    shown = dict(zip(panels["overview_metrics"]["columns"], panels["overview_metrics"]["data"], strict=True))
    assert set(shown["metric_code"]) == {metric["code"] for metric in metrics()}
    measured = 0
    for code, day, amount in zip(shown["metric_code"], shown["period_start_date"], shown["metric_amount"], strict=True):
        if amount is None:
            continue
        measured += 1
        assert amount == pytest.approx(expected[code][day], abs=1e-3), code
    assert measured > 3
