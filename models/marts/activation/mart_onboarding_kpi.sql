{% set dimensions = {
    'all': "'all'",
    'employee': "coalesce(responsible.employee_id, 'unassigned')",
    'team': "coalesce(responsible.team, 'unassigned')",
    'region': "coalesce(activation.region, 'unknown')",
    'status': 'activation.registration_status',
    'segment': "coalesce(activation.segment_code, 'unassigned')",
    'channel': "coalesce(activation.acquisition_channel, 'unknown')",
} %}
with ratings as (
    select
        customer_id,
        sum(onboarding_rating_score) as rating_points,
        count(onboarding_rating_score) as ratings_count
    from {{ ref('fct_survey_responses') }}
    where onboarding_rating_score is not null
    group by customer_id
),

units as (
    {% for dimension, value in dimensions.items() %}
    select
        '{{ dimension }}' as dimension_name,
        {{ value }} as dimension_value,
        activation.registration_month,
        activation.is_mature,
        activation.is_activated as is_completed,
        activation.days_to_activate as days_to_complete,
        ratings.rating_points,
        ratings.ratings_count
    from {{ ref('mart_activation_customer') }} as activation
    left join {{ ref('int_onboarding__responsible_employees') }} as responsible
        on activation.customer_id = responsible.customer_id
    left join ratings
        on activation.customer_id = ratings.customer_id
    where activation.is_measurable
    union all
    {% endfor %}
    select
        'feature' as dimension_name,
        actions.key_action_code as dimension_value,
        activation.registration_month,
        activation.is_mature,
        actions.is_done as is_completed,
        actions.days_from_registration as days_to_complete,
        cast(null as bigint) as rating_points,
        cast(null as bigint) as ratings_count
    from {{ ref('mart_activation_actions') }} as actions
    inner join {{ ref('mart_activation_customer') }} as activation
        on actions.customer_id = activation.customer_id
    where activation.is_measurable
),

counted as (
    select
        dimension_name,
        dimension_value,
        registration_month,
        count(case when is_mature then 1 end) as completed_den,
        count(case when is_mature and is_completed then 1 end) as completed_num,
        count(case when not is_mature then 1 end) as pending_count,
        percentile_cont(0.5) within group (order by case when is_mature then days_to_complete end)
            as median_to_complete_days,
        sum(rating_points) as onboarding_rating_points,
        sum(ratings_count) as onboarding_ratings_count
    from units
    group by dimension_name, dimension_value, registration_month
),

targeted as (
    select
        counted.*,
        targets.target_value,
        targets.comparator,
        row_number() over (
            partition by counted.dimension_name, counted.dimension_value, counted.registration_month
            order by case when targets.segment_code = '*' then 1 else 0 end, targets.valid_from desc
        ) as choice
    from counted
    left join {{ ref('metric_targets') }} as targets
        on targets.metric_code = 'onboarding_completion_pct'
        and {{ holds_at('targets', 'counted.registration_month') }}
        and (
            targets.segment_code = '*'
            or (counted.dimension_name = 'segment' and targets.segment_code = counted.dimension_value)
        )
)

select
    dimension_name,
    dimension_value,
    cast(completed_num as bigint) as completed_num,
    cast(completed_den as bigint) as completed_den,
    {{ pct('completed_num', 'completed_den') }} as completed_pct,
    {{ wilson_pct('completed_num', 'completed_den', 'lo') }} as completed_ci_lo,
    {{ wilson_pct('completed_num', 'completed_den', 'hi') }} as completed_ci_hi,
    cast(pending_count as bigint) as pending_count,
    cast(target_value as double) as target_pct,
    cast(median_to_complete_days as double) as median_to_complete_days,
    cast(coalesce(onboarding_rating_points, 0) as bigint) as onboarding_rating_points,
    cast(coalesce(onboarding_ratings_count, 0) as bigint) as onboarding_ratings_count,
    cast(1.0 * onboarding_rating_points / nullif(onboarding_ratings_count, 0) as double) as onboarding_rating_avg,
    -- NULL while nobody is mature or no target stands.
    case comparator
        when '>=' then 100.0 * completed_num >= target_value * nullif(completed_den, 0)
        when '>' then 100.0 * completed_num > target_value * nullif(completed_den, 0)
        when '<=' then 100.0 * completed_num <= target_value * nullif(completed_den, 0)
        when '<' then 100.0 * completed_num < target_value * nullif(completed_den, 0)
        when '=' then 100.0 * completed_num = target_value * nullif(completed_den, 0)
    end as is_target_met,
    pending_count = 0 as is_complete,
    {{ is_reliable('completed_den') }} as is_reliable,
    registration_month
from targeted
where choice = 1
