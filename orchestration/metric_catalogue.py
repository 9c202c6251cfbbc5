"""The metric catalogue for Python, and its page, from models/metrics/*.yml, the one place in which a metric is defined.

`python -m stayhouse.orchestration.metric_catalogue` writes models/docs/metric_catalogue.md; a convention test compares
the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stayhouse.contract import REPO_ROOT, read_yaml

FOLDER = REPO_ROOT / "models" / "metrics"
PAGE = REPO_ROOT / "models" / "docs" / "metric_catalogue.md"
FACTORS = {"percent": "100.0 * ", "points": "100.0 * "}
"""What a quotient of the parts is multiplied by to be in the unit of the metric."""


def metrics(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The published metrics by name, with the keys of the macro `metric_catalogue` and the names of their parts."""
    found = [
        metric["config"]["meta"]
        | {
            "code": metric["name"],
            "title": metric["label"],
            "question": metric["description"],
            "parts": metric["type_params"]["metrics"],
        }
        for file in sorted(folder.glob("*.yml"))
        for metric in read_yaml(file)["metrics"]
        if metric.get("config", {}).get("meta", {}).get("published")
    ]
    return sorted(found, key=lambda metric: metric["code"])


def page() -> str:
    """The catalogue as a dbt docs block, which the documentation of `mart_metric_values` shows."""
    lines = [
        "{% docs metric_catalogue %}",
        "| metric | question | numerator | denominator | unit | better | version | mart |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for metric in metrics():
        published = metric["published"]
        cells = (
            f"`{metric['code']}` {metric['title']}",
            metric["question"],
            metric["numerator"],
            metric["denominator"] or "",
            metric["unit"],
            metric["better"],
            metric["version"],
            f"`{published['mart']}{'.' + published['column'] if 'column' in published else ''}`",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "{% enddocs %}", ""])


if __name__ == "__main__":
    PAGE.write_text(page())
