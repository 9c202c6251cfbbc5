"""What BI reads is typed, keyed and tested."""

from __future__ import annotations

from conventions import lints
from conventions.fakes import generic_test, model, project_of
from conventions.lints import Project, judge

GRAIN_EXCEPTIONS = {
    "dim_events": "copies the seed event_catalogue, whose key is tested",
    "dim_thresholds": "copies the seed thresholds, whose key is tested",
    "dim_survey_metrics": "copies the seed survey_metrics, whose key is tested",
    "int_activation__cohort_members": "its key holds a month that is NULL for all months together",
}


def test_marts_keep_their_contract(project: Project) -> None:
    assert judge(lints.mart_contracts(project)) == []


def test_tables_below_the_marts_test_their_grain(project: Project) -> None:
    assert judge(lints.grains(project), GRAIN_EXCEPTIONS) == []


def test_a_mart_without_contract_is_caught() -> None:
    bare = model("mart_a", "marts/x", types={"customer_id": ""}, access="protected")
    bare["config"] = {"meta": {"grain": ["customer_key"], "serves": ["ACT-2"]}, "contract": {"enforced": False}}
    assert lints.mart_contracts(project_of(bare)) == [
        "mart_a: the contract is not enforced",
        "mart_a.customer_id: has no data_type",
        "mart_a: is not public",
        "mart_a: meta.grain must name columns of the mart",
        "mart_a: meta.serves must name requirements such as ACT-02",
        "mart_a: needs one test unique_grain over the columns of meta.grain, in their order",
        "mart_a: needs a test rows_satisfy with what makes its rows true",
        "mart_a: no exposure reads it",
    ]


def test_a_mart_that_tests_another_grain_is_caught() -> None:
    node = model("mart_a", "marts/x", types={"customer_id": "varchar", "month": "date"})
    node["config"]["meta"] = {"grain": ["customer_id", "month"], "serves": ["DQ-04"]}
    nodes = [node, generic_test("unique_grain", node, columns=["customer_id"]), generic_test("rows_satisfy", node)]
    exposures = {"e": {"depends_on": {"nodes": [node["unique_id"]]}}}
    assert lints.mart_contracts(project_of(*nodes, exposures=exposures)) == [
        "mart_a: needs one test unique_grain over the columns of meta.grain, in their order"
    ]
    nodes[1]["test_metadata"]["kwargs"]["columns"] = ["customer_id", "month"]
    assert lints.mart_contracts(project_of(*nodes, exposures=exposures)) == []


def test_a_core_table_without_a_key_test_is_caught() -> None:
    keyed = model("dim_a", "core")
    keyed["config"]["meta"] = {"grain": ["a_id"]}
    bare = model("dim_b", "core")
    bare["config"]["meta"] = {"grain": ["b_id"]}
    silent = model("dim_c", "core")
    tests = [
        generic_test("unique_grain", keyed, columns=["a_id"]),
        generic_test("unique_grain", silent, columns=["c_id"]),
    ]
    assert lints.grains(project_of(keyed, bare, silent, *tests)) == [
        "dim_b: needs a test unique_grain over its meta.grain",
        "dim_c: needs a test unique_grain over its meta.grain",
    ]
