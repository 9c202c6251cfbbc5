"""Money: the hand-worked cases of purchases, exchange rates and recurring revenue."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytestmark = pytest.mark.slow


def test_what_was_given_back_in_full_is_no_purchase(cases):
    """Guards against a refunded order that counts as a purchase of 8.00 because its rate fell before the refund."""
    found = cases("utc").rows(
        """
        select customer_id, purchases_count, first_paid_date is null, check_avg, revenue_amount
        from retention.mart_customer_value where customer_id like 'money_refund%' order by 1
        """
    )
    assert found == [
        ("money_refund_charge", 0, True, None, Decimal("0.00")),
        ("money_refund_order", 0, True, None, Decimal("8.00")),
        ("money_refund_part", 1, False, 40.0, Decimal("40.00")),
    ]


def test_what_is_no_purchase_counts_nowhere_as_one(cases):
    payers = cases("utc").rows(
        "select max(paying_num) from retention.mart_value_cohort "
        "where dimension_name = 'channel' and dimension_value = 'money_refund'"
    )
    entries = cases("utc").working_rows(
        "select customer_id from intermediate.int_retention__entries "
        "where cohort_kind = 'first_payment' and customer_id like 'money_refund%'"
    )
    assert payers == [(1,)]
    assert entries == [("money_refund_part",)]


def test_a_price_for_a_year_is_cash_once_and_recurring_revenue_every_month(cases):
    """Guards against a cohort of annual payers at 100 % and then eleven times 0 %, without naming it cash."""
    found = cases("utc").rows(
        """
        select measure_code, list(retained_pct order by last_period_order)
        from retention.mart_retention_grid
        where setting_code in ('revenue_months_ch', 'mrr_months_ch') and dimension_value = 'money_year'
            and cohort_label = '2024-07-01' and last_period_order <= 11
        group by measure_code order by 1
        """
    )
    assert found == [("mrr", [100.0] * 12), ("revenue", [100.0] + [0.0] * 11)]


def test_twelfths_of_a_price_add_up(cases):
    """Three customers of 100.00 a year give 25.00 a month; rounded one by one they gave 24.99."""
    found = cases("utc").rows(
        """
        select distinct closing_amount from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_year' and churn_month >= date '2024-07-01'
        """
    )
    assert found == [(Decimal("25.00"),)]


def test_codes_of_currencies_are_read_in_any_case(cases):
    """Guards against `eur` as a currency of its own, with a revenue of 0.00."""
    mrr = cases("utc").rows(
        """
        select closing_amount, unconverted_count, is_mrr_complete from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_lower' and churn_month = date '2025-05-01'
        """
    )
    value = cases("utc").rows(
        "select purchases_count, revenue_amount, unconverted_count from retention.mart_customer_value "
        "where customer_id = 'money_lower'"
    )
    currencies = cases("utc").rows(
        "select distinct dimension_value from churn.mart_churn_monthly where dimension_name = 'currency' "
        "and lower(dimension_value) = 'eur'"
    )
    assert mrr == [(Decimal("40.00"), 0, True)]
    assert value == [(3, Decimal("118.00"), 0)]
    assert currencies == [("EUR",)]


def test_money_without_a_rate_is_unknown_and_counted(cases):
    """Guards against revenue without a rate published as 0.00, and its customers without purchases."""
    value = cases("utc").rows(
        "select purchases_count, revenue_amount, check_avg, unconverted_count from retention.mart_customer_value "
        "where customer_id = 'money_unrated1'"
    )
    months = cases("utc").rows(
        """
        select strftime(churn_month, '%Y-%m'), opening_amount, closing_amount, unconverted_count, is_mrr_complete
        from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_unrated'
            and churn_month between date '2025-02-01' and date '2025-04-01' order by 1
        """
    )
    cohort = cases("utc").rows(
        """
        select paying_num, unconverted_count, revenue_to_date_amount, is_complete from retention.mart_value_cohort
        where dimension_name = 'channel' and dimension_value = 'money_unrated' and observed_month = date '2025-05-01'
        """
    )
    assert value == [(2, None, None, 2)]
    assert months == [
        ("2025-02", Decimal("35.00"), Decimal("35.00"), 1, False),
        ("2025-03", Decimal("35.00"), Decimal("35.00"), 1, False),
        ("2025-04", Decimal("35.00"), Decimal("35.00"), 0, True),
    ]
    assert cohort == [(1, 2, None, False)]


def test_the_worth_of_a_churn_without_a_rate_is_unknown(cases):
    """Guards against a churn worth 0.00 for a customer who paid in francs."""
    found = cases("utc").rows(
        "select churned_date::varchar, lost_mrr_amount, unconverted_count from churn.mart_churn_events "
        "where customer_id = 'money_unrated1'"
    )
    assert found == [("2025-03-01", None, 2)]


def test_the_summary_names_the_currency_the_days_and_the_row_to_add(cases):
    francs = [line for line in cases("utc").log["money"] if line.startswith("CHF: ")]
    (line,) = francs
    assert "exchange_rates.csv: CHF,2024-12-01,<rate>" in line
    assert "CHF: no rate to EUR, so the money of " in line
    assert "rows of payments from 2024-12-01 to " in line


def test_a_change_of_the_currency_is_no_movement(cases):
    found = cases("utc").rows(
        """
        select strftime(churn_month, '%m'), revaluation_amount, expansion_amount, contraction_amount, churned_amount,
            closing_amount
        from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_currency'
            and churn_month in (date '2025-01-01', date '2025-03-01') order by 1
        """
    )
    nothing = Decimal("0.00")
    assert found == [
        ("01", Decimal("10.00"), nothing, nothing, nothing, Decimal("190.00")),
        ("03", nothing, nothing, nothing, nothing, Decimal("190.00")),
    ]


def test_free_months_by_a_coupon_are_no_churn(cases):
    found = cases("utc").rows(
        """
        select strftime(churn_month, '%m'), expansion_amount, contraction_amount, churned_amount, closing_amount
        from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_coupon' and churn_month >= date '2025-03-01' order by 1
        """
    )
    nothing, price = Decimal("0.00"), Decimal("70.00")
    assert found == [
        ("03", nothing, price, nothing, nothing),
        ("04", nothing, nothing, nothing, nothing),
        ("05", price, nothing, nothing, price),
        ("06", nothing, nothing, nothing, price),
    ]


def test_more_and_less_within_a_month_lose_nothing(cases):
    """Guards against a gross retention of -400 %: the 100 that came and went counted as lost revenue."""
    found = cases("utc").rows(
        """
        select expansion_amount, contraction_amount, gross_lost_amount, gross_revenue_retention_pct, gross_mrr_churn_pct
        from churn.mart_churn_monthly
        where dimension_name = 'channel' and dimension_value = 'money_up_and_down' and churn_month = date '2025-04-01'
        """
    )
    assert found == [(Decimal("100.00"), Decimal("100.00"), Decimal("0.00"), 100.0, 0.0)]
