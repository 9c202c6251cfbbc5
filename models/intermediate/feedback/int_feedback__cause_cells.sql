{%- set dimensions = {
    'segment': 'segment_code', 'customer_group': 'customer_group', 'nps_group': 'nps_group', 'stage': 'stage_code',
    'source': 'source_kind'
} -%}
{%- set cell = ['period_kind', 'period_start_date', 'dimension_name', 'dimension_value', 'counted_topic_code'] -%}
{%- set of_places = {
    'survey_mentions_count': "source_kind = 'survey'",
    'ticket_mentions_count': "source_kind = 'ticket'",
    'text_signal_mentions_count': "source_kind = 'text_signal'",
    'human_mentions_count': "topic_origin = 'human'",
    'model_mentions_count': "topic_origin = 'model'",
    'keyword_mentions_count': "topic_origin = 'keyword'",
    'complaints_count': 'is_complaint',
    'questions_count': 'is_question',
    'indirect_negative_count': 'is_indirect and is_negative',
    'unvoiced_den': 'is_unvoiced is not null',
    'unvoiced_num': 'is_unvoiced',
} -%}
{%- set of_customers = {
    'dissatisfied_count': 'is_negative',
    'at_risk_count': 'is_at_risk',
    'churned_den': 'is_at_risk and is_mature',
    'churned_num': 'is_at_risk and is_mature and is_churned',
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
        followed.*,
        {{ topic }} as counted_topic_code,
        '{{ period_kind }}' as period_kind,
        followed.occurred_{{ period_kind }} as period_start_date
    from followed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

broken_down as (
    {{ breakdowns('in_periods', dimensions) }}
),

-- A row for each place and for each customer of a cell, so that they are counted once: so many distinct counts took
-- twice as long.
{% for unit, key, measures in [('place', 'place_key', of_places), ('customer', 'customer_id', of_customers)] %}
{{ unit }}s as (
    select
        {%- for name in cell %}
        {{ name }},
        {%- endfor %}
        {%- for name, condition in measures.items() %}
        max(case when {{ condition }} then 1 end) as {{ name }},
        {%- endfor %}
        {{ key }}
    from broken_down
    where {{ key }} is not null
    group by {{ cell | join(', ') }}, {{ key }}
),

{{ unit }}_counts as (
    select
        {%- for name in cell %}
        {{ name }},
        {%- endfor %}
        {%- for name in measures %}
        count({{ name }}) as {{ name }},
        {%- endfor %}
        count(*) as {{ unit }}s_count
    from {{ unit }}s
    group by {{ cell | join(', ') }}
),
{% endfor %}
versions as (
    select
        {%- for name in cell %}
        {{ name }},
        {%- endfor %}
        count(distinct model_version) as model_versions_count,
        max(model_version) as latest_model_version
    from broken_down
    where model_version is not null
    group by {{ cell | join(', ') }}
)

select
    place_counts.period_kind,
    place_counts.period_start_date,
    place_counts.dimension_name,
    place_counts.dimension_value,
    place_counts.counted_topic_code as topic_code,
    place_counts.places_count as mentions_count,
    {%- for source in ['survey', 'ticket', 'text_signal'] %}
    place_counts.{{ source }}_mentions_count,
    {%- endfor %}
    {%- for origin in ['human', 'model', 'keyword'] %}
    place_counts.{{ origin }}_mentions_count,
    {%- endfor %}
    place_counts.complaints_count,
    place_counts.questions_count,
    coalesce(customer_counts.customers_count, 0) as customers_count,
    coalesce(customer_counts.dissatisfied_count, 0) as dissatisfied_count,
    place_counts.indirect_negative_count,
    place_counts.unvoiced_den,
    place_counts.unvoiced_num,
    coalesce(customer_counts.at_risk_count, 0) as at_risk_count,
    coalesce(customer_counts.churned_den, 0) as churned_den,
    coalesce(customer_counts.churned_num, 0) as churned_num,
    coalesce(versions.model_versions_count, 0) as model_versions_count,
    versions.latest_model_version
from place_counts
left join customer_counts
    on place_counts.period_kind = customer_counts.period_kind
    and place_counts.period_start_date = customer_counts.period_start_date
    and place_counts.dimension_name = customer_counts.dimension_name
    and place_counts.dimension_value = customer_counts.dimension_value
    and place_counts.counted_topic_code = customer_counts.counted_topic_code
left join versions
    on place_counts.period_kind = versions.period_kind
    and place_counts.period_start_date = versions.period_start_date
    and place_counts.dimension_name = versions.dimension_name
    and place_counts.dimension_value = versions.dimension_value
    and place_counts.counted_topic_code = versions.counted_topic_code
