"""Alerts: which customers need a call, who owns them, when they are due, and how they end."""

from stayhouse.page.charts import OUTCOME_COLOURS, axis, bars, coded, each_date, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table
from stayhouse.page.sql import MOST_SEVERE_FIRST

OPEN = f"""
    select coalesce(segment_code, 'unassigned') as segment_code, severity, rule_code, customer_id, signal_reason,
        coalesce(owner_employee_id, 'desk ' || queue_code) as owner, list_order, backlog_order, expected_loss_amount,
        cast(due_at as varchar) as due_at, is_overdue, alert_status, playbook_code, open_days
    from alerts.mart_alerts
    where is_open
    order by list_order is null, backlog_order is null, expected_loss_amount desc, {MOST_SEVERE_FIRST}, customer_id,
        rule_code
"""

HISTORY = """
    select date_trunc('week', opened_date) as week, coalesce(rule_code, 'all') as rule, outcome_state,
        count(*) as alerts_count
    from alerts.mart_alerts
    where opened_date >= (select max(as_of_date) - interval '182 days' from main.publication)
    group by grouping sets ((week, rule_code, outcome_state), (week, outcome_state))
    order by all
"""

ALERTS = Section(
    "alerts",
    "Alerts",
    "A short list for each working day: one open alert per customer and cause, with owner, deadline and playbook. "
    "What is beyond the daily budget is a ranked backlog.",
    (
        Panel(
            "alerts_open",
            "Open alerts",
            "The next lists first, by expected loss (risk of the rule times recurring revenue), then the backlog. "
            "Customers with a card are linked; stayhouse card CUSTOMER_ID writes any other.",
            OPEN,
            Table((
                Column("severity", "severity", filter=True),
                Column("rule_code", "rule", filter=True),
                Column("customer_id", "customer", "card"),
                Column("signal_reason", "why", "words"),
                Column("segment_code", "segment", filter=True),
                Column("owner", "owner", filter=True),
                Column("list_order", "place on the list", "number"),
                Column("backlog_order", "in the backlog", "number"),
                Column("expected_loss_amount", "expected loss a month", "number"),
                Column("due_at", "due", "moment"),
                Column("is_overdue", "overdue", "yes_no", filter=True),
                Column("alert_status", "status", filter=True),
                Column("playbook_code", "playbook"),
                Column("open_days", "days open", "number"),
            )),
            needs=("customers",),
            needs_policy=("alert_rules",),
            empty="No alert is open.",
            wide=True,
            most=3000,
            whole=(
                ("today's list", "lists/alerts.csv"), ("every alert", "parquet/mart_alerts.parquet"),
            ),
        ),
        Panel(
            "alerts_history",
            "Outcomes of alerts by week",
            "Pending alerts are too recent to have an outcome.",
            HISTORY,
            Chart(bars(
                each_date("week", "opened in the week of"),
                axis("alerts_count", "Q", "alerts"),
                coded("outcome_state", "outcome", OUTCOME_COLOURS),
                tooltip(("week", "week of", "date"), ("outcome_state", "outcome", ""),
                        ("alerts_count", "alerts", ",.0f")),
            )),
            needs=("customers",),
            needs_policy=("alert_rules",),
            empty="No alert was opened in the last half year.",
            switches=(Switch("rule", "rule", "all"),),
            wide=True,
        ),
    ),
)  # fmt: skip
