"""The semantic layer (MetricFlow), written from the metric catalogue.

`python -m orchestration.semantic_layer` writes models/marts/metrics/_metrics__semantic.yml; a convention test compares
the two. Every metric of the catalogue comes twice: `<code>` over everybody, and `<code>_by`, to be grouped by
`metric_cell__dimension_name` and `metric_cell__dimension_value`. Rates are sums of the published parts, then divided.
"""

from __future__ import annotations

from typing import Any

import yaml

from orchestration.contract import REPO_ROOT
from orchestration.metric_catalogue import metrics

FILE = REPO_ROOT / "models" / "marts" / "metrics" / "_metrics__semantic.yml"
HEADER = "# Written by `python -m orchestration.semantic_layer` from the metric catalogue; do not edit.\n"
CODE = "{{{{ Dimension('metric_cell__metric_code') }}}} = '{code}'"
EVERYBODY = "{{ Dimension('metric_cell__dimension_name') }} = 'all'"
FACTORS = {"percent": "100.0 * ", "points": "100.0 * "}
"""What a quotient of the parts is multiplied by to be in the unit of the metric."""


def document() -> dict[str, Any]:
    """The semantic model over `mart_metric_values` and its metrics, in the classic specification.

    The newer one (semantic models inside `models:`) is dropped in silence by the dbt version in use.
    """
    dimensions = [
        {"name": name, "type": "categorical"}
        for name in (
            "metric_code",
            "period_grain_code",
            "dimension_name",
            "dimension_value",
            "is_complete",
            "is_reliable",
        )
    ]
    model = {
        "name": "metric_values",
        "description": "Every metric of the catalogue by period and cut. One row per metric, period and cut.",
        "model": "ref('mart_metric_values')",
        "defaults": {"agg_time_dimension": "period_start_date"},
        "entities": [
            {
                "name": "metric_cell",
                "type": "primary",
                "expr": "metric_code || '|' || cast(period_start_date as varchar) || '|' || dimension_name || '|' "
                "|| dimension_value",
            }
        ],
        "dimensions": [
            {"name": "period_start_date", "type": "time", "type_params": {"time_granularity": "day"}},
            *dimensions,
        ],
        "measures": [
            {"name": "numerators", "agg": "sum", "expr": "numerator_amount"},
            {"name": "denominators", "agg": "sum", "expr": "denominator_amount"},
            {"name": "amounts", "agg": "sum", "expr": "metric_amount"},
        ],
    }
    return {
        "version": 2,
        "semantic_models": [model],
        "metrics": [
            *(_part(name, label) for name, label in (("numerators", "Numerators"), ("denominators", "Denominators"))),
            _part("amounts", "Amounts"),
            *(entry for metric in metrics() for entry in (_metric(metric, False), _metric(metric, True))),
        ],
    }


def _part(measure: str, label: str) -> dict[str, Any]:
    return {
        "name": f"all_{measure}",
        "label": label,
        "description": f"{label} of all metrics; of use with a filter on the metric only.",
        "type": "simple",
        "type_params": {"measure": measure},
    }


def _metric(metric: dict[str, Any], by_dimension: bool) -> dict[str, Any]:
    code = metric["code"]
    condition = CODE.format(code=code) + ("" if by_dimension else f" and {EVERYBODY}")
    cut = " by any cut; group by its dimension_name and dimension_value" if by_dimension else ""
    head = {
        "name": f"{code}_by" if by_dimension else code,
        "label": f"{metric['title']}{', by cut' if by_dimension else ''}",
        "description": f"{metric['question']} {metric['formula']}{cut}. Unit: {metric['unit']}.",
    }
    if metric["num"] and metric["den"]:
        return head | {
            "type": "derived",
            "type_params": {
                "expr": f"{FACTORS.get(metric['unit'], '')}num / nullif(den, 0)",
                "metrics": [
                    {"name": "all_numerators", "alias": "num", "filter": condition},
                    {"name": "all_denominators", "alias": "den", "filter": condition},
                ],
            },
        }
    return head | {
        "type": "derived",
        "type_params": {"expr": "amount", "metrics": [{"name": "all_amounts", "alias": "amount", "filter": condition}]},
    }


class _Indented(yaml.SafeDumper):
    """Lists stand two spaces in, as in every other YAML of the project."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def text() -> str:
    """The file as it has to be."""
    return HEADER + yaml.dump(document(), Dumper=_Indented, sort_keys=False, width=1000, allow_unicode=True)


if __name__ == "__main__":
    FILE.write_text(text())
