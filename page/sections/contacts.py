"""Contacts: effective contacts, overdue customers and broken rules."""

from stayhouse.page.charts import axis, bars, lines, months, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Table

REACH = """
    select channel_code as channel, contact_month, effective_num, effective_den, effective_pct, reach_pct, is_complete
    from contacts.mart_contact_kpi
    where dimension_name = 'channel' and effective_den > 0
    order by 1, 2
"""

OVERDUE = """
    with customers as (
        select segment_code as segment, contact_recency_band as band, is_overdue
        from contacts.mart_customer_contact_status
        where is_customer
    )
    select coalesce(segment, 'all') as segment, band, count(*) as customers,
        count(*) filter (where is_overdue) as overdue_count
    from customers
    group by grouping sets ((segment, band), (band))
    order by all
"""

OWNERS = """
    select segment_code, owner_employee_id as owner,
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
        select contact_month, no_consent_count as no_consent, wrong_purpose_count as wrong_purpose,
            revoked_count as revoked, unsubscribed_channel_count as unsubscribed_channel,
            contact_during_dnd_count as contact_during_dnd, channel_collision_count as channel_collision,
            over_frequency_day_count as over_frequency_day, over_frequency_week_count as over_frequency_week,
            quiet_hours_count as quiet_hours
        from contacts.mart_contact_kpi
        where dimension_name = 'all'
    )
    select contact_month, rule, violations
    from attempts
        unpivot (violations for rule in (
            no_consent, wrong_purpose, revoked, unsubscribed_channel, contact_during_dnd, channel_collision,
            over_frequency_day, over_frequency_week, quiet_hours
        ))
    where violations > 0
    order by all
"""

SURPRISE = """
    select cast(date_trunc('month', churned_date) as date) as churned_month,
        count(*) filter (where is_surprise) as surprise_num, count(*) as surprise_den,
        100.0 * count(*) filter (where is_surprise) / count(*) as surprise_pct
    from churn.mart_churn_events
    where is_contact_evaluated
        and date_trunc('month', churned_date) >= (select max(as_of_date) - interval '1 year' from main.publication)
    group by all
    order by churned_month
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
            "Share of outbound attempts of a month that became effective.",
            REACH,
            Chart(lines(
                months("contact_month", ""),
                axis("effective_pct", "Q", "effective, %"),
                axis("channel", "N", "channel"),
                tooltip(("contact_month", "month", "date"), ("channel", "channel", ""),
                        ("effective_pct", "effective %", ".1f"), ("effective_num", "effective", ",.0f"),
                        ("effective_den", "attempts", ",.0f")),
                incomplete="is_complete",
            )),
            needs=("contacts",),
            metrics=("effective_contact_pct",),
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
                height=200,
            )),
            needs=("customers", "contacts"),
        ),
        Panel(
            "contacts_surprise",
            "Surprise churn",
            "Share of the churns of a month without an effective contact in time and without a complaint or low score "
            "before them.",
            SURPRISE,
            Chart(lines(
                months("churned_month", "churned in"),
                axis("surprise_pct", "Q", "surprise churns, %"),
                None,
                tooltip(("churned_month", "month", "date"), ("surprise_pct", "%", ".1f"),
                        ("surprise_num", "surprises", ",.0f"),
                        ("surprise_den", "churns", ",.0f")),
            )),
            needs=("customers", "contacts", "subscription_periods"),
            empty="No customer who was due a contact churned in the last year.",
        ),
        Panel(
            "contacts_rules",
            "Attempts that broke a rule",
            "Outbound attempts by the rule that they broke: consent, do-not-disturb, collisions, caps or quiet hours. "
            "An attempt that broke two rules counts in both.",
            RULES,
            Chart(bars(
                axis("contact_month", "T", "", timeUnit="yearmonth"),
                axis("violations", "Q", "attempts"),
                axis("rule", "N", "rule"),
                tooltip(("contact_month", "month", "date"), ("rule", "rule", ""), ("violations", "attempts", ",.0f")),
            )),
            needs=("contacts",),
            empty="No attempt broke a rule.",
        ),
        Panel(
            "contacts_owners",
            "Overdue by owner",
            "Customers without an effective contact within the interval of their segment, by account manager.",
            OWNERS,
            Table((
                Column("owner", "owner", filter=True),
                Column("segment_code", "segment", filter=True),
                Column("customers", "customers", "number"),
                Column("overdue_count", "overdue", "number"),
                Column("overdue_pct", "overdue", "percent"),
                Column("never_count", "never reached", "number"),
                Column("risk_count", "risk group", "number"),
            )),
            needs=("customers", "contacts"),
            wide=True,
            most=1000,
            whole=(("every customer with its owner", "parquet/mart_customer_contact_status.parquet"),),
        ),
    ),
)  # fmt: skip
