"""What dbt's own documentation leaves out of a publication."""

from __future__ import annotations

import json

import pytest

from stayhouse.orchestration.model_docs import without_unit_tests

MANIFEST = json.dumps(
    {
        "nodes": {"model.a": {"name": "a"}},
        "unit_tests": {"unit_test.a": {"given": [1, 2, 3]}},
        "parent_map": {"model.a": [], "unit_test.a": ["model.a"]},
        "child_map": {"model.a": ["unit_test.a", "model.b"], "unit_test.a": []},
    }
)


def test_the_documentation_has_no_rows_of_unit_tests():
    """Every publication carried the rows of two hundred unit tests, and its page of models outgrew two megabytes."""
    html = without_unit_tests(f"<script>n = [{MANIFEST}]</script>", MANIFEST)
    assert json.loads(html.removeprefix("<script>n = [").removesuffix("]</script>")) == {
        "nodes": {"model.a": {"name": "a"}},
        "unit_tests": {},
        "parent_map": {"model.a": []},
        "child_map": {"model.a": ["model.b"]},
    }


def test_another_layout_of_the_documentation_is_noticed():
    with pytest.raises(ValueError, match="does not hold the manifest"):
        without_unit_tests("<html></html>", MANIFEST)
