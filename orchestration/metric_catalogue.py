"""The metric catalogue for Python, and its page, from models/metrics/*.yml, the one place in which a metric is defined.

`python -m stayhouse.orchestration.metric_catalogue` writes models/docs/metric_catalogue.md; a convention test compares
the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
            "expression": metric["type_params"]["expr"],
            "parts": metric["type_params"]["metrics"],
        }
        for file in sorted(folder.glob("*.yml"))
        for metric in read_yaml(file)["metrics"]
        if metric.get("config", {}).get("meta", {}).get("published")
    ]
    return sorted(found, key=lambda metric: metric["code"])


@dataclass(frozen=True)
class Facts:
    """Where the rows that a measure counts can be read."""

    name: str
    model: str
    time: str | None
    """Expression of the day of a row; None: the facts have no time of their own."""
    measures: dict[str, str]
    """SQL of what a row adds to each measure."""
    dimensions: dict[str, str]
    """SQL of a row's value by the name of a dimension."""
    distinct: frozenset[str] = frozenset()
    """Measures that count different values: SQL of the value that a row adds."""
    sql: str | None = None
    """A SELECT over published marts that gives the rows, where the model is not published itself."""
    unpublished: str | None = None
    """Why the rows are not published, and which mart has their counts."""


def facts(folder: Path = FOLDER) -> dict[str, Facts]:
    """The semantic models by name, with `config.meta.rows`: how a publication has their rows."""
    found = {}
    for file in sorted(folder.glob("*.yml")):
        for model in read_yaml(file)["semantic_models"]:
            rows = ((model.get("config") or {}).get("meta") or {}).get("rows") or {}
            own = {
                one["name"]: one.get("expr") or one["name"]
                for key in ("entities", "dimensions")
                for one in model.get(key) or ()
            }
            found[model["name"]] = Facts(
                model["name"],
                model["model"].removeprefix("ref('").removesuffix("')"),
                (model.get("defaults") or {}).get("agg_time_dimension"),
                {one["name"]: str(one["expr"]) for one in model.get("measures") or ()},
                {**({} if rows.get("sql") else own), **rows.get("dimensions", {})},
                frozenset(one["name"] for one in model.get("measures") or () if one["agg"] == "count_distinct"),
                rows.get("sql"),
                rows.get("unpublished"),
            )
    return found


def parts_of(expression: str) -> tuple[str, str | None]:
    """Numerator and denominator of the expression of a metric; a count has no denominator.

    Raises ValueError for another shape, which nothing but MetricFlow could evaluate.
    """
    quotient = re.fullmatch(r"1(?:00)?\.0 \* (.+) / nullif\((.+), 0\)", expression)
    if quotient:
        return quotient[1], quotient[2]
    if re.fullmatch(r"\w+", expression):
        return expression, None
    raise ValueError(f"{expression}: neither a measure nor 100.0 * numerator / nullif(denominator, 0)")


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
