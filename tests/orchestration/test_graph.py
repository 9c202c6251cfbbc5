"""Walks over what is made from what, which partial builds, explanations and notices about empty tables share."""

from __future__ import annotations

from stayhouse.orchestration.graph import reached

MADE = {"raw": ["stg_b", "stg_a"], "stg_a": ["mart"], "stg_b": ["step"], "step": ["mart", "end"], "other": ["mart"]}


def test_what_is_nearest_comes_first():
    """Notices name the first marts only, and those should be the ones that a reader knows the table from."""
    assert reached(MADE, ["raw"]) == ["raw", "stg_a", "stg_b", "mart", "step", "end"]


def test_a_start_that_nothing_is_made_from_is_all():
    assert reached(MADE, ["end", "unknown"]) == ["end", "unknown"]


def test_a_circle_ends():
    """Macros may call one another."""
    assert reached({"a": ["b"], "b": ["a"]}, ["a"]) == ["a", "b"]
