"""Served requirements stay served, and requirements served elsewhere name existing files."""

from __future__ import annotations

import pytest
from conventions import requirements
from conventions.fakes import columns, generic_test, model
from conventions.lints import Project

from stayhouse.contract import REPO_ROOT


def test_no_requirement_that_was_served_is_lost(project: Project) -> None:
    manifest = {"nodes": project.nodes, "unit_tests": project.unit_tests}
    kept = requirements.served(requirements.coverage(manifest, requirements.served_elsewhere()))
    lost = sorted(set(requirements.read_baseline()) - set(kept))
    assert lost == [], "served before; see `make coverage`"


def test_what_is_served_elsewhere_is_proved_by_a_test_that_exists() -> None:
    for row in requirements.served_elsewhere():
        file, _, name = row["proved_by"].partition("::")
        assert f"def {name}(" in (REPO_ROOT / file).read_text(), row


def manifest_of(*nodes: dict, unit_tests: dict | None = None) -> dict:
    return {"nodes": {node["unique_id"]: node for node in nodes}, "unit_tests": unit_tests or {}}


def test_a_model_serves_with_its_columns_and_tests() -> None:
    mart = model("mart_a", "marts/x", types={"customer_id": "varchar", "churned_num": "bigint"})
    mart["config"]["meta"] = {"serves": ["CHN-02"]}
    bare = model("mart_b", "marts/x", types={"customer_id": "varchar"})
    bare["config"]["meta"] = {"serves": ["CHN-03"]}
    unit = {
        "name": "mart_a__works",
        "resource_type": "unit_test",
        "depends_on": {"nodes": [mart["unique_id"], bare["unique_id"]]},
    }
    found = requirements.coverage(manifest_of(mart, bare, generic_test("unique_grain", mart), unit_tests={"u": unit}))
    assert found["CHN-02"].columns == {"mart_a": ["customer_id", "churned_num"]}
    assert found["CHN-02"].tests == {"unique_grain_mart_a", "mart_a__works"}
    assert found["CHN-03"].is_served
    assert not found["CHN-03"].is_tested
    assert requirements.served(found) == ["CHN-02"]


def test_a_column_may_serve_alone_and_a_test_may_serve() -> None:
    mart = model("mart_a", "marts/x", types={"customer_id": "varchar"})
    mart["columns"] |= columns({"churned_pct": "double"})
    mart["columns"]["churned_pct"]["config"] = {"meta": {"serves": ["CHN-02"]}}
    test = {
        "name": "assert_bridge_closes",
        "unique_id": "test.stayhouse.assert_bridge_closes",
        "resource_type": "test",
        "config": {"meta": {"serves": ["DQ-10"]}},
        "depends_on": {"nodes": [mart["unique_id"]]},
    }
    found = requirements.coverage(manifest_of(mart, test))
    assert found["CHN-02"].columns == {"mart_a": ["churned_pct"]}
    assert requirements.served(found) == ["CHN-02", "DQ-10"]


def test_an_unknown_requirement_is_reported() -> None:
    mart = model("mart_a", "marts/x")
    mart["config"]["meta"] = {"serves": ["CHN-99"]}
    with pytest.raises(ValueError, match="mart_a serves CHN-99"):
        requirements.coverage(manifest_of(mart))
    with pytest.raises(ValueError, match="page serves ORG-99"):
        requirements.coverage(manifest_of(), [{"requirement_id": "ORG-99", "served_by": "page", "proved_by": "t"}])
