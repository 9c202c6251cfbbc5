"""Retention of cohorts: customers who began together, and the share still there."""

from stayhouse.page.charts import axis, lines, tooltip
from stayhouse.page.panel import Chart, Heat, Panel, Section, Switch

GRID = """
    with chosen as (
        select
            dimension_value as segment,
            cohort_kind || ' ' || cohort_grain_code || ', ' || measure_code || ' by ' || period_kind || ' '
                || period_grain_code as grid,
            definition_code as definition, cohort_label as cohort, cohort_size_count, first_period_order,
            last_period_order, retained_num, retained_den, retained_pct, is_complete, is_reliable,
            dense_rank() over (partition by setting_code order by cohort_start_date desc nulls first) as newest
        from retention.mart_retention_grid
        where dimension_name in ('all', 'segment') and cohort_grain_code in ('month', 'week')
            and period_grain_code in ('month', 'week')
    )
    select segment, grid, definition, cohort, cohort_size_count,
        case when first_period_order = last_period_order then cast(last_period_order as varchar)
            else first_period_order || '–' || last_period_order end as period,
        any_value(retained_num) as retained_num, any_value(retained_den) as retained_den,
        any_value(retained_pct) as retained_pct, any_value(is_complete) as is_complete,
        any_value(is_reliable) as is_reliable
    from chosen
    where newest <= 14 and last_period_order <= 13
    group by segment, grid, definition, cohort, cohort_size_count, first_period_order, last_period_order
    order by segment, grid, definition, cohort desc, first_period_order, last_period_order
"""

POOLED = """
    select
        dimension_value as who,
        cohort_kind || ', ' || measure_code || ' by ' || period_kind || ' ' || period_grain_code as counted,
        definition_code as definition, last_period_order as period, retained_num, retained_den, retained_pct,
        retained_ci_lo, retained_ci_hi
    from retention.mart_retention_grid
    where cohort_grain_code = 'all' and dimension_name in ('all', 'segment')
        and first_period_order = last_period_order
    order by 1, 2, 3, 4
"""

RETENTION = Section(
    "retention",
    "Retention",
    "A cohort is the customers who began in the same month or week. `on` counts customers active in that period, "
    "`on_or_after` then or later, `every` in each period up to it, `within` at least once in the bracket.",
    (
        Panel(
            "retention_grid",
            "Retention by cohort",
            "Share of each cohort that is active in each later period. Hatched periods are not over.",
            GRID,
            Heat("cohort", "period", "retained_pct", "retained_num", "retained_den", "cohort", "period", "is_complete",
                 "is_reliable", "cohort_size_count"),
            needs=("customers", "events"),
            switches=(
                Switch("grid", "cohorts and periods", "registration month, customers by calendar month"),
                Switch("definition", "counted as", "on"),
            ),
            wide=True,
        ),
        Panel(
            "retention_pooled",
            "Retention of all cohorts together",
            "A flat end of the curve is the loyal core. Only customers who could reach a period count in it.",
            POOLED,
            Chart(lines(
                axis("period", "Q", "period"),
                axis("retained_pct", "Q", "there, %"),
                axis("who", "N", "segment"),
                tooltip(("who", "segment", ""), ("period", "period", ",.0f"),
                        ("retained_pct", "there %", ".1f"), ("retained_num", "customers", ",.0f"),
                        ("retained_den", "of", ",.0f")),
                band=("retained_ci_lo", "retained_ci_hi"),
            )),
            needs=("customers", "events"),
            switches=(
                Switch("counted", "counted from", "registration, customers by rolling day"),
                Switch("definition", "counted as", "on"),
            ),
            wide=True,
        ),
    ),
)  # fmt: skip
