-- Periods in which signals of a customer are suppressed, and which ones: '*' means every signal.
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
        -- The recent window still contains the pause for a while after it.
        case
            when periods.valid_to is null then {{ end_of_time('date') }}
            else {{ add_days('periods.valid_to', 'policy.usage_pause_after_days') }}
        end as valid_to
    from {{ ref('customer_status_periods') }} as periods
    cross join {{ ref('policy') }} as policy
    where periods.status = 'paused'
    union all
    select
        contacts.customer_id,
        'vacation' as quiet_reason,
        '*' as signal_code,
        contacts.attempted_date as valid_from,
        {{ add_days('contacts.attempted_date', 'policy.usage_vacation_days') }} as valid_to
    from {{ ref('stg_crm__contacts') }} as contacts
    cross join {{ ref('policy') }} as policy
    where contacts.outcome_reason in (
            select reasons.reported_code from {{ ref('dim_churn_reasons') }} as reasons
            where reasons.is_pause
        )
        and coalesce(
            contacts.held_at, contacts.ended_at, contacts.replied_at, contacts.answered_at, contacts.attempted_at
        ) < (select as_of.as_of_end_at from as_of)
    union all
    select
        reviews.customer_id,
        'reviewed' as quiet_reason,
        case
            when reviews.subject_type = 'below_segment' then 'below_segment'
            else {{ dbt.split_part('subject_key', "':'", 2) }}
        end as signal_code,
        reviews.reviewed_date as valid_from,
        {{ add_days('reviews.reviewed_date', 'policy.usage_review_days') }} as valid_to
    from {{ ref('stg_support__reviews') }} as reviews
    cross join {{ ref('policy') }} as policy
    where reviews.customer_id is not null
        and reviews.reviewed_at < (select as_of.as_of_end_at from as_of)
        and (
            (reviews.subject_type = 'below_segment' and reviews.verdict = 'justified')
            or (reviews.subject_type = 'usage_anomaly' and reviews.verdict = 'legitimate')
            or (reviews.subject_type = 'alert' and reviews.verdict = 'false_alarm')
        )
)

{{ merged_periods('quiet', ['customer_id', 'quiet_reason', 'signal_code']) }}
