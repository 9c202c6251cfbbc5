"""Loyalty: coupons, points, gifts, and whom to remind."""

from stayhouse.page.charts import CALM, axis, bars, each_period, lines, months, ranked, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table

COUPONS = """
    with groups as (
        select dimension_value as program, due_month as period, 'reminded' as base,
            reminded_redeemed_num as redeemed_num, reminded_redeemed_den as redeemed_den,
            reminded_redeemed_pct as redeemed_pct, is_complete
        from loyalty.mart_coupon_redemption where dimension_name = 'program'
        union all
        select dimension_value, due_month, 'not_reminded', unreminded_redeemed_num, unreminded_redeemed_den,
            unreminded_redeemed_pct, is_complete
        from loyalty.mart_coupon_redemption where dimension_name = 'program'
        union all
        select dimension_value, due_month, 'everybody', redeemed_num, redeemed_den, redeemed_pct, is_complete
        from loyalty.mart_coupon_redemption where dimension_name = 'program'
    )
    select program, period, base, redeemed_num, redeemed_den, redeemed_pct, is_complete
    from groups
    where redeemed_den > 0
        and period >= (select max(as_of_date) - interval '25 months' from main.publication)
    order by program, period, base
"""

POINTS = """
    select program_code as program, ledger_month as period, balance_points, liability_amount, members_count,
        active_members_count, redemption_pct, breakage_pct
    from loyalty.mart_loyalty_programs
    where program_kind = 'points' and liability_amount is not null
        and ledger_month >= (select max(as_of_date) - interval '25 months' from main.publication)
    order by program, period
"""

GIFTS = """
    select group_code as gift_group, sum(third_order_count) as third_orders_num,
        count(third_order_count) as customers_den,
        100.0 * sum(third_order_count) / count(third_order_count) as third_orders_pct
    from loyalty.mart_second_purchases
    where third_order_count is not null
    group by group_code
    order by group_code
"""

REMINDERS = """
    with waiting as (
        select customer_id, 'coupon' as task, 'program' as kind, program_code as code, due_date
        from loyalty.mart_coupons where is_reminder_due
        union all
        select customer_id, 'end_of_use', 'product', product_code, runs_out_date
        from loyalty.mart_replenishment where is_reminder_due
        union all
        select customer_id, 'gift', 'gift', null, gift_due_date
        from loyalty.mart_second_purchases where is_gift_due
    )
    select waiting.customer_id, cards.customer_display_name as customer_name, waiting.task,
        coalesce(titles.title, waiting.code) as subject, waiting.due_date, cards.account_manager_id as owner
    from waiting
    inner join customer_360.mart_customer_360 as cards using (customer_id)
    left join (
        select code_kind, code, any_value(title) as title from metrics.mart_code_labels group by all
    ) as titles
        on waiting.kind = titles.code_kind and waiting.code = titles.code
    order by waiting.due_date, waiting.customer_id, waiting.task, waiting.code
"""

PANELS = (
    Panel(
        "sales_coupons",
        "Coupons used",
        "Of coupons due in the month, the share that was used in time: of customers who were reminded, of those who "
        "were not and had not come before, and of all coupons. Nobody draws lots about whom to remind. Hollow points "
        "are not complete.",
        COUPONS,
        Chart(lines(
            months("period"),
            axis("redeemed_pct", "Q", "used, %"),
            axis("base", "N", "", sort=["reminded", "everybody", "not_reminded"]),
            tooltip(("period", "from", "month"), ("base", "group", ""), ("redeemed_pct", "used %", ".1f"),
                    ("redeemed_num", "used", ",.0f"), ("redeemed_den", "coupons", ",.0f")),
            incomplete="is_complete",
        )),
        needs=("customers", "coupons"),
        metrics=("coupon_reminded_redeemed_pct", "coupon_redeemed_pct"),
        switches=(Switch("program", "programme", codes="program"),),
        codes={"base": "coupon_base"},
        by="upto",
    ),
    Panel(
        "sales_points",
        "What points are worth",
        "Points that are left on all accounts at the end of the month, by the value of a point in the policy. Expired "
        "is the share of the points so far that expired, of those used or expired.",
        POINTS,
        Chart(bars(
            each_period(),
            axis("liability_amount", "Q", "worth"),
            None,
            tooltip(("period", "from", "month"), ("liability_amount", "worth", ",.0f"),
                    ("balance_points", "points", ",.0f"), ("members_count", "members", ",.0f"),
                    ("active_members_count", "active in the month", ",.0f"), ("redemption_pct", "used %", ".1f"),
                    ("breakage_pct", "expired %", ".1f")),
        )),
        needs=("customers", "loyalty_ledger"),
        needs_policy=("loyalty_programs",),
        metrics=("points_breakage_pct",),
        switches=(Switch("program", "programme", codes="program"),),
        by="upto",
    ),
    Panel(
        "sales_gifts",
        "Third orders with and without a gift",
        "Share of customers who ordered a third time, by whether they had a gift when it was due after the second "
        "order. Gifts are not given at random: the difference proves nothing.",
        GIFTS,
        Chart(ranked(
            axis("third_orders_pct", "Q", "third order, %"),
            axis("gift_group", "N", ""),
            tooltip(("gift_group", "group", ""), ("third_orders_pct", "third order %", ".1f"),
                    ("third_orders_num", "with a third order", ",.0f"), ("customers_den", "customers", ",.0f")),
            colour={"value": CALM},
            text=".1f",
        )),
        needs=("customers", "order_lines"),
        metrics=("third_order_given_pct", "third_order_not_given_pct"),
        codes={"gift_group": "gift_group"},
    ),
    Panel(
        "sales_reminders",
        "Whom to remind or thank",
        "Customers whose coupon is due soon, who run out of what they bought, or who are due a gift after the second "
        "order. Nobody is listed who asked to be left alone.",
        REMINDERS,
        Table((
            Column("customer_id", "customer", "card"),
            Column("task", "reason", filter=True, codes="loyalty_task"),
            Column("subject", "about", "words", filter=True),
            Column("due_date", "due", "date"),
            Column("owner", "owner", filter=True, codes="employee"),
        ), names="customer_name", shown=8),
        needs=("customers", "coupons", "order_lines"),
        empty="Nobody is waiting for a reminder or a gift.",
        wide=True,
        most=2000,
        whole=(
            ("every coupon", "parquet/mart_coupons.parquet"),
            ("everything that runs out", "parquet/mart_replenishment.parquet"),
            ("every second purchase", "parquet/mart_second_purchases.parquet"),
        ),
    ),
)  # fmt: skip

LOYALTY = Section(
    "loyalty",
    "Loyalty",
    "Coupons, points and gifts, and whom to remind of what they have. Reminders and gifts are not given by lot, so a "
    "difference describes.",
    PANELS,
)
