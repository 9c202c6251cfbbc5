"""Contacts: effective contacts, overdue customers and broken rules."""

from stayhouse.page.charts import axis, bars, each_period, intervals, lines, months, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Heat, Panel, Section, Sums, Table
from stayhouse.page.sql import GRAINS, MOST_MEMBERS, broken_down

REACH = f"""
    with {GRAINS}
    select channel_code as channel, grain, cast(date_trunc(grain, contact_month) as date) as period,
        sum(effective_num) as effective_num, sum(effective_den) as effective_den,
        100.0 * sum(effective_num) / sum(effective_den) as effective_pct,
        bool_and(is_complete) as is_complete
    from contacts.mart_contact_kpi
    cross join grains
    where dimension_name = 'channel' and effective_den > 0
    group by all
    order by 1, 2, 3
"""

GROUPS = ("value_segment", "region", "status", "owner")
OVERDUE = f"""
    with customers as (
        select coalesce(segment_code, 'unassigned') as value_segment,
            coalesce(owner_employee_id, 'unassigned') as owner, coalesce(region, 'unknown') as region,
            customer_status as status, contact_recency_band as band, is_overdue
        from contacts.mart_customer_contact_status
        where is_customer
    ),
    chosen as ({broken_down("customers", "all", *GROUPS, pairs=GROUPS)})
    select dimension, member, second, second_member, band, count(*) as customers,
        count(*) filter (where is_overdue) as overdue_count
    from chosen
    group by all
    order by all
"""

OWNERS = """
    select coalesce(segment_code, 'unassigned') as segment_code,
        coalesce(owner_employee_id, 'unassigned') as owner,
        count(*) as customers, count(*) filter (where is_overdue) as overdue_count,
        100.0 * count(*) filter (where is_overdue) / count(*) as overdue_pct,
        count(*) filter (where is_never_reached) as never_count,
        count(*) filter (where is_in_contact_risk_group) as risk_count
    from contacts.mart_customer_contact_status
    where is_customer
    group by all
    order by overdue_count desc, segment_code, owner
"""

RULES = """
    with attempts as (
        select case dimension_name when 'segment' then 'value_segment' else dimension_name end as dimension,
            case dimension_name when 'segment' then segment_code when 'status' then customer_status else 'all' end
                as member,
            contact_month, no_consent_count as no_consent, wrong_purpose_count as wrong_purpose,
            revoked_count as revoked, unsubscribed_channel_count as unsubscribed_channel,
            contact_during_dnd_count as contact_during_dnd, channel_collision_count as channel_collision,
            over_frequency_day_count as over_frequency_day, over_frequency_week_count as over_frequency_week,
            quiet_hours_count as quiet_hours
        from contacts.mart_contact_kpi
        where dimension_name in ('all', 'segment', 'status')
    )
    select dimension, member, contact_month as period, rule, violations
    from attempts
        unpivot (violations for rule in (
            no_consent, wrong_purpose, revoked, unsubscribed_channel, contact_during_dnd, channel_collision,
            over_frequency_day, over_frequency_week, quiet_hours
        ))
    where violations > 0
    order by all
"""

SURPRISE = f"""
    with churns as (
        select churned_month, coalesce(segment_code, 'unassigned') as segment,
            coalesce(value_segment_code, 'unassigned') as value_segment, is_surprise
        from churn.mart_churn_events
        where is_contact_evaluated
            and churned_month >= (select max(as_of_date) - interval '25 months' from main.publication)
    ),
    chosen as ({broken_down("churns", "all", "segment", "value_segment")}),
    {GRAINS}
    select dimension, member, grain, cast(date_trunc(grain, churned_month) as date) as period,
        count(*) filter (where is_surprise) as surprise_num, count(*) as surprise_den,
        100.0 * count(*) filter (where is_surprise) / count(*) as surprise_pct
    from chosen
    cross join grains
    group by all
    order by 1, 2, 3, 4
"""

HOURS = """
    select dimension_name as dimension, dimension_value as member, weekday_order as weekday, hour_order as hour,
        effective_num, effective_den, effective_pct, is_reliable
    from usage_health.mart_activity_heatmap
    where dimension_name in ('all', 'segment') and activity_code = 'contact_outbound' and activity_den > 0
    order by dimension, member, weekday, hour
"""

CAMPAIGNS = f"""
    with campaigns as (
        select campaign_code as campaign, contact_month as period, attempts_count, effective_num, effective_den,
            effective_pct, effective_ci_lo, effective_ci_hi, is_complete, is_reliable
        from contacts.mart_contact_kpi
        where dimension_name = 'campaign' and campaign_code <> 'none' and effective_den > 0
            and contact_month >= (select max(as_of_date) - interval '26 months' from main.publication)
    )
    select * from campaigns
    where campaign in (
        select campaign from campaigns group by campaign order by sum(effective_den) desc, campaign limit {MOST_MEMBERS}
    )
    order by period, campaign
"""

CONTACTS = Section(
    "contacts",
    "Contacts",
    "Contacts count when they are effective by the rule of their channel; every attempt is checked against consent, "
    "do-not-disturb, caps and quiet hours.",
    (
        Panel(
            "contacts_reach",
            "Effective contacts by channel",
            "Share of outbound attempts of a month, quarter or year that became effective. Hollow points may still "
            "change.",
            REACH,
            Chart(lines(
                months("period"),
                axis("effective_pct", "Q", "effective, %"),
                axis("channel", "N", ""),
                tooltip(("period", "from", "month"), ("channel", "channel", ""),
                        ("effective_pct", "effective %", ".1f"), ("effective_num", "effective", ",.0f"),
                        ("effective_den", "attempts", ",.0f")),
                incomplete="is_complete",
            )),
            needs=("contacts",),
            metrics=("effective_contact_pct",),
            codes={"channel": "channel"},
            by="upto",
        ),
        Panel(
            "contacts_recency",
            "Since the last effective contact",
            "Customers by the time since their last effective contact. Bands are multiples of the contact interval of "
            "their segment.",
            OVERDUE,
            Chart(bars(
                axis("customers", "Q", "customers"),
                axis("band", "N", "", sort=["within_1x", "1x_to_2x", "2x_to_3x", "over_3x", "never"]),
                None,
                tooltip(("band", "band", ""), ("customers", "customers", ",.0f"), ("overdue_count", "overdue", ",.0f")),
            )),
            needs=("customers", "contacts"),
            codes={"band": "contact_recency_band"},
            drill=Drill("customers_list", {"contact_recency_band": "band"},
                        among={"status": ("paying", "paused")}),
        ),
        Panel(
            "contacts_surprise",
            "Surprise churn",
            "Share of the churns of a period without an effective contact in time and without a complaint or low score "
            "before them.",
            SURPRISE,
            Chart(lines(
                months("period", "churned in"),
                axis("surprise_pct", "Q", "surprise churns, %"),
                None,
                tooltip(("period", "from", "month"), ("surprise_pct", "%", ".1f"),
                        ("surprise_num", "surprises", ",.0f"),
                        ("surprise_den", "churns", ",.0f")),
            )),
            needs=("customers", "contacts", "subscription_periods"),
            by="upto",
            source="billing",
            metrics=("surprise_churn_pct",),
            empty="No customer who was due a contact churned in the last year.",
        ),
        Panel(
            "contacts_rules",
            "Attempts that broke a rule",
            "Outbound attempts by the rule that they broke: consent, do-not-disturb, collisions, caps or quiet hours. "
            "An attempt that broke two rules counts in both.",
            RULES,
            Chart(bars(
                each_period(),
                axis("violations", "Q", "attempts"),
                axis("rule", "N", ""),
                tooltip(("period", "from", "month"), ("rule", "rule", ""), ("violations", "attempts", ",.0f")),
            )),
            needs=("contacts",),
            codes={"rule": "broken_rule"},
            by="upto",
            sums=Sums(("violations",)),
            empty="No attempt broke a rule.",
        ),
        Panel(
            "contacts_hours",
            "Effective contacts by hour",
            "Share of the outbound attempts of each hour of the week that became effective, over the last weeks, on "
            "the clock of the company.",
            HOURS,
            Heat("weekday", "hour", "effective_pct", "effective_num", "effective_den", "day", "hour",
                 reliable="is_reliable"),
            needs=("contacts",),
            codes={"weekday": "weekday", "hour": "hour"},
            wide=True,
        ),
        Panel(
            "contacts_campaigns",
            "Campaigns",
            "Share of the attempts of each campaign that became effective, with 95 % interval.",
            CAMPAIGNS,
            Chart(intervals(
                axis("effective_pct", "Q", "effective, %"),
                axis("campaign", "N", "", sort={"field": "effective_pct", "op": "max", "order": "descending"}),
                "effective_ci_lo",
                "effective_ci_hi",
                tooltip(("campaign", "campaign", ""), ("effective_pct", "effective %", ".1f"),
                        ("effective_num", "effective", ",.0f"), ("effective_den", "attempts", ",.0f")),
            )),
            needs=("contacts",),
            codes={"campaign": "campaign"},
            by="at",
            sums=Sums(("attempts_count", "effective_num", "effective_den"),
                      rates={"effective_pct": ("effective_num", "effective_den")},
                      intervals={"effective_pct": ("effective_ci_lo", "effective_ci_hi", "wilson")},
                      all=("is_complete",), any=("is_reliable",)),
            empty="No attempt names a campaign.",
        ),
        Panel(
            "contacts_owners",
            "Overdue by owner",
            "Customers without an effective contact within the interval of their segment, by account manager.",
            OWNERS,
            Table((
                Column("owner", "owner", filter=True, codes="employee"),
                Column("segment_code", "segment", filter=True, codes="value_segment"),
                Column("customers", "customers", "number"),
                Column("overdue_count", "overdue", "number"),
                Column("overdue_pct", "overdue", "percent"),
                Column("never_count", "never reached", "number"),
                Column("risk_count", "risk group", "number"),
            ), shown=8),
            needs=("customers", "contacts"),
            wide=True,
            most=1000,
            whole=(("every customer with its owner", "parquet/mart_customer_contact_status.parquet"),),
        ),
    ),
)  # fmt: skip
