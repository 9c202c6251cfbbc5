"""Two runs over a lake give what they give in one file, also when one of them is killed."""

from __future__ import annotations

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from lakes import Side, assert_same_publications

from stayhouse.demonstration.saas import generate
from stayhouse.expectations.registry import mart_gates
from stayhouse.spark import Lake

# Three builds of all models take a quarter of an hour.
pytestmark = [pytest.mark.slow, pytest.mark.repetition]

LAST = date(2025, 6, 30)
FIRST = LAST - timedelta(days=1)
# Days whose files come a run late.
LATE = {f"dt={LAST - timedelta(days=days)}" for days in (0, 3, 17, 40)}


@pytest.fixture(scope="module")
def sides(tmp_path_factory, environment: dict[str, str]) -> tuple[Side, Side]:
    """The same company in a file and in a lake, before its first run."""
    folder = tmp_path_factory.mktemp("company")
    generate(folder, customers=60, days=90, seed=3)
    landing = folder / "arrived" / "landing"
    shutil.copytree(folder / "policy", folder / "arrived" / "policy")
    shutil.copytree(folder / "landing", landing, ignore=lambda _, names: LATE & set(names))
    return (
        Side(landing, tmp_path_factory.mktemp("file"), {}),
        Side(landing, tmp_path_factory.mktemp("spark"), environment),
    )


def test_two_runs_are_equal_although_the_second_is_killed(sides, lake: Lake, spark) -> None:
    """A full build, and a run with late rows that was killed amid the models and begun again."""
    file, other = sides
    with ThreadPoolExecutor() as both:
        assert list(both.map(lambda side: side.build(FIRST), sides)) == [0, 0]
    assert_same_publications(file, other)

    landing = file.landing
    shutil.copytree(landing.parents[1] / "landing", landing, dirs_exist_ok=True)
    with ThreadPoolExecutor() as both:
        built, killed = both.submit(file.build, LAST), both.submit(other.build, LAST, kill=0)
    assert (built.result(), killed.result()) == (0, -signal.SIGKILL)
    assert published_day(spark) == FIRST
    assert other.build(LAST) == 0
    assert_same_publications(file, other)
    assert published_day(spark) == LAST
    assert_release_is_whole(spark)
    marks = "select count(distinct model_name) as models, max(load_id) as load_id from ops.model_watermarks"
    (marked,) = spark.newSession().sql(marks).collect()
    assert marked["models"] > 15
    assert marked["load_id"] > 1


def published_day(spark) -> date:
    """What readers of the lake have."""
    # A session keeps the tables that it has read for half a minute.
    (row,) = spark.newSession().sql("select as_of_date from published.publication").collect()
    return row[0]


def assert_release_is_whole(spark) -> None:
    """The views that people read show the tables of the release that the manifest names."""
    spark = spark.newSession()
    (row,) = spark.sql("select release from published.publication").collect()
    names = {found["tableName"] for found in spark.sql(f"show tables in {row[0]}").collect()}
    assert names == {gate.asset_key[1] for gate in mart_gates()}
    assert {found["viewName"] for found in spark.sql("show views in published").collect()} == names
    name = "mart_customer_360"
    counts = [spark.table(f"{schema}.{name}").count() for schema in (row[0], "published")]
    assert counts[0] == counts[1] > 0
