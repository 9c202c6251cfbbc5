"""Overview: the headlines over everybody or one group, how they moved, and which group moved them."""

from __future__ import annotations

from dataclasses import dataclass

from stayhouse.page.charts import BAD, GOOD, axis, lines, months, tooltip, with_target
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table, Tiles
from stayhouse.page.sql import filterable, largest


@dataclass(frozen=True)
class Headline:
    """A tile: a metric by month, its sibling by quarter where the catalogue has one, and a name for both."""

    month: str
    title: str
    quarter: str | None = None
    """A metric of its own, where every customer counts once in a period."""
    index: str | None = None
    """Survey index that the company must ask for."""
    adding: str = "sum"
    """How months become longer periods: `sum` of numerators and denominators, `last` of the states of a day, or
    `single` where a period is more than its months."""
    interval: str = "wilson"
    """Method of the interval of a sum; that of its months."""
    source: str | None = None
    """Source in mart_observation_starts before whose start only customers who stayed are known."""


HEADLINES = (
    Headline("customer_churn_pct", "Monthly customer churn", interval="byar", source="billing"),
    Headline("net_revenue_retention_pct", "Net revenue retention", source="billing"),
    Headline("activation_long_pct", "Activated in time"),
    Headline("usage_healthy_pct", "Healthy use", adding="last"),
    Headline("effective_contact_pct", "Effective contacts"),
    Headline("answered_in_time_pct", "Requests answered in time"),
    Headline("feedback_closed_pct", "Feedback loop closed"),
    Headline("surprise_churn_pct", "Surprise churn", source="billing"),
    Headline("nps_month_points", "Net Promoter Score", "nps_quarter_points", "nps", adding="single"),
    Headline("csi_month_points", "Customer Satisfaction Index", "csi_quarter_points", "csi", adding="single"),
    Headline("cli_month_points", "Customer Loyalty Index", "cli_quarter_points", "cli", adding="single"),
    Headline("ces_month_points", "Customer Effort Score", "ces_quarter_points", "ces", adding="single"),
)

LISTED = ", ".join(
    f"('{one.month}', '{metric}', {place}, '{grain}', '{one.adding}', '{one.interval}', "
    f"nullif('{one.source or ''}', ''))"
    for place, one in enumerate(HEADLINES)
    for metric, grain in ((one.month, "month"), *([(one.quarter, "quarter")] if one.quarter else []))
)
# Contacts are by value segment, acquisition by its channel; surveys and requests have channels that nobody filters by.
OF_MARTS = """
    case
        when mart_name in (
            'mart_contact_kpi', 'mart_contact_norms', 'mart_customer_contact_status', 'mart_churn_events'
        )
            and dimension_name = 'segment' then 'value_segment'
        when mart_name in ('mart_churn_monthly', 'mart_activation_cohort') and dimension_name = 'channel'
            then 'acquisition_channel'
        when dimension_name = 'usage_segment' then 'segment'
        when dimension_name = 'plan_code' then 'plan'
        when dimension_name = 'owner_id' then 'owner'
        else dimension_name
    end
"""

MONTHS_OF_ALL, MONTHS_OF_GROUPS = 62, 38
"""Months of a headline on the page, from which quarters, years and spans are added up."""

TARGETS = """
    targets as (
        select metric_code, dimension_name, dimension_value, target_amount, valid_from,
            coalesce(valid_to, date '9999-12-31') as valid_until
        from metrics.mart_metric_targets
    )
"""
"""Targets of metrics as a relation of a query; a group without one of its own has that of everybody."""

TILES = f"""
    with headlines(tile, metric_code, place, grain, adding, interval, source) as (values {LISTED}),
    named as (
        select tile, metric_code, place, grain, adding, interval, source, {OF_MARTS} as dimension,
            dimension_value as member, period_start_date, numerator_amount, denominator_amount, metric_amount,
            metric_amount_ci_lo, metric_amount_ci_hi, coalesce(is_complete, true) as is_complete,
            coalesce(is_reliable, true) as is_reliable,
            catalogue.unit_code, catalogue.better_code
        from metrics.mart_metric_values
        inner join metrics.mart_metric_catalogue as catalogue using (metric_code)
        inner join headlines using (metric_code)
        where metric_amount is not null or denominator_amount > 0
    ),
    published as (select * from named where {filterable()} and {largest("named", "denominator_amount")}),
    -- A metric of a day has the value of the last day of the month.
    cells as (
        select tile, metric_code, place, grain, adding, interval, source, dimension, member, unit_code, better_code,
            cast(date_trunc('month', period_start_date) as date) as period,
            arg_max(numerator_amount, period_start_date) as num,
            arg_max(denominator_amount, period_start_date) as den, arg_max(metric_amount, period_start_date) as amount,
            arg_max(metric_amount_ci_lo, period_start_date) as ci_lo,
            arg_max(metric_amount_ci_hi, period_start_date) as ci_hi,
            arg_max(is_complete, period_start_date) as is_complete,
            arg_max(is_reliable, period_start_date) as is_reliable
        from published
        group by all
    ),
    {TARGETS}
    select cells.tile, cells.dimension, cells.member, cells.grain, cells.period,
        case cells.unit_code when 'percent' then '%' else cells.unit_code end as unit, cells.num, cells.den,
        cells.amount as value, cells.ci_lo, cells.ci_hi, cells.is_complete, cells.is_reliable,
        coalesce(own.target_amount, shared.target_amount) as target,
        cells.better_code, cells.adding, cells.interval, cells.source
    from cells
    left join targets as shared
        on cells.metric_code = shared.metric_code and shared.dimension_name = 'all'
        and cells.period >= shared.valid_from and cells.period < shared.valid_until
    left join targets as own
        on cells.metric_code = own.metric_code and cells.dimension = own.dimension_name
        and cells.member = own.dimension_value and own.dimension_name <> 'all'
        and cells.period >= own.valid_from and cells.period < own.valid_until
    where cells.den > 0 and cells.period > (select max(as_of_date) from main.publication) - case cells.dimension
        when 'all' then interval '{MONTHS_OF_ALL} months' else interval '{MONTHS_OF_GROUPS} months'
    end
    order by cells.place, cells.grain, cells.dimension, cells.member, cells.period
"""

CONTRIBUTIONS = f"""
    select tile as metric, dimension as breakdown, member as value, period, grain, 0.0 as moved, '' as effect, num, den,
        value as amount
    from ({TILES}) as tiles
"""

LATEST = f"""
    with {TARGETS},
    cells as (
        select metric_code, period_grain_code, unit_code, period_start_date, metric_amount, metric_amount_ci_lo,
            metric_amount_ci_hi, numerator_amount, denominator_amount, is_reliable,
            row_number() over (partition by metric_code order by period_start_date desc) as age
        from metrics.mart_metric_values
        where dimension_name = 'all' and coalesce(is_complete, true) and metric_amount is not null
    )
    select
        catalogue.metric_code, catalogue.title, catalogue.owner_group_code, catalogue.unit_code, catalogue.better_code,
        now.period_grain_code, now.period_start_date, now.metric_amount, before.metric_amount as previous_amount,
        before.period_start_date as previous_start_date, now.metric_amount_ci_lo, now.metric_amount_ci_hi,
        now.numerator_amount, now.denominator_amount, now.is_reliable, targets.target_amount,
        catalogue.question_label, catalogue.formula_label
    from metrics.mart_metric_catalogue as catalogue
    left join cells as now on catalogue.metric_code = now.metric_code and now.age = 1
    left join cells as before on catalogue.metric_code = before.metric_code and before.age = 2
    left join targets
        on catalogue.metric_code = targets.metric_code and targets.dimension_name = 'all'
        and now.period_start_date >= targets.valid_from and now.period_start_date < targets.valid_until
"""

METRICS = f"""
    select owner_group_code, metric_code, title, metric_amount, unit_code, metric_amount_ci_lo, metric_amount_ci_hi,
        numerator_amount, denominator_amount, period_grain_code, period_start_date, previous_amount, target_amount,
        is_reliable, question_label, formula_label
    from ({LATEST}) as latest
    where metric_amount is not null
    order by owner_group_code, metric_code
"""

# A rolling window is drawn at its last month.
PERIODS = f"""
    with {TARGETS},
    periods as (
        select metric_code as metric, period_kind as length,
            case when period_kind like 'rolling%'
                then cast(period_start_date + to_months(cast(months_count - 1 as integer)) as date)
                else period_start_date end as period,
            period_start_date, metric_amount, metric_amount_ci_lo as ci_lo, metric_amount_ci_hi as ci_hi,
            numerator_amount as num, denominator_amount as den, is_complete, is_reliable
        from metrics.mart_metric_periods
        where dimension_name = 'all' and metric_amount is not null
    )
    select periods.* exclude (period_start_date), periods.period_start_date as begins, targets.target_amount,
        case when mart_name like 'mart_churn%' then 'billing' end as source
    from periods
    inner join metrics.mart_metric_catalogue as catalogue on periods.metric = catalogue.metric_code
    left join targets
        on periods.metric = targets.metric_code and targets.dimension_name = 'all'
        and periods.period_start_date >= targets.valid_from and periods.period_start_date < targets.valid_until
    where periods.period >= (select max(as_of_date) - interval '4 years' from main.publication)
    order by metric, length, period
"""

OVERVIEW = Section(
    "overview",
    "Overview",
    "How customers stay, use the product and answer, with the uncertainty of each number. What cannot be measured yet "
    "says so: it is not 0.",
    (
        Panel(
            "overview_tiles",
            "Headlines",
            "Coloured changes are beyond noise: the 95 % intervals of the two periods do not overlap. Grey ones may be "
            "chance.",
            TILES,
            Tiles(),
            by="at",
            empty="No headline is measurable yet: no period is complete.",
            wide=True,
        ),
        Panel(
            "overview_moved",
            "Which groups drove the change",
            "Contribution of each group to the change since the earlier period, in points of the metric. The bars "
            "sum to the change.",
            CONTRIBUTIONS,
            Chart({
                "mark": {"type": "bar", "cornerRadiusEnd": 3},
                "encoding": {
                    "x": axis("moved", "Q", "points of the metric"),
                    "y": axis("value", "N", "", sort={"field": "moved", "order": "descending"}),
                    "color": axis("effect", "N", "", sort=["better", "worse"],
                                  scale={"domain": ["better", "worse"], "range": [GOOD, BAD]}),
                    "tooltip": tooltip(("value", "group", ""), ("moved", "contribution", "+.2f"),
                                       ("num", "numerator", ",.0f"), ("den", "denominator", ",.0f")),
                },
                "height": {"step": 28},
            }),
            switches=(Switch("metric", "metric", "customer_churn_pct", "tile"),
                      Switch("breakdown", "by", "segment", "dimension")),
            codes={"value": "group", "effect": "effect"},
            by="at",
            of="overview_tiles",
            wide=True,
        ),
        Panel(
            "overview_periods",
            "Metrics over longer periods",
            "Each rate over quarters, years, or windows of three and twelve months that end with the month shown, with "
            "95 % interval. Numerators and denominators are added up and divided; hollow points are not over. The "
            "dashed line is the target.",
            PERIODS,
            Chart(with_target(
                lines(
                    months("period"),
                    axis("metric_amount", "Q", "%", scale={"zero": False}),
                    None,
                    tooltip(("begins", "from", "month"), ("period", "last period", "month"),
                            ("metric_amount", "%", ".2f"), ("num", "numerator", ",.0f"),
                            ("den", "denominator", ",.0f"), ("target_amount", "target", ",.1f")),
                    band=("ci_lo", "ci_hi"),
                    incomplete="is_complete",
                ),
                months("period"),
                axis("target_amount", "Q", ""),
            )),
            switches=(Switch("metric", "metric", "customer_churn_pct", "metric"),
                      Switch("length", "over", "rolling_12m", "span")),
            by="upto",
            target="target_amount",
            wide=True,
        ),
        Panel(
            "overview_metrics",
            "All metrics",
            "The latest complete period of each metric over everybody, with its definition.",
            METRICS,
            Table((
                Column("metric_code", "metric", "words", codes="metric"),
                Column("owner_group_code", "domain", filter=True, codes="domain", under="metric_code"),
                Column("metric_amount", "value", "number", unit="unit_code",
                       interval=("metric_amount_ci_lo", "metric_amount_ci_hi")),
                Column("target_amount", "target", "number"),
                Column("denominator_amount", "of", "number"),
                Column("is_reliable", "reliable", "yes_no", under="denominator_amount"),
                Column("period_start_date", "period from", "date"),
                Column("period_grain_code", "period", codes="grain", under="period_start_date"),
                Column("previous_amount", "before", "number"),
                Column("formula_label", "formula", "words"),
            ), shown=6),
            wide=True,
        ),
    ),
)  # fmt: skip
