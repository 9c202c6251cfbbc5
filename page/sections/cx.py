"""CX indices and customer feedback."""

from stayhouse.page.charts import axis, bars, each_date, intervals, tooltip, with_target
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table

INDICES = """
    select metric_code as metric, programme, period_kind as period,
        dimension_value as segment, period_start_date,
        index_points, index_points_ci_lo, index_points_ci_hi, respondents_count, target_points, is_complete, is_reliable
    from cx.mart_cx_indices
    where dimension_name in ('all', 'usage_segment') and respondents_count > 0
    order by all
"""

DRIVERS = """
    with latest as (
        select metric_code, programme, max(period_start_date) as period_start_date
        from cx.mart_cx_indices
        where period_kind = 'quarter' and dimension_name = 'all' and is_complete and respondents_count > 0
        group by all
    )
    select metric_code as metric, programme, dimension_name as dimension, dimension_value as value, index_points,
        index_points_ci_lo, index_points_ci_hi, respondents_count, overall_index_points, is_gap_beyond_noise, is_sagging
    from cx.mart_cx_indices
    inner join latest using (metric_code, programme, period_start_date)
    where period_kind = 'quarter' and respondents_count >= 5
        and dimension_name not in ('all', 'owner_id', 'agent', 'anonymous')
    order by metric, programme, dimension, index_points desc, value
"""

ANSWERS = """
    select received_week,
        case when is_closed then 'closed' when is_mature then case_state else 'still in time' end as state,
        count(*) as cases
    from feedback.mart_feedback_cases
    where received_week >= (select max(as_of_date) - interval '182 days' from main.publication)
    group by all
    order by all
"""

OPEN_CASES = """
    select case_key, customer_id, metric_code, metric_score, case_state, owner_employee_id, received_date,
        cast(due_at as varchar) as due_at, is_in_time, is_disinterested, is_reopening
    from feedback.mart_feedback_cases
    where not is_closed and is_followup_required
    order by due_at, case_key
"""

CX = Section(
    "cx",
    "CX indices and feedback",
    "Every customer counts once in a period, with the latest answer. Error bars are 95 % intervals; a change or a "
    "difference is real only when it is beyond noise.",
    (
        Panel(
            "cx_indices",
            "Customer experience indices",
            "Index by period with its target in red. A higher value is better.",
            INDICES,
            Chart(with_target(
                intervals(
                    axis("period_start_date", "T", ""),
                    axis("index_points", "Q", "points"),
                    "index_points_ci_lo",
                    "index_points_ci_hi",
                    tooltip(("period_start_date", "from", "date"), ("index_points", "points", ".1f"),
                            ("index_points_ci_lo", "from", ".1f"), ("index_points_ci_hi", "to", ".1f"),
                            ("respondents_count", "n", ",.0f")),
                ),
                axis("period_start_date", "T", ""),
                axis("target_points", "Q", "points"),
            )),
            needs=("survey_responses", "survey_answers"),
            needs_policy=("survey_questions",),
            metrics=("nps_quarter_points", "csi_quarter_points", "cli_quarter_points", "ces_quarter_points"),
            switches=(Switch("metric", "index", "nps"), Switch("programme", "programme", "relational"),
                      Switch("period", "period", "quarter")),
        ),
        Panel(
            "cx_drivers",
            "Indices by customer group",
            "Which groups differ from the overall score? Last complete quarter, groups with at least five answers.",
            DRIVERS,
            Chart(intervals(
                axis("index_points", "Q", "points"),
                axis("value", "N", "", sort={"field": "index_points", "op": "max", "order": "descending"}),
                "index_points_ci_lo",
                "index_points_ci_hi",
                tooltip(("value", "value", ""), ("index_points", "points", ".1f"), ("respondents_count", "n", ",.0f"),
                        ("is_gap_beyond_noise", "beyond noise", "")),
                target="overall_index_points",
            )),
            needs=("survey_responses", "survey_answers"),
            needs_policy=("survey_questions",),
            switches=(Switch("metric", "index", "nps"), Switch("programme", "programme", "relational"),
                      Switch("dimension", "by", "tenure_band")),
        ),
        Panel(
            "cx_cases",
            "Feedback by week and state",
            "How much of the feedback of each week is closed, how far the rest has come, and what still has time.",
            ANSWERS,
            Chart(bars(
                each_date("received_week", "received in the week of"),
                axis("cases", "Q", "cases"),
                axis("state", "N", "state"),
                tooltip(("received_week", "week of", "date"), ("state", "state", ""), ("cases", "cases", ",.0f")),
            )),
            needs=("survey_responses", "survey_answers"),
            wide=True,
        ),
        Panel(
            "cx_open_cases",
            "Open feedback cases",
            "Customers who need a follow-up, by deadline.",
            OPEN_CASES,
            Table((
                Column("customer_id", "customer", "card"),
                Column("metric_code", "index", filter=True),
                Column("metric_score", "score", "number"),
                Column("case_state", "state", filter=True),
                Column("owner_employee_id", "owner", filter=True),
                Column("received_date", "received"),
                Column("due_at", "due", "moment"),
                Column("is_disinterested", "disinterested decision", "yes_no", filter=True),
                Column("is_reopening", "reopened", "yes_no"),
            )),
            needs=("survey_responses", "survey_answers"),
            empty="No case is open.",
            wide=True,
            most=2000,
            whole=(("every open case", "lists/case_queue.csv"),),
        ),
    ),
)  # fmt: skip
