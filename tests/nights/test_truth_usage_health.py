"""The signals of usage health find what the generator planted, and leave alone what it did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from demonstration.saas import generate
from demonstration.scoring import score

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scores(dbt_session, tmp_path_factory):
    """A company large and old enough that falls can be seen: both windows before and after the turn of a life."""
    from nights.conftest import Company

    folder = tmp_path_factory.mktemp("usage_truth")
    generate(folder, customers=400, days=400, seed=11)
    settings = replace(dbt_session.settings, raw=folder / "raw", warehouse=folder / "stayhouse.duckdb")
    Company(settings, dbt_session).night(date(2025, 6, 30))
    names, rows = score("usage", settings.warehouse, folder / "truth")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


@pytest.mark.parametrize("signal", ["sharp_decline", "dormant", "component_abandoned"])
def test_what_was_planted_is_found(scores, signal):
    assert scores[signal]["eligible"] >= 2
    # One case may fall out of a small company.
    assert scores[signal]["found"] >= min(0.9 * scores[signal]["eligible"], scores[signal]["eligible"] - 1)


@pytest.mark.parametrize("signal", ["sharp_decline", "dormant", "excessive"])
def test_days_of_a_signal_follow_a_planted_cause(scores, signal):
    assert scores[signal]["precision_of_days"] >= 0.8


def test_a_silence_is_told_on_the_first_day_beyond_the_norm(scores):
    # 15 days where 14 are usual, 29 where 28 are.
    assert scores["dormant"]["median_delay_days"] in range(15, 30)
    assert scores["dormant"]["p90_delay_days"] <= 29
