"""What a nightly run leaves out: dbt's unit tests, the rules of marts as data tests, and the tests of macros."""

from __future__ import annotations

from functools import cache

import duckdb
import pytest
from dbt.adapters.sql import SQLAdapter
from nights.conftest import LAST

from stayhouse.expectations.registry import mart_gates
from stayhouse.orchestration.dbt_session import DbtFailed

pytestmark = [pytest.mark.slow, pytest.mark.longest]


def test_every_dbt_unit_test_passes(straight, company, monkeypatch):
    tested = company(straight.settings.raw, straight)
    tested.session.settings = tested.settings
    # dbt asks the warehouse for the columns of every fixture, and thousands are of the same few dozen relations.
    monkeypatch.setattr(SQLAdapter, "get_columns_in_relation", cache(SQLAdapter.get_columns_in_relation))
    results = tested.session.unit_tests()
    assert len(results) >= 51
    assert {str(result.status) for result in results} == {"pass"}


def test_a_unit_test_that_does_not_hold_is_named(straight, company, monkeypatch):
    """Its node has no `model`, unlike that of a test which cannot run, and the run ended with an AttributeError."""
    tested = company(straight.settings.raw, straight)
    tested.session.settings = tested.settings
    units = {unit.name: unit for unit in tested.session.parse().unit_tests.values()}
    surplus, unknown = "fct_retracted_cancellations__only_what_was_taken_back", "dim_exchange_rates__the_company_s_own"
    rows = units[surplus].expect.rows
    monkeypatch.setattr(units[surplus].expect, "rows", [rows[0], *rows])
    monkeypatch.setattr(units[unknown].expect, "rows", [units[unknown].expect.rows[0] | {"no_such_column": 1}])
    with pytest.raises(DbtFailed) as failed:
        tested.session._test([f"test_type:unit,{name}" for name in (surplus, unknown)], None)
    assert sorted(line.split(":")[0] for line in failed.value.failures) == sorted([surplus, unknown])


def test_what_a_nightly_run_leaves_out_holds_as_dbt_tests_too(straight, company):
    """The gate evaluates the rules of marts; a bare `dbt build` tests the same, and the steps between core and marts."""
    built = company(straight.settings.raw, straight)
    built.session.settings = built.settings
    results = built.session.tests_not_nightly(LAST)
    tested = {result.node.attached_node.split(".")[-1] for result in results if hasattr(result.node, "attached_node")}
    assert {name for name in tested if name.startswith("mart_")} == {gate.asset_key[1] for gate in mart_gates()}
    assert {name.split("_")[0] for name in tested} == {"mart", "int"}
    assert {str(result.status) for result in results} <= {"pass", "warn"}


def test_a_broken_rule_is_named_with_its_rows(straight, company):
    tested = company(straight.settings.raw, straight)
    tested.session.settings = tested.settings
    with duckdb.connect(tested.settings.warehouse) as db:
        db.execute("update alerts.mart_alerts set severity = 'extreme' where is_open")
        db.execute("insert into alerts.mart_alerts from alerts.mart_alerts limit 1")
    with pytest.raises(DbtFailed) as failed:
        tested.session.tests_not_nightly(LAST)
    (message,) = [line for line in failed.value.failures if line.startswith("alerts.mart_alerts: ")]
    assert "this does not hold: severity in ('low', 'medium', 'high') and " in message
    assert "severity extreme" in message
    assert "several rows have the same alert_id (1 row, such as alert_id " in message
