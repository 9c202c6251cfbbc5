{%- set dimensions = {'segment': 'segment_value', 'status': 'customer_status', 'stage': 'stage_code'} -%}
-- Customers when a month begins, by their attributes then; a quarter has the openings of its months together.
with grains as (
    select 'month' as period_grain_code
    union all
    select 'quarter' as period_grain_code
),

openings as (
    select
        ends.source_customer_id,
        ends.month_end_date,
        coalesce(ends.segment_code, 'unassigned') as segment_value,
        ends.customer_status,
        journey.stage_code,
        grains.period_grain_code,
        case
            when grains.period_grain_code = 'month' then months.month_date
            else {{ period_start('quarter', 'months.month_date') }}
        end as period_start_date,
        months.is_observed,
        scores.nps_group
    from {{ ref('dim_customer_month_end') }} as ends
    inner join {{ ref('dim_months') }} as months
        on cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) = months.month_date
    inner join {{ ref('int_churn__stages') }} as journey
        on ends.customer_id = journey.customer_id
        and ends.tenure_number = journey.tenure_number
        and months.month_date = journey.month_date
        and journey.moment = 'opening'
    left join {{ ref('customer_nps_periods') }} as scores
        on ends.customer_id = scores.customer_id
        and scores.valid_from <= {{ add_days('ends.month_end_date', 1) }}
        and scores.valid_to > {{ add_days('ends.month_end_date', 1) }}
    cross join grains
),

broken_down as (
    {{ breakdowns_with_attributes('openings', dimensions, 'month_end_date', customer='source_customer_id') }}
)

select
    dimension_name,
    dimension_value,
    period_grain_code,
    period_start_date,
    cast(count(*) as bigint) as opening_count,
    cast(count(case when is_observed then 1 end) as bigint) as observed_opening_count,
    cast(count(nps_group) as bigint) as scored_count,
    cast(count(case when nps_group = 'promoter' then 1 end) as bigint) as promoters_count
from broken_down
group by period_grain_code, period_start_date, dimension_name, dimension_value
