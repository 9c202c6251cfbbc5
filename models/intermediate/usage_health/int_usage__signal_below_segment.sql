{{ config(materialized=inlined()) }}
-- USE-05: a usage level far below the average of the segment on the same Sunday, of customers who use the product:
-- inactivity has a signal of its own, with the customer's own rhythm. Levels end at 100, so no outlier can dominate the
-- average.
{% set shown = dbt.type_string() %}
with levels as (
    select
        *,
        -- Summed as decimals: an average of doubles depends on the order of the rows.
        cast(sum(case when has_history then cast(usage_level_pct as decimal(18, 6)) end) over (
            partition by segment_code, week_end_date
        ) as {{ type_double() }}) as level_sum,
        count(case when has_history then usage_level_pct end) over (
            partition by segment_code, week_end_date
        ) as peers_count
    from {{ ref('int_usage__weekly') }}
)

select
    levels.customer_id,
    'below_segment' as signal_code,
    levels.segment_code,
    levels.usage_level_pct as observed_value,
    levels.level_sum / levels.peers_count as expected_value,
    {{ usage_current_days() }} as window_days,
    levels.peers_count,
    2 as severity_rank,
    cast(null as {{ shown }}) as subject,
    cast(null as integer) as incident_days,
    case when levels.peers_count < policy.usage_min_peers then 'small_segment' end as own_reason,
    levels.week_end_date as valid_from,
    {{ add_days('levels.week_end_date', 7) }} as valid_to
from levels
cross join {{ ref('policy') }} as policy
where levels.has_history
    and levels.current_use_days_count > 0
    and levels.usage_level_pct <= policy.usage_below_segment_ratio * levels.level_sum / levels.peers_count
    -- Where nobody uses anything, nobody uses less.
    and levels.level_sum > 0
