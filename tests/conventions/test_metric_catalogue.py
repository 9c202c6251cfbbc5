"""One definition per metric: complete, computed by the named mart, tested there, and on the page."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from conventions.lints import REQUIREMENT_ID, Project

from orchestration.metric_catalogue import PAGE, metrics, page

CATALOGUE = metrics()
COLUMNS = ("value", "num", "den", "lo", "hi", "complete", "reliable")


def test_codes_are_unique_and_requirements_exist() -> None:
    assert len(CATALOGUE) >= 4
    assert [code for code, times in Counter(metric["code"] for metric in CATALOGUE).items() if times > 1] == []
    assert all(REQUIREMENT_ID.fullmatch(code) for metric in CATALOGUE for code in metric["serves"])


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric["code"])
def test_a_metric_is_computed_and_tested_where_it_says(project: Project, metric: dict) -> None:
    (mart,) = [node for node in project.marts if node["name"] == metric["mart"]]
    for part in COLUMNS:
        expression = metric[part]
        if expression and re.fullmatch(r"\w+", expression):
            assert expression in mart["columns"], f"{metric['mart']} has no column {expression}"
    assert metric["owner"] == mart["group"]
    parts = re.findall(r"[a-z_]+", f"{metric['num'] or ''} {metric['value']}")
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
    assert PAGE.read_text() == page(), "run `python -m orchestration.metric_catalogue`"
