"""What BI reads is typed, keyed and tested."""

from __future__ import annotations

from conventions import lints
from conventions.fakes import generic_test, model, project_of
from conventions.lints import Project, unexcepted

GRAIN_EXCEPTIONS = {
    "dim_events": "copies the seed event_catalogue, whose key is tested",
}


def test_marts_keep_their_contract(project: Project) -> None:
    assert unexcepted(lints.mart_contracts(project)) == []


def test_tables_below_the_marts_test_their_grain(project: Project) -> None:
    assert unexcepted(lints.grains(project), GRAIN_EXCEPTIONS) == []


def test_a_mart_without_contract_is_caught() -> None:
    bare = model("mart_a", "marts/x", types={"customer_id": ""}, access="protected")
    bare["config"] = {"meta": {"grain": ["customer_key"], "serves": ["ACT-2"]}, "contract": {"enforced": False}}
    assert lints.mart_contracts(project_of(bare)) == [
        "mart_a: the contract is not enforced",
        "mart_a.customer_id: has no data_type",
        "mart_a: is not public",
        "mart_a: meta.grain must name columns of the mart",
        "mart_a: meta.serves must name requirements such as ACT-02",
        "mart_a: needs one test rows_satisfy with what makes its rows true; it tests the grain too",
        "mart_a: no exposure reads it",
    ]


def test_a_mart_that_tests_its_grain_twice_is_caught() -> None:
    node = model("mart_a", "marts/x", types={"customer_id": "varchar", "month": "date"})
    node["config"]["meta"] = {"grain": ["customer_id", "month"], "serves": ["DQ-04"]}
    exposures = {"e": {"depends_on": {"nodes": [node["unique_id"]]}}}
    tests = [generic_test("rows_satisfy", node), generic_test("unique_grain", node)]
    assert lints.mart_contracts(project_of(node, *tests, exposures=exposures)) == [
        "mart_a: needs one test rows_satisfy with what makes its rows true; it tests the grain too"
    ]
    assert lints.mart_contracts(project_of(node, tests[0], exposures=exposures)) == []


def test_a_core_table_without_a_key_test_is_caught() -> None:
    keyed = model("dim_a", "core")
    keyed["config"]["meta"] = {"grain": ["a_id"]}
    bare = model("dim_b", "core")
    bare["config"]["meta"] = {"grain": ["b_id"]}
    silent = model("dim_c", "core")
    tests = [
        generic_test("unique_grain", keyed),
        generic_test("unique_grain", silent),
    ]
    assert lints.grains(project_of(keyed, bare, silent, *tests)) == [
        "dim_b: needs its meta.grain and one test of it, unique_grain or rows_satisfy",
        "dim_c: needs its meta.grain and one test of it, unique_grain or rows_satisfy",
    ]
