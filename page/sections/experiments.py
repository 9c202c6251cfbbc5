"""Experiments: what is tried, what it should bring, and what it brought."""

from stayhouse.page.charts import axis, intervals, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table

ARMS = """
    with arms as (
        select case dimension_name when 'channel' then 'acquisition_channel' else dimension_name end as dimension,
            dimension_value as member, *
        from journeys.mart_experiment_arms
    )
    select arms.dimension, arms.member, arms.experiment_id as experiment, arms.arm_code as arm, arms.members_count,
        arms.converted_num, arms.converted_den, arms.converted_pct, arms.converted_ci_lo, arms.converted_ci_hi,
        arms.converted_uplift_pp, arms.converted_uplift_ci_lo, arms.converted_uplift_ci_hi,
        arms.revenue_per_customer_amount, arms.revenue_uplift_amount, arms.is_contaminated,
        case when arms.is_control then 0 else 1 end as place
    from arms
    where arms.converted_den > 0 and (arms.dimension in ('all', 'segment', 'status')
        or arms.dimension like 'attribute@_%' escape '@')
    order by arms.experiment_id, arms.dimension, arms.member, arms.is_control desc, arms.arm_code
"""

REGISTER = """
    select experiment_id as experiment, hypothesis_label, metric_code as metric, experiment_state,
        recommendation_code, decision_code, outcome_code, expected_net_amount, cost_amount, risk_loss_amount,
        actual_gain_amount, actual_gain_amount_ci_lo, actual_gain_amount_ci_hi, roi_points, members_count,
        is_contaminated, cast(coalesce(started_at, decided_at) as date) as began
    from journeys.mart_experiments
    order by case experiment_state when 'running' then 1 when 'not_begun' then 2 when 'proposed' then 3 else 4 end,
        began desc nulls last, experiment_id
"""

EXPERIMENTS = Section(
    "experiments",
    "Experiments",
    "What is tried on customers. An effect is the difference from a control to which customers were assigned by "
    "chance.",
    (
        Panel(
            "experiments_register",
            "Register of experiments",
            "What each experiment should show, what its price and risk recommend, what was decided, and what it "
            "brought, with an interval of at least 95 %. Amounts are in the reporting currency.",
            REGISTER,
            Table((
                Column("hypothesis_label", "experiment", "words"),
                Column("metric", "metric", codes="metric", under="hypothesis_label"),
                Column("experiment_state", "state", filter=True, codes="experiment_state"),
                Column("began", "since", "date", under="experiment_state"),
                Column("recommendation_code", "recommended", codes="decision"),
                Column("expected_net_amount", "expected net gain", "money", under="recommendation_code"),
                Column("decision_code", "decided", filter=True, codes="decision"),
                Column("outcome_code", "outcome", filter=True, codes="outcome"),
                Column("actual_gain_amount", "gain", "number",
                       interval=("actual_gain_amount_ci_lo", "actual_gain_amount_ci_hi")),
                Column("roi_points", "return on the cost", "percent"),
                Column("cost_amount", "cost", "money", under="roi_points"),
                Column("members_count", "customers", "number"),
                Column("is_contaminated", "control was contacted", "yes_no", under="members_count"),
            ), shown=8),
            needs=("experiments",),
            empty="No experiment is registered.",
            wide=True,
        ),
        Panel(
            "experiments_arms",
            "Arms of experiments",
            "Share of the customers of each arm who reached its goal, with 95 % interval. The control was assigned and "
            "not contacted.",
            ARMS,
            Chart(intervals(
                axis("converted_pct", "Q", "reached the goal, %"),
                axis("arm", "N", "", sort={"field": "place"}),
                "converted_ci_lo",
                "converted_ci_hi",
                tooltip(("arm", "arm", ""), ("converted_pct", "reached %", ".1f"),
                        ("converted_num", "customers", ",.0f"), ("converted_den", "of", ",.0f"),
                        ("converted_uplift_pp", "more than the control, pp", "+.1f"),
                        ("converted_uplift_ci_lo", "from", "+.1f"), ("converted_uplift_ci_hi", "to", "+.1f"),
                        ("revenue_uplift_amount", "more revenue per customer", "+,.2f")),
            )),
            needs=("customers", "experiments", "experiment_assignments"),
            switches=(Switch("experiment", "experiment", codes="experiment"),),
            codes={"arm": "arm"},
            empty="No customer is assigned to an arm, or no window is over.",
        ),
    ),
)  # fmt: skip
