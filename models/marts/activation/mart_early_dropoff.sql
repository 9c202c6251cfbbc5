{%- set groups = ['answered', 'not_answered', 'not_asked'] %}
with customers as (
    select
        watched.customer_id,
        watched.registered_date,
        {{ period_start('quarter', 'watched.registration_month') }} as registration_quarter,
        coalesce(watched.registration_segment_code, 'unassigned') as segment_code,
        coalesce(activation.last_done_step_code, 'none') as last_done_step_code,
        watched.dropoff_kind,
        watched.is_mature,
        watched.is_complete,
        coalesce({{ business_date('activation.activated_at') }} <= watched.dropoff_date, false) as is_activated,
        reactivations.response_id,
        coalesce(reactivations.is_invited, false) as is_invited,
        coalesce(reactivations.is_answered, false) as is_answered,
        reactivations.is_reactivation_known,
        reactivations.is_reactivated_before_landmark,
        reactivations.is_reactivated,
        reactivations.landmark_group
    from {{ ref('fct_early_dropoffs') }} as watched
    left join {{ ref('dim_customer_activation') }} as activation
        on watched.customer_id = activation.customer_id
    left join {{ ref('int_early_dropoffs__reactivations') }} as reactivations
        on watched.customer_id = reactivations.customer_id
),

-- A customer who names two topics is in both, so topics do not add up to customers.
topics as (
    select
        customers.customer_id,
        answers.option_code as topic_code
    from customers
    inner join {{ ref('fct_survey_answers') }} as answers
        on customers.response_id = answers.response_id
        and answers.option_code is not null
    where customers.is_answered
    union
    select
        customers.customer_id,
        signals.topic_code
    from customers
    inner join {{ ref('fct_feedback_signals') }} as signals
        on customers.response_id = signals.response_id
        and signals.topic_code is not null
    where customers.is_answered
),

units as (
    {{ breakdowns_with_attributes(
        'customers', {'segment': 'segment_code', 'last_done_step': 'last_done_step_code'}, day='registered_date'
    ) }}
    union all
    select
        'topic' as dimension_name,
        topics.topic_code as dimension_value,
        customers.*
    from topics
    inner join customers
        on topics.customer_id = customers.customer_id
),

counted as (
    select
        dimension_name,
        dimension_value,
        registration_quarter,
        count(*) as registered_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when not is_complete then 1 end) as incomplete_count,
        count(case when dropoff_kind = 'churned' then 1 end) as churned_count,
        count(case when dropoff_kind = 'access_ended' then 1 end) as access_ended_count,
        count(case when dropoff_kind = 'inactive' then 1 end) as inactive_count,
        count(dropoff_kind) as dropped_count,
        count(case when dropoff_kind is not null and is_activated then 1 end) as dropped_activated_count,
        count(case when is_invited then 1 end) as invited_count,
        count(case when is_answered then 1 end) as answered_count,
        {%- for group in groups %}
        count(case
            when is_reactivation_known and is_reactivated and not is_reactivated_before_landmark
                and landmark_group = '{{ group }}' then 1
        end) as reactivated_{{ group }}_num,
        count(case
            when is_reactivation_known and not is_reactivated_before_landmark
                and landmark_group = '{{ group }}' then 1
        end) as reactivated_{{ group }}_den,
        {%- endfor %}
        count(case when is_reactivation_known and is_reactivated_before_landmark then 1 end)
            as reactivated_before_landmark_count,
        count(case when not is_reactivation_known then 1 end) as reactivated_pending_count
    from units
    group by grouping sets (
        (dimension_name, dimension_value), (dimension_name, dimension_value, registration_quarter)
    )
),

rated as (
    select
        {%- for group in groups %}
        {{ pct('reactivated_' ~ group ~ '_num', 'reactivated_' ~ group ~ '_den') }} as reactivated_{{ group }}_pct,
        {%- for side in ['lo', 'hi'] %}
        {{ wilson_pct('reactivated_' ~ group ~ '_num', 'reactivated_' ~ group ~ '_den', side) }}
            as reactivated_{{ group }}_ci_{{ side }},
        {%- endfor %}
        {%- endfor %}
        case when dimension_name <> 'topic' then mature_count end as dropped_den,
        -- More customers may register in a running quarter.
        coalesce({{ is_over(
            'quarter', 'registration_quarter',
            '(select run_context.as_of_date from ' ~ ref('run_context') ~ ' as run_context)'
        ) }}, true) as is_over,
        sum(case when dimension_name = 'all' then answered_count end) over (
            partition by registration_quarter
        ) as all_answered_count,
        *
    from counted
)

select
    dimension_name,
    dimension_value,
    case
        when registration_quarter is null then 'all'
        else substring(cast(registration_quarter as {{ dbt.type_string() }}), 1, 4) || '-Q'
            || cast(extract(quarter from registration_quarter) as {{ dbt.type_string() }})
    end as cohort_label,
    cast(case when dimension_name <> 'topic' then registered_count end as bigint) as registered_count,
    cast(case when dimension_name <> 'topic' then pending_count end as bigint) as pending_count,
    cast(churned_count as bigint) as churned_count,
    cast(access_ended_count as bigint) as access_ended_count,
    cast(inactive_count as bigint) as inactive_count,
    cast(dropped_activated_count as bigint) as dropped_activated_count,
    cast(dropped_count as bigint) as dropped_early_num,
    cast(dropped_den as bigint) as dropped_early_den,
    {{ pct('dropped_count', 'dropped_den') }} as dropped_early_pct,
    {{ wilson_pct('dropped_count', 'dropped_den', 'lo') }} as dropped_early_ci_lo,
    {{ wilson_pct('dropped_count', 'dropped_den', 'hi') }} as dropped_early_ci_hi,
    incomplete_count = 0 and is_over as is_complete,
    {{ is_reliable('mature_count') }} as is_reliable,
    cast(invited_count as bigint) as invited_count,
    cast(answered_count as bigint) as response_num,
    cast(invited_count as bigint) as response_den,
    {{ pct('answered_count', 'invited_count') }} as response_pct,
    cast(answered_count as bigint) as mention_num,
    cast(all_answered_count as bigint) as mention_den,
    {{ pct('answered_count', 'all_answered_count') }} as mention_pct,
    {{ is_reliable('answered_count') }} as is_mention_reliable,
    cast(reactivated_answered_num as bigint) as reactivated_answered_num,
    cast(reactivated_answered_den as bigint) as reactivated_answered_den,
    reactivated_answered_pct,
    reactivated_answered_ci_lo,
    reactivated_answered_ci_hi,
    cast(reactivated_not_answered_num as bigint) as reactivated_not_answered_num,
    cast(reactivated_not_answered_den as bigint) as reactivated_not_answered_den,
    reactivated_not_answered_pct,
    reactivated_not_answered_ci_lo,
    reactivated_not_answered_ci_hi,
    cast(reactivated_not_asked_num as bigint) as reactivated_not_asked_num,
    cast(reactivated_not_asked_den as bigint) as reactivated_not_asked_den,
    reactivated_not_asked_pct,
    reactivated_not_asked_ci_lo,
    reactivated_not_asked_ci_hi,
    reactivated_answered_pct - reactivated_not_answered_pct as reactivated_difference_pp,
    {{ newcombe_pp('reactivated_answered', 'reactivated_not_answered', 'lo') }} as reactivated_difference_ci_lo,
    {{ newcombe_pp('reactivated_answered', 'reactivated_not_answered', 'hi') }} as reactivated_difference_ci_hi,
    true as is_confounded,
    cast(reactivated_before_landmark_count as bigint) as reactivated_before_landmark_count,
    cast(reactivated_pending_count as bigint) as reactivated_pending_count,
    reactivated_pending_count = 0 and is_over as is_reactivation_complete,
    registration_quarter
from rated
