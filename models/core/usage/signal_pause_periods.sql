-- When a person would not raise a signal about a customer, and which one: '*' stands for every signal.
with as_of as (
    select
        as_of_date,
        as_of_end_at
    from {{ ref('run_context') }}
),

quiet as (
    select
        periods.customer_id,
        'paused' as quiet_reason,
        '*' as signal_code,
        periods.valid_from,
        -- What happened in the pause stays in the recent window for a while.
        case
            when periods.valid_to is null then {{ end_of_time('date') }}
            else {{ add_days('periods.valid_to', 'cast(' ~ threshold('usage_pause_after_days') ~ ' as integer)') }}
        end as valid_to
    from {{ ref('customer_status_periods') }} as periods
    where periods.status = 'paused'
    union all
    select
        customer_id,
        'vacation' as quiet_reason,
        '*' as signal_code,
        attempted_date as valid_from,
        {{ add_days('attempted_date', 'cast(' ~ threshold('usage_vacation_days') ~ ' as integer)') }} as valid_to
    from {{ ref('stg_crm__contacts') }}
    where outcome_reason in (
            select reasons.reported_code from {{ ref('dim_churn_reasons') }} as reasons
            where reasons.is_pause
        )
        and coalesce(held_at, ended_at, replied_at, answered_at, attempted_at) < (select as_of.as_of_end_at from as_of)
    union all
    select
        customer_id,
        'reviewed' as quiet_reason,
        case
            when subject_type = 'below_segment' then 'below_segment'
            else {{ dbt.split_part('subject_key', "':'", 2) }}
        end as signal_code,
        reviewed_date as valid_from,
        {{ add_days('reviewed_date', 'cast(' ~ threshold('usage_review_days') ~ ' as integer)') }} as valid_to
    from {{ ref('stg_support__reviews') }}
    where customer_id is not null
        and reviewed_at < (select as_of.as_of_end_at from as_of)
        and (
            (subject_type = 'below_segment' and verdict = 'justified')
            or (subject_type = 'usage_anomaly' and verdict = 'legitimate')
            or (subject_type = 'alert' and verdict = 'false_alarm')
        )
)

{{ merged_periods('quiet', ['customer_id', 'quiet_reason', 'signal_code']) }}
