"""Usage health: who uses the product less, too little, too much, or not at all?"""

from stayhouse.page.charts import HEALTH_COLOURS, axis, bars, coded, each_date, lines, tooltip
from stayhouse.page.panel import Chart, Column, Heat, Panel, Section, Switch, Table
from stayhouse.page.sql import MOST_SEVERE_FIRST

STATUS = """
    with statuses as (
        select segment_code, snapshot_date, dimension_value as status, customers_num, customers_pct
        from usage_health.mart_usage_health_summary
        where dimension_name = 'health_status' and dimension_value <> 'not_measured' and customers_num > 0
    )
    select segment_code as segment, snapshot_date, status, customers_num as customers, customers_pct
    from statuses
    union all
    select 'all', snapshot_date, status, sum(customers_num),
        100.0 * sum(customers_num) / sum(sum(customers_num)) over (partition by snapshot_date)
    from statuses
    group by snapshot_date, status
    order by 1, 2, 3
"""

RECENCY = """
    with latest as (
        select * from usage_health.mart_usage_health_summary
        where dimension_name = 'recency_band' and dimension_value <> 'not_measured'
            and snapshot_date = (select max(snapshot_date) from usage_health.mart_usage_health_summary)
    )
    -- Segments have bands of their own, so their order over everybody is that of the weeks in their names.
    select coalesce(segment_code, 'all') as segment, dimension_value as recency_band,
        10 * coalesce(try_cast(regexp_extract(dimension_value, '[0-9]+') as integer), -1) + min(value_order)
            as band_order,
        sum(customers_num) as customers
    from latest
    group by grouping sets ((segment_code, dimension_value), (dimension_value))
    having sum(customers_num) > 0
    order by segment, band_order, recency_band
"""

SIGNALS = f"""
    select segment_code, severity, signal_code, customer_id, signal_reason,
        since_date, account_manager_id, is_suppressed, suppressed_reason
    from usage_health.mart_usage_signals
    order by is_suppressed, {MOST_SEVERE_FIRST}, since_date desc,
        customer_id, signal_code
"""

COUNTS = """
    select coalesce(segment_code, 'all') as segment, signal_code,
        case when is_suppressed then 'suppressed' else 'open' end as state, count(*) as customers
    from usage_health.mart_usage_signals
    group by grouping sets ((segment_code, signal_code, is_suppressed), (signal_code, is_suppressed))
    order by all
"""

COMPONENTS = """
    select segment_code, component_code, used_num, used_den, used_pct, true as is_complete, is_reliable
    from usage_health.mart_component_adoption
    where used_den > 0
        and snapshot_date = (select max(snapshot_date) from usage_health.mart_component_adoption)
    order by segment_code, component_code
"""

ADOPTION = """
    select component_code as component, segment_code, snapshot_date, used_pct, used_num, used_den
    from usage_health.mart_component_adoption
    where used_den > 0
    order by 1, 2, 3
"""

USAGE = Section(
    "usage",
    "Usage health",
    "Use is compared with the customer's own past and with customers of the same segment. Inactivity that has an "
    "explanation stays visible as suppressed. Signals are of everybody with access, trials and free plans included.",
    (
        Panel(
            "usage_status",
            "Health over time",
            "Paying and paused customers by health status; trials and free plans are left out.",
            STATUS,
            Chart(bars(
                each_date("snapshot_date", ""),
                axis("customers", "Q", "customers"),
                coded("status", "status", HEALTH_COLOURS),
                tooltip(("snapshot_date", "on", "date"), ("status", "status", ""), ("customers", "customers", ",.0f"),
                        ("customers_pct", "%", ".1f")),
            )),
            needs=("customers", "events"),
            metrics=("usage_healthy_pct", "usage_at_risk_pct", "usage_stopped_pct"),
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
        ),
        Panel(
            "usage_signal_counts",
            "Signals",
            "What is wrong, and how often?",
            COUNTS,
            Chart(bars(
                axis("customers", "Q", "customers"),
                axis("signal_code", "N", "", sort="-x"),
                axis("state", "N", "state"),
                tooltip(("signal_code", "signal", ""), ("state", "state", ""), ("customers", "customers", ",.0f")),
                height=220,
            )),
            needs=("customers", "events"),
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
        ),
        Panel(
            "usage_adoption",
            "Use of a component over the weeks",
            "Share of the customers who have a component and used it in the four weeks up to the Sunday.",
            ADOPTION,
            Chart(lines(
                axis("snapshot_date", "T", ""),
                axis("used_pct", "Q", "in use, %"),
                axis("segment_code", "N", "segment"),
                tooltip(("snapshot_date", "week to", "date"), ("segment_code", "segment", ""),
                        ("used_pct", "in use %", ".1f"), ("used_num", "customers", ",.0f"), ("used_den", "of", ",.0f")),
            )),
            needs=("customers", "events", "subscription_periods"),
            needs_policy=("components",),
            switches=(Switch("component", "component"),),
            wide=True,
        ),
        Panel(
            "usage_signals",
            "Customers with a signal",
            "Whose use changed, how, and since when?",
            SIGNALS,
            Table((
                Column("severity", "severity", filter=True),
                Column("signal_code", "signal", filter=True),
                Column("customer_id", "customer", "card"),
                Column("signal_reason", "why", "words"),
                Column("since_date", "since"),
                Column("segment_code", "segment", filter=True),
                Column("account_manager_id", "account manager", filter=True),
                Column("is_suppressed", "suppressed", "yes_no", filter=True),
                Column("suppressed_reason", "because", filter=True),
            )),
            needs=("customers", "events"),
            empty="No signal is open.",
            wide=True,
            most=3000,
            whole=(("every signal", "parquet/mart_usage_signals.parquet"),),
        ),
    ),
)  # fmt: skip
