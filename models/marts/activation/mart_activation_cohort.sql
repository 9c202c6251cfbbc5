{% set windows = {
    'short': 'policy.activation_window_short_days',
    'medium': 'policy.activation_window_medium_days',
    'long': 'policy.activation_window_long_days',
} %}
with members as (
    select
        members.*,
        case
            when members.registration_month is null then 'all'
            else substring(cast(members.registration_month as {{ dbt.type_string() }}), 1, 7)
        end as cohort_label
    from {{ ref('int_activation__cohort_members') }} as members
),

counted as (
    select
        members.dimension_name,
        members.dimension_value,
        members.cohort_label,
        members.registration_month,
        {%- for window, window_days in windows.items() %}
        sum(case
            when members.tenure_days >= {{ window_days }} and members.days_to_activate <= {{ window_days }}
                then members.customers_count
            else 0
        end) as {{ window }}_num,
        sum(case when members.tenure_days >= {{ window_days }} then members.customers_count else 0 end)
            as {{ window }}_den,
        sum(case when members.tenure_days < {{ window_days }} then members.customers_count else 0 end)
            as pending_{{ window }}_count,
        {%- endfor %}
        sum(members.customers_count) as registered_count,
        sum(case when members.is_activated then members.customers_count else 0 end) as activated_count,
        sum(case when not members.is_mature then members.customers_count else 0 end) as pending_count,
        -- More customers may register in a running month.
        coalesce({{ is_over('month', 'members.registration_month', 'max(run_context.as_of_date)') }}, true) as is_over,
        sum(members.rating_points) as rating_points,
        sum(members.ratings_count) as ratings_count
    from members
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('run_context') }} as run_context
    group by members.dimension_name, members.dimension_value, members.cohort_label, members.registration_month
),

quartiles as (
    select
        dimension_name,
        dimension_value,
        cohort_label,
        min(case when activated_pct >= 25.0 then days_from_registration end) as days_to_activate_p25,
        min(case when activated_pct >= 50.0 then days_from_registration end) as days_to_activate_median,
        min(case when activated_pct >= 75.0 then days_from_registration end) as days_to_activate_p75
    from {{ ref('mart_activation_curve') }}
    group by dimension_name, dimension_value, cohort_label
),

-- A target of the segment counts before the one for everybody.
targets as (
    select
        counted.dimension_name,
        counted.dimension_value,
        counted.cohort_label,
        targets.target_value,
        targets.comparator,
        row_number() over (
            partition by counted.dimension_name, counted.dimension_value, counted.cohort_label
            order by case when targets.segment_code = '*' then 1 else 0 end, targets.valid_from desc
        ) as choice
    from counted
    inner join {{ ref('metric_targets') }} as targets
        on targets.metric_code = 'activation_long_pct'
        and {{ holds_at('targets', 'counted.registration_month') }}
        and (
            targets.segment_code = '*'
            or (counted.dimension_name = 'segment' and targets.segment_code = counted.dimension_value)
        )
)

select
    counted.dimension_name,
    counted.dimension_value,
    counted.cohort_label,
    cast(counted.registered_count as bigint) as registered_count,
    cast(counted.activated_count as bigint) as activated_count,
    cast(counted.pending_count as bigint) as pending_count,
    cast(counted.short_num as bigint) as activated_short_num,
    cast(counted.short_den as bigint) as activated_short_den,
    {{ pct('counted.short_num', 'counted.short_den') }} as activated_short_pct,
    {{ wilson_pct('counted.short_num', 'counted.short_den', 'lo') }} as activated_short_ci_lo,
    {{ wilson_pct('counted.short_num', 'counted.short_den', 'hi') }} as activated_short_ci_hi,
    counted.pending_short_count = 0 and counted.is_over as is_short_complete,
    cast(counted.medium_num as bigint) as activated_medium_num,
    cast(counted.medium_den as bigint) as activated_medium_den,
    {{ pct('counted.medium_num', 'counted.medium_den') }} as activated_medium_pct,
    {{ wilson_pct('counted.medium_num', 'counted.medium_den', 'lo') }} as activated_medium_ci_lo,
    {{ wilson_pct('counted.medium_num', 'counted.medium_den', 'hi') }} as activated_medium_ci_hi,
    counted.pending_medium_count = 0 and counted.is_over as is_medium_complete,
    cast(counted.long_num as bigint) as activated_long_num,
    cast(counted.long_den as bigint) as activated_long_den,
    {{ pct('counted.long_num', 'counted.long_den') }} as activated_long_pct,
    {{ wilson_pct('counted.long_num', 'counted.long_den', 'lo') }} as activated_long_ci_lo,
    {{ wilson_pct('counted.long_num', 'counted.long_den', 'hi') }} as activated_long_ci_hi,
    counted.pending_long_count = 0 and counted.is_over as is_long_complete,
    cast(quartiles.days_to_activate_p25 as bigint) as p25_to_activate_days,
    cast(quartiles.days_to_activate_median as bigint) as median_to_activate_days,
    cast(quartiles.days_to_activate_p75 as bigint) as p75_to_activate_days,
    cast(targets.target_value as {{ type_double() }}) as target_pct,
    case targets.comparator
        when '>=' then 100.0 * counted.long_num >= targets.target_value * nullif(counted.long_den, 0)
        when '>' then 100.0 * counted.long_num > targets.target_value * nullif(counted.long_den, 0)
        when '<=' then 100.0 * counted.long_num <= targets.target_value * nullif(counted.long_den, 0)
        when '<' then 100.0 * counted.long_num < targets.target_value * nullif(counted.long_den, 0)
        when '=' then 100.0 * counted.long_num = targets.target_value * nullif(counted.long_den, 0)
    end as is_target_met,
    cast(counted.rating_points as bigint) as onboarding_rating_points,
    cast(counted.ratings_count as bigint) as onboarding_ratings_count,
    cast(1.0 * counted.rating_points / nullif(counted.ratings_count, 0) as {{ type_double() }})
        as onboarding_rating_avg,
    {{ is_reliable('counted.long_den') }} as is_reliable,
    counted.registration_month
from counted
left join quartiles
    on counted.dimension_name = quartiles.dimension_name
    and counted.dimension_value = quartiles.dimension_value
    and counted.cohort_label = quartiles.cohort_label
left join targets
    on counted.dimension_name = targets.dimension_name
    and counted.dimension_value = targets.dimension_value
    and counted.cohort_label = targets.cohort_label
    and targets.choice = 1
