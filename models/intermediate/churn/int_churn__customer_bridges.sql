{{ config(materialized=inlined('view')) }}
{%- set opening = ['opening_count'] -%}
{%- set moved = ['moved_in_count', 'moved_out_count'] -%}
{%- set credited = [
    'closing_count', 'paused_count', 'pending_count', 'new_count', 'reactivated_count', 'churned_count',
    'churned_from_opening_count', 'voluntary_count', 'involuntary_count',
] -%}
-- Customers of a month as a bridge that closes, with its quarter, the norm and the same quarter a year before.
with broken_down as (
    {{ churn_breakdowns(opening, {'count': 'stayed_count'}, credited) }}
),

summed as (
    select
        dimension_name,
        dimension_value,
        {%- for count in opening + moved + credited %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        month_date
    from broken_down
    group by dimension_name, dimension_value, month_date
),

firsts as (
    select
        dimension_name,
        dimension_value,
        min(month_date) as first_month_date
    from summed
    group by dimension_name, dimension_value
),

-- A value keeps its months from its first customer on, also those in which nothing happens.
cells as (
    select
        firsts.dimension_name,
        firsts.dimension_value,
        months.month_date,
        months.is_complete,
        {%- for count in opening + moved + credited %}
        coalesce(summed.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        -- Rates have no base before churn is observed, although the customers of that time are known.
        case when months.is_observed then coalesce(summed.opening_count, 0) end as base_count,
        sum(summed.churned_count) over quarter_rows as quarter_churned_count,
        sum(summed.opening_count) over quarter_rows as quarter_opening_count,
        count(case when months.is_observed then 1 end) over quarter_rows = 3 as is_quarter,
        cast({{ dbt.dateadd('month', -12, 'months.month_date') }} as date) as year_before_month
    from firsts
    inner join {{ ref('dim_months') }} as months
        on firsts.first_month_date <= months.month_date
    left join summed
        on firsts.dimension_name = summed.dimension_name
        and firsts.dimension_value = summed.dimension_value
        and months.month_date = summed.month_date
    window quarter_rows as (
        partition by firsts.dimension_name, firsts.dimension_value
        order by months.month_date
        rows between 2 preceding and current row
    )
),

norms as (
    select
        cells.dimension_name,
        cells.dimension_value,
        cells.month_date,
        targets.target_value as norm_pct,
        row_number() over (
            partition by cells.dimension_name, cells.dimension_value, cells.month_date
            order by case when targets.segment_code = '*' then 1 else 0 end, targets.valid_from desc
        ) as choice
    from cells
    inner join {{ ref('metric_targets') }} as targets
        on targets.metric_code = 'churn_pct'
        and {{ holds_at('targets', 'cells.month_date') }}
        and (
            targets.segment_code = '*'
            or (cells.dimension_name in ('segment', 'value_segment') and targets.segment_code = cells.dimension_value)
        )
)

select
    cells.dimension_name,
    cells.dimension_value,
    {%- for count in opening + moved + credited %}
    cells.{{ count }},
    {%- endfor %}
    cells.base_count,
    norms.norm_pct,
    case
        when coalesce(cells.base_count, 0) = 0 or norms.norm_pct is null then null
        when not cells.is_complete then 'pending'
        when 100.0 * cells.churned_count <= norms.norm_pct * cells.base_count then 'normal'
        else 'above_norm'
    end as norm_status,
    case when cells.is_quarter then cells.quarter_churned_count end as quarter_churned_count,
    case when cells.is_quarter then cells.quarter_opening_count end as quarter_opening_count,
    -- Seasons are compared with themselves; a year before without a churn cannot be a baseline.
    baseline.quarter_churned_count as baseline_churned_count,
    baseline.quarter_opening_count as baseline_opening_count,
    case
        when cells.is_complete and baseline.month_date is not null
            then 100.0 * cells.quarter_churned_count * baseline.quarter_opening_count
                <= policy.churn_halved_ratio_pct * baseline.quarter_churned_count * cells.quarter_opening_count
                and cells.quarter_opening_count > 0
    end as is_halved,
    cells.month_date
from cells
cross join {{ ref('policy') }} as policy
left join norms
    on cells.dimension_name = norms.dimension_name
    and cells.dimension_value = norms.dimension_value
    and cells.month_date = norms.month_date
    and norms.choice = 1
left join cells as baseline
    on cells.dimension_name = baseline.dimension_name
    and cells.dimension_value = baseline.dimension_value
    and cells.year_before_month = baseline.month_date
    and baseline.is_quarter
    and baseline.quarter_churned_count > 0
    and baseline.quarter_opening_count > 0
