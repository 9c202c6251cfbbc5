"""Activity: how many customers use the product, who is new, comes back or stops, and how often they come."""

from stayhouse.page.charts import CALM, CHURNED, GOOD, axis, bars, coded, each_date, lines, months, tooltip
from stayhouse.page.panel import Chart, Heat, Panel, Section, Switch
from stayhouse.page.sql import dimension, filterable, largest

# Own attributes would double the rows of scopes, parts and months.
GROUPS = "'all', 'segment', 'plan', 'region', 'channel'"
CHOSEN = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from usage_health.{{mart}}
        where dimension_name in ({{groups}})
            and period_start_date > (select max(as_of_date) - interval '26 months' from main.publication)
    ),
    chosen as (select * from named where {filterable()} and {largest("named", "{measure}")})
"""

LIFECYCLE = f"""{CHOSEN.format(mart="mart_usage_lifecycle", measure="active_count", groups=GROUPS)},
    counted as (
        select dimension, member, scope_code as scope, period_grain_code as length, period_start_date as period,
            returning_count as returning_part, new_count as new_part, resurrecting_count as resurrecting_part,
            dormant_change as dormant_part, active_count, is_complete
        from chosen
        where period_grain_code in ('week', 'month') and (active_count > 0 or dormant_change < 0)
            and (dimension = 'all' or period_grain_code = 'month')
    )
    select dimension, member, scope, length, period, replace(part, '_part', '') as part, customers, active_count,
        is_complete
    from counted
        unpivot (customers for part in (returning_part, new_part, resurrecting_part, dormant_part))
    where customers <> 0
    order by dimension, member, scope, length, period, part
"""

STICKINESS = f"""{CHOSEN.format(mart="mart_usage_lifecycle", measure="active_count", groups=GROUPS)}
    select dimension, member, scope_code as scope, period_grain_code as length, period_start_date as period,
        stickiness_pct, retained_pct, retained_ci_lo, retained_ci_hi, retained_num, retained_den, active_count,
        is_complete
    from chosen
    where period_grain_code in ('week', 'month') and active_count > 0
        and (dimension = 'all' or period_grain_code = 'month')
    order by dimension, member, scope, length, period
"""

FREQUENCY = f"""{CHOSEN.format(mart="mart_usage_frequency", measure="customers_den", groups="'all', 'segment'")}
    select dimension, member, scope_code as scope, period_start_date as period, active_days, customers_num,
        customers_den, customers_pct, is_complete, is_reliable
    from chosen
    where period_grain_code = 'week' and customers_den > 0 and (dimension = 'all' or is_complete)
        and period_start_date > (select max(as_of_date) from main.publication)
            - case dimension when 'all' then interval '53 weeks' else interval '14 weeks' end
    order by dimension, member, scope, period desc, active_days
"""

# Shares of 168 hours of a week are many rows: of groups only segments have them.
HOURS = """
    select dimension_name as dimension, dimension_value as member, activity_code as activity, weekday_order as weekday,
        hour_order as hour, activity_num as num, activity_den as den, activity_pct as pct, is_reliable
    from usage_health.mart_activity_heatmap
    where dimension_name in ('all', 'segment') and activity_code in ('use_begun', 'contact_inbound', 'ticket_opened')
        and activity_den > 0
    order by activity = 'use_begun' desc, activity, dimension, member, weekday, hour
"""

PART_COLOURS = {"returning": CALM, "new": GOOD, "resurrecting": "#8fd3ba", "dormant": CHURNED}
SCOPE = Switch("scope", "active means", codes="scope")
LENGTH = Switch("length", "by", "month", codes="grain")

ACTIVITY = Section(
    "activity",
    "Activity",
    "A customer is active in a period by the meaning that you choose: any use, an event or a purchase. The periods are "
    "weeks and months; groups have months.",
    (
        Panel(
            "activity_lifecycle",
            "Active customers, and where they come from",
            "Above the line: active customers who were active in the period before, are new, or come back after a "
            "break. Below it: those who were active in the period before and are not in this one.",
            LIFECYCLE,
            Chart(bars(
                each_date("period", ""),
                axis("customers", "Q", "customers"),
                coded("part", "", PART_COLOURS),
                tooltip(("period", "from", "date"), ("part", "part", ""), ("customers", "customers", ",.0f"),
                        ("active_count", "active", ",.0f")),
            )),
            needs=("customers", "events"),
            switches=(SCOPE, LENGTH),
            codes={"part": "lifecycle"},
            by="upto",
            wide=True,
        ),
        Panel(
            "activity_retained",
            "Active again",
            "Share of the active customers of the period before who are active in this one too, with 95 % interval.",
            STICKINESS,
            Chart(lines(
                months("period"),
                axis("retained_pct", "Q", "active again, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "from", "date"), ("member", "group", ""), ("retained_pct", "active again %", ".1f"),
                        ("retained_num", "customers", ",.0f"), ("retained_den", "of", ",.0f")),
                band=("retained_ci_lo", "retained_ci_hi"),
                incomplete="is_complete",
            )),
            needs=("customers", "events"),
            switches=(SCOPE, LENGTH),
            codes={"member": "member"},
            by="upto",
            splits=True,
        ),
        Panel(
            "activity_stickiness",
            "Stickiness",
            "Customers active on an average day, in percent of those active in the period. 100 % is use on every day.",
            STICKINESS,
            Chart(lines(
                months("period"),
                axis("stickiness_pct", "Q", "of the active, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "from", "date"), ("member", "group", ""), ("stickiness_pct", "stickiness %", ".1f"),
                        ("active_count", "active", ",.0f")),
                incomplete="is_complete",
            )),
            needs=("customers", "events"),
            switches=(SCOPE, LENGTH),
            codes={"member": "member"},
            by="upto",
            splits=True,
        ),
        Panel(
            "activity_hours",
            "When customers come",
            "Share of each hour of the week in all of them, over the last weeks, on the clock of the company. A day of "
            "use counts at the hour of its first use.",
            HOURS,
            Heat("weekday", "hour", "pct", "num", "den", "day", "hour", reliable="is_reliable"),
            needs=("customers", "events"),
            switches=(Switch("activity", "what", "use_begun", "activity"),),
            codes={"weekday": "weekday", "hour": "hour"},
            wide=True,
        ),
        Panel(
            "activity_frequency",
            "Days of use in a week",
            "Share of the active customers of each week by the number of days on which they came.",
            FREQUENCY,
            Heat("period", "active_days", "customers_pct", "customers_num", "customers_den", "week of", "days",
                 "is_complete", "is_reliable", "customers_den"),
            needs=("customers", "events"),
            switches=(SCOPE,),
            codes={"period": "day"},
            by="upto",
            wide=True,
        ),
    ),
)  # fmt: skip
