"""What dbt's own documentation leaves out of a publication."""

from __future__ import annotations

import json

import pytest

from stayhouse.orchestration.model_docs import without_unshown_parts

MANIFEST = json.dumps(
    {
        "metadata": {"project_name": "own"},
        "nodes": {
            "model.a": {
                "name": "a",
                "unrendered_config": {"group": "a"},
                "checksum": {"name": "sha256"},
                "created_at": 1.5,
            }
        },
        "macros": {
            "macro.own.a": {"package_name": "own", "macro_sql": "select 1", "created_at": 1.5},
            "macro.dbt.b": {"package_name": "dbt", "macro_sql": "select 2"},
        },
        "unit_tests": {"unit_test.a": {"given": [1, 2, 3]}},
        "parent_map": {"model.a": [], "unit_test.a": ["model.a"]},
        "child_map": {"model.a": ["unit_test.a", "model.b"], "unit_test.a": []},
    }
)


def test_the_documentation_leaves_out_what_nobody_looks_up():
    """Every publication carried the rows of two hundred unit tests, and its page of models outgrew two megabytes; with more
    domains it did again."""
    html = without_unshown_parts(f"<script>n = [{MANIFEST}]</script>", MANIFEST)
    assert json.loads(html.removeprefix("<script>n = [").removesuffix("]</script>")) == {
        "metadata": {"project_name": "own"},
        "nodes": {"model.a": {"name": "a"}},
        "macros": {
            "macro.own.a": {"package_name": "own", "macro_sql": "select 1"},
            "macro.dbt.b": {"package_name": "dbt", "macro_sql": ""},
        },
        "unit_tests": {},
        "parent_map": {"model.a": []},
        "child_map": {"model.a": ["model.b"]},
    }


def test_another_layout_of_the_documentation_is_noticed():
    with pytest.raises(ValueError, match="does not hold the manifest"):
        without_unshown_parts("<html></html>", MANIFEST)
