"""Service: how fast requests are answered, whether they are resolved, and how customers rate it."""

from stayhouse.page.charts import GOOD, axis, bars, coded, each_period, lines, months, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table
from stayhouse.page.sql import GRAINS, broken_down

TICKETS = f"""
    with tickets as (
        select cast(date_trunc('month', opened_date) as date) as opened_month, customer_status as status, reaction_band,
            is_resolved_at_once, is_reopened, is_complaint, resolved_at
        from feedback.mart_ticket_service
        where opened_date >= (select max(as_of_date) - interval '25 months' from main.publication)
    ),
    chosen as ({broken_down("tickets", "all", "status")}),
    {GRAINS}
"""

REACTION = f"""{TICKETS}
    select dimension, member, grain, cast(date_trunc(grain, opened_month) as date) as period,
        coalesce(reaction_band, 'none') as reaction_band, count(*) as tickets
    from chosen
    cross join grains
    group by all
    order by all
"""

ANSWERED = f"""
    with requests as (
        select cast(date_trunc('month', opened_date) as date) as opened_month, customer_status as status, answer_state
        from contacts.mart_inbound_answers
        where answer_state <> 'pending'
            and opened_date >= (select max(as_of_date) - interval '25 months' from main.publication)
    ),
    chosen as ({broken_down("requests", "all", "status")}),
    {GRAINS}
    select dimension, member, grain, cast(date_trunc(grain, opened_month) as date) as period,
        count(*) filter (where answer_state = 'answered_in_time') as in_time_num, count(*) as in_time_den,
        100.0 * count(*) filter (where answer_state = 'answered_in_time') / count(*) as in_time_pct
    from chosen
    cross join grains
    group by all
    order by 1, 2, 3, 4
"""

UNITS = """
    select dimension_value as unit, period_kind as grain, period_start_date as period, assigned_tickets_count,
        first_response_seconds / 60.0 as first_response_minutes, resolved_num, resolved_den, resolved_pct, reopened_pct,
        csat_pct, csat_den
    from cx.mart_agent_scorecard
    where dimension_name in ('all', 'unit') and period_kind in ('month', 'quarter')
    order by unit, grain, period
"""

RATES = ("answered", "abandoned", "wait_in_target", "resolved", "first_contact", "satisfied")
LEVELS = " union all ".join(
    f"""
    select dimension_name as dimension, dimension_value as member, '{rate}' as rate, {place} as place,
        period_grain_code as grain, period_start_date as period, {rate}_num as num, {rate}_den as den,
        {rate}_pct as pct, {rate}_ci_lo as ci_lo, {rate}_ci_hi as ci_hi, is_complete, is_reliable
    from feedback.mart_service_levels
    where dimension_name in ('all', 'segment', 'status') and period_grain_code in ('month', 'quarter', 'year')
        and {rate}_den > 0
        and period_start_date >= (select max(as_of_date) - interval '26 months' from main.publication)
    """
    for place, rate in enumerate(RATES)
)
LEVELS += " order by place, dimension, member, grain, period"

SERVICE = Section(
    "service",
    "Service",
    "Requests and tickets of customers: how long they wait, whether one contact settles them, and how they are rated.",
    (
        Panel(
            "service_in_time",
            "Requests answered in time",
            "Share of the requests that were answered within the time of their channel. Requests that still have time "
            "are left out.",
            ANSWERED,
            Chart(lines(
                months("period"),
                axis("in_time_pct", "Q", "answered in time, %"),
                None,
                tooltip(("period", "from", "month"), ("in_time_pct", "in time %", ".1f"),
                        ("in_time_num", "in time", ",.0f"), ("in_time_den", "of", ",.0f")),
            )),
            needs=("contacts",),
            metrics=("answered_in_time_pct",),
            by="upto",
        ),
        Panel(
            "service_reaction",
            "Time to the first reaction",
            "Tickets by how long the customer waited for the first reaction.",
            REACTION,
            Chart(bars(
                each_period(),
                axis("tickets", "Q", "tickets"),
                coded("reaction_band", "", {"quick": GOOD, "short": "#8fd3ba", "long": "#e9c46a", "later": "#d1495b",
                                            "none": "#8e6bbf", "pending": "#c9ced4"}),
                tooltip(("period", "from", "month"), ("reaction_band", "reaction", ""), ("tickets", "tickets", ",.0f")),
            )),
            needs=("tickets",),
            codes={"reaction_band": "reaction_band"},
            by="upto",
        ),
        Panel(
            "service_levels",
            "What the service centre achieves",
            "Share of the requests opened in the period, with 95 % interval: answered, abandoned, answered within the "
            "target, solved in time, solved at the first contact, or rated with the best scores.",
            LEVELS,
            Chart(lines(
                months("period"),
                axis("pct", "Q", "of the requests, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "from", "month"), ("member", "group", ""), ("pct", "%", ".1f"),
                        ("num", "requests", ",.0f"), ("den", "of", ",.0f")),
                band=("ci_lo", "ci_hi"),
                incomplete="is_complete",
            )),
            needs=("tickets",),
            switches=(Switch("rate", "share", "answered", "service_rate"),),
            codes={"member": "member"},
            by="upto",
            splits=True,
            wide=True,
        ),
        Panel(
            "service_units",
            "Units",
            "Tickets, reaction, resolution and rating of each unit in the period. The row All is the whole company.",
            UNITS,
            Table((
                Column("unit", "unit", codes="unit_name"),
                Column("assigned_tickets_count", "tickets", "number"),
                Column("first_response_minutes", "minutes to the first response", "number"),
                Column("resolved_pct", "resolved", "percent"),
                Column("resolved_den", "of", "number"),
                Column("reopened_pct", "reopened", "percent"),
                Column("csat_pct", "satisfied", "percent"),
                Column("csat_den", "ratings", "number"),
            )),
            needs=("tickets",),
            by="at",
            wide=True,
        ),
    ),
)  # fmt: skip
