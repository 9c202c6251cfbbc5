"""Customers: who they are, how they do, and one list of them that every chart leads to."""

from stayhouse.page.charts import HEALTH_COLOURS, STATUS_COLOURS, axis, bars, coded, ranked, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Panel, Section, Switch, Table
from stayhouse.page.sql import broken_down, most_severe_first

BASE = """
    with customers as (
        select customers.customer_id, customer_display_name as customer_name, customers.customer_status as status,
            customers.is_paying, customers.has_access, coalesce(health_status, 'not_measured') as health_status,
            coalesce(usage_segment_code, 'unassigned') as segment,
            coalesce(value_segment_code, 'unassigned') as value_segment, plan_code as plan,
            coalesce(region, 'unknown') as region, coalesce(acquisition_channel, 'unknown') as acquisition_channel,
            coalesce(account_manager_id, 'unassigned') as owner, mrr_amount, health_reasons, recency_band,
            contact_recency_band, top_rule_code, top_severity_code, open_alerts_count, is_in_risk_group,
            is_do_not_disturb, customers.tenure_days
        from customer_360.mart_customer_360 as customers
    )
"""

LISTED = f"""{BASE}
    select customers.customer_id, customer_name, status, plan, mrr_amount, health_status,
        coalesce(top_rule_code, '') as rule, health_reasons, briefs.next_step_label, owner, segment, value_segment,
        region, acquisition_channel, recency_band, contact_recency_band
    from customers
    left join customer_360.mart_contact_brief as briefs on customers.customer_id = briefs.customer_id
    where customers.has_access or status = 'paused'
    order by {most_severe_first("top_severity_code")},
        is_in_risk_group desc nulls last, mrr_amount desc nulls last, customers.customer_id
"""

GROUPS = ("segment", "value_segment", "plan", "region", "acquisition_channel", "owner")

# Each group of each breakdown, within each group of every other one.
WITHIN = broken_down("customers", "all", *GROUPS)
BY_GROUP = f"""{BASE},
    within as ({WITHIN}),
    chosen as ({broken_down("within", *GROUPS, names=("breakdown", "value"))})
    select dimension, member, breakdown, value, health_status, count(*) as customers, sum(mrr_amount) as mrr_amount
    from chosen
    where (is_paying or status = 'paused') and dimension <> breakdown
    group by all
    order by all
"""

STATUSES = f"""{BASE},
    chosen as ({broken_down("customers", "all", *GROUPS, pairs=GROUPS)})
    select dimension, member, second, second_member, status, count(*) as customers, sum(mrr_amount) as mrr_amount
    from chosen
    group by all
    order by all
"""

CUSTOMERS = Section(
    "customers",
    "Customers",
    "Everybody with access today, the most urgent first. Click a bar of a chart to see the customers behind it.",
    (
        Panel(
            "customers_status",
            "Customers by status",
            "Everybody who ever registered, in the order of a customer's life.",
            STATUSES,
            Chart(ranked(
                axis("customers", "Q", "customers"),
                axis("status", "N", "", sort=list(STATUS_COLOURS)),
                tooltip(("status", "status", ""), ("customers", "customers", ",.0f"), ("mrr_amount", "MRR", ",.0f")),
                colour=coded("status", "", STATUS_COLOURS) | {"legend": None},
            )),
            needs=("customers",),
            codes={"status": "status"},
            drill=Drill("customers_list", {"status": "status"}, {"status": ("trial", "free", "paying", "paused")}),
        ),
        Panel(
            "customers_groups",
            "Paying customers by group and health",
            "Paying and paused customers of each group, by the health of their use; within the chosen group too.",
            BY_GROUP,
            Chart(bars(
                axis("customers", "Q", "customers"),
                axis("value", "N", "", sort="-x"),
                coded("health_status", "", HEALTH_COLOURS),
                tooltip(("value", "group", ""), ("health_status", "health", ""), ("customers", "customers", ",.0f"),
                        ("mrr_amount", "MRR", ",.0f")),
                height={"step": 30},
            )),
            needs=("customers",),
            switches=(Switch("breakdown", "by", "segment", "dimension"),),
            codes={"value": "group", "health_status": "health_status"},
            drill=Drill("customers_list", {"health_status": "health_status", "@breakdown": "value"},
                        among={"status": ("paying", "paused")}),
            empty="No customer is paying.",
        ),
        Panel(
            "customers_list",
            "Customers",
            "Everybody with access or paused. The next step agrees with the playbook and with do-not-disturb.",
            LISTED,
            Table((
                Column("customer_id", "customer", "card"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("status", "status", filter=True, codes="status"),
                Column("plan", "plan", filter=True, codes="plan"),
                Column("mrr_amount", "MRR", "money"),
                Column("health_status", "health", filter=True, codes="health_status"),
                Column("rule", "why", "words", filter=True, codes="rule"),
                Column("next_step_label", "next step", "words"),
                Column("owner", "owner", filter=True, codes="employee"),
                Column("region", "region", codes="region"),
            ), names="customer_name", shown=15),
            needs=("customers",),
            empty="No customer has access.",
            wide=True,
            most=3000,
            whole=(("every customer", "parquet/mart_customer_360.parquet"),),
        ),
    ),
)  # fmt: skip
