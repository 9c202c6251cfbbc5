"""A warehouse forgets superseded rows when the settings say so, but never one that a model has still to take in."""

from __future__ import annotations

import pytest
from conftest import customer

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.growth import forget_superseded

pytestmark = pytest.mark.slow


@pytest.fixture
def superseded(landing, db):
    """Four loads of one customer; returns the numbers of the loads that superseded its older versions."""
    for number in range(4):
        version = customer(1, region=f"region {number}", ingested_at=f"2025-03-0{number + 1} 10:00:00")
        landing.csv("customers", [version], f"{number}.csv")
        load_landing(db, landing.folder, contract())

    def loads() -> list[int]:
        rows = db.execute("select _superseded_load_id from superseded.customers order by 1").fetchall()
        return [number for (number,) in rows]

    assert loads() == [2, 3, 4]
    return loads


def take_in(db, **models: int) -> None:
    db.executemany("insert into ops.model_watermarks values (?, ?, null, '')", list(models.items()))


@pytest.mark.parametrize(("kept", "left"), [(1, [4]), (2, [3, 4]), (9, [2, 3, 4])])
def test_rows_are_kept_for_as_many_loads_as_wanted(superseded, db, kept, left):
    take_in(db, a=4, b=4)
    assert forget_superseded(db, kept, ["a", "b"]) == 3 - len(left)
    assert superseded() == left
    assert db.execute("select count(*) from raw.customers").fetchone() == (1,)


def test_what_a_model_has_not_taken_in_is_kept(superseded, db):
    take_in(db, a=4, b=2)
    forget_superseded(db, 1, ["a", "b"])
    assert superseded() == [3, 4]
    # A model without a mark will be built from all rows, and until then nobody knows what it needs.
    forget_superseded(db, 1, ["a", "b", "c"])
    assert superseded() == [3, 4]
    # The mark of a removed model holds nothing back.
    forget_superseded(db, 1, ["a"])
    assert superseded() == [4]
