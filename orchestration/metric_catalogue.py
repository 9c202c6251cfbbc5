"""The page of the metric catalogue, written from the one list that the marts are built from.

`python -m orchestration.metric_catalogue` writes models/docs/metric_catalogue.md; a convention test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from orchestration.contract import REPO_ROOT

PAGE = REPO_ROOT / "models" / "docs" / "metric_catalogue.md"


def metrics(macros: Path = REPO_ROOT / "macros") -> list[dict[str, Any]]:
    """The definitions, as dbt reads them."""
    environment = Environment(loader=FileSystemLoader(macros), extensions=["jinja2.ext.do"])
    found: list[dict[str, Any]] = []

    def give(value: list[dict[str, Any]]) -> str:
        found.extend(value)
        return ""

    template = environment.get_template("metric_catalogue.sql", globals={"return": give, "none": None})
    template.module.metric_catalogue()  # type: ignore[attr-defined]
    return found


def page() -> str:
    """The catalogue as a dbt docs block: the documentation of `mart_metric_values` shows it."""
    lines = [
        "{% docs metric_catalogue %}",
        "| metric | question | numerator | denominator | unit | better | version | mart |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for metric in metrics():
        cells = (
            f"`{metric['code']}` {metric['title']}",
            metric["question"],
            metric["numerator"],
            metric["denominator"] or "",
            metric["unit"],
            metric["better"],
            metric["version"],
            f"`{metric['mart']}.{metric['value']}`",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "{% enddocs %}", ""])


if __name__ == "__main__":
    PAGE.write_text(page())
