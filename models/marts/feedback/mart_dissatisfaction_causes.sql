with compared as (
    select
        own.*,
        coalesce(topics.category_code, 'unassigned') as category_code,
        topics.title as topic_label,
        own.topic_code not in ('all', 'untagged') as is_topic,
        wholes.dissatisfied_count as whole_dissatisfied_count,
        earlier.dissatisfied_count as earlier_dissatisfied_count,
        earlier_wholes.dissatisfied_count as earlier_whole_count,
        earlier_wholes.latest_model_version as earlier_model_version,
        wholes.latest_model_version as whole_model_version
    from {{ ref('int_feedback__cause_cells') }} as own
    inner join {{ ref('int_feedback__cause_cells') }} as wholes
        on own.period_kind = wholes.period_kind
        and own.period_start_date = wholes.period_start_date
        and own.dimension_name = wholes.dimension_name
        and own.dimension_value = wholes.dimension_value
        and wholes.topic_code = 'all'
    left join {{ ref('int_feedback__cause_cells') }} as earlier_wholes
        on own.period_kind = earlier_wholes.period_kind
        and earlier_wholes.period_start_date
        = {{ add_months('own.period_start_date', "case own.period_kind when 'month' then -1 else -3 end") }}
        and own.dimension_name = earlier_wholes.dimension_name
        and own.dimension_value = earlier_wholes.dimension_value
        and earlier_wholes.topic_code = 'all'
    left join {{ ref('int_feedback__cause_cells') }} as earlier
        on earlier_wholes.period_kind = earlier.period_kind
        and earlier_wholes.period_start_date = earlier.period_start_date
        and earlier_wholes.dimension_name = earlier.dimension_name
        and earlier_wholes.dimension_value = earlier.dimension_value
        and own.topic_code = earlier.topic_code
    left join {{ ref('topics') }} as topics
        on own.topic_code = topics.topic_code
),

rated as (
    select
        *,
        -- A topic that nobody named in the period before had a share of 0 then, if anybody was dissatisfied at all.
        case when earlier_whole_count > 0 then coalesce(earlier_dissatisfied_count, 0) end as earlier_num,
        {{ pct('dissatisfied_count', 'whole_dissatisfied_count') }} as cause_pct,
        {{ wilson_pct('dissatisfied_count', 'whole_dissatisfied_count', 'lo') }} as cause_ci_lo,
        {{ wilson_pct('dissatisfied_count', 'whole_dissatisfied_count', 'hi') }} as cause_ci_hi,
        {{ pct('coalesce(earlier_dissatisfied_count, 0)', 'earlier_whole_count') }} as earlier_pct,
        {{ wilson_pct('coalesce(earlier_dissatisfied_count, 0)', 'earlier_whole_count', 'lo') }} as earlier_ci_lo,
        {{ wilson_pct('coalesce(earlier_dissatisfied_count, 0)', 'earlier_whole_count', 'hi') }} as earlier_ci_hi
    from compared
)

select
    rated.period_kind,
    rated.dimension_name,
    rated.dimension_value,
    rated.topic_code,
    rated.topic_label,
    rated.category_code,
    rated.latest_model_version,
    cast(rated.mentions_count as bigint) as mentions_count,
    cast(rated.survey_mentions_count as bigint) as survey_mentions_count,
    cast(rated.ticket_mentions_count as bigint) as ticket_mentions_count,
    cast(rated.text_signal_mentions_count as bigint) as text_signal_mentions_count,
    cast(rated.human_mentions_count as bigint) as human_mentions_count,
    cast(rated.model_mentions_count as bigint) as model_mentions_count,
    cast(rated.keyword_mentions_count as bigint) as keyword_mentions_count,
    cast(rated.complaints_count as bigint) as complaints_count,
    cast(rated.questions_count as bigint) as questions_count,
    cast(rated.customers_count as bigint) as customers_count,
    cast(rated.indirect_negative_count as bigint) as indirect_negative_count,
    cast(rated.model_versions_count as bigint) as model_versions_count,
    case
        when rated.is_topic and rated.dissatisfied_count > 0
            then cast(row_number() over (
                    partition by
                        rated.period_kind,
                        rated.period_start_date,
                        rated.dimension_name,
                        rated.dimension_value,
                        rated.is_topic
                    order by rated.dissatisfied_count desc, rated.topic_code asc
                ) as bigint)
    end as cause_order,
    cast(rated.dissatisfied_count as bigint) as cause_num,
    cast(rated.whole_dissatisfied_count as bigint) as cause_den,
    rated.cause_pct,
    rated.cause_ci_lo,
    rated.cause_ci_hi,
    cast(rated.cause_pct - rated.earlier_pct as {{ type_double() }}) as trend_pp,
    {{ newcombe_pp('rated.cause', 'rated.earlier', 'lo') }} as trend_ci_lo,
    {{ newcombe_pp('rated.cause', 'rated.earlier', 'hi') }} as trend_ci_hi,
    cast(rated.dissatisfied_count as bigint) as dissatisfied_num,
    cast(rated.customers_count as bigint) as dissatisfied_den,
    {{ pct('rated.dissatisfied_count', 'rated.customers_count') }} as dissatisfied_pct,
    cast(rated.unvoiced_num as bigint) as unvoiced_num,
    cast(rated.unvoiced_den as bigint) as unvoiced_den,
    {{ pct('rated.unvoiced_num', 'rated.unvoiced_den') }} as unvoiced_pct,
    cast(rated.at_risk_count - rated.churned_den as bigint) as pending_count,
    cast(rated.churned_num as bigint) as churned_num,
    cast(rated.churned_den as bigint) as churned_den,
    {{ pct('rated.churned_num', 'rated.churned_den') }} as churned_pct,
    {{ wilson_pct('rated.churned_num', 'rated.churned_den', 'lo') }} as churned_ci_lo,
    {{ wilson_pct('rated.churned_num', 'rated.churned_den', 'hi') }} as churned_ci_hi,
    case
        when rated.earlier_model_version is not null and rated.whole_model_version is not null
            then rated.earlier_model_version <> rated.whole_model_version
    end as is_model_changed,
    {{ is_over('rated.period_kind', 'rated.period_start_date') }} as is_complete,
    rated.at_risk_count = rated.churned_den as is_churn_complete,
    {{ is_reliable('rated.whole_dissatisfied_count') }} as is_reliable,
    {{ is_reliable('rated.churned_den') }} as is_churn_reliable,
    rated.period_start_date
from rated
cross join {{ ref('run_context') }} as run_context
