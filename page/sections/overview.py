"""Overview: the headlines over everybody or one group, how they moved, and which group moved them."""

from __future__ import annotations

from dataclasses import dataclass

from stayhouse.page.charts import BAD, GOOD, axis, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Switch, Table, Tiles
from stayhouse.page.sql import GRAINS, filterable, largest, wilson


@dataclass(frozen=True)
class Headline:
    """A tile: a metric by month, its sibling by quarter where the catalogue has one, and a name for both."""

    month: str
    title: str
    quarter: str | None = None
    """A metric of its own; None: the months are summed, numerator and denominator apart."""
    index: str | None = None
    """Survey index that the company must ask for."""


HEADLINES = (
    Headline("customer_churn_pct", "Monthly customer churn"),
    Headline("net_revenue_retention_pct", "Net revenue retention"),
    Headline("activation_long_pct", "Activated in time"),
    Headline("usage_healthy_pct", "Healthy use"),
    Headline("effective_contact_pct", "Effective contacts"),
    Headline("answered_in_time_pct", "Requests answered in time"),
    Headline("feedback_closed_pct", "Feedback loop closed"),
    Headline("surprise_churn_pct", "Surprise churn"),
    Headline("nps_month_points", "Net Promoter Score", "nps_quarter_points", "nps"),
    Headline("csi_month_points", "Customer Satisfaction Index", "csi_quarter_points", "csi"),
    Headline("cli_month_points", "Customer Loyalty Index", "cli_quarter_points", "cli"),
    Headline("ces_month_points", "Customer Effort Score", "ces_quarter_points", "ces"),
)
OF_SNAPSHOTS = ("usage_healthy_pct",)
"""Metrics of a day: a month has the value of its last day, and nothing is summed."""

LISTED = ", ".join(
    f"('{one.month}', '{metric}', {place}, {'true' if metric != one.month else 'false'}, "
    f"{'true' if one.quarter is None else 'false'}, {'true' if one.month in OF_SNAPSHOTS else 'false'})"
    for place, one in enumerate(HEADLINES)
    for metric in (one.month, *([one.quarter] if one.quarter else []))
)
# Contacts are by value segment, acquisition by its channel; surveys and requests have channels that nobody filters by.
OF_MARTS = """
    case
        when mart_name in ('mart_contact_kpi', 'mart_contact_norms', 'mart_customer_contact_status')
            and dimension_name = 'segment' then 'value_segment'
        when mart_name in ('mart_churn_monthly', 'mart_activation_cohort') and dimension_name = 'channel'
            then 'acquisition_channel'
        when dimension_name = 'usage_segment' then 'segment'
        when dimension_name = 'plan_code' then 'plan'
        when dimension_name = 'owner_id' then 'owner'
        else dimension_name
    end
"""

CELLS = f"""
    with headlines(tile, metric_code, place, is_quarterly, is_summed, is_snapshot) as (values {LISTED}),
    named as (
        select tile, place, is_quarterly, is_summed, is_snapshot, {OF_MARTS} as dimension, dimension_value as member,
            period_start_date, numerator_amount, denominator_amount, metric_amount, metric_amount_ci_lo,
            metric_amount_ci_hi, coalesce(is_complete, true) as is_complete, coalesce(is_reliable, true) as is_reliable,
            catalogue.unit_code
        from metrics.mart_metric_values
        inner join metrics.mart_metric_catalogue as catalogue using (metric_code)
        inner join headlines using (metric_code)
    ),
    published as (select * from named where {filterable()} and {largest("named", "denominator_amount")}),
    {GRAINS},
    -- A metric that the catalogue has by quarter is published by month and by quarter, and not summed.
    own as (
        select tile, place, is_snapshot, dimension, member,
            case when is_quarterly then 'quarter' else 'month' end as grain, unit_code,
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
    summed as (
        select tile, place, is_snapshot, dimension, member, grain, unit_code,
            cast(date_trunc(grain, period_start_date) as date) as period,
            sum(numerator_amount) as num, sum(denominator_amount) as den,
            bool_and(is_complete) as is_complete, bool_or(is_reliable) as is_reliable,
            bool_and(metric_amount_ci_lo is not null) as is_share,
            count(distinct date_trunc('month', period_start_date)) as months
        from published
        cross join grains
        where is_summed and not is_snapshot and grain <> 'month' and metric_amount is not null
        group by all
    ),
    cells as (
        select tile, place, dimension, member, grain, unit_code, period, num, den, amount, ci_lo, ci_hi, is_complete,
            is_reliable
        from own
        union all by name
        select tile, place, dimension, member, grain, unit_code, period, num, den,
            100.0 * num / nullif(den, 0) as amount,
            case when is_share then {wilson("-", "num", "den")} end as ci_lo,
            case when is_share then {wilson("+", "num", "den")} end as ci_hi,
            is_complete and months = max(months) over (partition by tile, grain)
                and months = case grain when 'quarter' then 3 else 12 end as is_complete,
            is_reliable
        from summed
    )
"""

TARGETS = """
    targets as (
        select 'customer_churn_pct' as tile, 'month' as grain, churn_month as period, churn_norm_pct as target
        from churn.mart_churn_monthly where dimension_name = 'all'
        union all
        select 'activation_long_pct', 'month', registration_month, target_pct
        from activation.mart_activation_cohort where dimension_name = 'all' and registration_month is not null
        union all
        select metric_code || '_month_points', period_kind, period_start_date, target_points
        from cx.mart_cx_indices where dimension_name = 'all' and is_headline and period_kind in ('month', 'quarter')
    )
"""

# What a member adds to the change of the whole: its surplus over the earlier rate now, less that of before.
MOVED = """
        case when whole_now.den > 0 and whole_before.den > 0 and parts.is_whole then
            factor * (
                (num - whole_before.num / whole_before.den * den) / whole_now.den
                - (coalesce(before.num, 0) - whole_before.num / whole_before.den * coalesce(before.den, 0))
                / whole_before.den
            )
        end
"""


def moved(name: str, back: str) -> str:
    """The contribution of each member to the change of the whole since an earlier period."""
    return f"""
    {name}_parts as (
        select now.tile, now.grain, now.period, now.dimension, now.member,
            {MOVED.replace("(num ", "(now.num ").replace("* den)", "* now.den)")} as part,
            whole_now.amount - whole_before.amount as change
        from factored as now
        inner join parts using (tile, grain, period, dimension)
        inner join factored as whole_now
            on whole_now.dimension = 'all' and now.tile = whole_now.tile and now.grain = whole_now.grain
            and now.period = whole_now.period
        inner join factored as whole_before
            on whole_before.dimension = 'all' and now.tile = whole_before.tile and now.grain = whole_before.grain
            and now.period - {back} = whole_before.period
        left join factored as before
            on now.tile = before.tile and now.grain = before.grain and now.dimension = before.dimension
            and now.member = before.member and now.period - {back} = before.period
        where now.dimension <> 'all'
    ),
    -- A group without customers has no row, so that the others would not sum to the change.
    {name} as (
        select *, case
            when abs(sum(part) over (partition by tile, grain, period, dimension) - change) < 0.001 then part
        end as moved
        from {name}_parts
    )""".replace("factor *", "now.factor *")


STEP = """case now.grain
                when 'month' then interval '1 month' when 'quarter' then interval '3 months' else interval '1 year'
            end"""

TILES = f"""{CELLS},
    {TARGETS},
    factored as (select *, case when unit_code in ('percent', 'points') then 100.0 else 1.0 end as factor from cells),
    -- Only a breakdown in which everybody is once says who moved the whole.
    parts as (
        select cells.tile, cells.grain, cells.period, dimension,
            abs(sum(cells.den) - max(whole.den)) <= 0.001 * max(whole.den) as is_whole
        from cells
        inner join (select tile, grain, period, den from cells where dimension = 'all') as whole
            on cells.tile = whole.tile and cells.grain = whole.grain and cells.period = whole.period
        where dimension <> 'all'
        group by all
    ),
    {moved("since_previous", STEP).strip()},
    {moved("since_year", "interval '1 year'").strip()}
    select cells.tile, cells.place, cells.dimension, cells.member, cells.grain, cells.period,
        case cells.unit_code when 'percent' then '%' else cells.unit_code end as unit, cells.num, cells.den,
        cells.amount as value, cells.ci_lo, cells.ci_hi, cells.is_complete, cells.is_reliable, targets.target,
        catalogue.better_code, since_previous.moved as moved_previous, since_year.moved as moved_year
    from cells
    inner join metrics.mart_metric_catalogue as catalogue on cells.tile = catalogue.metric_code
    left join targets using (tile, grain, period)
    left join since_previous using (tile, grain, period, dimension, member)
    left join since_year using (tile, grain, period, dimension, member)
    where (cells.den > 0 or since_previous.moved is not null or since_year.moved is not null) and cells.period > (
        select max(latest.period) - case cells.grain when 'year' then interval '6 years' else interval '26 months' end
        from cells as latest where latest.grain = cells.grain
    )
    order by cells.place, cells.grain, cells.dimension, cells.member, cells.period
"""

CONTRIBUTIONS = f"""
    select tile as metric, dimension as breakdown, member as value, period, grain, moved_previous as moved,
        case when (moved_previous > 0) = (better_code = 'higher') then 'better' else 'worse' end as effect,
        num, den, amount
    from (select *, value as amount from ({TILES}) as tiles) as tiles
    where dimension <> 'all' and dimension <> 'owner' and moved_previous is not null and is_complete
        and period > (select max(as_of_date) - interval '13 months' from main.publication)
    order by place, breakdown, period, moved desc, value
"""

LATEST = """
    with cells as (
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
        now.numerator_amount, now.denominator_amount, now.is_reliable, catalogue.question_label, catalogue.formula_label
    from metrics.mart_metric_catalogue as catalogue
    left join cells as now on catalogue.metric_code = now.metric_code and now.age = 1
    left join cells as before on catalogue.metric_code = before.metric_code and before.age = 2
"""

METRICS = f"""
    select owner_group_code, metric_code, title, metric_amount, unit_code, metric_amount_ci_lo, metric_amount_ci_hi,
        numerator_amount, denominator_amount, period_grain_code, period_start_date, previous_amount, is_reliable,
        question_label, formula_label
    from ({LATEST}) as latest
    where metric_amount is not null
    order by owner_group_code, metric_code
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
            "Contribution of each group to the change since the period before, in points of the metric. The bars sum "
            "to the change.",
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
            codes={"value": "member", "effect": "effect"},
            by="at",
            wide=True,
        ),
        Panel(
            "overview_metrics",
            "All metrics",
            "The latest complete period of each metric over everybody, with its definition.",
            METRICS,
            Table((
                Column("title", "metric", "words"),
                Column("metric_amount", "value", "number"),
                Column("unit_code", "unit", codes="unit"),
                Column("metric_amount_ci_lo", "from", "number"),
                Column("metric_amount_ci_hi", "to", "number"),
                Column("denominator_amount", "of", "number"),
                Column("period_start_date", "period from", "date"),
                Column("period_grain_code", "period", codes="grain"),
                Column("previous_amount", "before", "number"),
                Column("is_reliable", "reliable", "yes_no"),
                Column("owner_group_code", "domain", filter=True, codes="domain"),
                Column("formula_label", "formula", "words"),
            ), shown=6),
            wide=True,
        ),
    ),
)  # fmt: skip
