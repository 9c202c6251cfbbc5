"""What dbt finds is said in sentences, with values and a way out, and kept as rows."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import duckdb
import pytest

from stayhouse.loading.ledger import DDL
from stayhouse.orchestration.check_results import findings_frame, write_results
from stayhouse.orchestration.model_checks import describe


def node(name: str, **more) -> SimpleNamespace:
    """A node of dbt as far as the sentences read it."""
    known = {
        "name": name, "alias": name, "schema": "core", "resource_type": "test", "raw_code": "",
        "compiled_code": "select 1", "relation_name": f'"core"."{name}"', "columns": {}, "original_file_path": "models/x.sql",
    }  # fmt: skip
    config = SimpleNamespace(**({"severity": "error", "meta": {}} | more.pop("config", {})))
    return SimpleNamespace(**(known | more), config=config)


DIM = node(
    "dim_customers",
    resource_type="model",
    columns={"customer_id": None, "plan_code": None, "email": None},
    config={"meta": {"grain": ["customer_id"]}},
)
NODES = {"model.dim": DIM}
RULES = {
    "paid_plan": "plan_code <> 'free'",
    "worded": {"expression": "plan_code <> 'x'", "message": "a plan is not in use any more", "severity": "warning"},
}


@pytest.fixture
def db():
    with duckdb.connect() as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.dim_customers as select 'c' || range as customer_id, 'free' as plan_code, "
            "range || '@example.org' as email from range(5)"
        )
        yield connection


def generic(kind: str, sql: str, **more) -> SimpleNamespace:
    metadata = SimpleNamespace(name=kind, kwargs={"rules": RULES})
    return node(f"core__{kind}", attached_node="model.dim", test_metadata=metadata, compiled_code=sql, **more)


def result(
    of: SimpleNamespace, status: str = "fail", failures: int = 1, message: str = "Got 1 result"
) -> SimpleNamespace:
    return SimpleNamespace(node=of, status=status, failures=failures, message=message)


def sentence(of: SimpleNamespace, db, status: str = "fail", **more) -> str:
    (found,) = describe([result(of, status, **more)], NODES, db)
    assert of.name not in found.message or of.resource_type == "model"
    return found.message


def test_a_broken_rule_is_said_with_its_values_and_without_personal_data(db):
    """A warning of dbt was shown as `dim_customers__plans: 5 rows`, which said neither what is wrong nor what to do."""
    broken = "select 'paid_plan' as broken_rule, 'critical' as severity, 5 as n"
    assert sentence(generic("rows_satisfy", broken), db) == (
        "core.dim_customers: this does not hold: plan_code <> 'free' (5 rows, such as customer_id c0, plan_code free | "
        "customer_id c1, plan_code free | customer_id c2, plan_code free). The files have passed their checks, so the "
        "models are at fault: report this with the values."
    )


def test_a_rule_that_has_a_message_is_said_with_it(db):
    broken = "select 'worded' as broken_rule, 'warning' as severity, 2 as n"
    assert sentence(generic("rows_satisfy", broken), db, "warn") == (
        "core.dim_customers: a plan is not in use any more (2 rows). Look at the rows; the run goes on."
    )


def test_repeated_and_missing_keys_are_said(db):
    db.execute("insert into core.dim_customers values ('c1', 'pro', null), (null, 'pro', null)")
    broken = (
        "select * from (values ('repeated:customer_id', '', 1), ('missing:customer_id', '', 1)) as t(rule, severity, n)"
    )
    assert sentence(generic("unique_grain", broken), db).startswith(
        "core.dim_customers: several rows have the same customer_id (1 row, such as customer_id c1); "
        "customer_id is missing (1 row, such as customer_id empty). "
    )


def test_a_test_of_its_own_is_said_by_what_it_prevents(db):
    code = "-- Prevents a bridge that loses customers (CHN-02): an opening is the closing\n-- before it.\nselect 1"
    own = node(
        "assert_bridges_chain", raw_code=code, compiled_code="select 'May' as month, 1200 as gap",
        depends_on=SimpleNamespace(nodes=["model.dim"]), config={"meta": {"remedy": "Deliver the contracts again."}},
    )  # fmt: skip
    assert sentence(own, db) == (
        "core.dim_customers: fails the check that prevents a bridge that loses customers: an opening is the closing before it "
        "(1 row, such as month May, gap 1,200). Deliver the contracts again."
    )


def test_a_model_that_cannot_be_built_is_said_with_the_cause(db):
    message = (
        "Database Error in model dim_customers (models/x.sql)\n  Binder Error: no column plan\n  compiled code at y"
    )
    assert sentence(DIM, db, "error", message=message) == (
        "core.dim_customers: could not be built: Binder Error: no column plan. Correct models/x.sql, or the policy that "
        "it reads."
    )


def test_every_test_of_a_run_has_a_sentence_without_its_name(parsed):
    """The sentence comes from the YAML or the first lines of the test, so a new test has one too."""
    raw = json.loads((parsed / "target" / "manifest.json").read_text())["nodes"]
    nodes = {}
    for key, stated in raw.items():
        metadata = stated.get("test_metadata")
        nodes[key] = SimpleNamespace(**stated | {
            "config": SimpleNamespace(severity=stated["config"].get("severity"), meta=stated["config"].get("meta") or {}),
            "depends_on": SimpleNamespace(nodes=stated.get("depends_on", {}).get("nodes", [])),
            "test_metadata": metadata and SimpleNamespace(**metadata),
        })  # fmt: skip
    tests = [one for one in nodes.values() if one.resource_type == "test"]
    assert len(tests) > 100
    for one in tests:
        (found,) = describe([result(one)], nodes, None)
        assert one.name not in found.message
        assert found.message.endswith("."), found.message
        assert "Prevents" not in found.message
        assert not found.message.startswith("the warehouse: ") or "macro" in found.message, found.message


def test_findings_are_rows_with_a_time_and_old_runs_are_forgotten(db, monkeypatch):
    """Results had no time, so nobody could say which run was the newest, and they were kept for good."""
    monkeypatch.setenv("STAYHOUSE_KEPT_RUNS", "2")
    db.execute(DDL)
    broken = "select 'paid_plan' as broken_rule, 'critical' as severity, 5 as n"
    found = describe([result(generic("rows_satisfy", broken))], NODES, db)
    for number in range(3):
        run = f"run{number}"
        write_results(db, findings_frame(found, run, date(2025, 1, 1)), run, "model")
        db.execute(
            "update ops.expectation_results set checked_at = ? where run_id = ?", [f"2025-01-0{number + 1}", run]
        )
    kept = db.execute(
        "select run_id, stage, asset, is_passed, unexpected_count, checked_at is not null "
        "from ops.expectation_results order by 1"
    ).fetchall()
    assert kept == [(run, "model", "core/dim_customers", False, 5, True) for run in ("run1", "run2")]


def test_a_test_in_a_file_of_its_own_names_no_column():
    """Every build failed: dbt's tests in `tests/` have no attribute for a column, not even an empty one."""
    singular = node("assert_bridge_closes", depends_on=SimpleNamespace(nodes=["model.dim"]))
    vars(singular).pop("column_name", None)
    (found,) = describe([result(singular, "pass", 0)], NODES, None)
    assert (found.check, found.is_passed) == ("assert_bridge_closes", True)
