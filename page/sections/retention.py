"""Retention of cohorts: customers who began together, and the share still there."""

from stayhouse.page.charts import axis, lines, tooltip
from stayhouse.page.panel import Chart, Heat, Panel, Section, Switch
from stayhouse.page.sql import dimension, filterable, largest

GRID = f"""
    with chosen as (
        select
            {dimension(channel="acquisition_channel")} as dimension,
            dimension_value as member,
            cohort_kind || ' ' || cohort_grain_code || ', ' || measure_code || ' by ' || period_kind || ' '
                || period_grain_code as grid,
            definition_code as definition, cohort_start_date, cohort_size_count, first_period_order,
            last_period_order, retained_num, retained_den, retained_pct, is_complete, is_reliable,
            dense_rank() over (partition by setting_code order by cohort_start_date desc nulls first) as newest
        from retention.mart_retention_grid
        where cohort_kind <> 'recurring' and cohort_grain_code in ('month', 'week')
            and period_grain_code in ('month', 'week')
            and (dimension_name in ('all', 'segment', 'channel', 'region', 'plan')
                or dimension_name like 'attribute@_%' escape '@')
    )
    select dimension, member, grid, definition, cohort_start_date as period, cohort_size_count,
        case when first_period_order = last_period_order then cast(last_period_order as varchar)
            else first_period_order || '–' || last_period_order end as age,
        max(retained_num) as retained_num, max(retained_den) as retained_den, max(retained_pct) as retained_pct,
        bool_and(is_complete) as is_complete, bool_or(is_reliable) as is_reliable
    from chosen
    where newest <= case when dimension = 'all' then 14 else 8 end and last_period_order <= 13
        and (dimension = 'all' or definition in ('on', 'on_or_after'))
    group by dimension, member, grid, definition, cohort_start_date, cohort_size_count, first_period_order,
        last_period_order
    order by dimension, member, grid, definition, cohort_start_date desc, first_period_order, last_period_order
"""

# A cohort of everybody active in a period; its start and its return have a meaning of "active" each.
RECURRING = f"""
    with chosen as (
        select
            {dimension(channel="acquisition_channel")} as dimension,
            dimension_value as member,
            start_scope_code || '>' || return_scope_code as scopes,
            cohort_grain_code || ', ' || measure_code || ' by ' || period_kind || ' ' || period_grain_code as grid,
            definition_code as definition, cohort_start_date, cohort_size_count, last_period_order, retained_num,
            retained_den, retained_pct, is_complete, is_reliable,
            dense_rank() over (partition by setting_code order by cohort_start_date desc) as newest
        from retention.mart_retention_grid
        where cohort_kind = 'recurring' and cohort_start_date is not null and first_period_order = last_period_order
            and period_grain_code in ('month', 'week')
            and (dimension_name in ('all', 'segment', 'channel', 'region', 'plan')
                or dimension_name like 'attribute@_%' escape '@')
    )
    select dimension, member, scopes, grid, definition, cohort_start_date as period, cohort_size_count,
        last_period_order as age, max(retained_num) as retained_num, max(retained_den) as retained_den,
        max(retained_pct) as retained_pct, bool_and(is_complete) as is_complete, bool_or(is_reliable) as is_reliable
    from chosen
    where newest <= case when dimension = 'all' then 14 else 8 end and last_period_order <= 13
        and (dimension = 'all' or definition = 'on')
    group by all
    order by dimension, member, scopes, grid, definition, cohort_start_date desc, last_period_order
"""

POOLED = f"""
    select
        {dimension(channel="acquisition_channel")} as dimension,
        dimension_value as member,
        cohort_kind || ', ' || measure_code || ' by ' || period_kind || ' ' || period_grain_code as counted,
        definition_code as definition, last_period_order as age, retained_num, retained_den, retained_pct,
        retained_ci_lo, retained_ci_hi
    from retention.mart_retention_grid
    where cohort_grain_code = 'all' and first_period_order = last_period_order
        and (dimension_name in ('all', 'segment', 'channel', 'region', 'plan')
            or dimension_name like 'attribute@_%' escape '@')
    order by 1, 2, 3, 4, 5
"""

SURVIVAL = f"""
    with named as (
        select {dimension(channel="acquisition_channel")} as dimension, dimension_value as member, *
        from retention.mart_survival
    ),
    chosen as (select * from named where {filterable()} and {largest("named", "at_risk_count")})
    select dimension, member, period_order as days_from_start, surviving_pct, surviving_ci_lo, surviving_ci_hi,
        at_risk_count
    from chosen
    where period_grain_code = 'day' and period_order between 1 and 1100 and at_risk_count >= 10
    -- A step a week is as much as the eye sees, whatever the number of customers; one in two weeks among many groups.
    qualify row_number() over (
        partition by dimension, member, period_order // case dimension when 'all' then 7 else 14 end
        order by period_order desc
    ) = 1
    order by 1, 2, 3
"""

RETENTION = Section(
    "retention",
    "Retention",
    "A cohort is the customers who began in the same month or week. A customer counts as retained by one of four "
    "definitions: active in that period, then or later, in each period up to it, or at least once in the bracket.",
    (
        Panel(
            "retention_grid",
            "Retention by cohort",
            "Share of each cohort that is active in each later period. Hatched periods are not over.",
            GRID,
            Heat("period", "age", "retained_pct", "retained_num", "retained_den", "cohort", "period", "is_complete",
                 "is_reliable", "cohort_size_count"),
            needs=("customers", "events"),
            switches=(
                Switch("grid", "cohorts and periods", "registration month, customers by calendar month", "grid"),
                Switch("definition", "counted as", "on", "definition"),
            ),
            codes={"period": "cohort"},
            by="upto",
            wide=True,
        ),
        Panel(
            "retention_pooled",
            "Retention curve of all cohorts together",
            "A flat end of the curve is the loyal core. Only customers who could reach a period count in it.",
            POOLED,
            Chart(lines(
                axis("age", "Q", "periods from the start"),
                axis("retained_pct", "Q", "retained, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("member", "group", ""), ("age", "period", ",.0f"),
                        ("retained_pct", "retained %", ".1f"), ("retained_num", "customers", ",.0f"),
                        ("retained_den", "of", ",.0f")),
                band=("retained_ci_lo", "retained_ci_hi"),
            )),
            needs=("customers", "events"),
            switches=(
                Switch("counted", "counted from", "registration, customers by rolling day", "grid"),
                Switch("definition", "counted as", "on", "definition"),
            ),
            codes={"member": "member"},
            splits=True,
        ),
        Panel(
            "retention_recurring",
            "Active in a period, and later",
            "Everybody active in the month or week of the row, new or not, and the share who are active later. A "
            "customer is in every row in whose period they were active. Hatched periods are not over.",
            RECURRING,
            Heat("period", "age", "retained_pct", "retained_num", "retained_den", "active in", "period", "is_complete",
                 "is_reliable", "cohort_size_count"),
            needs=("customers", "events"),
            needs_policy=("recurring_settings",),
            switches=(
                Switch("scopes", "active means", "any_use>any_use", "scope_pair"),
                Switch("grid", "cohorts and periods", "month, customers by calendar month", "grid"),
                Switch("definition", "counted as", "on", "definition"),
            ),
            codes={"period": "cohort"},
            by="upto",
            wide=True,
            empty="No recurring cohort is asked for (recurring_settings.csv), or no period is over.",
        ),
        Panel(
            "churn_survival",
            "How long customers stay",
            "Share of customers still there after a number of days, with 95 % interval. Customers who have not churned "
            "count too. A curve ends where fewer than ten customers remain.",
            SURVIVAL,
            Chart(lines(
                axis("days_from_start", "Q", "days from the start"),
                axis("surviving_pct", "Q", "still there, %"),
                axis("member", "N", "", legend={"splits": True}),
                tooltip(("member", "group", ""), ("days_from_start", "day", ",.0f"),
                        ("surviving_pct", "still there %", ".1f"), ("at_risk_count", "at risk", ",.0f")),
                step=True,
                band=("surviving_ci_lo", "surviving_ci_hi"),
            )),
            needs=("customers", "subscription_periods"),
            codes={"member": "member"},
            splits=True,
        ),
    ),
)  # fmt: skip
