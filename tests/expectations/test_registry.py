"""Every table has a gate, and knowing the gates costs no Great Expectations."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.expectations.registry import RegistryError, raw_gates, read_mart_gates
from stayhouse.expectations.suites import own_suite


def test_every_raw_table_has_a_gate_and_a_suite_of_its_own():
    gates = {gate.asset_key: gate for gate in raw_gates()}
    assert set(gates) == {(table.source, table.name) for table in contract().values()} | {("ops", "load_ledger")}
    for gate in raw_gates():
        assert own_suite(gate) is not None, f"{gate.suite} is missing"
        assert gate.stage == "raw"


def test_registry_and_reports_do_not_import_great_expectations():
    code = (
        "import sys, expectations.registry, expectations.runner, expectations.reports, expectations.row_rules\n"
        "heavy = [name for name in ('great_expectations', 'pandas', 'dagster', 'sqlalchemy') if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _write(folder, domain, text, name="models.yml"):
    (folder / domain).mkdir(parents=True, exist_ok=True)
    (folder / domain / name).write_text(text)


def test_mart_gates_come_from_the_yaml_beside_the_models(tmp_path):
    _write(
        tmp_path,
        "churn",
        """
version: 2
models:
  - name: mart_churn_monthly
    config: {meta: {grain: [month, segment_code], serves: [CHN-02]}}
    data_tests:
      - rows_satisfy: {arguments: {rules: {recovered: recovery_pct > 0 or 'month' = 'x'}}}
    columns:
      - {name: month, data_type: date}
      - {name: recovery_pct, data_type: double, config: {meta: {bounds: [0, null]}}}
  - name: mart_off
    config: {enabled: false, meta: {grain: [x]}}
""",
    )
    _write(tmp_path, "churn", "version: 2\n", "empty.yml")
    (gate,) = read_mart_gates(tmp_path)
    assert (gate.asset_key, gate.table, gate.stage) == (
        ("churn", "mart_churn_monthly"), "churn.mart_churn_monthly", "mart",
    )  # fmt: skip
    assert gate.grain == ("month", "segment_code")
    assert gate.bounds == {"recovery_pct": (0, None)}
    (rule,) = gate.rules
    assert (rule.name, rule.broken_when, rule.columns, rule.severity) == (
        "recovered", "(recovery_pct > 0 or 'month' = 'x') is not true", ("recovery_pct",), "critical",
    )  # fmt: skip
    assert hash(gate)


def test_no_marts_yet_is_no_error(tmp_path):
    assert read_mart_gates(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: [", "not the YAML"),
        ("models:\n  - name: a\n  - name: a\n", "described twice"),
        ("models:\n  - name: a\n    columns: [{name: b, config: {meta: {bounds: 5}}}]\n", "lowest, highest"),
        (
            "models:\n  - name: a\n    data_tests: [rows_satisfy: {arguments: {rules: {b: {message: c}}}}]\n",
            "expression, message and severity",
        ),
        (
            'models:\n  - name: a\n    data_tests: [rows_satisfy: {arguments: {rules: {b: "{{ c() }} > 0"}}}]\n',
            "plain SQL",
        ),
    ],
)
def test_a_broken_yaml_names_its_file(tmp_path, text, problem):
    _write(tmp_path, "churn", text)
    with pytest.raises(RegistryError, match=problem) as error:
        read_mart_gates(tmp_path)
    assert "models.yml" in str(error.value)
