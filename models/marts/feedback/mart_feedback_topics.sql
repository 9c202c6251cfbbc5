with recent as (
    select
        mentions.topic_code,
        count(distinct mentions.place_key) as mentions_count,
        count(distinct case when mentions.is_question then mentions.place_key end) as questions_count,
        count(distinct case when mentions.is_question then mentions.customer_id end) as asking_customers_count
    from {{ ref('int_feedback__topic_mentions') }} as mentions
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where mentions.topic_code <> 'untagged'
        and mentions.occurred_date > {{ add_days('run_context.as_of_date', '-policy.insight_memory_days') }}
    group by mentions.topic_code
),

backlog as (
    select
        topic_code,
        count(case when shipped_at is null and coalesce(decision_code <> 'rejected', true) then 1 end)
            as open_items_count,
        count(shipped_at) as shipped_items_count
    from {{ ref('fct_backlog_items') }}
    where topic_code is not null
    group by topic_code
),

-- Policy's topics, and those that the data name besides.
codes as (
    select topic_code from {{ ref('topics') }}
    union
    select topic_code from recent
    union
    select topic_code from backlog
),

joined as (
    select
        codes.topic_code,
        topics.title as topic_label,
        coalesce(topics.category_code, 'unassigned') as category_code,
        topics.topic_code is not null as is_known,
        coalesce(topics.article_from <= run_context.as_of_date, false) as has_article,
        case when topics.article_from <= run_context.as_of_date then topics.article_from end as article_date,
        coalesce(recent.mentions_count, 0) as mentions_count,
        case when {{ observed_from('tickets') }} is not null then coalesce(recent.questions_count, 0) end
            as questions_count,
        case when {{ observed_from('tickets') }} is not null then coalesce(recent.asking_customers_count, 0) end
            as asking_customers_count,
        coalesce(backlog.open_items_count, 0) as open_items_count,
        coalesce(backlog.shipped_items_count, 0) as shipped_items_count,
        effects.is_mature,
        effects.is_measurable,
        coalesce(effects.before_num, 0) as before_num,
        coalesce(effects.before_den, 0) as before_den,
        coalesce(effects.after_num, 0) as after_num,
        coalesce(effects.after_den, 0) as after_den,
        effects.others_count,
        coalesce(checks.hits_count, 0) as hits_count,
        coalesce(checks.found_count, 0) as found_count,
        coalesce(checks.tagged_count, 0) as tagged_count
    from codes
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('topics') }} as topics
        on codes.topic_code = topics.topic_code
    left join recent
        on codes.topic_code = recent.topic_code
    left join backlog
        on codes.topic_code = backlog.topic_code
    left join {{ ref('int_feedback__change_effects') }} as effects
        on codes.topic_code = effects.subject_code
        and effects.subject_kind = 'article'
    left join {{ ref('int_feedback__keyword_checks') }} as checks
        on codes.topic_code = checks.topic_code
),

rated as (
    select
        *,
        {{ pct('before_num', 'before_den') }} as asked_before_pct,
        {{ wilson_pct('before_num', 'before_den', 'lo') }} as asked_before_ci_lo,
        {{ wilson_pct('before_num', 'before_den', 'hi') }} as asked_before_ci_hi,
        {{ pct('after_num', 'after_den') }} as asked_after_pct,
        {{ wilson_pct('after_num', 'after_den', 'lo') }} as asked_after_ci_lo,
        {{ wilson_pct('after_num', 'after_den', 'hi') }} as asked_after_ci_hi
    from joined
)

select
    rated.topic_code,
    rated.topic_label,
    rated.category_code,
    cast(rated.mentions_count as bigint) as mentions_count,
    cast(rated.questions_count as bigint) as questions_count,
    cast(rated.asking_customers_count as bigint) as asking_customers_count,
    case
        when not rated.has_article and rated.asking_customers_count > 0
            then cast(row_number() over (
                    partition by rated.has_article order by rated.asking_customers_count desc, rated.topic_code asc
                ) as bigint)
    end as article_order,
    cast(rated.open_items_count as bigint) as open_items_count,
    cast(rated.shipped_items_count as bigint) as shipped_items_count,
    cast(rated.before_num as bigint) as asked_before_num,
    cast(rated.before_den as bigint) as asked_before_den,
    rated.asked_before_pct,
    rated.asked_before_ci_lo,
    rated.asked_before_ci_hi,
    cast(rated.after_num as bigint) as asked_after_num,
    cast(rated.after_den as bigint) as asked_after_den,
    rated.asked_after_pct,
    rated.asked_after_ci_lo,
    rated.asked_after_ci_hi,
    cast(rated.asked_after_pct - rated.asked_before_pct as {{ type_double() }}) as asked_pp,
    {{ newcombe_pp('rated.asked_after', 'rated.asked_before', 'lo') }} as asked_ci_lo,
    {{ newcombe_pp('rated.asked_after', 'rated.asked_before', 'hi') }} as asked_ci_hi,
    cast(rated.others_count as bigint) as others_shipped_count,
    cast(rated.hits_count as bigint) as precision_num,
    cast(rated.found_count as bigint) as precision_den,
    {{ pct('rated.hits_count', 'rated.found_count') }} as precision_pct,
    {{ wilson_pct('rated.hits_count', 'rated.found_count', 'lo') }} as precision_ci_lo,
    {{ wilson_pct('rated.hits_count', 'rated.found_count', 'hi') }} as precision_ci_hi,
    cast(rated.hits_count as bigint) as recall_num,
    cast(rated.tagged_count as bigint) as recall_den,
    {{ pct('rated.hits_count', 'rated.tagged_count') }} as recall_pct,
    {{ wilson_pct('rated.hits_count', 'rated.tagged_count', 'lo') }} as recall_ci_lo,
    {{ wilson_pct('rated.hits_count', 'rated.tagged_count', 'hi') }} as recall_ci_hi,
    rated.is_known,
    rated.has_article,
    case when rated.has_article then coalesce(rated.is_mature, false) end as is_mature,
    case when rated.has_article then coalesce(rated.is_measurable, false) end as is_measurable,
    case
        when rated.before_den > 0 and rated.after_den > 0
            then {{ is_reliable('least(rated.before_den, rated.after_den)') }}
    end as is_reliable,
    {{ is_reliable('rated.found_count') }} as is_precision_reliable,
    {{ is_reliable('rated.tagged_count') }} as is_recall_reliable,
    -- What else happened to customers in these months is not held apart.
    case when rated.has_article then true end as is_confounded,
    rated.article_date
from rated
