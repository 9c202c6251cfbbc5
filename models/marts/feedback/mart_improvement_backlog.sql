with voted as (
    select
        item_id,
        count(*) as voters_count,
        count(case when vote > 0 then 1 end) as for_count,
        count(case when vote < 0 then 1 end) as against_count
    from {{ ref('fct_idea_votes') }}
    group by item_id
),

voters as (
    select
        votes.item_id,
        votes.customer_id,
        run_context.as_of_date
    from {{ ref('fct_idea_votes') }} as votes
    cross join {{ ref('run_context') }} as run_context
    where votes.vote > 0
),

money as (
    {{ mrr_at('voters', ['item_id'], 'voters.as_of_date') }}
),

joined as (
    select
        items.*,
        evidence.mentions_count,
        evidence.customers_count,
        evidence.dissatisfied_customers_count,
        evidence.unpaid_customers_count,
        evidence.unpaid_wishing_count,
        evidence.mrr_amount,
        evidence.insight_date,
        coalesce(topics.category_code, 'unassigned') as category_code,
        coalesce(voted.voters_count, 0) as voters_count,
        coalesce(voted.for_count, 0) - coalesce(voted.against_count, 0) as net_votes_change,
        case when voted.for_count > 0 then coalesce(money.converted_mrr, 0) end as voters_mrr_amount,
        effects.is_mature,
        effects.is_measurable,
        coalesce(effects.before_num, 0) as before_num,
        coalesce(effects.before_den, 0) as before_den,
        coalesce(effects.after_num, 0) as after_num,
        coalesce(effects.after_den, 0) as after_den,
        effects.others_count,
        {{ business_date('items.decided_at') }} as decided_date,
        {{ business_date('items.started_at') }} as started_date,
        {{ business_date('items.shipped_at') }} as shipped_date,
        {{ business_date('items.published_at') }} as published_date,
        case
            when items.shipped_at is not null then 'shipped'
            when items.decision_code = 'rejected' then 'rejected'
            when items.started_at is not null then 'started'
            when items.decided_at is not null then 'decided'
            else 'open'
        end as item_state,
        items.is_public_idea and items.published_at is not null as is_published,
        {{ add_days('evidence.insight_date', 'policy.decision_limit_days') }} as decision_limit_date,
        {{ add_months('evidence.insight_date', 'policy.insight_breach_months') }} as start_limit_date,
        run_context.as_of_date
    from {{ ref('fct_backlog_items') }} as items
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_feedback__backlog_evidence') }} as evidence
        on items.item_id = evidence.item_id
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('topics') }} as topics
        on items.topic_code = topics.topic_code
    left join voted
        on items.item_id = voted.item_id
    left join money
        on items.item_id = money.item_id
    left join {{ ref('int_feedback__change_effects') }} as effects
        on items.item_id = effects.subject_code
        and effects.subject_kind = 'item'
),

bounded as (
    select
        *,
        item_state in ('open', 'decided', 'started') as is_open,
        {{ pct('before_num', 'before_den') }} as complained_before_pct,
        {{ wilson_pct('before_num', 'before_den', 'lo') }} as complained_before_ci_lo,
        {{ wilson_pct('before_num', 'before_den', 'hi') }} as complained_before_ci_hi,
        {{ pct('after_num', 'after_den') }} as complained_after_pct,
        {{ wilson_pct('after_num', 'after_den', 'lo') }} as complained_after_ci_lo,
        {{ wilson_pct('after_num', 'after_den', 'hi') }} as complained_after_ci_hi
    from joined
)

select
    bounded.item_id,
    bounded.title,
    coalesce(bounded.topic_code, 'untagged') as topic_code,
    bounded.category_code,
    coalesce(bounded.source_type, 'unknown') as item_source,
    bounded.item_state,
    bounded.decision_code,
    cast(bounded.mentions_count as bigint) as mentions_count,
    cast(bounded.customers_count as bigint) as evidence_customers_count,
    cast(bounded.dissatisfied_customers_count as bigint) as dissatisfied_customers_count,
    cast(bounded.unpaid_customers_count as bigint) as unpaid_customers_count,
    cast(bounded.unpaid_wishing_count as bigint) as unpaid_wishing_count,
    cast(bounded.mrr_amount as decimal(18, 2)) as evidence_mrr_amount,
    cast(bounded.voters_count as bigint) as voters_count,
    cast(bounded.net_votes_change as bigint) as net_votes_change,
    cast(bounded.voters_mrr_amount as decimal(18, 2)) as voters_mrr_amount,
    case
        when bounded.is_published
            then cast(row_number() over (
                    partition by bounded.is_published
                    order by bounded.net_votes_change desc, bounded.published_at asc, bounded.item_id asc
                ) as bigint)
    end as rating_order,
    case
        when bounded.is_open and bounded.unpaid_wishing_count > 0
            then cast(dense_rank() over (
                    partition by bounded.is_open order by bounded.unpaid_wishing_count desc
                ) as bigint)
    end as unpaid_order,
    cast({{ days_between('bounded.insight_date', 'bounded.decided_date') }} as bigint) as days_to_decision,
    cast({{ days_between('bounded.insight_date', 'bounded.started_date') }} as bigint) as days_to_start,
    cast({{ days_between('bounded.insight_date', 'bounded.shipped_date') }} as bigint) as days_to_ship,
    case when bounded.is_open then cast({{ days_between('bounded.insight_date', 'bounded.as_of_date') }} as bigint) end
        as waiting_days,
    cast(bounded.before_num as bigint) as complained_before_num,
    cast(bounded.before_den as bigint) as complained_before_den,
    bounded.complained_before_pct,
    bounded.complained_before_ci_lo,
    bounded.complained_before_ci_hi,
    cast(bounded.after_num as bigint) as complained_after_num,
    cast(bounded.after_den as bigint) as complained_after_den,
    bounded.complained_after_pct,
    bounded.complained_after_ci_lo,
    bounded.complained_after_ci_hi,
    cast(bounded.complained_after_pct - bounded.complained_before_pct as {{ type_double() }}) as complained_pp,
    {{ newcombe_pp('bounded.complained_after', 'bounded.complained_before', 'lo') }} as complained_ci_lo,
    {{ newcombe_pp('bounded.complained_after', 'bounded.complained_before', 'hi') }} as complained_ci_hi,
    cast(bounded.others_count as bigint) as others_shipped_count,
    bounded.is_published,
    bounded.is_open,
    bounded.customers_count + bounded.voters_count > 0 as has_evidence,
    coalesce(bounded.decided_date, bounded.started_date, bounded.shipped_date, bounded.as_of_date)
    > bounded.decision_limit_date as is_decided_late,
    case
        when bounded.item_state <> 'rejected'
            then coalesce(bounded.started_date, bounded.shipped_date, bounded.as_of_date)
                > bounded.start_limit_date
    end as is_started_too_late,
    case when bounded.item_state = 'shipped' then coalesce(bounded.is_mature, false) end as is_mature,
    case when bounded.item_state = 'shipped' then coalesce(bounded.is_measurable, false) end as is_measurable,
    bounded.complained_after_pct < bounded.complained_before_pct as is_fallen,
    case
        when bounded.before_den > 0 and bounded.after_den > 0
            then {{ is_reliable('least(bounded.before_den, bounded.after_den)') }}
    end as is_reliable,
    -- What else happened to customers in these months is not held apart.
    case when bounded.item_state = 'shipped' then true end as is_confounded,
    {{ is_over('month', period_start('month', 'bounded.created_date'), 'bounded.as_of_date') }} as is_month_complete,
    {{ is_over('month', period_start('month', 'bounded.shipped_date'), 'bounded.as_of_date') }}
        as is_shipped_month_complete,
    bounded.insight_date,
    bounded.created_date,
    bounded.decided_date,
    bounded.started_date,
    bounded.shipped_date,
    bounded.published_date,
    {{ period_start('month', 'bounded.shipped_date') }} as shipped_month,
    {{ period_start('month', 'bounded.created_date') }} as created_month
from bounded
