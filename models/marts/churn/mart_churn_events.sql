with told as (
    select
        events.*,
        evidence.last_nps_score,
        evidence.last_nps_group,
        evidence.prior_topic_code,
        evidence.revenue_12m_amount,
        evidence.revenue_after_reactivation_amount,
        evidence.has_complained_before,
        evidence.has_complained_after,
        evidence.is_refund_due,
        evidence.exit_asked_at,
        evidence.exit_talk_at,
        evidence.refunded_at,
        winback.winback_offer_code,
        winback.is_churned_at_landmark,
        winback.is_contacted_by_landmark,
        winback.is_landmark_mature,
        winback.is_reactivated_after_landmark,
        winback.landmark_date,
        winback.winback_attempted_at,
        winback.winback_contacted_at,
        journey.stage_code,
        opening.mrr as opening_mrr,
        value_limits.top_from_mrr,
        -- What the customer says counts before what billing noted, and that before what an employee wrote down.
        coalesce(evidence.survey_reason_code, events.end_reason_code, evidence.agent_reason_code) as reported_code,
        case
            when evidence.survey_reason_code is not null then 'survey'
            when events.end_reason_code is not null then 'billing'
            when evidence.agent_reason_code is not null then 'agent'
            else 'none'
        end as reason_source,
        run_context.as_of_date
    from {{ ref('int_churn__events') }} as events
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('fct_churn_evidence') }} as evidence
        on events.customer_id = evidence.customer_id
        and events.tenure_number = evidence.tenure_number
    inner join {{ ref('int_churn_events__winback') }} as winback
        on events.customer_id = winback.customer_id
        and events.tenure_number = winback.tenure_number
    inner join {{ ref('int_churn__stages') }} as journey
        on events.customer_id = journey.customer_id
        and events.tenure_number = journey.tenure_number
        and journey.moment = 'leaving'
    left join {{ ref('dim_customer_month_end') }} as opening
        on events.customer_id = opening.customer_id
        and events.tenure_number = opening.tenure_number
        and events.churned_month = cast({{ dbt.dateadd('month', 1, 'opening.month_date') }} as date)
    left join {{ ref('dim_value_limits') }} as value_limits
        on opening.month_date = value_limits.month_date
)

select
    told.customer_id,
    cast(told.tenure_number as bigint) as tenure_number,
    told.basis as basis_code,
    told.segment_code,
    told.value_segment_code,
    told.plan_code,
    told.region,
    told.acquisition_channel,
    told.owner_id,
    told.customer_status,
    told.stage_code,
    case
        when told.reported_code is null then 'unknown'
        else coalesce(reasons.reason_code, 'unlisted')
    end as reason_code,
    case when told.reported_code is null then 'unknown' else coalesce(reasons.category, 'other') end
        as reason_category_code,
    told.reason_source,
    told.prior_topic_code,
    told.winback_offer_code,
    cast(told.tenure_days as bigint) as tenure_days,
    cast(told.last_nps_score as bigint) as last_nps_score,
    cast(told.mrr_lost as decimal(18, 2)) as lost_mrr_amount,
    told.revenue_12m_amount,
    cast({{ days_between('told.churned_date', 'told.reactivated_date') }} as bigint) as days_to_reactivation,
    cast(case
        when {{ days_between('told.reactivated_date', 'told.as_of_date') }} >= policy.winback_revenue_days
            then told.revenue_after_reactivation_amount
    end as decimal(18, 2)) as revenue_after_reactivation_amount,
    -- Converted amounts of the row that are NULL for want of a rate.
    cast(
        case when told.basis = 'contract' and told.mrr_lost is null then 1 else 0 end
        + case when told.revenue_12m_amount is null then 1 else 0 end
        + case when told.revenue_after_reactivation_amount is null then 1 else 0 end as bigint
    ) as unconverted_count,
    told.is_paying,
    told.is_voluntary,
    told.last_nps_group = 'promoter' as is_promoter,
    case when told.opening_mrr > 0 then told.opening_mrr >= told.top_from_mrr end as is_top_value,
    told.has_complained_before
    or coalesce(told.last_nps_group = 'detractor', false) as has_prior_signal,
    told.exit_asked_at is not null as is_exit_asked,
    told.is_refund_due,
    -- A parting is warm when somebody talked to the customer and what was due came back in time.
    told.exit_talk_at is not null
    and (
        not told.is_refund_due
        or coalesce(
            {{ days_between('told.churned_date', business_date('told.refunded_at')) }}
            <= policy.warm_exit_days,
            false
        )
    ) as is_warm_exit,
    told.has_complained_after,
    told.winback_contacted_at is not null as is_winback_contacted,
    {{ days_between('told.churned_date', 'told.as_of_date') }} >= policy.winback_window_days
        as is_winback_mature,
    coalesce(
        {{ days_between('told.churned_date', 'told.reactivated_date') }} < policy.winback_window_days, false
    ) as is_reactivated_in_window,
    told.is_churned_at_landmark,
    told.is_contacted_by_landmark,
    told.is_landmark_mature,
    told.is_reactivated_after_landmark,
    told.started_date,
    told.churned_date,
    told.churned_month,
    told.recognised_date,
    told.reactivated_date,
    told.landmark_date,
    told.cancel_requested_at,
    told.exit_asked_at,
    told.exit_talk_at,
    told.refunded_at,
    told.winback_attempted_at,
    told.winback_contacted_at
from told
left join {{ ref('dim_churn_reasons') }} as reasons
    on told.reported_code = reasons.reported_code
cross join {{ ref('policy') }} as policy
