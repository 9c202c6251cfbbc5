"""Usage health: who uses the product less, too little, too much, or not at all?"""

from stayhouse.page.charts import CALM, HEALTH_COLOURS, MUTED, axis, bars, coded, each_date, lines, months, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Heat, Panel, Section, Switch, Table
from stayhouse.page.sql import broken_down, most_severe_first

STATUS = """
    with statuses as (
        select segment_code, snapshot_date, dimension_value as status, customers_num
        from usage_health.mart_usage_health_summary
        where dimension_name = 'health_status' and dimension_value <> 'not_measured' and customers_num > 0
    ),
    chosen as (
        select 'segment' as dimension, coalesce(segment_code, 'unassigned') as member, snapshot_date, status,
            customers_num
        from statuses
        union all
        select 'all', 'all', snapshot_date, status, customers_num from statuses
    )
    select dimension, member, snapshot_date as period, status, sum(customers_num) as customers,
        100.0 * sum(customers_num) / sum(sum(customers_num)) over (partition by dimension, member, snapshot_date)
            as customers_pct
    from chosen
    group by dimension, member, snapshot_date, status
    order by 1, 2, 3, 4
"""

RECENCY = f"""
    with bands as (
        select coalesce(segment_code, 'unassigned') as segment, dimension_value as recency_band, value_order,
            customers_num, snapshot_date
        from usage_health.mart_usage_health_summary
        where dimension_name = 'recency_band' and dimension_value <> 'not_measured'
    ),
    chosen as ({broken_down("bands", "all", "segment")})
    -- Segments have bands of their own, so their order over everybody is that of the weeks in their names.
    select dimension, member, snapshot_date as period, recency_band,
        10 * coalesce(try_cast(regexp_extract(recency_band, '[0-9]+') as integer), -1) + min(value_order) as band_order,
        sum(customers_num) as customers
    from chosen
    group by dimension, member, snapshot_date, recency_band
    having sum(customers_num) > 0
    order by dimension, member, period, band_order, recency_band
"""

SIGNALS = f"""
    select signals.customer_id, customer_display_name as customer_name, signals.severity, signal_code, signal_reason,
        since_date, mrr_amount, segment_code as segment, signals.account_manager_id as owner,
        case when is_suppressed then 'suppressed' else 'open' end as state, suppressed_reason
    from usage_health.mart_usage_signals as signals
    left join customer_360.mart_customer_360 as customers on signals.customer_id = customers.customer_id
    order by is_suppressed, {most_severe_first("signals.severity")}, since_date desc,
        signals.customer_id, signal_code
"""

GROUPS = ("segment", "status", "owner")
COUNTS = f"""
    with signals as (
        select coalesce(segment_code, 'unassigned') as segment, coalesce(account_manager_id, 'unassigned') as owner,
            customer_status as status, signal_code, case when is_suppressed then 'suppressed' else 'open' end as state
        from usage_health.mart_usage_signals
    ),
    chosen as ({broken_down("signals", "all", *GROUPS, pairs=GROUPS)})
    select dimension, member, second, second_member, signal_code, state, count(*) as customers
    from chosen
    group by all
    order by all
"""

COMPONENTS = """
    select coalesce(segment_code, 'unassigned') as segment_code, component_code, snapshot_date as period, used_num,
        used_den, used_pct, true as is_complete, is_reliable
    from usage_health.mart_component_adoption
    where used_den > 0 and snapshot_date >= (select max(as_of_date) - interval '13 months' from main.publication)
    order by period, component_code, segment_code
"""

ADOPTION = """
    select component_code as component, coalesce(segment_code, 'unassigned') as segment_code, snapshot_date as period,
        used_pct, used_num, used_den
    from usage_health.mart_component_adoption
    where used_den > 0
    order by 1, 2, 3
"""

PAYING = ("paying", "paused")
"""Customers whose health is counted."""

USAGE = Section(
    "usage",
    "Usage health",
    "Use is compared with the customer's own past and with customers of the same segment. Inactivity that has an "
    "explanation stays visible as suppressed. Signals are of everybody with access, trials and free plans included.",
    (
        Panel(
            "usage_status",
            "Health over time",
            "Paying and paused customers by health status; trials and free plans are left out. Click the last bar for "
            "the customers.",
            STATUS,
            Chart(bars(
                each_date("period", ""),
                axis("customers", "Q", "customers"),
                coded("status", "", HEALTH_COLOURS),
                tooltip(("period", "on", "date"), ("status", "status", ""), ("customers", "customers", ",.0f"),
                        ("customers_pct", "%", ".1f")),
            )),
            needs=("customers", "events"),
            metrics=("usage_healthy_pct", "usage_at_risk_pct", "usage_stopped_pct"),
            codes={"status": "health_status"},
            by="upto",
            wide=True,
            drill=Drill("customers_list", {"health_status": "status"}, {"period": ("as_of",)},
                        {"status": PAYING}),
        ),
        Panel(
            "usage_recency",
            "Last use",
            "Paying and paused customers by the time since their last use.",
            RECENCY,
            Chart(bars(
                axis("recency_band", "N", "since the last use", sort={"field": "band_order"}, axis={"labelAngle": 0}),
                axis("customers", "Q", "customers"),
                None,
                tooltip(("recency_band", "last use", ""), ("customers", "customers", ",.0f")),
            )),
            needs=("customers", "events"),
            codes={"recency_band": "recency_band"},
            by="at",
            drill=Drill("customers_list", {"recency_band": "recency_band"}, {"period": ("as_of",)},
                        {"status": PAYING}),
        ),
        Panel(
            "usage_signal_counts",
            "Signals",
            "Customers by the signal of their use today. Suppressed signals have an explanation.",
            COUNTS,
            Chart(bars(
                axis("customers", "Q", "customers"),
                axis("signal_code", "N", "", sort="-x"),
                coded("state", "", {"open": CALM, "suppressed": MUTED}),
                tooltip(("signal_code", "signal", ""), ("state", "state", ""), ("customers", "customers", ",.0f")),
                height={"step": 30},
            )),
            needs=("customers", "events"),
            codes={"signal_code": "signal", "state": "signal_state"},
            drill=Drill("usage_signals", {"signal_code": "signal_code", "state": "state"}),
            empty="No signal is open.",
        ),
        Panel(
            "usage_components",
            "Components in use",
            "Share of the customers who have a component and used it in the last four weeks, by segment.",
            COMPONENTS,
            Heat("component_code", "segment_code", "used_pct", "used_num", "used_den", "component", "segment",
                 "is_complete", "is_reliable"),
            needs=("customers", "events", "subscription_periods"),
            needs_policy=("components",),
            codes={"component_code": "component", "segment_code": "segment"},
            by="at",
        ),
        Panel(
            "usage_adoption",
            "Use of a component over the weeks",
            "Share of the customers who have a component and used it in the four weeks up to the Sunday.",
            ADOPTION,
            Chart(lines(
                months("period"),
                axis("used_pct", "Q", "in use, %"),
                axis("segment_code", "N", ""),
                tooltip(("period", "week to", "date"), ("segment_code", "segment", ""),
                        ("used_pct", "in use %", ".1f"), ("used_num", "customers", ",.0f"), ("used_den", "of", ",.0f")),
            )),
            needs=("customers", "events", "subscription_periods"),
            needs_policy=("components",),
            switches=(Switch("component", "component", codes="component"),),
            codes={"segment_code": "segment"},
            by="upto",
        ),
        Panel(
            "usage_signals",
            "Customers with a signal",
            "Customers whose use changed, how, and since when.",
            SIGNALS,
            Table((
                Column("customer_id", "customer", "card"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("signal_code", "signal", filter=True, codes="signal"),
                Column("severity", "severity", filter=True, codes="severity", under="signal_code"),
                Column("signal_reason", "why", "words"),
                Column("since_date", "since", "date"),
                Column("mrr_amount", "MRR", "money"),
                Column("owner", "owner", filter=True, codes="employee"),
                Column("state", "state", filter=True, codes="signal_state"),
                Column("suppressed_reason", "because", codes="suppressed_reason", under="state"),
            ), names="customer_name", shown=8),
            needs=("customers", "events"),
            empty="No signal is open.",
            wide=True,
            most=3000,
            whole=(("every signal", "parquet/mart_usage_signals.parquet"),),
        ),
    ),
)  # fmt: skip
