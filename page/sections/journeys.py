"""Journeys: how far customers come, where they stop, and what that is worth."""

from stayhouse.page.charts import CALM, axis, intervals, ranked, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Panel, Section, Sums, Switch, Table
from stayhouse.page.sql import broken_down, dimension, filterable, largest

STAGE = """
    select {dimensions} touch_month as period, stage_code as stage, stage_order, {columns} entered_count,
        progressed_num, progressed_den, progressed_pct, progressed_ci_lo, progressed_ci_hi, usual_progressed_pct,
        median_to_progress_days, error_pct, tickets_per_100_avg, effort_avg, is_reliable
    from {relation}
    where channel_code = 'all' and {condition} and is_complete
        and touch_month >= (select max(as_of_date) - interval '26 months' from main.publication)
    order by {first} period, stage_order, stage {last}
"""
STAGES = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from journeys.mart_journey_stage
        where touchpoint_code = 'all'
    )
    {
    STAGE.format(
        dimensions="dimension, member,",
        columns="",
        relation="named",
        condition=f"{filterable()} and {largest('named', 'entered_count')}",
        first="dimension, member,",
        last="",
    )
}
"""
TOUCHPOINTS = STAGE.format(
    dimensions="",
    columns="""stage_code || '/' || touchpoint_code as touchpoint,
        case when is_conversion_low and is_effort_high then 'both' when is_conversion_low then 'low'
            when is_effort_high then 'effort' end as barrier,""",
    relation="journeys.mart_journey_stage",
    condition="touchpoint_code <> 'all' and dimension_name = 'all'",
    first="",
    last=", touchpoint",
)

FUNNELS = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from journeys.mart_funnel_conversion
    ),
    chosen as (select * from named where {filterable()})
    select dimension, member, funnel_code as funnel, period_grain_code as grain, period_start_date as period,
        funnel_code || '/' || to_step_code as step, to_step_order as step_order, converted_num, converted_den,
        converted_pct, converted_ci_lo, converted_ci_hi, is_complete, is_reliable
    from chosen
    where from_step_order = 1 and converted_den > 0
        and period_start_date >= (select max(as_of_date) - interval '26 months' from main.publication)
    order by 1, 2, 3, 4, 5, 7
"""

ABANDONED = f"""
    with attempts as (
        select funnel_code as funnel, funnel_code || '/' || furthest_step_code as step, value_amount,
            cast(date_trunc('month', abandoned_date) as date) as period, completed_later_at is not null as is_completed,
            coalesce(segment_code, 'unassigned') as segment, customer_status as status
        from journeys.mart_funnel_abandonments
        where abandoned_date >= (select max(as_of_date) - interval '26 months' from main.publication)
    ),
    chosen as ({broken_down("attempts", "all", "segment", "status")}),
    counted as (
        select dimension, member, funnel, period, step, count(*) as attempts_count,
            count(*) filter (where is_completed) as completed_count, sum(value_amount) as total_amount
        from chosen
        group by all
    )
    select dimension, member, funnel, 'value' as measure, period, step, total_amount as amount, attempts_count,
        completed_count
    from counted
    where total_amount is not null
    union all
    select dimension, member, funnel, 'attempts', period, step, attempts_count, attempts_count, completed_count
    from counted
    order by dimension, member, funnel, measure desc, period, amount desc, step
"""

ATTEMPTS = """
    select attempts.customer_id, customer_display_name as customer_name, attempts.funnel_code as funnel,
        attempts.funnel_code || '/' || furthest_step_code as step, attempts.value_amount, abandoned_date,
        case when is_in_queue then 'waiting' when completed_later_at is not null then 'completed' else 'over' end
            as state,
        has_error, difficulty_topic_code as topic, is_reminded, account_manager_id as owner,
        coalesce(attempts.segment_code, 'unassigned') as segment, attempts.customer_status as status,
        abandoned_date as period
    from journeys.mart_funnel_abandonments as attempts
    left join customer_360.mart_customer_360 as customers on attempts.customer_id = customers.customer_id
    order by is_in_queue desc, attempts.value_amount desc nulls last, abandoned_date desc, attempt_id
"""

STAGE_TIPS = tooltip(
    ("stage", "stage", ""), ("progressed_pct", "came further %", ".1f"), ("progressed_num", "customers", ",.0f"),
    ("progressed_den", "of", ",.0f"), ("usual_progressed_pct", "usual %", ".1f"),
    ("median_to_progress_days", "median days", ",.0f"), ("tickets_per_100_avg", "tickets per 100 customers", ",.1f"),
)  # fmt: skip

JOURNEYS = Section(
    "journeys",
    "Journeys",
    "The way of customers through stages, touchpoints and funnels: how far they come, where they stop, and what that "
    "is worth. Only attempts and customers whose time is over are counted.",
    (
        Panel(
            "journeys_stages",
            "From stage to stage",
            "Share of the customers at each stage in the month who came to a later one in time, with 95 % interval. "
            "The red tick is what is usual: the median of the three months before.",
            STAGES,
            Chart(intervals(
                axis("progressed_pct", "Q", "came further, %"),
                axis("stage", "N", "", sort={"field": "stage_order"}),
                "progressed_ci_lo",
                "progressed_ci_hi",
                STAGE_TIPS,
                tick=("usual_progressed_pct", "usual"),
            )),
            needs=("customers", "events"),
            needs_policy=("journey_stages",),
            codes={"stage": "stage"},
            by="at",
            empty="No stage is described (journey_stages.csv), or no month is over.",
        ),
        Panel(
            "journeys_funnels",
            "Funnels",
            "Share of the attempts at the first step that reached each later one, with 95 % interval. Attempts that "
            "can still go on are left out.",
            FUNNELS,
            Chart(intervals(
                axis("converted_pct", "Q", "reached the step, %", scale={"domain": [0, 100]}),
                axis("step", "N", "", sort={"field": "step_order"}),
                "converted_ci_lo",
                "converted_ci_hi",
                tooltip(("step", "step", ""), ("converted_pct", "reached %", ".1f"),
                        ("converted_num", "attempts", ",.0f"), ("converted_den", "of", ",.0f")),
            )),
            needs=("customers", "events"),
            needs_policy=("funnels",),
            metrics=("funnel_completed_pct",),
            switches=(Switch("funnel", "funnel", codes="funnel"),),
            codes={"step": "funnel_step"},
            by="at",
            sums=Sums(("converted_num", "converted_den"), rates={"converted_pct": ("converted_num", "converted_den")},
                      intervals={"converted_pct": ("converted_ci_lo", "converted_ci_hi", "wilson")},
                      all=("is_complete",), any=("is_reliable",)),
            empty="No funnel is described (funnels.csv), or nobody has begun one.",
        ),
        Panel(
            "journeys_touchpoints",
            "Touchpoints, and what hinders customers there",
            "Customers at each touchpoint in the month, how many came to a later stage, and the signs of trouble: "
            "failed events, tickets and effort, where more points are easier.",
            TOUCHPOINTS,
            Table((
                Column("stage", "stage", filter=True, codes="stage"),
                Column("touchpoint", "touchpoint", codes="touchpoint"),
                Column("entered_count", "customers", "number"),
                Column("progressed_pct", "came further", "percent"),
                Column("usual_progressed_pct", "usual", "percent"),
                Column("median_to_progress_days", "median days", "number"),
                Column("error_pct", "failed events", "percent"),
                Column("tickets_per_100_avg", "tickets per 100 customers", "number"),
                Column("effort_avg", "ease of effort", "number"),
                Column("barrier", "what hinders", filter=True, codes="barrier"),
            )),
            needs=("customers", "events"),
            needs_policy=("journey_stages",),
            by="at",
            wide=True,
            empty="No stage is described (journey_stages.csv), or no month is over.",
        ),
        Panel(
            "journeys_abandoned",
            "Abandoned attempts",
            "Attempts of the period that did not reach the goal, by the last step that they reached and by their "
            "value. Click a bar for the customers.",
            ABANDONED,
            Chart(ranked(
                axis("amount", "Q", "value or attempts"),
                axis("step", "N", "", sort="-x"),
                tooltip(("step", "last step", ""), ("amount", "value or attempts", ",.0f"),
                        ("attempts_count", "attempts", ",.0f"), ("completed_count", "completed later", ",.0f")),
                colour={"value": CALM},
            )),
            needs=("customers", "events"),
            needs_policy=("funnels",),
            switches=(Switch("funnel", "funnel", codes="funnel"),
                      Switch("measure", "ranked by", "value", "abandoned_by")),
            codes={"step": "funnel_step"},
            by="at",
            sums=Sums(("amount", "attempts_count", "completed_count")),
            drill=Drill("journeys_attempts", {"step": "step", "abandoned_date": "period"}),
            empty="No attempt was abandoned.",
        ),
        Panel(
            "journeys_attempts",
            "Customers who did not reach the goal",
            "Attempts that are still in the queue first, the most valuable on top. Errors and topics say what happened "
            "around the end.",
            ATTEMPTS,
            Table((
                Column("customer_id", "customer", "card"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("step", "last step", filter=True, codes="funnel_step"),
                Column("funnel", "funnel", filter=True, codes="funnel", under="step"),
                Column("value_amount", "value", "money"),
                Column("abandoned_date", "abandoned", "date"),
                Column("state", "state", filter=True, codes="attempt_state"),
                Column("has_error", "error", "yes_no"),
                Column("topic", "topic", filter=True, codes="topic"),
                Column("is_reminded", "reminded", "yes_no"),
                Column("owner", "owner", filter=True, codes="employee"),
            ), names="customer_name", shown=6),
            needs=("customers", "events"),
            needs_policy=("funnels",),
            by="upto",
            empty="No attempt was abandoned.",
            wide=True,
            most=2000,
            whole=(("every abandoned attempt", "parquet/mart_funnel_abandonments.parquet"),),
        ),
    ),
)  # fmt: skip
