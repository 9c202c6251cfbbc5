"""The runner: nothing is skipped unseen, nothing stays open, results are rows."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from types import ModuleType

import duckdb
import pytest

from stayhouse.contract import REPO_ROOT
from stayhouse.expectations import runner
from stayhouse.expectations.__main__ import main
from stayhouse.expectations.gates import Gate
from stayhouse.expectations.registry import raw_gates
from stayhouse.expectations.reports import RESULT_COLUMNS, Parameters, results_frame
from stayhouse.expectations.runner import WarehouseError, validate
from stayhouse.expectations.suites import build_suite

pytestmark = pytest.mark.slow

PARAMETERS = Parameters(date(2025, 6, 30), 0, "run-7")


@pytest.fixture
def suite_module(monkeypatch):
    """A module whose suites can be named by a gate."""
    import importlib.util

    module = ModuleType("suites_for_tests")
    module.__spec__ = importlib.util.spec_from_loader("suites_for_tests", loader=None)
    monkeypatch.setitem(sys.modules, "suites_for_tests", module)
    return module


def gate(function: str, table: str = "raw.customers") -> Gate:
    return Gate(tuple(table.split(".")), table, f"suites_for_tests:{function}", "raw")


def test_a_suite_that_cannot_be_built_fails_and_the_others_are_evaluated(warehouse, suite_module):
    def boom(parameters):
        raise ZeroDivisionError("it's a {trap}: nothing to divide")

    suite_module.boom = boom
    other = next(other for other in raw_gates() if other.table == "raw.employees")
    broken, good = validate(warehouse, [gate("boom"), other], PARAMETERS)
    (result,) = broken.expectations
    assert (result.severity, result.success, broken.severity) == ("critical", False, "error")
    assert "ZeroDivisionError: it's a {trap}: nothing to divide" in result.message
    assert good.passed


def test_an_expectation_that_crashes_is_critical_whatever_its_severity(warehouse, suite_module):
    from stayhouse.expectations.vocabulary import ExpectTableToExist

    suite_module.crash = lambda parameters: [
        ExpectTableToExist.from_sql("select nothing from {batch}", severity="warning", remedy="None.")
    ]
    (report,) = validate(warehouse, [gate("crash")], PARAMETERS)
    (result,) = report.expectations
    assert (result.severity, result.success) == ("critical", False)
    assert "could not be evaluated" in result.message
    assert '"nothing" not found' in result.message


def test_a_table_that_does_not_exist_is_a_failure(warehouse):
    (report,) = validate(warehouse, [gate("x", "raw.nowhere")], PARAMETERS)
    assert [(r.expectation, r.severity) for r in report.failures] == [("expect_table_to_exist", "critical")]
    assert "raw.nowhere does not exist" in report.failures[0].message


def test_a_view_that_cannot_be_read_is_a_failure(warehouse, suite_module):
    with duckdb.connect(warehouse) as connection:
        connection.execute(
            "create table raw.gone (x int); create view raw.hollow as from raw.gone; drop table raw.gone"
        )
    suite_module.empty = lambda parameters: []
    hollow, good = validate(warehouse, [gate("empty", "raw.hollow"), raw_gates()[1]], PARAMETERS)
    assert [(r.expectation, r.severity) for r in hollow.failures] == [("expect_table_to_exist", "critical")]
    assert "raw.hollow cannot be read" in hollow.failures[0].message
    assert good.passed


def test_the_file_can_be_written_afterwards_in_the_same_process(warehouse, tmp_path):
    for _ in range(2):
        validate(warehouse, raw_gates()[:3], PARAMETERS, tmp_path / "docs")
        with duckdb.connect(warehouse) as connection:
            connection.execute("create or replace table raw.scratch as select 1 as one")


def test_nothing_is_written_to_the_warehouse(warehouse):
    before = warehouse.read_bytes()
    validate(warehouse, raw_gates(), PARAMETERS)
    assert warehouse.read_bytes() == before
    assert not warehouse.with_name(warehouse.name + ".wal").exists()


def test_a_missing_or_busy_warehouse_is_reported(warehouse, tmp_path):
    with pytest.raises(WarehouseError, match="does not exist"):
        validate(tmp_path / "none.duckdb", raw_gates(), PARAMETERS)
    assert not (tmp_path / "none.duckdb").exists()
    with duckdb.connect(warehouse), pytest.raises(WarehouseError, match="cannot be read"):
        validate(warehouse, raw_gates(), PARAMETERS)
    assert validate(warehouse, raw_gates()[1:2], PARAMETERS)[0].passed


def test_results_that_get_lost_on_the_way_stop_the_validation(warehouse, monkeypatch):
    """When this fails because nothing is raised, GX and DuckDB get along: drop expectations/duckdb_results.py."""
    monkeypatch.setattr("stayhouse.expectations.duckdb_results.buffer_results", lambda engine: None)
    with pytest.raises(WarehouseError, match="receives no rows"):
        validate(warehouse, raw_gates()[:1], PARAMETERS)
    with duckdb.connect(warehouse):  # and nothing stays open
        pass


@pytest.mark.parametrize("name", ["two words.duckdb", "50%25.duckdb", "a?b=c.duckdb", "$HOME.duckdb", "größe#1.duckdb"])
def test_any_path_will_do(warehouse, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(warehouse.read_bytes())
    assert validate(path, raw_gates()[1:2], PARAMETERS)[0].passed
    assert {file.name for file in tmp_path.iterdir()} == {"spoiled.duckdb", name}


def test_results_frame_has_one_row_per_expectation(warehouse):
    reports = validate(warehouse, raw_gates(), PARAMETERS)
    frame = results_frame(reports, "run-7", PARAMETERS.as_of)
    assert tuple(frame.columns) == RESULT_COLUMNS
    assert len(frame) == sum(len(report.expectations) for report in reports)
    assert not frame.duplicated(["run_id", "asset", "expectation", "column_name"]).any()
    assert not frame.isna().any().any()
    assert set(frame["stage"]) == {"raw"}
    assert frame["is_passed"].all()


def test_every_expectation_says_why_and_what_to_do():
    for raw_gate in raw_gates():
        for expectation in build_suite(raw_gate, PARAMETERS, {}):
            assert expectation.notes, expectation
            assert expectation.remedy.endswith("."), expectation
            assert expectation.description, expectation
            assert expectation.severity.value in ("critical", "warning")


def test_no_sites_are_left_in_the_temporary_folder(warehouse, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    validate(warehouse, raw_gates()[:1], PARAMETERS, tmp_path / "docs")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_pages_that_cannot_be_written_do_not_change_the_verdict(warehouse, tmp_path, caplog):
    (tmp_path / "docs").write_text("a file where the folder should be")
    (report,) = validate(warehouse, raw_gates()[1:2], PARAMETERS, tmp_path / "docs")
    assert report.passed
    assert "Data Docs could not be written" in caplog.text


def test_command_line(warehouse, capsys):
    arguments = ["--warehouse", str(warehouse), "--as-of", "2025-06-30"]
    assert main([*arguments, "--table", "raw.customers"]) == 0
    with duckdb.connect(warehouse) as connection:
        connection.execute("update raw.payments set amount = -1; update raw.dnd_flags set valid_to = valid_from")
    assert main([*arguments, "--table", "raw.dnd_flags"]) == 0  # a warning does not stop
    assert main([*arguments, "--stage", "raw"]) == 1
    assert "raw.payments: amount is not between 0 and 100,000,000,000 (1 row)." in capsys.readouterr().out
    assert main([*arguments, "--table", "raw.nowhere"]) == 2
    assert main(["--warehouse", "nowhere.duckdb"]) == 2
    assert runner.__doc__


@pytest.mark.slow
def test_statistics_are_imported_when_they_are_used():
    """Every gate began with the statistics of SciPy, which Great Expectations imports for expectations nobody uses."""
    code = """if True:
        import sys
        from stayhouse.expectations.runner import _quiet_context
        with _quiet_context():
            print("scipy.stats._stats_py" in sys.modules)
        from scipy import stats
        print(stats.norm.cdf(0))
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "0.5"], done.stderr
