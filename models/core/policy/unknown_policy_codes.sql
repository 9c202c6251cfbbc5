-- Unknown codes never stop a run: its summary names them and how they are treated.
{# Kind, relation that holds the codes, its columns, and the policy file that lists them with its columns. #}
{% set listed = [
    ('segment', 'stg_crm__customer_segments', ['scheme', 'segment_code'], 'segments', ['scheme', 'segment_code']),
    ('plan', 'stg_billing__subscription_periods', ['plan_code'], 'plans', ['plan_code']),
    ('survey', 'stg_surveys__survey_invitations', ['survey_code'], 'surveys', ['survey_code']),
    ('survey', 'stg_surveys__survey_responses', ['survey_code'], 'surveys', ['survey_code']),
    ('outcome of a contact', 'stg_crm__contacts', ['outcome_code'], 'contact_outcomes', ['outcome_code']),
    ('reason of an end', 'stg_billing__subscription_periods', ['end_reason_code'], 'churn_reasons', ['reported_code']),
    ('attribute', 'stg_crm__customer_attributes', ['attribute_code'], 'customer_breakdowns', ['attribute_code']),
    ('kind of promise', 'stg_support__promises', ['promise_type'], 'promise_types', ['promise_type']),
    ('kind of compensation', 'stg_support__compensations', ['kind'], 'compensation_kinds', ['compensation_kind']),
] %}
with targeted as (
    -- Every metric of surveys is compared with its target; of the others those that have one in the catalogue.
    select metric_code
    from {{ ref('survey_metrics') }}
    {% for code in metric_catalogue() | map(attribute='target') | select | unique %}
    union
    select '{{ code }}' as metric_code
    {% endfor %}
),

catalogued as (
    -- Never empty, also where the catalogue is.
    select '' as metric_code
    {% for code in metric_catalogue() | map(attribute='code') | select %}
    union
    select '{{ code }}' as metric_code
    {% endfor %}
),

-- Questions of an unknown survey are unknown because of the survey.
unknown_questions as (
    select
        'question' as code_kind,
        answers.survey_code || '/' || answers.question_code as unknown_code,
        responses.customer_id
    from {{ ref('fct_survey_answers') }} as answers
    inner join {{ ref('surveys') }} as surveys
        on answers.survey_code = surveys.survey_code
    inner join {{ ref('stg_surveys__survey_responses') }} as responses
        on answers.response_id = responses.response_id
    where answers.reject_reason = 'unknown_question'
),

found as (
    {% for kind, relation, columns, policy, known_by in listed %}
    select
        '{{ kind }}' as code_kind,
        codes.{{ columns | join(" || '/' || codes.") }} as unknown_code,
        codes.customer_id,
        1 as rows_count
    from {{ ref(relation) }} as codes
    left join {{ ref(policy) }} as known
        on codes.{{ columns | last }} = known.{{ known_by | last }}
        {%- if columns | length > 1 %}
        and codes.{{ columns | first }} = known.{{ known_by | first }}
        {%- endif %}
    where codes.{{ columns | last }} is not null
        and known.{{ known_by | last }} is null
    union all
    {% endfor %}
    select
        code_kind,
        unknown_code,
        customer_id,
        1 as rows_count
    from unknown_questions
    union all
    -- Days of use, because a run need not read every event again.
    select
        'component' as code_kind,
        uses.component_code as unknown_code,
        uses.customer_id,
        uses.events_count as rows_count
    from {{ ref('fct_component_usage_daily') }} as uses
    left join {{ ref('components') }} as components
        on uses.component_code = components.component_code
    where uses.component_code <> '(none)'
        and components.component_code is null
)

select
    found.code_kind,
    found.unknown_code,
    cast(sum(found.rows_count) as bigint) as rows_count,
    count(distinct found.customer_id) as customers_count
from found
left join {{ ref('customer_accounts') }} as customer_accounts
    on found.customer_id = customer_accounts.source_customer_id
-- Answers without a customer count, those of test accounts do not.
where found.customer_id is null or customer_accounts.source_customer_id is not null
group by found.code_kind, found.unknown_code

union all

select
    'event' as code_kind,
    unlisted.event_name as unknown_code,
    cast(sum(volumes.events_count) as bigint) as rows_count,
    cast(null as bigint) as customers_count
from {{ ref('dim_events') }} as unlisted
inner join {{ ref('fct_event_volume_daily') }} as volumes
    on unlisted.event_name = volumes.event_name
where not unlisted.is_listed
group by unlisted.event_name

union all

select
    'target of a metric' as code_kind,
    targets.metric_code as unknown_code,
    count(*) as rows_count,
    cast(null as bigint) as customers_count
from {{ ref('metric_targets') }} as targets
left join targeted
    on targets.metric_code = targeted.metric_code
where targeted.metric_code is null
group by targets.metric_code

union all

select
    'metric of the audit' as code_kind,
    criteria.metric_code as unknown_code,
    count(*) as rows_count,
    cast(null as bigint) as customers_count
from {{ ref('cx_audit_criteria') }} as criteria
left join catalogued
    on criteria.metric_code = catalogued.metric_code
where criteria.metric_code is not null
    and catalogued.metric_code is null
group by criteria.metric_code
