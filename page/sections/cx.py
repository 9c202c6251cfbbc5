"""CX indices and customer feedback."""

from stayhouse.page.charts import CASE_COLOURS, axis, bars, coded, each_date, intervals, months, tooltip, with_target
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table
from stayhouse.page.sql import dimension, filterable, largest

NAMED = f"""
    with named as (
        select {dimension(usage_segment="segment", plan_code="plan", owner_id="owner")} as dimension,
            dimension_value as member, *
        from cx.mart_cx_indices
    ),
    chosen as (
        select * from named
        where {filterable()} and respondents_count > 0 and {largest("named", "respondents_count")}
    )
"""

INDICES = f"""{NAMED}
    select dimension, member, metric_code as metric, programme, period_kind as grain, period_start_date as period,
        index_points, index_points_ci_lo, index_points_ci_hi, respondents_count, target_points, is_beyond_noise,
        is_complete, is_reliable
    from chosen
    where period_kind in ('month', 'quarter') and is_headline
        and (dimension in ('all', 'segment') or period_kind = 'quarter')
        and period_start_date > (select max(as_of_date) - interval '26 months' from main.publication)
    order by 1, 2, 3, 4, 5, 6
"""

DRIVERS = f"""
    with named as (
        select {dimension(usage_segment="segment", plan_code="plan", owner_id="owner")} as breakdown, *
        from cx.mart_cx_indices
    )
    select metric_code as metric, programme, breakdown, dimension_value as value, period_kind as grain,
        period_start_date as period,
        index_points, index_points_ci_lo, index_points_ci_hi, respondents_count, overall_index_points,
        is_gap_beyond_noise, is_sagging
    from named
    where period_kind = 'quarter' and respondents_count >= 5 and is_complete and is_headline
        and dimension_name not in ('all', 'owner_id', 'agent', 'anonymous')
        and period_start_date > (select max(as_of_date) - interval '18 months' from main.publication)
    order by metric, programme, breakdown, period, index_points desc, value
"""

ANSWERS = """
    select received_week as period,
        case when is_closed then 'closed' when is_mature then case_state else 'still in time' end as state,
        count(*) as cases
    from feedback.mart_feedback_cases
    where received_week >= (select max(as_of_date) - interval '372 days' from main.publication)
    group by all
    order by all
"""

OPEN_CASES = """
    select cases.customer_id, customer_display_name as customer_name, cases.metric_code, metric_score, topic_code,
        case_state, mrr_amount, owner_employee_id, received_date, cast(due_at as varchar) as due_at, is_reopening
    from feedback.mart_feedback_cases as cases
    left join customer_360.mart_customer_360 as customers on cases.customer_id = customers.customer_id
    where not is_closed and is_followup_required
    order by due_at, case_key
"""

CX = Section(
    "experience",
    "Experience",
    "Every customer counts once in a period, with the latest answer. Error bars are 95 % intervals; a change or a "
    "difference is real only when it is beyond noise.",
    (
        Panel(
            "cx_indices",
            "Customer experience indices",
            "Index by month or quarter with 95 % interval and its target dashed in red. A higher value is better.",
            INDICES,
            Chart(with_target(
                intervals(
                    months("period"),
                    axis("index_points", "Q", "points"),
                    "index_points_ci_lo",
                    "index_points_ci_hi",
                    tooltip(("period", "from", "month"), ("index_points", "points", ".1f"),
                            ("index_points_ci_lo", "from", ".1f"), ("index_points_ci_hi", "to", ".1f"),
                            ("respondents_count", "n", ",.0f")),
                ),
                months("period"),
                axis("target_points", "Q", "points"),
            )),
            needs=("survey_responses", "survey_answers"),
            needs_policy=("survey_questions",),
            metrics=("nps_quarter_points", "csi_quarter_points", "cli_quarter_points", "ces_quarter_points"),
            switches=(Switch("metric", "index", "nps", "metric"),
                      Switch("programme", "programme", "relational", "programme")),
            by="upto",
            target="target_points",
        ),
        Panel(
            "cx_drivers",
            "Indices by customer group",
            "The index of each group in the quarter, with 95 % interval; the red tick is the index over everybody. "
            "Groups with at least five answers.",
            DRIVERS,
            Chart(intervals(
                axis("index_points", "Q", "points"),
                axis("value", "N", "", sort={"field": "index_points", "op": "max", "order": "descending"}),
                "index_points_ci_lo",
                "index_points_ci_hi",
                tooltip(("value", "value", ""), ("index_points", "points", ".1f"), ("respondents_count", "n", ",.0f"),
                        ("is_gap_beyond_noise", "beyond noise", "")),
                tick=("overall_index_points", "everybody"),
            )),
            needs=("survey_responses", "survey_answers"),
            needs_policy=("survey_questions",),
            switches=(Switch("metric", "index", "nps", "metric"),
                      Switch("programme", "programme", "relational", "programme"),
                      Switch("breakdown", "by", "tenure_band", "dimension")),
            codes={"value": "group"},
            by="at",
        ),
        Panel(
            "cx_cases",
            "Feedback by week and state",
            "How much of the feedback of each week is closed, how far the rest has come, and what still has time.",
            ANSWERS,
            Chart(bars(
                each_date("period", "received in the week of"),
                axis("cases", "Q", "cases"),
                coded("state", "", CASE_COLOURS),
                tooltip(("period", "week of", "date"), ("state", "state", ""), ("cases", "cases", ",.0f")),
            )),
            needs=("survey_responses", "survey_answers"),
            codes={"state": "case_state"},
            by="upto",
            wide=True,
        ),
        Panel(
            "cx_open_cases",
            "Open feedback cases",
            "Customers who need a follow-up, by deadline.",
            OPEN_CASES,
            Table((
                Column("customer_id", "customer", "card"),
                Column("metric_code", "index", filter=True, codes="metric"),
                Column("metric_score", "score", "number"),
                Column("topic_code", "topic", filter=True, codes="topic"),
                Column("case_state", "state", filter=True, codes="case_state"),
                Column("mrr_amount", "MRR", "money"),
                Column("owner_employee_id", "owner", filter=True, codes="employee"),
                Column("received_date", "received", "date"),
                Column("due_at", "due", "moment"),
                Column("is_reopening", "reopened", "yes_no"),
            ), names="customer_name", shown=8),
            needs=("survey_responses", "survey_answers"),
            empty="No case is open.",
            wide=True,
            most=2000,
            whole=(("every open case", "lists/case_queue.csv"),),
        ),
    ),
)  # fmt: skip
