"""Names are a contract: the prefix names the layer, the suffix unit and type."""

from __future__ import annotations

from conventions import lints
from conventions.fakes import model, project_of, singular_test
from conventions.lints import Project, unexcepted

MODEL_EXCEPTIONS = {
    "policy": "the thresholds as one row; every model reads its columns under this name",
    "run_context": "describes the run, not the business; every model joins it under this name",
    "customer_accounts": "the spine: named after what it holds, because every domain joins it",
    "customer_tenures": "the spine: named after what it holds, because every domain joins it",
    "customer_registrations": "the spine: named after what it holds, because every domain joins it",
    "subscription_terms": "named after what it holds, as the periods are",
    "unconverted_money": "a finding that the run reports",
    "unknown_policy_codes": "a finding that the run reports",
}
# Columns of marts whose name is the plain word that people use; a suffix would only be noise.
PLAIN_COLUMNS = {
    "title": "varchar",
    # Of whatever kind the row names.
    "code": "varchar",
    "region": "varchar",
    "acquisition_channel": "varchar",
    "severity": "varchar",
    "observed": "varchar",
    "message": "varchar",
    "programme": "varchar",
    "nps_group": "varchar",
    # The words of the source, and personal under this name.
    "next_step": "varchar",
    # Their unit is that of the signal, which the row names.
    "observed_value": "double",
    "expected_value": "double",
    "trend_ratio": "double",
    # Parameters of the beta-geometric model, as its literature calls them.
    "alpha": "double",
    "beta": "double",
    "tenure_number": "bigint",
}


def test_models_are_named_after_their_layer(project: Project) -> None:
    assert unexcepted(lints.model_names(project), MODEL_EXCEPTIONS) == []


def test_columns_of_marts_keep_what_their_suffix_promises(project: Project) -> None:
    assert unexcepted(lints.column_names(project, PLAIN_COLUMNS)) == []


def test_rates_are_never_alone(project: Project) -> None:
    assert unexcepted(lints.rate_parts(project)) == []


def test_tests_are_named_after_what_they_show(project: Project) -> None:
    assert unexcepted(lints.names_of_tests(project)) == []


def test_plain_columns_are_all_in_use(project: Project) -> None:
    used = {name for node in project.marts for name in node["columns"]}
    assert set(PLAIN_COLUMNS) <= used


def test_wrong_model_names_are_caught() -> None:
    project = project_of(
        model("customers", "core"),
        model("stg_crm_customers", "staging/crm", schema="staging"),
        model("int_something", "intermediate/churn", schema="intermediate"),
        model("mart_a", "marts/churn", schema="marts"),
        model("helper", "utils"),
    )
    assert lints.model_names(project) == [
        "customers: a model of core starts with dim_ or fct_ or state_",
        "stg_crm_customers: is named stg_crm__<table>",
        "int_something: is named int_<entity>__<what was done>",
        "mart_a: is in the schema marts, not churn",
        "helper: lies in the unknown folder utils",
    ]


def test_wrong_column_names_are_caught() -> None:
    types = {
        "customer_id": "varchar",
        "churned_pct": "bigint",
        "left_at": "date",
        "churned_date": "date",
        "is_churned": "varchar",
        "amount": "double",
        "status": "varchar",
        "churned_share": "double",
        "paid_amount": "decimal(18,2)",
        "region": "varchar",
    }
    assert lints.column_names(project_of(model("mart_a", "marts/x", types=types)), {"region": "varchar"}) == [
        "mart_a.churned_pct: is bigint, its name promises double",
        "mart_a.left_at: is date, its name promises timestamp",
        "mart_a.is_churned: is varchar, its name promises boolean",
        "mart_a.amount: has no suffix of the list",
        "mart_a.status: say what it is of, and use _pct (0-100) for shares",
        "mart_a.churned_share: say what it is of, and use _pct (0-100) for shares",
    ]


def test_a_rate_without_its_parts_is_caught() -> None:
    types = {"churned_num": "bigint", "churned_pct": "double", "paid_den": "bigint", "paid_ci_lo": "double"}
    assert lints.rate_parts(project_of(model("mart_a", "marts/x", types=types))) == [
        "mart_a.churned_num: has no churned_den",
        "mart_a.paid_ci_lo: has no paid_ci_hi",
        "mart_a.paid_ci_lo: has no paid_pct",
        "mart_a.paid_den: has no paid_num",
        "mart_a.paid_den: has no paid_pct",
    ]


def test_wrong_names_of_tests_are_caught() -> None:
    project = project_of(
        singular_test("assert_fine", "-- Prevents a fault.\nselect 1", ["a", "b"]),
        singular_test("check_something", "select 1"),
        unit_tests={
            "u1": {"name": "mart_a__works", "model": "mart_a"},
            "u2": {"name": "test_mart_a", "model": "mart_a"},
        },
    )
    assert lints.names_of_tests(project) == [
        "test_mart_a: a unit test is named mart_a__<behaviour>",
        "check_something: a singular test is named assert_<sentence>",
        "check_something: the first line is a comment that says what it prevents",
    ]
