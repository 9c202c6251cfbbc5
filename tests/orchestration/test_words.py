"""Words that messages share."""

from __future__ import annotations

import pytest

from stayhouse.contract.words import closest, counted, did_you_mean, listed


@pytest.mark.parametrize(
    ("names", "noun", "said"),
    [
        (["a"], "tables", "a"),
        (["a", "b"], "tables", "a, b"),
        (["a", "b", "c"], "tables", "a, b and 1 more table"),
        (["a", "b", "c", "d"], "tables", "a, b and 2 more tables"),
        (["a", "b", "c", "d"], "", "a, b and 2 more"),
    ],
)
def test_listed(names: list[str], noun: str, said: str) -> None:
    """A list that is shortened says how many it leaves out."""
    assert listed(names, 2, noun) == said


def test_did_you_mean() -> None:
    """Names are compared without their case, and said as they are spelled; without a close one all are said."""
    known = ["Region", "segment", "value_segment"]
    assert closest("REGOIN", known) == ["Region"]
    assert did_you_mean("Segmnt", known) == "did you mean segment or value_segment?"
    assert did_you_mean("zzz", known) == "known are Region, segment, value_segment"


def test_counted() -> None:
    """One row is not `1 rows`."""
    assert [counted(number, "row") for number in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
