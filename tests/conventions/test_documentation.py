"""A mart's YAML states its grain, its meaning and what NULL means."""

from __future__ import annotations

from pathlib import Path

from conventions import lints
from conventions.fakes import columns, model, project_of
from conventions.lints import Project, unexcepted


def test_everything_is_described(project: Project) -> None:
    assert unexcepted(lints.descriptions(project)) == []


def test_a_model_is_described_beside_its_sql(project: Project) -> None:
    assert lints.files_of_descriptions(project) == []


def test_a_description_elsewhere_is_caught() -> None:
    places = {"patch_path": "stayhouse://models/core/_core.yml", "original_file_path": "models/core/usage/dim_a.sql"}
    staged = {"patch_path": "stayhouse://models/staging/crm/_crm.yml", "original_file_path": "models/staging/crm/s.sql"}
    here = {
        "patch_path": "stayhouse://models/core/usage/dim_c.yml",
        "original_file_path": "models/core/usage/dim_c.sql",
    }
    nodes = [
        model("dim_a", "core/usage", **places),
        model("stg_crm__s", "staging/crm", **staged),
        model("dim_c", "core/usage", **here),
    ]
    assert lints.files_of_descriptions(project_of(*nodes)) == [
        "dim_a: is described in models/core/_core.yml, not beside its SQL"
    ]


def test_columns_of_marts_say_what_null_means(project: Project) -> None:
    assert unexcepted(lints.null_meanings(project)) == []


def test_policy_files_are_typed_and_described(project: Project) -> None:
    assert unexcepted(lints.seed_columns(project)) == []


def test_missing_descriptions_are_caught() -> None:
    undescribed = model("mart_a", "marts/x", description="", types={"customer_id": "varchar"})
    undescribed["columns"]["customer_id"]["description"] = " "
    project = project_of(
        undescribed,
        model("mart_b", "marts/x", description="One row per thing. And more."),
        model("mart_c", "marts/x", description="What it is.\nOne row\nper customer x month."),
        macros={
            "m1": {"name": "pct", "description": ""},
            "m2": {"name": "spark__pct", "description": ""},
            "m3": {"name": "threshold", "description": "A number of the policy."},
        },
    )
    assert lints.descriptions(project) == [
        "mart_a: has no description",
        "mart_b: the description must end with 'One row per <grain>.'",
        "mart_a.customer_id: has no description",
        "pct: the macro has no description in macros/_macros.yml",
    ]


def test_an_unexplained_null_is_caught() -> None:
    node = model(
        "mart_a", "marts/x", types={"left_at": "timestamp", "churned_pct": "double", "churned_count": "bigint"}
    )
    node["columns"]["left_at"]["description"] = "Moment of the churn."
    assert lints.null_meanings(project_of(node)) == [
        "mart_a.left_at: may be NULL, say what that means (or 'Never NULL')"
    ]


def test_a_seed_that_differs_from_its_file_is_caught(tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text("plan_code,tier\nfree,0\n")
    seed = {
        "name": "plans",
        "unique_id": "seed.stayhouse.plans",
        "resource_type": "seed",
        "original_file_path": "plans.csv",
        "config": {"column_types": {"plan_code": "varchar", "title": "varchar"}, "meta": {"key": ["code"]}},
        "columns": columns({"plan_code": "varchar"}),
    }
    assert lints.seed_columns(project_of(seed, root=tmp_path)) == [
        "plans.tier: is missing in column_types",
        "plans.title: is in column_types, not in the file",
        "plans.tier: is missing in columns",
        "plans: meta.key must name columns of the file",
    ]
