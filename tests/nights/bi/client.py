"""Superset as a client of a publication. It starts once in a test run and answers all questions at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.metric_catalogue import FACTORS, metrics
from stayhouse.publishing.release import DATABASE_NAME

PYTHON = REPO_ROOT / ".venv-superset" / "bin" / "python"
MISSING = "Superset lives in an environment of its own; `make bi-test` installs it and runs this"
METRICS = "metrics.mart_metric_values"
CELLS = "every metric by every dimension"


def saved_metrics() -> dict[str, str]:
    """The catalogue as the metrics of a Superset dataset over the metric values: SQL by name."""

    def total(column: str, code: str) -> str:
        return f"sum(case when metric_code = '{code}' then {column} end)"

    return {
        code: f"{FACTORS.get(metric['unit'], '')}{total('numerator_amount', code)}"
        f" / nullif({total('denominator_amount', code)}, 0)"
        if metric["denominator"]
        else total("metric_amount", code)
        for metric in metrics()
        for code in (metric["code"],)
    }


def questions(marts: list[list[str]]) -> list[dict[str, Any]]:
    """What the tests ask, each as Superset's chart data endpoint takes it."""
    return [
        *(
            {"id": f"{schema}.{name}", "dataset": f"{schema}.{name}", "columns": [], "metrics": {"rows": "count(*)"}}
            for schema, name in marts
        ),
        {
            "id": "activation by segment",
            "dataset": "activation.mart_activation_cohort",
            "columns": ["dimension_value"],
            "metrics": {"pct": "100.0 * sum(activated_long_num) / nullif(sum(activated_long_den), 0)"},
            "filters": [
                {"col": "dimension_name", "op": "==", "val": "segment"},
                {"col": "cohort_label", "op": "!=", "val": "all"},
            ],
        },
        {
            "id": CELLS,
            "dataset": METRICS,
            "columns": ["period_start_date", "dimension_name", "dimension_value"],
            "metrics": list(saved_metrics()),
        },
    ]


def superset_answers(release: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> dict[str, Any]:
    """Everything that Superset says of a release; skips where Superset is not installed."""
    if not PYTHON.exists():
        pytest.skip(MISSING)
    marts = [name.split(".") for name in json.loads((release / "publication.json").read_text())["rows"]]

    def ask(folder: Path) -> None:
        request = {
            "database": str((release / DATABASE_NAME).resolve()),
            "datasets": marts,
            "saved_metrics": {METRICS: saved_metrics()},
            "queries": questions(marts),
        }
        script = Path(__file__).with_name("drive_superset.py")
        with open(folder / "superset.log", "w") as log:
            done = subprocess.run(
                [PYTHON, script, folder],
                input=json.dumps(request), stdout=subprocess.PIPE, stderr=log, text=True, timeout=900,
            )  # fmt: skip
        assert done.returncode == 0, (folder / "superset.log").read_text()[-3000:]
        (folder / "answer.json").write_text(done.stdout)

    return json.loads((made_once("superset", ask) / "answer.json").read_text())
