-- Unknown codes never stop a run: its summary names them and how they are treated.
with targeted as (
    -- Every metric of surveys is compared with its target; of the others those that have one in the catalogue.
    select metric_code
    from {{ ref('survey_metrics') }}
    {% for code in metric_catalogue() | map(attribute='target') | select | unique %}
    union
    select '{{ code }}' as metric_code
    {% endfor %}
),

unknown_segments as (
    select
        'segment' as code_kind,
        memberships.scheme || '/' || memberships.segment_code as unknown_code,
        memberships.customer_id
    from {{ ref('stg_crm__customer_segments') }} as memberships
    left join {{ ref('segments') }} as segments
        on memberships.scheme = segments.scheme
        and memberships.segment_code = segments.segment_code
    where segments.segment_code is null
),

unknown_plans as (
    select
        'plan' as code_kind,
        terms.plan_code as unknown_code,
        terms.customer_id
    from {{ ref('stg_billing__subscription_periods') }} as terms
    left join {{ ref('plans') }} as known_plans
        on terms.plan_code = known_plans.plan_code
    where terms.plan_code is not null
        and known_plans.plan_code is null
),

surveyed as (
    select
        survey_code,
        customer_id
    from {{ ref('stg_surveys__survey_invitations') }}
    union all
    select
        survey_code,
        customer_id
    from {{ ref('stg_surveys__survey_responses') }}
),

unknown_surveys as (
    select
        'survey' as code_kind,
        surveyed.survey_code as unknown_code,
        surveyed.customer_id
    from surveyed
    left join {{ ref('surveys') }} as surveys
        on surveyed.survey_code = surveys.survey_code
    where surveys.survey_code is null
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
    {% for kind in ['segments', 'plans', 'surveys', 'questions'] %}
    select
        code_kind,
        unknown_code,
        customer_id
    from unknown_{{ kind }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    found.code_kind,
    found.unknown_code,
    count(*) as rows_count,
    count(distinct found.customer_id) as customers_count
from found
left join {{ ref('customer_accounts') }} as customer_accounts
    on found.customer_id = customer_accounts.source_customer_id
-- Answers without a customer count, those of test accounts do not.
where found.customer_id is null or customer_accounts.source_customer_id is not null
group by found.code_kind, found.unknown_code

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
