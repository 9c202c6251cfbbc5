"""What the generated company planted before a churn is found as a precursor, and raises the risk of the right customers."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marts(planted):
    truth = planted.settings.raw.parent / "truth"
    with duckdb.connect(planted.settings.warehouse, read_only=True) as db:
        db.execute(f"create temp view planted as from '{truth}/customers.parquet'")
        yield db


@pytest.mark.parametrize("code", ["failing_payments_count", "complaints_count", "inactive_intervals"])
def test_planted_signs_precede_churn(marts, code):
    """In the highest bands churn is several times as frequent as in the lowest one."""
    calm, worrying = marts.execute(
        """
        select
            sum(churned_num) filter (where band_order = 1) / sum(churned_den) filter (where band_order = 1),
            sum(churned_num) filter (where band_order > 1) / sum(churned_den) filter (where band_order > 1)
        from risk.mart_churn_precursors
        where precursor_code = ? and dimension_name = 'all' and band_order > 0
        """,
        [code],
    ).fetchone()
    assert worrying > 2 * calm


def test_customers_whose_use_was_planted_to_fall_have_the_higher_risk(marts):
    found = dict(
        marts.execute(
            """
            select planted.archetype, avg(risks.risk_medium_pct)
            from planted
            inner join risk.mart_churn_risk as risks on planted.customer_id = risks.customer_id
            where risks.model_code = 'additive'
            group by planted.archetype
            """
        ).fetchall()
    )
    unscored = marts.execute(
        "select distinct unscored_reason from risk.mart_churn_risk where unscored_reason is not null"
    ).fetchall()
    assert found or ("few_churns",) in unscored or ("not_tested",) in unscored
    if found:
        assert found["decliner"] > 1.5 * found["steady"]


def test_every_paying_customer_has_a_risk_or_the_reason_why_not(marts):
    paying, rows, neither = marts.execute(
        """
        select
            (select count(*) from core.dim_customers where is_paying),
            count(*),
            count(*) filter (where (risk_medium_pct is null) = (unscored_reason is null))
        from risk.mart_churn_risk
        """
    ).fetchone()
    assert paying == rows > 50
    assert neither == 0
