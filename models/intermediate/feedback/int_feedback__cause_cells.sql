{%- set dimensions = {
    'segment': 'segment_code', 'customer_group': 'customer_group', 'nps_group': 'nps_group', 'stage': 'stage_code',
    'source': 'source_kind'
} -%}
-- Counts of mentions in each period and breakdown, by topic and over all topics. Whether a customer churned after a
-- complaint is known when the days after it and the grace are over.
with churns as (
    select distinct
        customer_id,
        churned_date
    from {{ ref('fct_churn_events') }}
),

followed as (
    select
        mentions.source_kind,
        mentions.place_key,
        mentions.customer_id,
        mentions.topic_code,
        mentions.topic_origin,
        mentions.model_version,
        mentions.segment_code,
        mentions.customer_group,
        mentions.nps_group,
        coalesce(mentions.stage_code, 'unassigned') as stage_code,
        mentions.is_negative,
        mentions.is_complaint,
        mentions.is_question,
        mentions.is_indirect,
        mentions.is_unvoiced,
        mentions.is_negative and mentions.is_customer and mentions.customer_id is not null as is_at_risk,
        {{ add_days('mentions.occurred_date', 'policy.topic_churn_days + policy.churn_grace_days') }}
        <= run_context.as_of_date as is_mature,
        churns.customer_id is not null as is_churned,
        {{ period_start('month', 'mentions.occurred_date') }} as occurred_month,
        {{ period_start('quarter', 'mentions.occurred_date') }} as occurred_quarter
    from {{ ref('int_feedback__topic_mentions') }} as mentions
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    -- Tenures of a customer do not overlap, and the next churn is later than the days after this one.
    left join churns
        on mentions.customer_id = churns.customer_id
        and churns.churned_date > mentions.occurred_date
        and churns.churned_date <= {{ add_days('mentions.occurred_date', 'policy.topic_churn_days') }}
),

in_periods as (
    {%- for period_kind in ['month', 'quarter'] %}
    {%- for topic in ['followed.topic_code', "'all'"] %}
    select
        followed.source_kind,
        followed.place_key,
        followed.customer_id,
        {{ topic }} as counted_topic_code,
        followed.topic_origin,
        followed.model_version,
        followed.segment_code,
        followed.customer_group,
        followed.nps_group,
        followed.stage_code,
        followed.is_negative,
        followed.is_complaint,
        followed.is_question,
        followed.is_indirect,
        followed.is_unvoiced,
        followed.is_at_risk,
        followed.is_mature,
        followed.is_churned,
        '{{ period_kind }}' as period_kind,
        followed.occurred_{{ period_kind }} as period_start_date
    from followed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Rows of each breakdown first: one pass over them takes less time than so many distinct counts in grouping sets.
broken_down as (
    {{ breakdowns('in_periods', dimensions) }}
)

select
    period_kind,
    period_start_date,
    dimension_name,
    dimension_value,
    counted_topic_code as topic_code,
    count(distinct place_key) as mentions_count,
    {%- for source in ['survey', 'ticket', 'text_signal'] %}
    count(distinct case when source_kind = '{{ source }}' then place_key end) as {{ source }}_mentions_count,
    {%- endfor %}
    {%- for origin in ['human', 'model', 'keyword'] %}
    count(distinct case when topic_origin = '{{ origin }}' then place_key end) as {{ origin }}_mentions_count,
    {%- endfor %}
    count(distinct case when is_complaint then place_key end) as complaints_count,
    count(distinct case when is_question then place_key end) as questions_count,
    count(distinct customer_id) as customers_count,
    count(distinct case when is_negative then customer_id end) as dissatisfied_count,
    count(distinct case when is_indirect and is_negative then place_key end) as indirect_negative_count,
    count(distinct case when is_unvoiced is not null then place_key end) as unvoiced_den,
    count(distinct case when is_unvoiced then place_key end) as unvoiced_num,
    count(distinct case when is_at_risk then customer_id end) as at_risk_count,
    count(distinct case when is_at_risk and is_mature then customer_id end) as churned_den,
    count(distinct case when is_at_risk and is_mature and is_churned then customer_id end) as churned_num,
    count(distinct model_version) as model_versions_count,
    max(model_version) as latest_model_version
from broken_down
group by
    period_kind,
    period_start_date,
    dimension_name,
    dimension_value,
    counted_topic_code
