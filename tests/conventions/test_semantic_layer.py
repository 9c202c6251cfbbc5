"""The semantic layer agrees with the metric catalogue, and dbt has not dropped it."""

from __future__ import annotations

from conventions.lints import Project

from orchestration.metric_catalogue import metrics
from orchestration.semantic_layer import FILE, text


def test_the_file_is_written_from_the_catalogue() -> None:
    assert FILE.read_text() == text(), "run `python -m orchestration.semantic_layer`"


def test_dbt_knows_every_metric(project: Project) -> None:
    # dbt drops an unknown specification without a message, which leaves an empty manifest.
    known = {metric["name"] for metric in project.metrics.values()}
    assert project.semantic_models
    assert {metric["code"] for metric in metrics()} <= known
    assert {f"{metric['code']}_by" for metric in metrics()} <= known
