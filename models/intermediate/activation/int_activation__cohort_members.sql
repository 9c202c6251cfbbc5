-- Measurable customers counted by dimension (ACT-04, ACT-05), in their registration month and in all months together.
-- They are counted before the dimensions are united: eight rows of each customer would cost more than everything after.
{% set dimensions = {
    'status': 'customers.registration_status',
    'segment': "coalesce(customers.segment_code, 'unassigned')",
    'region': "coalesce(customers.region, 'unknown')",
    'channel': "coalesce(customers.acquisition_channel, 'unknown')",
    'employee': "coalesce(customers.onboarding_owner_id, 'unassigned')",
    'responsible_employee': "coalesce(responsible.employee_id, 'unassigned')",
    'team': "coalesce(responsible.team, 'unassigned')",
} %}
{% set columns = {} %}
{% for dimension in dimensions %}{% do columns.update({dimension: dimension}) %}{% endfor %}
{% set measures = ['registration_month', 'tenure_days', 'days_to_activate', 'is_activated', 'is_mature'] %}
with ratings as (
    select
        customer_id,
        sum(score) as rating_points,
        count(*) as ratings_count
    from {{ ref('fct_survey_scores') }}
    where metric_code = 'onboarding_rating'
    group by customer_id
),

measurable as (
    select
        customers.customer_id,
        {%- for dimension, value in dimensions.items() %}
        {{ value }} as {{ dimension }},
        {%- endfor %}
        customers.registered_date,
        customers.registration_month,
        -- Activated customers are alike after the longest window, beyond which nobody asks.
        case
            when customers.is_activated then least(customers.tenure_days, policy.activation_window_long_days)
            else customers.tenure_days
        end as tenure_days,
        customers.tenure_days as full_tenure_days,
        customers.days_to_activate,
        customers.is_activated,
        customers.is_mature,
        coalesce(ratings.rating_points, 0) as rating_points,
        coalesce(ratings.ratings_count, 0) as ratings_count
    from {{ ref('dim_customer_activation') }} as customers
    cross join {{ ref('policy') }} as policy
    left join {{ ref('int_onboarding__responsible_employees') }} as responsible
        on customers.customer_id = responsible.customer_id
    left join ratings
        on customers.customer_id = ratings.customer_id
    where customers.is_measurable
),

-- An action has no rating of its own.
actions as (
    select
        actions.key_action_code as dimension_value,
        measurable.registration_month,
        case
            when actions.is_done then least(measurable.full_tenure_days, policy.activation_window_long_days)
            else measurable.full_tenure_days
        end as tenure_days,
        actions.days_from_registration as days_to_activate,
        actions.is_done as is_activated,
        measurable.is_mature
    from {{ ref('fct_key_actions') }} as actions
    cross join {{ ref('policy') }} as policy
    inner join measurable
        on actions.customer_id = measurable.customer_id
),

broken_down as (
    {{ breakdowns_with_attributes('measurable', columns, 'registered_date') }}
),

by_customer as (
    select
        dimension_name,
        dimension_value,
        {{ measures | join(', ') }},
        count(*) as customers_count,
        sum(rating_points) as rating_points,
        sum(ratings_count) as ratings_count
    from broken_down
    group by {{ measures | join(', ') }}, dimension_name, dimension_value
),

counted as (
    select * from by_customer
    union all
    select
        'feature' as dimension_name,
        dimension_value,
        {{ measures | join(', ') }},
        count(*) as customers_count,
        0 as rating_points,
        0 as ratings_count
    from actions
    group by dimension_value, {{ measures | join(', ') }}
),

months as (
    select * from counted
    union all
    select
        dimension_name,
        dimension_value,
        cast(null as date) as registration_month,
        tenure_days,
        days_to_activate,
        is_activated,
        is_mature,
        sum(customers_count) as customers_count,
        sum(rating_points) as rating_points,
        sum(ratings_count) as ratings_count
    from counted
    group by dimension_name, dimension_value, tenure_days, days_to_activate, is_activated, is_mature
)

select
    dimension_name,
    dimension_value,
    registration_month,
    cast(tenure_days as bigint) as tenure_days,
    days_to_activate,
    is_activated,
    is_mature,
    customers_count,
    rating_points,
    ratings_count
from months
