"""Sales: revenue, purchases and buyers, with or without contracts."""

from stayhouse.page.charts import CALM, GOOD, MUTED, axis, bars, coded, each_period, lines, months, ranked, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Panel, Section, Table
from stayhouse.page.sql import dimension, filterable, largest

PERIODS = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member,
            period_grain_code as grain, period_start_date as period, *
        from retention.mart_sales
    ),
    chosen as (
        select * from named
        where {filterable()} and {largest("named", "purchases_count")} and grain in ('month', 'quarter', 'year')
            and period >= (select max(as_of_date) - interval '5 years' from main.publication)
            and (dimension = 'all' or grain <> 'month'
                or period >= (select max(as_of_date) - interval '25 months' from main.publication))
            and purchases_count > 0
    )
"""

REVENUE = f"""{PERIODS}
    select dimension, member, grain, period, revenue_amount, refunded_amount, purchases_amount, purchases_count,
        buyers_count, is_complete
    from chosen
    order by 1, 2, 3, 4
"""

BUYERS = f"""{PERIODS}
    select dimension, member, grain, period, replace(part, '_part', '') as part, customers, new_buyers_pct
    from (
        select dimension, member, grain, period, new_buyers_pct, new_buyers_num as new_part,
            returning_buyers_count as returning_part, unknown_buyers_count as unknown_part
        from chosen
    ) as buyers
        unpivot (customers for part in (new_part, returning_part, unknown_part))
    where customers > 0
    order by 1, 2, 3, 4, 5
"""

CHECK = f"""{PERIODS}
    select dimension, member, grain, period, check_avg, purchases_per_buyer_avg, purchases_count, buyers_count,
        is_complete
    from chosen
    where check_avg is not null
    order by 1, 2, 3, 4
"""

RFM = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from retention.mart_rfm_segments
        where rfm_segment_code <> 'all' and customers_num > 0
    )
    select dimension, member, rfm_segment_code as rfm_segment, customers_num, customers_den, customers_pct,
        purchases_12m_amount, purchases_12m_amount_pct, median_since_purchase_days, overdue_num, overdue_den,
        overdue_pct
    from named
    where {filterable()} and {largest("named", "customers_den")}
    order by dimension, member, customers_num desc, rfm_segment
"""

BUYERS_LISTED = """
    select purchases.customer_id, customer_display_name as customer_name, purchases.rfm_segment_code as rfm_segment,
        purchases.purchase_state, past_due_days, last_paid_date, purchases_12m_count, purchases_12m_amount,
        purchases.customer_status as status, coalesce(usage_segment_code, 'unassigned') as segment,
        coalesce(region, 'unknown') as region, coalesce(acquisition_channel, 'unknown') as acquisition_channel,
        account_manager_id as owner
    from retention.mart_customer_value as purchases
    left join customer_360.mart_customer_360 as customers on purchases.customer_id = customers.customer_id
    where purchases.rfm_segment_code is not null
    order by purchases_12m_amount desc nulls last, last_paid_date desc, purchases.customer_id
"""

SALES = Section(
    "sales",
    "Sales",
    "What customers bought and paid, whether or not they have contracts. Revenue is cash of the period; the value of "
    "purchases is less their own refunds. Amounts are in the reporting currency.",
    (
        Panel(
            "sales_revenue",
            "Revenue",
            "Cash that customers paid in the period, less what was refunded to them.",
            REVENUE,
            Chart(bars(
                each_period(),
                axis("revenue_amount", "Q", "revenue"),
                None,
                tooltip(("period", "from", "month"), ("revenue_amount", "revenue", ",.0f"),
                        ("refunded_amount", "refunded", ",.0f"), ("purchases_amount", "purchases", ",.0f"),
                        ("purchases_count", "orders", ",.0f"), ("buyers_count", "buyers", ",.0f")),
            )),
            needs=("customers", "payments"),
            by="upto",
        ),
        Panel(
            "sales_buyers",
            "New and returning buyers",
            "Each buyer counts once in a period. Grey buyers may have bought before payments were recorded.",
            BUYERS,
            Chart(bars(
                each_period(),
                axis("customers", "Q", "buyers"),
                coded("part", "", {"returning": CALM, "new": GOOD, "unknown": MUTED}),
                tooltip(("period", "from", "month"), ("part", "part", ""), ("customers", "buyers", ",.0f"),
                        ("new_buyers_pct", "new %", ".1f")),
            )),
            needs=("customers", "payments"),
            codes={"part": "buyers"},
            by="upto",
        ),
        Panel(
            "sales_check",
            "Average purchase",
            "Value of an average purchase of the period, less its own refunds.",
            CHECK,
            Chart(lines(
                months("period"),
                axis("check_avg", "Q", "average purchase", scale={"zero": False}),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "from", "month"), ("member", "group", ""), ("check_avg", "average purchase", ",.1f"),
                        ("purchases_per_buyer_avg", "orders per buyer", ".2f"),
                        ("purchases_count", "orders", ",.0f")),
                incomplete="is_complete",
            )),
            needs=("customers", "payments"),
            codes={"member": "member"},
            by="upto",
            splits=True,
        ),
        Panel(
            "sales_rfm",
            "Buyers by recency, frequency and value",
            "Everybody who has ever bought, by the segments of the policy. The tooltip has their purchases of twelve "
            "months, and how many are overdue by their own rhythm. Click a bar for the customers.",
            RFM,
            Chart(ranked(
                axis("customers_num", "Q", "customers"),
                axis("rfm_segment", "N", "", sort={"field": "customers_num", "op": "max", "order": "descending"}),
                tooltip(("rfm_segment", "segment", ""), ("customers_num", "customers", ",.0f"),
                        ("customers_pct", "%", ".1f"), ("purchases_12m_amount", "bought in 12 months", ",.0f"),
                        ("purchases_12m_amount_pct", "% of the value", ".1f"),
                        ("median_since_purchase_days", "median days since the last", ",.0f"),
                        ("overdue_num", "overdue", ",.0f"), ("overdue_den", "with a rhythm", ",.0f")),
                colour={"value": CALM},
            )),
            needs=("customers", "payments"),
            codes={"rfm_segment": "rfm_segment"},
            drill=Drill("sales_customers", {"rfm_segment": "rfm_segment"}),
        ),
        Panel(
            "sales_customers",
            "Buyers",
            "Everybody who has ever bought, the most valuable of the last twelve months first, and whether the next "
            "purchase is due by their own rhythm.",
            BUYERS_LISTED,
            Table((
                Column("customer_id", "customer", "card"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("status", "status", filter=True, codes="status"),
                Column("rfm_segment", "segment by purchases", filter=True, codes="rfm_segment"),
                Column("purchases_12m_amount", "bought in 12 months", "money"),
                Column("purchases_12m_count", "orders in 12 months", "number"),
                Column("last_paid_date", "last purchase", "date"),
                Column("purchase_state", "next purchase", filter=True, codes="purchase_state"),
                Column("past_due_days", "days past due", "number"),
                Column("owner", "owner", filter=True, codes="employee"),
            ), names="customer_name", shown=8),
            needs=("customers", "payments"),
            empty="Nobody has bought anything.",
            wide=True,
            most=3000,
            whole=(("every customer with purchases", "parquet/mart_customer_value.parquet"),),
        ),
    ),
)  # fmt: skip
