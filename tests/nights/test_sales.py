"""Money without contracts: hand-worked cases, identities, and the same numbers from another implementation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

COUNTS = ["buyers_count", "new_buyers_num", "returning_buyers_count", "unknown_buyers_count", "purchases_count"]
AMOUNTS = ["purchases_amount", "new_purchases_amount", "revenue_amount", "refunded_amount"]
OFFSETS = {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}


@pytest.fixture(scope="module")
def marts(planted):
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        yield db


def test_revenue_purchases_and_buyers_of_a_small_shop(cases):
    """A purchase a second before midnight is of January; a refund lowers the purchase of February and the cash of March."""
    months = cases("utc").rows(
        f"""
        select period_start_date, {", ".join(COUNTS)}, {", ".join(AMOUNTS)}, check_avg, purchases_per_buyer_avg
        from retention.mart_sales
        where dimension_name = 'channel' and dimension_value = 'sales' and period_grain_code = 'month' order by 1
        """
    )
    none = (0, 0, 0, 0, 0, *[Decimal("0.00")] * 4, None, None)
    assert months == [
        (date(2025, 1, 1), 1, 1, 0, 0, 1, *map(Decimal, ("100.00", "100.00", "100.00", "0.00")), 100.0, 1.0),
        (date(2025, 2, 1), 3, 2, 1, 0, 3, *map(Decimal, ("90.00", "50.00", "110.00", "0.00")), 30.0, 1.0),
        (date(2025, 3, 1), 2, 0, 2, 0, 2, *map(Decimal, ("26.00", "0.00", "6.00", "20.00")), 13.0, 1.0),
        *((date(2025, month, 1), *none) for month in (4, 5, 6)),
    ]


def test_everybody_who_first_buys_within_a_quarter_is_new_in_it(cases):
    """The customer who returns in February and March is new in the quarter, once, with all purchases."""
    quarters = cases("utc").rows(
        f"""
        select period_start_date, {", ".join(COUNTS)}, purchases_amount, new_purchases_amount, new_buyers_pct
        from retention.mart_sales
        where dimension_name = 'channel' and dimension_value = 'sales' and period_grain_code = 'quarter' order by 1
        """
    )
    assert quarters == [
        (date(2025, 1, 1), 3, 3, 0, 0, 6, Decimal("216.00"), Decimal("216.00"), 100.0),
        (date(2025, 4, 1), 0, 0, 0, 0, 0, Decimal("0.00"), Decimal("0.00"), None),
    ]


def test_a_buyer_is_due_by_the_own_rhythm(cases):
    """Intervals of 1 and 28 days have a median of 14.5, so the purchase after 1 March is due on the 16th."""
    found = cases("utc").rows(
        """
        select customer_id, purchase_state, purchase_rhythm_days, next_purchase_due_date, past_due_days,
            purchases_12m_count, purchases_12m_amount
        from retention.mart_customer_value where customer_id like 'sales_%' order by 1
        """
    )
    assert found == [
        ("sales_a", "overdue", 14.5, date(2025, 3, 16), 106, 3, Decimal("151.00")),
        ("sales_b", "no_rhythm", None, None, None, 1, Decimal("40.00")),
        ("sales_c", "no_rhythm", None, None, None, 2, Decimal("25.00")),
    ]


def test_money_without_a_rate_is_counted_and_never_nothing(cases):
    """Francs without a rate were revenue of 0.00."""
    found = cases("utc").rows(
        """
        select period_start_date, purchases_count, unpriced_count, purchases_amount, check_avg, revenue_amount,
            unconverted_count, is_complete
        from retention.mart_sales
        where dimension_name = 'channel' and dimension_value = 'money_unrated' and period_grain_code = 'month' order by 1
        limit 3
        """
    )
    assert found == [
        (date(2024, 12, 1), 1, 1, None, None, None, 1, False),
        (date(2025, 1, 1), 1, 1, None, None, None, 1, False),
        (date(2025, 2, 1), 0, 0, Decimal("0.00"), None, Decimal("0.00"), 0, True),
    ]


def test_the_day_of_summer_time_has_its_purchases(cases):
    """At 23:00 in UTC it is midnight in Berlin, a day later at 22:00."""
    days = cases("berlin").rows(
        """
        select period_start_date, purchases_count, revenue_amount from retention.mart_sales
        where dimension_name = 'channel' and dimension_value = 'sales_summer' and period_grain_code = 'day'
            and purchases_count > 0 order by 1
        """
    )
    assert days == [
        (date(2025, 3, 29), 1, Decimal("1.00")),
        (date(2025, 3, 30), 2, Decimal("6.00")),
        (date(2025, 3, 31), 1, Decimal("8.00")),
        (date(2025, 4, 1), 1, Decimal("16.00")),
    ]


def test_days_and_values_add_up(marts):
    """Guards against days, weeks or values of a breakdown that lose or repeat money, purchases or new buyers."""
    additive = ["purchases_count", "unpriced_count", "unconverted_count", "revenue_amount", "refunded_amount"]
    sums = ", ".join(f"sum({column})" for column in [*additive, "purchases_amount"])
    whole = marts.execute(
        f"select {sums} from retention.mart_sales where dimension_name = 'all' and period_grain_code = 'year'"
    ).fetchone()
    assert whole[0] > 500
    found = marts.execute(
        f"select dimension_name, period_grain_code, {sums} from retention.mart_sales group by all order by all"
    ).fetchall()
    assert len(found) >= 6 * 5
    assert [row for row in found if row[2:] != whole] == []
    # Somebody is new once; how many are so of all periods of a length is the number of measurable first purchases.
    new = marts.execute(
        "select distinct sum(new_buyers_num) from retention.mart_sales where dimension_name = 'all' group by period_grain_code"
    ).fetchall()
    ((count,),) = new
    assert count > 50


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("dimension", ["all", "channel"])
def test_pandas_counts_the_same(marts, grain, dimension):
    """Another implementation agrees on every period: gaps, several purchases of a day, refunds, ends of months."""
    cash = marts.execute("from core.fct_cash_movements").df()
    bought = marts.execute("from core.fct_purchases").df()
    accounts = marts.execute(
        """
        select customer_id, coalesce(acquisition_channel, 'unknown') as channel, 'all' as "all",
            registered_date >= (select measured_from from core.dim_observation_starts where source_code = 'payments')
                as is_measurable
        from core.customer_accounts
        """
    ).df()
    # The demonstration's weeks begin on the weekday of its policy.
    ends_on = {1: "SUN", 7: "SAT"}[marts.execute("select week_starts_on from core.policy").fetchone()[0]]
    offset = OFFSETS.get(grain, f"W-{ends_on}")
    for frame, day in ((cash, "paid_date"), (bought, "purchased_date")):
        frame["period"] = frame[day].astype("datetime64[ns]").dt.to_period(offset)
    bought["first"] = bought.groupby("customer_id")["period"].transform("min")
    bought = bought.merge(accounts, on="customer_id")
    cash = cash.merge(accounts, on="customer_id")
    expected: dict[tuple[str, date], list] = {}
    for (member, period), moved in cash.groupby([dimension, "period"]):
        sales = bought[(bought[dimension] == member) & (bought.period == period)]
        is_first = sales["first"] == period
        kinds = [sales[is_first & sales.is_measurable], sales[~is_first], sales[is_first & ~sales.is_measurable]]
        expected[member, period.start_time.date()] = [
            sales.customer_id.nunique(), *(kind.customer_id.nunique() for kind in kinds), len(sales),
            *(float(sum(frame.reporting_amount.dropna())) for frame in (sales, kinds[0], moved)),
            float(-sum(moved[moved.is_refund].reporting_amount.dropna())),
        ]  # fmt: skip
    rows = marts.execute(
        f"""
        select dimension_value, period_start_date, {", ".join([*COUNTS, *AMOUNTS])} from retention.mart_sales
        where dimension_name = ? and period_grain_code = ?
        """,
        [dimension, grain],
    ).fetchall()
    found = {row[:2]: [float(value) for value in row[2:]] for row in rows}
    assert len(expected) >= 2
    assert {key: found.pop(key) for key in expected} == {
        key: pytest.approx(values, abs=0.005) for key, values in expected.items()
    }
    assert {tuple(values) for values in found.values()} <= {(0.0,) * 9}


def test_pandas_finds_the_same_scores_and_rhythms(marts):
    """Another implementation agrees on every buyer, where many are equal: ranks of ties, medians of intervals."""
    (as_of,) = marts.execute("select as_of_date from core.run_context").fetchone()
    policy = marts.execute("from core.policy").df().iloc[0]
    bought = marts.execute("from core.fct_purchases semi join core.dim_customers using (customer_id)").df()
    bought["purchased_date"] = pd.to_datetime(bought["purchased_date"])
    bought["amount"] = bought["reporting_amount"].astype(float)
    year = bought[bought.purchased_date > pd.Timestamp(as_of) - pd.DateOffset(months=12)]
    buyers = pd.DataFrame({"last": bought.groupby("customer_id").purchased_date.max()})
    buyers["frequency"] = year.groupby("customer_id").size()
    buyers["monetary"] = year.groupby("customer_id").amount.sum()
    buyers = buyers.fillna({"frequency": 0, "monetary": 0.0})
    buyers["recency"] = (pd.Timestamp(as_of) - buyers["last"]).dt.days
    for measure in ("recency", "frequency", "monetary"):
        is_better = -buyers[measure] if measure == "recency" else buyers[measure].round(2)
        worse = is_better.rank(method="min") - 1
        buyers[f"{measure}_score"] = np.searchsorted([20, 40, 60, 80], 100 * worse / len(buyers), side="right") + 1
    days = bought.drop_duplicates(["customer_id", "purchased_date"]).sort_values(["customer_id", "purchased_date"])
    latest = days.groupby("customer_id").tail(int(policy.purchase_rhythm_max_purchases))
    gaps = latest.groupby("customer_id").purchased_date.diff().dt.days.groupby(latest.customer_id)
    buyers["rhythm"] = gaps.median().where(gaps.count() + 1 >= policy.purchase_rhythm_min_purchases)
    found = marts.execute(
        """
        select customer_id, recency_score, frequency_score, monetary_score, purchase_rhythm_days as rhythm, purchase_state
        from retention.mart_customer_value where purchases_count > 0
        """
    ).df().set_index("customer_id").loc[buyers.index]  # fmt: skip
    assert len(found) > 50
    assert found.duplicated(["recency_score", "frequency_score", "monetary_score"]).any()
    for column in ("recency_score", "frequency_score", "monetary_score"):
        assert (found[column] == buyers[column]).all()
    assert found.rhythm.equals(buyers.rhythm.astype(float))
    times = (buyers.recency / buyers.rhythm).fillna(-1)
    is_overdue, is_due = times > policy.purchase_overdue_times, times >= 1
    expected = np.select([buyers.rhythm.isna(), is_overdue, is_due], ["no_rhythm", "overdue", "due"], "not_due")
    assert (found.purchase_state == expected).all()
    assert {"due", "overdue", "not_due", "no_rhythm"} == set(found.purchase_state)
