"""Asks MetricFlow in a process of its own, since dbt keeps its state globally.

usage: python ask_metricflow.py < queries.json > answers.json, in a folder with a parsed dbt project

queries: {id: {"metrics": [...], "group_by": [...]}}; answers: {id: [{column: value}]}
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON has it; moments are days, since no metric has a finer grain."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return float(value) if isinstance(value, Decimal) else value


def main() -> None:
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    answers = {}
    with contextlib.redirect_stdout(sys.stderr):
        configuration = CLIConfiguration()
        configuration.setup(configure_file_logging=False)
        for name, query in json.load(sys.stdin).items():
            request = MetricFlowQueryRequest.create(metric_names=query["metrics"], group_by_names=query["group_by"])
            table = configuration.mf.query(request).result_df
            answers[name] = [dict(zip(table.column_names, map(plain, row), strict=True)) for row in table.rows]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
