"""Activation: how many customers did what makes them stay, and how fast."""

from stayhouse.page.charts import CALM, axis, intervals, lines, months, ranked, tooltip, with_target
from stayhouse.page.panel import Chart, Column, Heat, Panel, Section, Sums, Switch, Table
from stayhouse.page.sql import broken_down, dimension, filterable

GROUPS = ("segment", "region", "acquisition_channel", "status")
FUNNEL = f"""
    with customers as (
        select actions.customer_id, actions.title, actions.step_order, actions.is_done,
            coalesce(customer.segment_code, 'unassigned') as segment, coalesce(customer.region, 'unknown') as region,
            coalesce(customer.acquisition_channel, 'unknown') as acquisition_channel, customer.customer_status as status
        from activation.mart_activation_actions as actions
        inner join activation.mart_activation_customer as customer using (customer_id)
        where customer.is_measurable and customer.is_mature
    ),
    expected as ({broken_down("customers", "all", *GROUPS, pairs=GROUPS)})
    select dimension, member, second, second_member, title, min(step_order) as step_order,
        count(*) filter (where is_done) as done_num, count(*) as done_den,
        100.0 * count(*) filter (where is_done) / count(*) as done_pct
    from expected
    group by dimension, member, second, second_member, title
    order by dimension, member, second, second_member, step_order, title
"""

NAMED = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from {{mart}}
    ),
    chosen as (select * from named where {filterable()})
"""

CURVE = f"""{NAMED.format(mart="activation.mart_activation_curve")}
    select dimension, member, cohort_label as cohort, days_from_registration as days, activated_pct,
        at_risk_count as at_risk, target_pct
    from chosen
    left join (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, cohort_label,
            target_pct
        from activation.mart_activation_cohort
    ) as targets using (dimension, member, cohort_label)
    where days_from_registration <= 120
        and cohort_label in (
            select cohort_label from activation.mart_activation_cohort
            where dimension_name = 'all' order by cohort_label desc limit 7
        )
    order by 1, 2, 3, 4
"""

COHORTS = f"""{NAMED.format(mart="activation.mart_activation_cohort")},
    cohorts as (select * from chosen where cohort_label <> 'all'),
    windows as (
        select *, 1 as place, 'short' as window_name, activated_short_num as num, activated_short_den as den,
            activated_short_pct as activated_pct, is_short_complete as is_complete
        from cohorts
        union all
        select *, 2, 'medium', activated_medium_num, activated_medium_den, activated_medium_pct, is_medium_complete
        from cohorts
        union all
        select *, 3, 'long', activated_long_num, activated_long_den, activated_long_pct, is_long_complete from cohorts
    )
    select dimension, member, registration_month as period, registered_count, window_name, num, den, activated_pct,
        is_complete, is_reliable, target_pct
    from windows
    where registration_month > (select max(registration_month) - interval '13 months' from cohorts)
    order by dimension, member, registration_month desc, place
"""

ONBOARDING = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as breakdown, * from activation.mart_activation_cohort
    )
    select breakdown, dimension_value as value, registration_month as period,
        activated_long_num as num, activated_long_den as den, activated_long_pct, activated_long_ci_lo,
        activated_long_ci_hi, target_pct
    from named
    where activated_long_den > 0 and is_long_complete and dimension_name <> 'all'
        and dimension_name not in ('employee', 'responsible_employee', 'feature')
        and registration_month >= (
            select max(registration_month) - interval '25 months' from activation.mart_activation_cohort
            where is_long_complete
        )
    order by period desc, breakdown, activated_long_pct desc, value
"""

NOT_YET = """
    select activation.customer_id, customer_display_name as customer_name,
        activation.activation_status, next_key_action_label,
        activation.activation_pct, activation.tenure_days, activation.segment_code as segment, activation.region,
        coalesce(onboarding_owner_id, account_owner_id) as owner
    from activation.mart_activation_customer as activation
    inner join customer_360.mart_customer_360 as customers on activation.customer_id = customers.customer_id
    inner join customer_360.mart_contact_brief as briefs on activation.customer_id = briefs.customer_id
    where not activation.is_activated and customers.has_access
    order by activation.registered_date desc, activation.customer_id
"""

TRIALS = f"""{NAMED.format(mart="churn.mart_trial_cohort")}
    select dimension, member, started_month as period, started_count, pending_count, converted_num, converted_den,
        converted_pct, converted_ci_lo, converted_ci_hi, median_to_paid_days, is_complete, is_reliable
    from chosen
    where converted_den > 0 and started_month >= (select max(as_of_date) - interval '26 months' from main.publication)
    order by 1, 2, 3
"""

NOBODY_MEASURED = (
    "No activation is measured: the policy requires no key action (key_actions.csv), or no customer has been observed "
    "for long enough."
)

ACTIVATION = Section(
    "activation",
    "Activation",
    "A customer is active when every required key action has been done; looking at it does not count. Customers "
    "whose window is still open are pending and not counted in any rate.",
    (
        Panel(
            "activation_funnel",
            "Key actions done",
            "Share of customers registered long enough ago who have done each step, in the order of the steps.",
            FUNNEL,
            Chart(ranked(
                axis("done_pct", "Q", "done, % of those it is expected of", scale={"domain": [0, 100]}),
                axis("title", "N", "", sort={"field": "step_order"}),
                tooltip(("title", "action", ""), ("done_pct", "done %", ".1f"), ("done_num", "customers", ",.0f"),
                        ("done_den", "of", ",.0f")),
                colour={"value": CALM},
                text=".0f",
            )),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            codes={"title": "text"},
            empty=NOBODY_MEASURED,
        ),
        Panel(
            "activation_curve",
            "Time to activate",
            "Share of each cohort activated by each day. Customers who are not activated yet count in the base. The "
            "dashed line is the target for the longest window.",
            CURVE,
            Chart(with_target(
                lines(
                    axis("days", "Q", "days from registration"),
                    axis("activated_pct", "Q", "activated, %"),
                    axis("cohort", "N", "registered in"),
                    tooltip(
                        ("cohort", "cohort", ""), ("days", "day", ",.0f"), ("activated_pct", "activated %", ".1f"),
                        ("at_risk", "not yet active that day", ",.0f"),
                    ),
                    step=True,
                ),
                axis("days", "Q", "days from registration"),
                axis("target_pct", "Q", ""),
            )),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            codes={"cohort": "month"},
            target="target_pct",
            empty=NOBODY_MEASURED,
        ),
        Panel(
            "onboarding_kpi",
            "Onboarding completed, against the target",
            "Share of customers activated in time, by group. Bars are 95 % intervals, red ticks the target.",
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
                    tick=("target_pct", "target"),
                )
            ),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            codes={"value": "group"},
            by="at",
            target="target_pct",
            sums=Sums(("num", "den"), rates={"activated_long_pct": ("num", "den")},
                      intervals={"activated_long_pct": ("activated_long_ci_lo", "activated_long_ci_hi", "wilson")},
                      same=("target_pct",)),
            empty=NOBODY_MEASURED,
            switches=(Switch("breakdown", "by", "segment", "dimension"),),
        ),
        Panel(
            "activation_trials",
            "Trials that became paid",
            "Share of the trials of each month that were paid within the window of the policy, with 95 % interval. "
            "Trials whose window is open are left out; hollow points have some.",
            TRIALS,
            Chart(lines(
                months("period"),
                axis("converted_pct", "Q", "became paid, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("period", "from", "month"), ("member", "group", ""), ("converted_pct", "became paid %", ".1f"),
                        ("converted_num", "paid", ",.0f"), ("converted_den", "of", ",.0f"),
                        ("median_to_paid_days", "median days to paid", ",.0f"), ("pending_count", "pending", ",.0f")),
                band=("converted_ci_lo", "converted_ci_hi"),
                incomplete="is_complete",
            )),
            needs=("customers", "subscription_periods"),
            metrics=("trial_conversion_pct",),
            codes={"member": "member"},
            by="upto",
            sums=Sums(("started_count", "pending_count", "converted_num", "converted_den"),
                      rates={"converted_pct": ("converted_num", "converted_den")},
                      intervals={"converted_pct": ("converted_ci_lo", "converted_ci_hi", "wilson")},
                      all=("is_complete",), any=("is_reliable",), same=("median_to_paid_days",)),
            splits=True,
            empty="No customer has begun a trial.",
        ),
        Panel(
            "activation_cohorts",
            "Activated in time, by month of registration",
            "Share of each cohort activated within the windows of the policy. Hatched windows are still open.",
            COHORTS,
            Heat("period", "window_name", "activated_pct", "num", "den", "registered", "window", "is_complete",
                 "is_reliable", "registered_count"),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            metrics=("activation_long_pct",),
            codes={"period": "month", "window_name": "window"},
            by="upto",
            target="target_pct",
            empty=NOBODY_MEASURED,
            wide=True,
        ),
        Panel(
            "activation_waiting",
            "Not yet activated",
            "Customers with access who still have a required step to do, the newest first.",
            NOT_YET,
            Table((
                Column("customer_id", "customer", "card"),
                Column("activation_status", "status", filter=True, codes="activation_status"),
                Column("next_key_action_label", "next step", "words", filter=True),
                Column("activation_pct", "done", "percent"),
                Column("tenure_days", "days since registration", "number"),
                Column("segment", "segment", filter=True, codes="segment"),
                Column("region", "region", filter=True, codes="region"),
                Column("owner", "owner", filter=True, codes="employee"),
            ), names="customer_name", shown=8),
            needs=("customers", "events"),
            needs_policy=("key_actions",),
            empty=NOBODY_MEASURED,
            wide=True,
            most=2000,
            whole=(("every customer", "parquet/mart_activation_customer.parquet"),),
        ),
    ),
)  # fmt: skip
