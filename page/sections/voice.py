"""The voice of the customer: why customers are dissatisfied, and what the company changes because of it."""

from stayhouse.page.charts import axis, ranked, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Table

CAUSES = """
    select dimension_name as dimension, dimension_value as member, period_kind as grain, period_start_date as period,
        coalesce(topic_label, topic_code) as topic, cause_num, cause_den, cause_pct, trend_pp, churned_pct, churned_den
    from feedback.mart_dissatisfaction_causes
    where dimension_name in ('all', 'segment') and topic_code <> 'all' and cause_num > 0
        and period_start_date >= (select max(as_of_date) - interval '26 months' from main.publication)
    order by dimension, member, grain, period, cause_num desc, topic
"""

BACKLOG = """
    select backlog.title, coalesce(topics.topic_label, backlog.topic_code) as topic, backlog.item_state,
        backlog.evidence_customers_count, backlog.evidence_mrr_amount, backlog.net_votes_change, backlog.insight_date,
        backlog.days_to_ship, backlog.waiting_days, backlog.complained_pp
    from feedback.mart_improvement_backlog as backlog
    left join feedback.mart_feedback_topics as topics on backlog.topic_code = topics.topic_code
    order by backlog.is_open desc, backlog.evidence_customers_count desc, backlog.item_id
"""

VOICE = Section(
    "voice",
    "Voice of the customer",
    "Topics of surveys, tickets and signals in texts, and the changes that followed. A customer counts once per topic.",
    (
        Panel(
            "voice_causes",
            "Causes of dissatisfaction",
            "Share of the dissatisfied customers who named the topic. A customer may name several, so shares add up to "
            "more than 100 %.",
            CAUSES,
            Chart(ranked(
                axis("cause_pct", "Q", "dissatisfied customers, %"),
                axis("topic", "N", "", sort={"field": "cause_pct", "op": "max", "order": "descending"}),
                tooltip(("topic", "topic", ""), ("cause_pct", "share %", ".1f"), ("cause_num", "customers", ",.0f"),
                        ("cause_den", "of", ",.0f"), ("trend_pp", "change in points", "+.1f"),
                        ("churned_pct", "churned after %", ".1f"), ("churned_den", "of", ",.0f")),
                text=".1f",
            )),
            needs=("tickets",),
            codes={"topic": "topic"},
            by="at",
            wide=True,
        ),
        Panel(
            "voice_backlog",
            "Backlog of improvements",
            "Each improvement with the customers behind it. Complaints are shares of customers after the change less "
            "before it; other things changed too.",
            BACKLOG,
            Table((
                Column("title", "improvement"),
                Column("topic", "topic", filter=True, codes="topic"),
                Column("item_state", "state", filter=True, codes="item_state"),
                Column("evidence_customers_count", "customers", "number"),
                Column("evidence_mrr_amount", "MRR", "money"),
                Column("net_votes_change", "net votes", "number"),
                Column("insight_date", "first insight", "date"),
                Column("days_to_ship", "days to the change", "number"),
                Column("waiting_days", "days waiting", "number"),
                Column("complained_pp", "complaints, change in points", "number"),
            )),
            needs=("backlog_items",),
            empty="No improvement is in the backlog.",
            wide=True,
        ),
    ),
)  # fmt: skip
