{{ config(materialized=inlined('view')) }}
-- CON-19: the part of the day in which contacts with a customer work best, smoothed towards the rate of the segment as
-- for channels.
with recent as (
    select
        hours.customer_id,
        customers.value_segment_code,
        hours.hour_band,
        hours.is_effective
    from {{ ref('int_contacts__local_hours') }} as hours
    inner join {{ ref('dim_customers') }} as customers
        on hours.customer_id = customers.customer_id
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where hours.attempted_date > {{ add_days(
        'run_context.as_of_date', '-policy.best_channel_days'
    ) }}
),

segment_rates as (
    select
        coalesce(value_segment_code, 'unassigned') as segment_code,
        hour_band,
        1.0 * count(case when is_effective then 1 end) / count(*) as segment_rate
    from recent
    group by coalesce(value_segment_code, 'unassigned'), hour_band
),

own as (
    select
        customer_id,
        coalesce(value_segment_code, 'unassigned') as segment_code,
        hour_band,
        count(*) as attempts_count,
        count(case when is_effective then 1 end) as effective_count
    from recent
    group by customer_id, coalesce(value_segment_code, 'unassigned'), hour_band
),

ranked as (
    select
        own.customer_id,
        own.hour_band,
        own.attempts_count,
        own.effective_count,
        row_number() over (
            partition by own.customer_id
            order by
                (own.effective_count + policy.best_channel_prior_count * segment_rates.segment_rate)
                / (own.attempts_count + policy.best_channel_prior_count) desc,
                own.attempts_count desc,
                own.hour_band asc
        ) as band_rank
    from own
    inner join segment_rates
        on own.segment_code = segment_rates.segment_code
        and own.hour_band = segment_rates.hour_band
    cross join {{ ref('policy') }} as policy
)

select
    customer_id,
    hour_band,
    attempts_count,
    effective_count
from ranked
where band_rank = 1
    and effective_count > 0
