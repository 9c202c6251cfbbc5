-- Measurable customers counted per cut of ACT-04, in their registration month and in all months together. Counted
-- before the cuts are put one below the other: ten rows of each customer cost more than all that is made of them.
{% set dimensions = {
    'status': 'registration_status',
    'segment': "coalesce(segment_code, 'unassigned')",
    'region': "coalesce(region, 'unknown')",
    'channel': "coalesce(acquisition_channel, 'unknown')",
    'employee': "coalesce(onboarding_owner_id, 'unassigned')",
} %}
with customers as (
    select
        {%- for dimension, value in dimensions.items() %}
        {{ value }} as {{ dimension }},
        {%- endfor %}
        activation_customer.registration_month,
        case
            when activation_customer.is_activated
                then least(activation_customer.tenure_days, policy.activation_window_long_days)
            else activation_customer.tenure_days
        end as tenure_days,
        activation_customer.days_to_activate,
        activation_customer.is_activated,
        activation_customer.is_mature
    from {{ ref('mart_activation_customer') }} as activation_customer
    cross join {{ ref('policy') }} as policy
    where activation_customer.is_measurable
),

cuts as (
    select
        case
            {%- for dimension in dimensions %}
            when grouping({{ dimension }}) = 0 then '{{ dimension }}'
            {%- endfor %}
            else 'all'
        end as dimension_name,
        case
            {%- for dimension in dimensions %}
            when grouping({{ dimension }}) = 0 then {{ dimension }}
            {%- endfor %}
            else 'all'
        end as dimension_value,
        registration_month,
        tenure_days,
        days_to_activate,
        is_activated,
        is_mature,
        count(*) as customers_count
    from customers
    group by grouping sets (
        (registration_month, tenure_days, days_to_activate, is_activated, is_mature)
        {%- for dimension in dimensions %},
        ({{ dimension }}, registration_month, tenure_days, days_to_activate, is_activated, is_mature)
        {%- endfor %}
    )
)

select
    dimension_name,
    dimension_value,
    registration_month,
    cast(tenure_days as bigint) as tenure_days,
    days_to_activate,
    is_activated,
    is_mature,
    customers_count
from cuts
union all
select
    dimension_name,
    dimension_value,
    cast(null as date) as registration_month,
    cast(tenure_days as bigint) as tenure_days,
    days_to_activate,
    is_activated,
    is_mature,
    sum(customers_count) as customers_count
from cuts
group by dimension_name, dimension_value, tenure_days, days_to_activate, is_activated, is_mature
