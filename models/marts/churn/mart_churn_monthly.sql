{%- set counts = [
    'closing_count', 'paused_count', 'pending_count', 'new_count', 'reactivated_count', 'churned_count',
    'churned_from_opening_count', 'voluntary_count', 'involuntary_count',
] -%}
with broken_down as (
    {{ churn_breakdowns(
        ['all', 'segment', 'value_segment', 'plan', 'region', 'channel', 'owner'],
        ['opening_count'], {'count': 'stayed_count'}, counts
    ) }}
),

summed as (
    select
        dimension_name,
        dimension_value,
        month_date,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        sum(opening_count) as opening_count,
        sum(moved_in_count) as moved_in_count,
        sum(moved_out_count) as moved_out_count
    from broken_down
    group by dimension_name, dimension_value, month_date
),

-- A value keeps its months from its first customer on, also those in which nothing happens.
spine as (
    select
        firsts.dimension_name,
        firsts.dimension_value,
        months.month_date,
        months.is_observed,
        months.is_complete,
        months.is_final
    from (
        select
            summed.dimension_name,
            summed.dimension_value,
            min(summed.month_date) as first_month_date
        from summed
        group by summed.dimension_name, summed.dimension_value
    ) as firsts
    inner join {{ ref('dim_months') }} as months
        on firsts.first_month_date <= months.month_date
),

-- The quarter of months that end here, and the same one a year before: seasons are compared with themselves.
cells as (
    select
        spine.*,
        {%- for count in ['opening_count', 'moved_in_count', 'moved_out_count'] + counts %}
        coalesce(summed.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        -- Rates have no base before churn is observed; known customers of that time are counted all the same.
        case when spine.is_observed then coalesce(summed.opening_count, 0) end as base_count,
        sum(summed.churned_count) over quarter_rows as quarter_churned_count,
        sum(summed.opening_count) over quarter_rows as quarter_opening_count,
        count(case when spine.is_observed then 1 end) over quarter_rows as quarter_months_count,
        cast({{ dbt.dateadd('month', -12, 'spine.month_date') }} as date) as year_before_month
    from spine
    left join summed
        on spine.dimension_name = summed.dimension_name
        and spine.dimension_value = summed.dimension_value
        and spine.month_date = summed.month_date
    window quarter_rows as (
        partition by spine.dimension_name, spine.dimension_value
        order by spine.month_date
        rows between 2 preceding and current row
    )
),

targets as (
    select
        cells.dimension_name,
        cells.dimension_value,
        cells.month_date,
        targets.target_value,
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
    cast(cells.opening_count as bigint) as opening_count,
    cast(cells.new_count as bigint) as new_count,
    cast(cells.reactivated_count as bigint) as reactivated_count,
    cast(cells.moved_in_count as bigint) as moved_in_count,
    cast(cells.churned_count as bigint) as churned_count,
    cast(cells.moved_out_count as bigint) as moved_out_count,
    cast(cells.closing_count as bigint) as closing_count,
    cast(cells.paused_count as bigint) as paused_count,
    cast(cells.pending_count as bigint) as pending_count,
    cast(cells.voluntary_count as bigint) as churned_voluntary_count,
    cast(cells.involuntary_count as bigint) as churned_involuntary_count,
    cast(cells.churned_count - cells.churned_from_opening_count as bigint) as churned_same_month_count,
    cast(case when cells.is_observed then cells.churned_count end as bigint) as churn_num,
    cast(cells.base_count as bigint) as churn_den,
    {{ pct('cells.churned_count', 'cells.base_count') }} as churn_pct,
    {{ byar_pct('cells.churned_count', 'cells.base_count', 'lo') }} as churn_ci_lo,
    {{ byar_pct('cells.churned_count', 'cells.base_count', 'hi') }} as churn_ci_hi,
    cast(case when cells.is_observed then cells.churned_from_opening_count end as bigint) as opening_base_churn_num,
    cast(cells.base_count as bigint) as opening_base_churn_den,
    {{ pct('cells.churned_from_opening_count', 'cells.base_count') }} as opening_base_churn_pct,
    {{ wilson_pct('cells.churned_from_opening_count', 'cells.base_count', 'lo') }} as opening_base_churn_ci_lo,
    {{ wilson_pct('cells.churned_from_opening_count', 'cells.base_count', 'hi') }} as opening_base_churn_ci_hi,
    cast(case when cells.is_observed then cells.churned_count - cells.reactivated_count end as bigint)
        as net_customer_churn_num,
    cast(cells.base_count as bigint) as net_customer_churn_den,
    {{ pct('(cells.churned_count - cells.reactivated_count)', 'cells.base_count') }} as net_customer_churn_pct,
    targets.target_value as churn_norm_pct,
    case
        when coalesce(cells.base_count, 0) = 0 or targets.target_value is null then null
        when not cells.is_complete then 'pending'
        when 100.0 * cells.churned_count <= targets.target_value * cells.base_count then 'normal'
        else 'above_norm'
    end as churn_norm_status,
    cast(
        case when cells.quarter_months_count = 3 then cells.quarter_churned_count end as bigint
    ) as quarter_churn_num,
    cast(case when cells.quarter_months_count = 3 then cells.quarter_opening_count end as bigint)
        as quarter_churn_den,
    case
        when cells.quarter_months_count = 3
            then {{ pct('cells.quarter_churned_count', 'cells.quarter_opening_count') }}
    end as quarter_churn_pct,
    {{ pct('baseline.quarter_churned_count', 'baseline.quarter_opening_count') }} as baseline_quarter_churn_pct,
    {{ pct(
        '(1.0 * cells.quarter_churned_count / nullif(cells.quarter_opening_count, 0))',
        '(1.0 * baseline.quarter_churned_count / nullif(baseline.quarter_opening_count, 0))'
    ) }} as change_to_baseline_pct,
    case
        when cells.is_complete
            then 100.0 * cells.quarter_churned_count * baseline.quarter_opening_count
                <= policy.churn_halved_ratio_pct
                * baseline.quarter_churned_count * cells.quarter_opening_count
                and cells.quarter_opening_count > 0
    end as is_halved,
    cells.is_complete,
    cells.is_final,
    coalesce(cells.base_count, 0) >= policy.min_reliable_count as is_reliable,
    cells.month_date as churn_month
from cells
left join targets
    on cells.dimension_name = targets.dimension_name
    and cells.dimension_value = targets.dimension_value
    and cells.month_date = targets.month_date
    and targets.choice = 1
left join cells as baseline
    on cells.dimension_name = baseline.dimension_name
    and cells.dimension_value = baseline.dimension_value
    and cells.year_before_month = baseline.month_date
    and baseline.quarter_months_count = 3
    and baseline.quarter_churned_count > 0
    and baseline.quarter_opening_count > 0
cross join {{ ref('policy') }} as policy
