"""Promises: what customers were promised, what is due, and what follows where something went wrong."""

from stayhouse.page.charts import BAD, GOOD, axis, bars, coded, each_period, lines, months, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Table
from stayhouse.page.sql import GRAINS, broken_down

KEPT = f"""
    with promises as (
        select customer_status as status, segment_code as segment, 'kept' as promise_share,
            cast(date_trunc('month', due_date) as date) as month, is_kept as is_counted
        from promises.mart_promises
        where is_due and due_date >= (select max(as_of_date) - interval '25 months' from main.publication)
        union all
        select customer_status, segment_code, 'without_term', cast(date_trunc('month', made_date) as date),
            not has_term
        from promises.mart_promises
        where made_date >= (select max(as_of_date) - interval '25 months' from main.publication)
    ),
    chosen as ({broken_down("promises", "all", "status", "segment")}),
    {GRAINS}
    select dimension, member, grain, cast(date_trunc(grain, month) as date) as period, promise_share,
        count(*) filter (where is_counted) as num, count(*) as den,
        100.0 * count(*) filter (where is_counted) / count(*) as pct
    from chosen
    cross join grains
    group by all
    order by all
"""

OPEN = """
    select customer_id, customer_display_name as customer_name, promise_kind, next_step, next_action_code, limbo_reason,
        coalesce(owner_employee_id, 'unassigned') as owner, cast(term_at as varchar) as term_at,
        round(uninformed_hours / 24) as uninformed_days, unit_code
    from promises.mart_promises
    where is_open
    order by next_action_code = 'ask_if_wanted', term_at nulls first, promise_id
"""

INCIDENTS = """
    select cast(started_at as varchar) as started_at, coalesce(component_code, 'all') as component, incident_state,
        incident_hours, hit_count, warned_pct, avoidable_count, notified_never_count, is_eta_kept, completed_pct,
        compensated_pct, churned_hit_pct, churned_other_pct
    from promises.mart_incidents
    order by mart_incidents.started_at desc
"""

AMENDS = f"""
    with troubles as (
        select customer_status as status, segment_code as segment, trouble_code,
            cast(date_trunc('month', trouble_date) as date) as month,
            case
                when is_amended_in_time then 'in_time'
                when is_amended then 'late'
                when is_amended_in_time is null then 'pending'
                else 'none'
            end as amends_state
        from promises.mart_amends
        where trouble_date >= (select max(as_of_date) - interval '25 months' from main.publication)
    ),
    chosen as ({broken_down("troubles", "all", "status", "segment")}),
    {GRAINS}
    select dimension, member, grain, cast(date_trunc(grain, month) as date) as period, amends_state,
        count(*) as troubles
    from chosen
    cross join grains
    group by all
    order by all
"""

PROMISES = Section(
    "promises",
    "Promises",
    "What customers were promised and by when, whom incidents hit, and what was offered where something went wrong.",
    (
        Panel(
            "promises_kept",
            "Promises kept, and promises without a term",
            "Share of the promises due that were kept by the term that was named first, beside the share of the "
            "promises "
            "made for which no term was named. The first says little where the second is high.",
            KEPT,
            Chart(lines(
                months("period"),
                axis("pct", "Q", "of the promises, %"),
                coded("promise_share", "", {"kept": GOOD, "without_term": BAD}),
                tooltip(("period", "from", "month"), ("promise_share", "share", ""), ("pct", "%", ".1f"),
                        ("num", "promises", ",.0f"), ("den", "of", ",.0f")),
            )),
            needs=("promises",),
            metrics=("promises_kept_pct", "promises_without_term_pct"),
            codes={"promise_share": "promise_share"},
            by="upto",
        ),
        Panel(
            "promises_amends",
            "What followed when something went wrong",
            "Missed promises, late deliveries, articles out of stock and incidents, by whether the customer was given "
            "something in time.",
            AMENDS,
            Chart(bars(
                each_period(),
                axis("troubles", "Q", "cases"),
                coded("amends_state", "", {"in_time": GOOD, "late": "#e9c46a", "none": BAD, "pending": "#c9ced4"}),
                tooltip(("period", "from", "month"), ("amends_state", "amends", ""), ("troubles", "cases", ",.0f")),
            )),
            needs=("promises", "incident_customers"),
            metrics=("amends_in_time_pct",),
            codes={"amends_state": "amends_state"},
            by="upto",
        ),
        Panel(
            "promises_open",
            "Open promises",
            "What has to be kept or spoken of, the passed terms first. Without a term or a next step the "
            "customer waits in "
            "uncertainty.",
            OPEN,
            Table((
                Column("customer_id", "customer", "card"),
                Column("promise_kind", "promise", filter=True, codes="promise_type"),
                Column("next_action_code", "next step", filter=True, codes="promise_action"),
                Column("limbo_reason", "uncertainty", filter=True, codes="limbo_reason"),
                Column("next_step", "as promised", "words"),
                Column("owner", "owner", filter=True, codes="employee"),
                Column("unit_code", "unit", filter=True, codes="unit_name"),
                Column("term_at", "term", "moment"),
                Column("uninformed_days", "days without a word", "number"),
            ), names="customer_name"),
            needs=("promises",),
            empty="No promise is open.",
            wide=True,
            most=3000,
            whole=(("every promise", "parquet/mart_promises.parquet"),),
        ),
        Panel(
            "promises_incidents",
            "Incidents",
            "Whom each incident hit and who was warned before. Avoidable: hit without a warning although the "
            "company knew. "
            "Customers who are hit use the product more than others, so the two churn rates describe and prove "
            "nothing.",
            INCIDENTS,
            Table((
                Column("started_at", "start", "moment"),
                Column("component", "component", filter=True, codes="component", under="started_at"),
                Column("incident_state", "status", codes="incident_state"),
                Column("incident_hours", "hours", "number", under="incident_state"),
                Column("hit_count", "customers hit", "number"),
                Column("warned_pct", "warned before", "percent"),
                Column("avoidable_count", "avoidable", "number"),
                Column("notified_never_count", "never informed", "number", under="avoidable_count"),
                Column("is_eta_kept", "announced end kept", "yes_no", under="warned_pct"),
                Column("completed_pct", "finished later", "percent"),
                Column("compensated_pct", "compensated", "percent", under="completed_pct"),
                Column("churned_hit_pct", "churned, hit", "percent"),
                Column("churned_other_pct", "churned, others", "percent", under="churned_hit_pct"),
            )),
            needs=("incidents",),
            metrics=("incidents_warned_pct",),
            wide=True,
        ),
    ),
)  # fmt: skip
