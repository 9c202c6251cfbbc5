"""A real BI client: Superset connects to the published file, registers every mart, and its own queries agree with them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.contract import REPO_ROOT
from orchestration.publication import DATABASE_NAME

pytestmark = pytest.mark.slow
PYTHON = REPO_ROOT / ".venv-superset" / "bin" / "python"


@pytest.fixture(scope="module")
def superset(published, made_once):
    """What Superset answered; it is started once and asked everything."""
    if not PYTHON.exists():
        pytest.skip("Superset lives in an environment of its own; `make bi-test` installs it and runs this")
    release = published.publish / "current"
    database = (release / DATABASE_NAME).resolve()
    marts = [name.split(".") for name in json.loads((release / "publication.json").read_text())["rows"]]
    queries = [
        {"id": f"{schema}.{name}", "schema": schema, "table": name, "columns": [], "metrics": {"rows": "count(*)"}}
        for schema, name in marts
    ]
    queries.append(
        {
            "id": "activation by segment",
            "schema": "activation",
            "table": "mart_activation_cohort",
            "columns": ["dimension_value"],
            "metrics": {"pct": "100.0 * sum(activated_long_num) / nullif(sum(activated_long_den), 0)"},
            "filters": [
                {"col": "dimension_name", "op": "==", "val": "segment"},
                {"col": "cohort_label", "op": "!=", "val": "all"},
            ],
        }
    )

    def ask(folder: Path) -> None:
        request = json.dumps({"database": str(database), "datasets": marts, "queries": queries})
        script = Path(__file__).with_name("drive_superset.py")
        with open(folder / "superset.log", "w") as log:
            done = subprocess.run(
                [PYTHON, script, folder], input=request, stdout=subprocess.PIPE, stderr=log, text=True, timeout=600
            )
        assert done.returncode == 0, (folder / "superset.log").read_text()[-3000:]
        (folder / "answer.json").write_text(done.stdout)

    with duckdb.connect(database, read_only=True) as db:
        yield json.loads((made_once("superset", ask) / "answer.json").read_text()), marts, db


def test_every_mart_can_be_registered_with_all_its_columns(superset):
    answer, marts, db = superset
    for schema, name in marts:
        columns = sorted(column for column, *_ in db.execute(f"describe {schema}.{name}").fetchall())
        assert answer["tables"][f"{schema}.{name}"] == columns


def test_every_mart_has_the_rows_that_superset_counts(superset):
    answer, marts, db = superset
    for schema, name in marts:
        assert answer["results"][f"{schema}.{name}"] == [
            {"rows": db.execute(f"select count(*) from {schema}.{name}").fetchone()[0]}
        ]


def test_a_rate_that_superset_computes_is_that_of_the_mart(superset):
    # Parts are published beside every rate, so that a client's own sums give the same number as the mart's row.
    answer, _, db = superset
    expected = db.execute(
        "select dimension_value, activated_long_pct from activation.mart_activation_cohort "
        "where dimension_name = 'segment' and cohort_label = 'all' order by 1"
    ).fetchall()
    found = sorted((row["dimension_value"], row["pct"]) for row in answer["results"]["activation by segment"])
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
