"""Churn: customers and revenue lost, and how long customers stay."""

from stayhouse.page.charts import GAINS, LOSSES, axis, bars, coded, lines, months, tooltip, with_target
from stayhouse.page.panel import Chart, Panel, Section, Switch

RATE = """
    select dimension_value as segment, churn_month, churn_num, churn_den, churn_pct, opening_base_churn_pct,
        churn_norm_pct, is_final, is_reliable
    from churn.mart_churn_monthly
    where dimension_name in ('all', 'segment') and churn_den > 0 and is_complete
    order by 1, 2
"""

BRIDGE = """
    with months as (
        select dimension_value as segment, churn_month, new_count, reactivated_count, moved_in_count, churned_count,
            moved_out_count
        from churn.mart_churn_monthly
        where dimension_name in ('all', 'segment') and is_complete
    )
    select segment, churn_month, 'new' as part, new_count as customers from months
    union all
    select segment, churn_month, 'reactivated', reactivated_count from months
    union all
    select segment, churn_month, 'moved in', moved_in_count from months
    union all
    select segment, churn_month, 'churned', -churned_count from months
    union all
    select segment, churn_month, 'moved out', -moved_out_count from months
    order by all
"""

MONEY = """
    with months as (
        select dimension_value as segment, currency_code as currency, churn_month, new_amount, reactivated_amount,
            expansion_amount, contraction_amount, churned_amount
        from churn.mart_churn_monthly
        where dimension_name in ('all', 'segment') and is_mrr_complete
    )
    select segment, currency, churn_month, 'new' as part, new_amount as amount from months
    union all
    select segment, currency, churn_month, 'reactivated', reactivated_amount from months
    union all
    select segment, currency, churn_month, 'expansion', expansion_amount from months
    union all
    select segment, currency, churn_month, 'contraction', -abs(contraction_amount) from months
    union all
    select segment, currency, churn_month, 'churned', -abs(churned_amount) from months
    order by all
"""

REVENUE = """
    select dimension_value as segment, currency_code as currency, churn_month,
        net_revenue_retention_pct as retained_pct, gross_revenue_retention_pct, opening_amount, closing_amount
    from churn.mart_churn_monthly
    where dimension_name in ('all', 'segment') and is_mrr_complete and opening_amount > 0
    order by 1, 2, 3
"""

SURVIVAL = """
    select dimension_value as value, dimension_name as dimension, period_order as days_from_start, surviving_pct,
        surviving_ci_lo, surviving_ci_hi, at_risk_count
    from retention.mart_survival
    where period_grain_code = 'day' and period_order between 1 and 1100 and at_risk_count >= 10
    -- A step a week is as much as the eye sees, whatever the number of customers.
    qualify row_number() over (
        partition by dimension_name, dimension_value, period_order // 7 order by period_order desc
    ) = 1
    order by 2, 1, 3
"""

CUSTOMER_PARTS = dict(zip(("new", "reactivated", "moved in", "churned", "moved out"), GAINS + LOSSES, strict=True))
MONEY_PARTS = dict(zip(("new", "reactivated", "expansion", "churned", "contraction"), GAINS + LOSSES, strict=True))

CHURN = Section(
    "churn",
    "Churn and revenue",
    "A customer churns on the first day without a contract, known once the grace is over, or after the inactivity that "
    "the segment allows. Every month closes: opening + new + reactivated - churned = closing.",
    (
        Panel(
            "churn_rate",
            "Monthly customer churn",
            "Churned customers in percent of the opening. The dashed line is the norm; hollow points may still change.",
            RATE,
            Chart(with_target(
                lines(
                    months("churn_month", ""),
                    axis("churn_pct", "Q", "churned, % of the opening"),
                    None,
                    tooltip(("churn_month", "month", "date"), ("churn_pct", "churn %", ".2f"),
                            ("churn_num", "churned", ",.0f"), ("churn_den", "at the opening", ",.0f"),
                            ("opening_base_churn_pct", "of those at the opening %", ".2f")),
                    incomplete="is_final",
                ),
                months("churn_month", ""),
                axis("churn_norm_pct", "Q", ""),
            )),
            needs=("customers", "subscription_periods"),
            metrics=("customer_churn_pct", "opening_base_churn_pct"),
        ),
        Panel(
            "churn_bridge",
            "Customers gained and lost",
            "New and reactivated customers above the line, churned customers below it.",
            BRIDGE,
            Chart(bars(
                axis("churn_month", "T", "", timeUnit="yearmonth"),
                axis("customers", "Q", "customers"),
                coded("part", "", CUSTOMER_PARTS),
                tooltip(("churn_month", "month", "date"), ("part", "part", ""), ("customers", "customers", ",.0f")),
            )),
            needs=("customers", "subscription_periods"),
        ),
        Panel(
            "churn_money",
            "Recurring revenue gained and lost",
            "New, reactivated and expanded revenue above the line, churned and contracted revenue below it.",
            MONEY,
            Chart(bars(
                axis("churn_month", "T", "", timeUnit="yearmonth"),
                axis("amount", "Q", "MRR"),
                coded("part", "", MONEY_PARTS),
                tooltip(("churn_month", "month", "date"), ("part", "part", ""), ("amount", "MRR", ",.2f")),
            )),
            needs=("subscription_periods",),
            switches=(Switch("currency", "currency"),),
        ),
        Panel(
            "churn_revenue",
            "Net revenue retention",
            "Closing revenue of the customers of the opening, in percent of it. Above 100 %, churn is negative.",
            REVENUE,
            Chart(lines(
                months("churn_month", ""),
                axis("retained_pct", "Q", "retained, %", scale={"zero": False}),
                None,
                tooltip(("churn_month", "month", "date"), ("retained_pct", "net %", ".1f"),
                        ("gross_revenue_retention_pct", "gross %", ".1f"), ("opening_amount", "opening MRR", ",.0f")),
            )),
            needs=("subscription_periods",),
            metrics=("net_revenue_retention_pct", "gross_revenue_retention_pct"),
            switches=(Switch("currency", "currency"),),
        ),
        Panel(
            "churn_survival",
            "How long customers stay",
            "Share of customers still there after a number of days, including customers who have not churned. A curve "
            "ends where fewer than ten customers remain.",
            SURVIVAL,
            Chart(lines(
                axis("days_from_start", "Q", "days from the start"),
                axis("surviving_pct", "Q", "still there, %"),
                axis("value", "N", ""),
                tooltip(("value", "value", ""), ("days_from_start", "day", ",.0f"),
                        ("surviving_pct", "still there %", ".1f"), ("at_risk_count", "at risk", ",.0f")),
                step=True,
                band=("surviving_ci_lo", "surviving_ci_hi"),
            )),
            needs=("customers", "subscription_periods"),
            switches=(Switch("dimension", "by", "segment"),),
            wide=True,
        ),
    ),
)  # fmt: skip
