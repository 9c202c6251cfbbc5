"""Activation: how many customers did what makes them stay, and how fast."""

from stayhouse.page.charts import GOOD, axis, intervals, lines, tooltip
from stayhouse.page.panel import Chart, Heat, Panel, Section, Switch

FUNNEL = """
    with expected as (
        select
            coalesce(customer.segment_code, 'unassigned') as segment,
            actions.step_order,
            actions.title,
            count(*) as expected_count,
            count(*) filter (where actions.is_done) as done_count
        from activation.mart_activation_actions as actions
        inner join activation.mart_activation_customer as customer using (customer_id)
        where customer.is_measurable and customer.is_mature
        group by grouping sets (
            (coalesce(customer.segment_code, 'unassigned'), actions.step_order, actions.title),
            (actions.step_order, actions.title)
        )
    )
    select
        coalesce(segment, 'all') as segment, title, min(step_order) as step_order,
        sum(done_count) as done_num, sum(expected_count) as done_den,
        100.0 * sum(done_count) / sum(expected_count) as done_pct
    from expected
    group by all
    order by segment, step_order, title
"""

CURVE = """
    select
        dimension_value as segment, cohort_label as cohort, days_from_registration as days, activated_pct,
        at_risk_count as at_risk
    from activation.mart_activation_curve
    where dimension_name in ('all', 'segment') and days_from_registration <= 120
        and cohort_label in (
            select cohort_label from activation.mart_activation_cohort
            where dimension_name = 'all' order by cohort_label desc limit 7
        )
    order by 1, 2, 3
"""

COHORTS = """
    with cohorts as (
        select
            dimension_value as segment, cohort_label as cohort, registered_count, is_reliable,
            activated_short_num, activated_short_den, activated_short_pct, is_short_complete,
            activated_medium_num, activated_medium_den, activated_medium_pct, is_medium_complete,
            activated_long_num, activated_long_den, activated_long_pct, is_long_complete
        from activation.mart_activation_cohort
        where dimension_name in ('all', 'segment') and cohort_label <> 'all'
    )
    select segment, cohort, registered_count, 1 as place, 'short' as window_name, activated_short_num as num,
        activated_short_den as den, activated_short_pct as activated_pct, is_short_complete as is_complete, is_reliable
    from cohorts
    union all
    select segment, cohort, registered_count, 2, 'medium', activated_medium_num, activated_medium_den,
        activated_medium_pct, is_medium_complete, is_reliable
    from cohorts
    union all
    select segment, cohort, registered_count, 3, 'long', activated_long_num, activated_long_den, activated_long_pct,
        is_long_complete, is_reliable
    from cohorts
    order by segment, cohort desc, place
"""

ONBOARDING = """
    select dimension_name as dimension, dimension_value as value, strftime(registration_month, '%Y-%m') as month,
        activated_long_num as num, activated_long_den as den, activated_long_pct, activated_long_ci_lo,
        activated_long_ci_hi, target_pct
    from activation.mart_activation_cohort
    where activated_long_den > 0 and is_long_complete
        and dimension_name not in ('employee', 'responsible_employee', 'feature')
        and registration_month >= (
            select max(registration_month) - interval '5 months' from activation.mart_activation_cohort
            where is_long_complete
        )
    order by month desc, dimension, activated_long_pct desc, value
"""

NOBODY_MEASURED = (
    "No activation is measured: the policy requires no key action (key_actions.csv), or no customer has been observed "
    "for long enough."
)

ACTIVATION = Section(
    "activation",
    "Activation",
    "A customer is active when every required key action has been done; looking at it does not count. Customers who "
    "are too young for a window are pending and in no rate.",
    (
        Panel(
            "activation_funnel",
            "Key actions done",
            "Share of customers registered long enough ago who have done each step.",
            FUNNEL,
            Chart(
                {
                    "mark": {"type": "bar", "color": GOOD},
                    "encoding": {
                        "y": axis("title", "N", "", sort={"field": "step_order"}),
                        "x": axis("done_pct", "Q", "done, % of those it is expected of", scale={"domain": [0, 100]}),
                        "tooltip": tooltip(
                            ("title", "action", ""), ("done_pct", "done %", ".1f"), ("done_num", "customers", ",.0f"),
                            ("done_den", "of", ",.0f"),
                        ),
                    },
                    "height": {"step": 26},
                }
            ),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            empty=NOBODY_MEASURED,
        ),
        Panel(
            "activation_curve",
            "Time to activate",
            "Share of each cohort activated by each day. Customers who are not activated yet count in the base.",
            CURVE,
            Chart(
                lines(
                    axis("days", "Q", "days from registration"),
                    axis("activated_pct", "Q", "activated, %"),
                    axis("cohort", "N", "cohort"),
                    tooltip(
                        ("cohort", "cohort", ""), ("days", "day", ",.0f"), ("activated_pct", "activated %", ".1f"),
                        ("at_risk", "not yet active that day", ",.0f"),
                    ),
                    step=True,
                )
            ),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            empty=NOBODY_MEASURED,
        ),
        Panel(
            "activation_cohorts",
            "Activated in time, by month of registration",
            "Share of each cohort activated within the windows of the policy.",
            COHORTS,
            Heat("cohort", "window_name", "activated_pct", "num", "den", "registered", "window", "is_complete",
                 "is_reliable", "registered_count"),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            empty=NOBODY_MEASURED,
        ),
        Panel(
            "onboarding_kpi",
            "Onboarding completed, against the target",
            "Share of customers activated in time, by team, region or channel. Bars are 95 % intervals.",
            ONBOARDING,
            Chart(
                intervals(
                    axis("activated_long_pct", "Q", "completed in time, %"),
                    axis("value", "N", "", sort={"field": "activated_long_pct", "op": "max", "order": "descending"}),
                    "activated_long_ci_lo",
                    "activated_long_ci_hi",
                    tooltip(
                        ("value", "value", ""), ("activated_long_pct", "completed in time %", ".1f"),
                        ("num", "customers", ",.0f"), ("den", "of", ",.0f"),
                    ),
                    target="target_pct",
                )
            ),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            empty=NOBODY_MEASURED,
            switches=(Switch("dimension", "by", "segment"), Switch("month", "registered in")),
        ),
    ),
)  # fmt: skip
