-- Prevents numbers that contradict the signal beside them: both are computed from the day facts, but in different ways.
select
    health.customer_id,
    health.trend_ratio,
    health.inactive_days
from {{ ref('mart_usage_health') }} as health
inner join {{ ref('dim_segment_policy') }} as norms
    on health.segment_code = norms.segment_code
left join {{ ref('state_usage_falls') }} as falls
    on health.customer_id = falls.customer_id
    and health.segment_code = falls.segment_code
    and falls.valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    and falls.valid_to > (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
where (health.is_dormant and coalesce(health.inactive_days, 0) <= norms.risk_after_days)
    or (health.is_decline and falls.customer_id is null)
    or falls.recent_days_count <> health.recent_days_count
    or falls.baseline_days_count <> health.baseline_days_count
union all
-- A signal of a churned customer, or of an unknown one.
select
    signals.customer_id,
    cast(null as {{ type_double() }}) as trend_ratio,
    cast(null as bigint) as inactive_days
from {{ ref('mart_usage_signals') }} as signals
left join {{ ref('mart_usage_health') }} as health
    on signals.customer_id = health.customer_id
where health.customer_id is null
