"""A run on a cluster survives the loss of a worker."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lakes import Side, assert_same_publications, running_cluster, running_lake

from stayhouse.demonstration.saas import generate

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
DAY = date(2025, 6, 30)


def test_a_run_that_loses_a_worker_gives_the_same_marts(tmp_path: Path) -> None:
    generate(tmp_path, customers=40, days=60, seed=3)
    landing = tmp_path / "landing"
    places = [tmp_path / name for name in ("file", "cluster")]
    for place in places:
        place.mkdir()
    more = {"spark.executor.memory": "900m", "spark.executor.cores": "1"}
    with running_cluster(2) as (master, workers), running_lake(tmp_path / "lake", master, more) as environment:
        file, other = Side(landing, places[0], {}), Side(landing, places[1], environment)
        assert file.build(DAY) == 0
        assert other.build(DAY, kill=workers[0]) == 0
        assert_same_publications(file, other)
