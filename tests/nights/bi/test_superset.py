"""A real BI client: Superset connects to the published file, registers every mart, and its own queries agree with them."""

from __future__ import annotations

import json

import duckdb
import pytest
from nights.bi.client import superset_answers

from stayhouse.publishing.release import DATABASE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.repetition]


@pytest.fixture(scope="module")
def superset(published, made_once):
    """What Superset answered, the marts, and the file it was asked of."""
    release = published.publish / "current"
    answer = superset_answers(release, made_once)
    marts = [name.split(".") for name in json.loads((release / "publication.json").read_text())["rows"]]
    with duckdb.connect(release / DATABASE_NAME, read_only=True) as db:
        yield answer, marts, db


def test_every_mart_can_be_registered_with_all_its_columns(superset):
    answer, marts, db = superset
    for schema, name in marts:
        columns = sorted(column for column, *_ in db.execute(f"describe {schema}.{name}").fetchall())
        assert answer["tables"][f"{schema}.{name}"] == columns


def test_every_mart_has_the_rows_that_superset_counts(superset):
    answer, marts, db = superset
    for schema, name in marts:
        assert answer["results"][f"{schema}.{name}"] == [
            {"rows": db.execute(f"select count(*) from {schema}.{name}").fetchone()[0]}
        ]


def test_a_rate_that_superset_computes_is_that_of_the_mart(superset):
    # Parts are published beside every rate, so that a client's own sums give the same number as the mart's row.
    answer, _, db = superset
    expected = db.execute(
        "select dimension_value, activated_long_pct from activation.mart_activation_cohort "
        "where dimension_name = 'segment' and cohort_label = 'all' order by 1"
    ).fetchall()
    found = sorted((row["dimension_value"], row["pct"]) for row in answer["results"]["activation by segment"])
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
