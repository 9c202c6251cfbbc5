-- Everything about a churn: what was true of the customer on the last day, at which stage and why it happened, and what
-- came after.
with joined as (
    select
        events.*,
        evidence.last_nps_score,
        evidence.last_nps_group,
        evidence.prior_topic_code,
        payments.revenue_12m_amount,
        payments.revenue_after_reactivation_amount,
        evidence.has_complained_before,
        evidence.has_complained_after,
        payments.is_refund_due,
        evidence.exit_asked_at,
        evidence.exit_talk_at,
        payments.refunded_at,
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
    from {{ ref('fct_churn_events') }} as events
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('fct_churn_evidence') }} as evidence
        on events.customer_id = evidence.customer_id
        and events.tenure_number = evidence.tenure_number
    inner join {{ ref('fct_churn_payments') }} as payments
        on events.customer_id = payments.customer_id
        and events.tenure_number = payments.tenure_number
    inner join {{ ref('int_churn__winback') }} as winback
        on events.customer_id = winback.customer_id
        and events.tenure_number = winback.tenure_number
    inner join {{ ref('int_churn__stages') }} as journey
        on events.customer_id = journey.customer_id
        and events.tenure_number = journey.tenure_number
        and journey.moment = 'churn'
    left join {{ ref('dim_customer_month_end') }} as opening
        on events.customer_id = opening.customer_id
        and events.tenure_number = opening.tenure_number
        and events.churned_month = cast({{ dbt.dateadd('month', 1, 'opening.month_date') }} as date)
    left join {{ ref('dim_value_limits') }} as value_limits
        on opening.month_date = value_limits.month_date
)

select
    joined.customer_id,
    joined.source_customer_id,
    cast(joined.tenure_number as bigint) as tenure_number,
    joined.basis as basis_code,
    joined.segment_code,
    joined.value_segment_code,
    joined.plan_code,
    joined.region,
    joined.acquisition_channel,
    joined.owner_id,
    joined.customer_status,
    joined.stage_code,
    case
        when joined.reported_code is null then 'unknown'
        else coalesce(reasons.reason_code, 'unlisted')
    end as reason_code,
    case when joined.reported_code is null then 'unknown' else coalesce(reasons.category, 'other') end
        as reason_category_code,
    joined.reason_source,
    joined.prior_topic_code,
    joined.winback_offer_code,
    cast(joined.tenure_days as bigint) as tenure_days,
    cast(joined.last_nps_score as bigint) as last_nps_score,
    cast(joined.mrr_lost as decimal(18, 2)) as lost_mrr_amount,
    joined.revenue_12m_amount,
    cast({{ days_between('joined.churned_date', 'joined.reactivated_date') }} as bigint) as days_to_reactivation,
    cast(case
        when {{ days_between('joined.reactivated_date', 'joined.as_of_date') }} >= policy.winback_revenue_days
            then joined.revenue_after_reactivation_amount
    end as decimal(18, 2)) as revenue_after_reactivation_amount,
    -- Converted amounts of the row that are NULL for want of a rate.
    cast(
        case when joined.basis = 'contract' and joined.mrr_lost is null then 1 else 0 end
        + case when joined.revenue_12m_amount is null then 1 else 0 end
        + case when joined.revenue_after_reactivation_amount is null then 1 else 0 end as bigint
    ) as unconverted_count,
    joined.is_paying,
    joined.is_voluntary,
    joined.last_nps_group = 'promoter' as is_promoter,
    case when joined.opening_mrr > 0 then joined.opening_mrr >= joined.top_from_mrr end as is_top_value,
    joined.has_complained_before
    or coalesce(joined.last_nps_group = 'detractor', false) as has_prior_signal,
    joined.exit_asked_at is not null as is_exit_asked,
    joined.is_refund_due,
    -- An exit is warm when somebody talked to the customer and what was due came back in time.
    joined.exit_talk_at is not null
    and (
        not joined.is_refund_due
        or coalesce(
            {{ days_between('joined.churned_date', business_date('joined.refunded_at')) }}
            <= policy.warm_exit_days,
            false
        )
    ) as is_warm_exit,
    joined.has_complained_after,
    joined.winback_contacted_at is not null as is_winback_contacted,
    {{ days_between('joined.churned_date', 'joined.as_of_date') }} >= policy.winback_window_days
        as is_winback_mature,
    coalesce(
        {{ days_between('joined.churned_date', 'joined.reactivated_date') }} < policy.winback_window_days, false
    ) as is_reactivated_in_window,
    joined.is_churned_at_landmark,
    joined.is_contacted_by_landmark,
    joined.is_landmark_mature,
    joined.is_reactivated_after_landmark,
    joined.started_date,
    joined.churned_date,
    joined.churned_month,
    joined.recognised_date,
    joined.reactivated_date,
    joined.landmark_date,
    joined.cancel_requested_at,
    joined.exit_asked_at,
    joined.exit_talk_at,
    joined.refunded_at,
    joined.winback_attempted_at,
    joined.winback_contacted_at
from joined
left join {{ ref('dim_churn_reasons') }} as reasons
    on joined.reported_code = reasons.reported_code
cross join {{ ref('policy') }} as policy
