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
        {%- for window, code in windows.items() %}
        sum(case
            when members.tenure_days >= {{ code }} and members.days_to_activate <= {{ code }}
                then members.customers_count
            else 0
        end) as activated_{{ window }}_num,
        sum(case when members.tenure_days >= {{ code }} then members.customers_count else 0 end)
            as activated_{{ window }}_den,
        sum(case when members.tenure_days < {{ code }} then members.customers_count else 0 end)
            as pending_{{ window }}_count,
        {%- endfor %}
        sum(members.customers_count) as registered_count,
        sum(case when members.is_activated then members.customers_count else 0 end) as activated_count,
        sum(case when not members.is_mature then members.customers_count else 0 end) as pending_count
    from members
    cross join {{ ref('policy') }} as policy
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
)

select
    counted.dimension_name,
    counted.dimension_value,
    counted.cohort_label,
    cast(counted.registered_count as bigint) as registered_count,
    cast(counted.activated_count as bigint) as activated_count,
    cast(counted.pending_count as bigint) as pending_count,
    {%- for window in windows %}
    cast(counted.activated_{{ window }}_num as bigint) as activated_{{ window }}_num,
    cast(counted.activated_{{ window }}_den as bigint) as activated_{{ window }}_den,
    {{ pct('counted.activated_' ~ window ~ '_num', 'counted.activated_' ~ window ~ '_den') }}
        as activated_{{ window }}_pct,
    {{ wilson_pct('counted.activated_' ~ window ~ '_num', 'counted.activated_' ~ window ~ '_den', 'lo') }}
        as activated_{{ window }}_ci_lo,
    {{ wilson_pct('counted.activated_' ~ window ~ '_num', 'counted.activated_' ~ window ~ '_den', 'hi') }}
        as activated_{{ window }}_ci_hi,
    counted.pending_{{ window }}_count = 0 as is_{{ window }}_complete,
    {%- endfor %}
    cast(quartiles.days_to_activate_p25 as bigint) as p25_to_activate_days,
    cast(quartiles.days_to_activate_median as bigint) as median_to_activate_days,
    cast(quartiles.days_to_activate_p75 as bigint) as p75_to_activate_days,
    {{ is_reliable('counted.activated_long_den') }} as is_reliable,
    counted.registration_month
from counted
left join quartiles
    on counted.dimension_name = quartiles.dimension_name
    and counted.dimension_value = quartiles.dimension_value
    and counted.cohort_label = quartiles.cohort_label
