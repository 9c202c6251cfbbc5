{{ config(materialized=inlined('view')) }}
-- Use of a whole segment in the recent window compared with its baseline, as of each Sunday: 0.6 around New Year means
-- that everybody does less, so one customer who does less is not remarkable. Small falls are noise, and a good season
-- must not make customers look bad who stay as they are: 1 is the most.
with rates as (
    select
        segment_code,
        week_end_date,
        count(*) as customers_count,
        1.0 * sum(current_use_days_count) / count(*) as use_days_avg
    from {{ ref('int_usage__weekly') }}
    where has_history
    group by segment_code, week_end_date
),

-- Each rate covers the current weeks before its Sunday; those within a window add up to it.
compared as (
    select
        rates.segment_code,
        rates.week_end_date,
        rates.customers_count,
        min(earlier.week_end_date) as first_end_date,
        min({{ add_days(
            'rates.week_end_date', '-(norms.window_days + policy.usage_baseline_days - ' ~ usage_current_days() ~ ')'
        ) }}) as baseline_from_date,
        avg(case
            when earlier.week_end_date > {{ add_days(
                'rates.week_end_date', '-(norms.window_days - ' ~ usage_current_days() ~ ' + 1)'
            ) }} then earlier.use_days_avg
        end) as recent_avg,
        avg(case
            when earlier.week_end_date <= {{ add_days('rates.week_end_date', '-norms.window_days') }}
                then earlier.use_days_avg
        end) as baseline_avg,
        max(policy.usage_min_peers) as min_peers_count,
        max(policy.usage_season_ratio) as most_ratio
    from rates
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('dim_segment_policy') }} as norms
        on rates.segment_code = norms.segment_code
    inner join rates as earlier
        on rates.segment_code = earlier.segment_code
        and rates.week_end_date >= earlier.week_end_date
        and earlier.week_end_date >= {{ add_days(
            'rates.week_end_date', '-(norms.window_days + policy.usage_baseline_days - ' ~ usage_current_days() ~ ')'
        ) }}
    group by rates.segment_code, rates.week_end_date, rates.customers_count
)

select
    segment_code,
    -- Without a whole baseline, or with few customers, no season is known.
    cast(case
        when customers_count >= min_peers_count
            and {{ days_between('baseline_from_date', 'first_end_date') }} < 7
            and recent_avg < most_ratio * baseline_avg
            then {{ rounded('recent_avg / baseline_avg', 9) }}
        else 1.0
    end as {{ type_double() }}) as season_ratio,
    case
        when row_number() over (partition by segment_code order by week_end_date) = 1 then date '1900-01-01'
        else week_end_date
    end as valid_from,
    lead(week_end_date) over (partition by segment_code order by week_end_date) as valid_to
from compared
