"""The rows that `stayhouse explain` writes are those that a published number counts: of every metric, in every breakdown."""

from __future__ import annotations

from collections import defaultdict

import pytest

from stayhouse.orchestration.explaining import explanation
from stayhouse.orchestration.metric_catalogue import facts, metrics
from stayhouse.publishing.reading import standing

pytestmark = pytest.mark.slow

# Cells of a breakdown that are added up: the latest and those before it.
CELLS = 3
WITHOUT_ROWS = {
    metric["code"]
    for metric in metrics()
    if all(one.unpublished for one in facts().values() if set(one.measures) & set(metric["parts"]))
}
"""Metrics of rows that are not published; the semantic model says why, and where their counts are."""


def test_the_rows_behind_every_number_add_up_to_it(published):
    """A list of "the 24 customers who churned" with 23 lines is worse than no list."""
    proved, differing, without = defaultdict(int), [], set()
    with standing(published.publish) as publication:
        assert set(publication.definitions["metrics"]) == {metric["code"] for metric in metrics()}
        cells = publication.db.execute(
            "select metric_code, dimension_name, dimension_value, period_start_date from metrics.mart_metric_values "
            "where metric_amount is not null qualify row_number() over (partition by metric_code, dimension_name "
            "order by period_start_date desc, denominator_amount desc, dimension_value) <= ?",
            [CELLS],
        ).fetchall()
        for code, dimension, member, day in cells:
            found = explanation(publication, code)
            number = found.number(day.isoformat(), dimension, member)
            rows = found.rows(number, dimension, member)
            if rows.sql is None:
                without |= {code} if dimension == "all" and found.metric["period_grain"] != "day" else set()
                continue
            proof = found.proof(number, rows)
            proved[code] += 1
            differing += [(code, dimension, member, day, proof)] * bool(proof.differing)
    assert differing == []
    assert without == WITHOUT_ROWS & {code for code, *_ in cells}
    assert len(proved) >= 25, "the small company measures fewer metrics than it did"
    assert sum(proved.values()) > 3 * len(proved)


def test_an_explanation_leads_from_raw_tables_to_the_mart(published):
    with standing(published.publish) as publication:
        found = explanation(publication, "activation_long_pct")
        assert list(found.way) == ["raw", "policy", "staging", "core", "intermediate", "marts"]
        assert {"customers", "events"} <= set(found.way["raw"])
        assert "mart_activation_cohort" in found.way["marts"]
        threshold = found.thresholds["activation_window_long_days"]
        assert (threshold["value"], threshold["is_named"]) == ("30", True)
        assert next(iter(found.thresholds)) == "activation_window_long_days"
