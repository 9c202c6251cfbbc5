"""Alerts: which customers need a call, who owns them, when they are due, and how they end."""

from stayhouse.page.charts import BAD, OUTCOME_COLOURS, axis, bars, coded, each_date, intervals, tooltip
from stayhouse.page.panel import Chart, Column, Drill, Panel, Section, Switch, Table
from stayhouse.page.sql import broken_down, most_severe_first

OPEN = f"""
    select customer_id, customer_display_name as customer_name, severity, rule_code, signal_reason,
        expected_loss_amount, coalesce(owner_employee_id, 'unassigned') as owner, queue_code, playbook_code,
        cast(due_at as varchar) as due_at, is_overdue, alert_status, open_days,
        coalesce(segment_code, 'unassigned') as segment, list_order, backlog_order
    from alerts.mart_alerts
    where is_open and not is_spared
    order by list_order is null, backlog_order is null, expected_loss_amount desc, {most_severe_first()}, customer_id,
        rule_code
"""

HISTORY = f"""
    with alerts as (
        select date_trunc('week', opened_date) as period, rule_code, outcome_state,
            coalesce(segment_code, 'unassigned') as segment, customer_status as status
        from alerts.mart_alerts
        where opened_date >= (select max(as_of_date) - interval '400 days' from main.publication)
    ),
    chosen as ({broken_down("alerts", "all", "segment", "status")})
    select dimension, member, cast(period as date) as period, coalesce(rule_code, 'all') as rule, outcome_state,
        count(*) as alerts_count
    from chosen
    group by grouping sets (
        (dimension, member, period, rule_code, outcome_state), (dimension, member, period, outcome_state)
    )
    order by all
"""

GROUPS = ("segment", "status", "owner")
OPEN_COUNTS = f"""
    with alerts as (
        select rule_code, severity, coalesce(segment_code, 'unassigned') as segment, customer_status as status,
            coalesce(owner_employee_id, 'unassigned') as owner
        from alerts.mart_alerts
        where is_open and not is_spared
    ),
    chosen as ({broken_down("alerts", "all", *GROUPS, pairs=GROUPS)})
    select dimension, member, second, second_member, rule_code, severity, count(*) as alerts_count
    from chosen
    group by all
    order by all
"""

RULES = """
    select dimension_name as dimension, dimension_value as member, warning_code, precision_num, precision_den,
        precision_pct, precision_ci_lo, precision_ci_hi, base_pct, lift_avg, recall_pct, median_lead_days, is_reliable
    from alerts.mart_alert_rule_report
    where (dimension_name in ('all', 'segment', 'status') or dimension_name like 'attribute@_%' escape '@')
        and warning_kind = 'rule' and precision_den > 0
    order by dimension, member, precision_pct desc, warning_code
"""

ACTING = """
    select horizon_days || '' as horizon, method_code, treatment_code, not_acted_weighted_pct, acted_weighted_pct,
        difference_pp, difference_ci_lo, difference_ci_hi, unweighted_difference_pp, unmeasured_reason, churn_acted_den,
        churn_not_acted_den, overlap_pct, imbalance_after_score
    from alerts.mart_acting_effects
    where is_reliable
        or (treatment_code in ('any_alert', 'any_effective_contact') and exists (select 1 from alerts.mart_alerts))
    order by horizon_days, method_code, treatment_code not in ('any_alert', 'any_effective_contact'),
        difference_pp desc, treatment_code
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
            "Customers with a card are linked.",
            OPEN,
            Table((
                Column("customer_id", "customer", "card"),
                Column("segment", "segment", filter=True, codes="segment", under="customer_id"),
                Column("rule_code", "rule", filter=True, codes="rule"),
                Column("severity", "severity", filter=True, codes="severity", under="rule_code"),
                Column("signal_reason", "why", "words"),
                Column("expected_loss_amount", "expected loss a month", "money"),
                Column("playbook_code", "next step", "words", codes="playbook"),
                Column("owner", "owner", filter=True, codes="employee"),
                Column("queue_code", "desk", codes="team", under="owner"),
                Column("due_at", "due", "moment"),
                Column("is_overdue", "overdue", "yes_no", filter=True, under="due_at"),
                Column("alert_status", "status", filter=True, codes="alert_status"),
                Column("open_days", "days open", "number", under="alert_status"),
            ), names="customer_name"),
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
            "alerts_by_rule",
            "Open alerts by rule",
            "What the open alerts are about. Click a bar for the customers.",
            OPEN_COUNTS,
            Chart(bars(
                axis("alerts_count", "Q", "open alerts"),
                axis("rule_code", "N", "", sort="-x"),
                coded("severity", "", {"high": BAD, "medium": "#e08e0b", "low": "#e9c46a"}),
                tooltip(("rule_code", "rule", ""), ("severity", "severity", ""), ("alerts_count", "alerts", ",.0f")),
                height={"step": 28},
            )),
            needs=("customers",),
            needs_policy=("alert_rules",),
            codes={"rule_code": "rule", "severity": "severity"},
            drill=Drill("alerts_open", {"rule_code": "rule_code", "severity": "severity"}),
            empty="No alert is open.",
        ),
        Panel(
            "alerts_rules",
            "Do the rules warn of churn?",
            "Share of the warnings of each rule that a churn followed, with 95 % interval. The red tick is the share "
            "among customers without a warning.",
            RULES,
            Chart(intervals(
                axis("precision_pct", "Q", "churned after the warning, %"),
                axis("warning_code", "N", "", sort={"field": "precision_pct", "op": "max", "order": "descending"}),
                "precision_ci_lo",
                "precision_ci_hi",
                tooltip(("warning_code", "rule", ""), ("precision_pct", "precision %", ".1f"),
                        ("precision_num", "churned", ",.0f"), ("precision_den", "of", ",.0f"),
                        ("lift_avg", "lift", ".1f"), ("recall_pct", "recall %", ".1f"),
                        ("median_lead_days", "median lead, days", ",.0f")),
                tick=("base_pct", "without a warning"),
            )),
            needs=("customers", "subscription_periods"),
            needs_policy=("alert_rules",),
            codes={"warning_code": "rule"},
            empty="No rule has warned often enough to be measured.",
        ),
        Panel(
            "alerts_acting",
            "Does acting keep customers?",
            "Share of customers who churned without the action less the share with it: above 0, fewer churned where "
            "people acted. A hold-out is evidence, because a draw spared its alerts. Like customers are a comparison: "
            "they are alike in what was known before, and can differ in what was not.",
            ACTING,
            Table((
                Column("method_code", "how it is known", filter=True, codes="acting_method"),
                Column("treatment_code", "action", filter=True, codes="rule"),
                Column("not_acted_weighted_pct", "churned without it", "percent"),
                Column("churn_not_acted_den", "cases without it", "number", under="not_acted_weighted_pct"),
                Column("acted_weighted_pct", "churned with it", "percent"),
                Column("churn_acted_den", "cases with it", "number", under="acted_weighted_pct"),
                Column("difference_pp", "difference, points", "number",
                       interval=("difference_ci_lo", "difference_ci_hi")),
                Column("unweighted_difference_pp", "without comparison, points", "number"),
                Column("unmeasured_reason", "why not measured", codes="unmeasured_reason"),
                Column("overlap_pct", "comparable", "percent"),
                Column("imbalance_after_score", "largest imbalance", "number", under="overlap_pct"),
            ), shown=10),
            needs=("customers", "subscription_periods", "contacts"),
            needs_policy=("alert_rules",),
            empty="No alert was opened yet.",
            switches=(Switch("horizon", "within days"),),
            wide=True,
        ),
        Panel(
            "alerts_history",
            "Outcomes of alerts by week",
            "What became of the customers with an alert. Pending alerts are too recent to have an outcome.",
            HISTORY,
            Chart(bars(
                each_date("period", "opened in the week of"),
                axis("alerts_count", "Q", "alerts"),
                coded("outcome_state", "", OUTCOME_COLOURS),
                tooltip(("period", "week of", "date"), ("outcome_state", "outcome", ""),
                        ("alerts_count", "alerts", ",.0f")),
            )),
            needs=("customers",),
            needs_policy=("alert_rules",),
            empty="No alert was opened in the last year.",
            switches=(Switch("rule", "rule", "all", "rule"),),
            codes={"outcome_state": "outcome_state"},
            by="upto",
            wide=True,
        ),
    ),
)  # fmt: skip
