"""One definition per metric: complete, computed by the named mart, tested there, and on the page."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from conventions.lints import REQUIREMENT_ID, Project

from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration.metric_catalogue import PAGE, metrics, page

CATALOGUE = metrics()
WORDS = ("title", "question", "formula", "numerator", "unit", "better", "version", "owner")
COLUMNS = ("column", "numerator", "denominator", "ci_lo", "ci_hi", "is_complete", "is_reliable", "period")


def test_codes_are_unique_and_requirements_exist() -> None:
    assert len(CATALOGUE) >= 4
    assert [code for code, times in Counter(metric["code"] for metric in CATALOGUE).items() if times > 1] == []
    assert all(REQUIREMENT_ID.fullmatch(code) for metric in CATALOGUE for code in metric["serves"])


def test_every_metric_is_in_words() -> None:
    assert [(metric["code"], word) for metric in CATALOGUE for word in WORDS if not metric[word]] == []
    assert {metric["unit"] for metric in CATALOGUE} <= {"percent", "points", "score", "count"}
    assert {metric["better"] for metric in CATALOGUE} <= {"higher", "lower", "none"}


def test_targets_are_targets_of_the_policy() -> None:
    with open(POLICY_FOLDER / "metric_targets.csv", newline="") as rows:
        codes = {row["metric_code"] for row in csv.DictReader(rows)}
    assert {metric["target"] for metric in CATALOGUE if metric["target"]} <= codes


def test_dbt_knows_every_metric_and_its_facts(project: Project) -> None:
    # A specification that this dbt does not know is dropped without a message, and leaves an empty manifest.
    assert project.semantic_models
    assert {metric["code"] for metric in CATALOGUE} <= {metric["name"] for metric in project.metrics.values()}


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric["code"])
def test_a_metric_is_computed_and_tested_where_it_says(project: Project, metric: dict) -> None:
    published = metric["published"]
    (mart,) = [node for node in project.marts if node["name"] == published["mart"]]
    for part in COLUMNS:
        expression = published.get(part)
        if expression and re.fullmatch(r"\w+", expression):
            assert expression in mart["columns"], f"{published['mart']} has no column {expression}"
    assert metric["owner"] == mart["group"]
    parts = re.findall(r"[a-z_]+", f"{published.get('numerator', '')} {published.get('column', '')}")
    assert any(is_tested(project, mart, part) for part in parts), f"no test looks at {metric['code']}"


def is_tested(project: Project, mart, column: str) -> bool:
    """A rule, unit test or singular test of the mart names the column."""
    texts = []
    for test in project.of_type("test"):
        if test.get("attached_node") == mart["unique_id"]:
            texts.append(str(test["test_metadata"]["kwargs"]))
        elif not test.get("test_metadata") and mart["unique_id"] in test["depends_on"]["nodes"]:
            texts.append(test["raw_code"])
    texts += [
        str(test["expect"]) for test in project.unit_tests.values() if test["model"] == mart["name"]
    ]  # fmt: skip
    return any(re.search(rf"\b{column}\b", text) for text in texts)


def test_the_page_is_written_from_the_list() -> None:
    assert PAGE.read_text() == page(), "run `python -m stayhouse.orchestration.metric_catalogue`"
