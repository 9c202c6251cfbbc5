"""Rates of longer periods agree with sums in pandas, for gaps, months without a base and values that come late."""

from __future__ import annotations

import random
from datetime import date

import pandas as pd
import pytest
from nights.peers import Models

pytestmark = pytest.mark.slow

AS_OF = date(2025, 5, 20)
# The kind of interval of each.
METRICS = {"customer_churn_pct": "byar", "effective_contact_pct": "wilson", "net_mrr_churn_pct": "none"}
MONTHS = pd.period_range("2023-11", "2025-05", freq="M")


def monthly() -> pd.DataFrame:
    rng = random.Random(4)
    rows = []
    for metric in METRICS:
        for dimension, value in (("all", "all"), ("segment", "a"), ("segment", "b"), ("region", "late")):
            for month in MONTHS[3 if metric == "net_mrr_churn_pct" else 0 :]:
                if (value == "late" and month < pd.Period("2024-09")) or (dimension != "all" and rng.random() < 0.2):
                    continue
                base = rng.choice([0, 3, 40, rng.randrange(1, 500)])
                measured = rng.random() > 0.05
                rows.append({
                    "metric_code": metric, "period_grain_code": "month", "dimension_name": dimension,
                    "dimension_value": value, "unit_code": "percent",
                    "numerator_amount": rng.randrange(base + 1) if measured else None,
                    "denominator_amount": base if measured else None,
                    "is_complete": month < MONTHS[-1], "is_reliable": base > 20,
                    "period_start_date": month.start_time.date(),
                })  # fmt: skip
    return pd.DataFrame(rows)


def windows(kind: str) -> list[tuple[pd.Period, int]]:
    """First months and lengths of the periods of a kind."""
    length = {"quarter": 3, "year": 12, "rolling_3m": 3, "rolling_12m": 12}[kind]
    firsts = pd.period_range("2023-01", "2025-05", freq="M")
    if kind == "quarter":
        firsts = [month for month in firsts if month.month in (1, 4, 7, 10)]
    if kind == "year":
        firsts = [month for month in firsts if month.month == 1]
    return [(month, length) for month in firsts]


@pytest.fixture(scope="module")
def modelled(parsed_once, tmp_path_factory):
    models = Models(tmp_path_factory.mktemp("periods"), ["mart_metric_periods"])
    rows = monthly()
    columns = (
        "metric_code varchar, period_grain_code varchar, dimension_name varchar, dimension_value varchar, unit_code varchar, "
        "numerator_amount double, denominator_amount double, is_complete boolean, is_reliable boolean, period_start_date date"
    )
    db = models.run(
        {
            "run_context": ("as_of_date date", [{"as_of_date": AS_OF}]),
            "policy": ("min_reliable_count integer", [{"min_reliable_count": 30}]),
            "mart_metric_values": (columns, rows.to_dict("records")),
        }
    )
    return models.frame(db, "mart_metric_periods"), rows


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["quarter", "year", "rolling_3m", "rolling_12m"])
def test_parts_of_a_period_are_the_sums_of_its_months(modelled, metric, kind) -> None:
    found, rows = modelled
    own = rows[rows["metric_code"] == metric].assign(
        month=lambda frame: pd.PeriodIndex(frame["period_start_date"], freq="M")
    )
    known = set(own[own["dimension_name"] == "all"]["month"])
    expected = {}
    for first, length in windows(kind):
        months = set(pd.period_range(first, periods=length, freq="M"))
        if kind.startswith("rolling") and (first < min(known) or max(months) > MONTHS[-1]):
            continue
        for key, cells in own[own["month"].isin(months)].groupby(["dimension_name", "dimension_value"]):
            expected[(first.start_time.date(), *key)] = (
                cells["numerator_amount"].sum(min_count=1),
                cells["denominator_amount"].sum(min_count=1),
                len(months & known),
                months <= known and bool(cells["is_complete"].all()) and max(months).end_time.date() <= AS_OF,
            )
    marts = found[(found["metric_code"] == metric) & (found["period_kind"] == kind)]
    assert len(marts) == len(expected) > 4
    for row in marts.to_dict("records"):
        key = (row["period_start_date"].date(), row["dimension_name"], row["dimension_value"])
        number, base, months, complete = expected[key]
        assert (row["months_count"], row["is_complete"]) == (months, complete), key
        if pd.isna(base):
            assert pd.isna(row["denominator_amount"]) and pd.isna(row["metric_amount"])  # noqa: PT018
            continue
        assert (row["numerator_amount"], row["denominator_amount"]) == (number, base), key
        assert (
            pd.isna(row["metric_amount"]) if base == 0 else row["metric_amount"] == pytest.approx(100 * number / base)
        )
        assert pd.isna(row["metric_amount_ci_lo"]) == (METRICS[metric] == "none" or base == 0), key


def test_bounds_are_those_of_the_book(modelled) -> None:
    """The lower bounds are the formulas of Byar and Wilson, written out once more."""
    found, _ = modelled
    for kind, z in (("wilson", 1.959963984540054), ("byar", 1.959963984540054)):
        (metric,) = [code for code, its in METRICS.items() if its == kind]
        rows = found[
            (found["metric_code"] == metric) & (found["denominator_amount"] > 0) & (found["numerator_amount"] > 0)
        ]
        assert len(rows) > 20
        for row in rows.to_dict("records"):
            count, base = row["numerator_amount"], row["denominator_amount"]
            if kind == "byar":
                low = count * (1 - 1 / (9 * count) - z / 3 / count**0.5) ** 3 / base
            else:
                share = count / base
                spread = z * (share * (1 - share) / base + z * z / (4 * base * base)) ** 0.5
                low = (share + z * z / (2 * base) - spread) / (1 + z * z / base)
            assert row["metric_amount_ci_lo"] == pytest.approx(100 * low, abs=1e-6)
