-- A month without a reliable index breaks the streak like a missed one: nobody knows whether the target was held.
with months as (
    select
        metric_code,
        programme,
        respondents_count,
        index_points,
        target_points,
        case when is_reliable then is_target_met end as is_met,
        is_reliable,
        period_start_date
    from {{ ref('mart_cx_indices') }}
    where period_kind = 'month'
        and dimension_name = 'all'
        and target_points is not null
        and is_complete
),

islands as (
    select
        *,
        sum(case when coalesce(is_met, false) then 0 else 1 end) over (
            partition by metric_code, programme
            order by period_start_date
            rows between unbounded preceding and current row
        ) as island
    from months
),

streaks as (
    select
        *,
        sum(case when is_met then 1 else 0 end) over (
            partition by metric_code, programme, island
            order by period_start_date
            rows between unbounded preceding and current row
        ) as streak_months_count
    from islands
)

select
    streaks.metric_code,
    streaks.programme,
    streaks.respondents_count,
    streaks.index_points,
    streaks.target_points,
    cast(streaks.streak_months_count as bigint) as streak_months_count,
    streaks.is_met,
    streaks.is_reliable,
    streaks.streak_months_count >= policy.target_streak_months as is_sustained,
    streaks.period_start_date as index_month
from streaks
cross join {{ ref('policy') }} as policy
