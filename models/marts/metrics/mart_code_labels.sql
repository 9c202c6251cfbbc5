{% set named = [
    ('plan', 'plans', 'plan_code'), ('component', 'components', 'component_code'),
    ('attribute', 'customer_breakdowns', 'attribute_code'), ('rule', 'alert_rules', 'rule_code'),
    ('signal', 'alert_rules', 'signal_code'), ('playbook', 'playbooks', 'playbook_code'),
    ('channel', 'contact_channels', 'channel_code'), ('survey', 'surveys', 'survey_code'),
    ('metric', 'survey_metrics', 'metric_code'), ('reason', 'churn_reasons', 'reason_code'),
    ('scope', 'activity_scopes', 'scope_code'),
    ('rfm_segment', 'rfm_segments', 'rfm_segment_code'), ('funnel', 'funnels', 'funnel_code'),
    ('promise_type', 'promise_types', 'promise_type'), ('trouble', 'trouble_kinds', 'trouble_code'),
    ('compensation', 'compensation_kinds', 'compensation_kind'),
    ('funnel_step', 'funnel_steps', "funnel_code || '/' || step_code"),
    ('program', 'loyalty_programs', 'program_code'), ('product', 'products', 'product_code'),
    ('touchpoint', 'journey_stages', "stage_code || '/' || touchpoint_code")
] %}

with titles as (
    select
        case scheme when 'usage' then 'segment' else scheme || '_segment' end as code_kind,
        segment_code as code,
        title
    from {{ ref('segments') }}
    {% for kind, seed, column in named %}
    union all
    select
        '{{ kind }}' as code_kind,
        {{ column }} as code,
        title
    from {{ ref(seed) }}
    {% endfor %}
),

-- Codes of the data that policy does not name.
unlisted as (
    select
        code_kind,
        unknown_code as code
    from {{ ref('unknown_policy_codes') }}
    where code_kind in ('component', 'plan', 'survey')
),

labels as (
    select
        code_kind,
        code,
        title,
        true as is_named
    from titles
    where code is not null and title is not null
    union all
    select
        'dimension' as code_kind,
        {{ attribute_dimension('breakdowns') }} as code,
        breakdowns.title,
        true as is_named
    from {{ ref('customer_breakdowns') }} as breakdowns
    union all
    select
        unlisted.code_kind,
        unlisted.code,
        {{ title_of_code('unlisted.code') }} as title,
        false as is_named
    from unlisted
)

-- A rule has a row for each version, and a reason one for each code that sources report.
select
    code_kind,
    code,
    max(title) as title,
    is_named
from labels
group by code_kind, code, is_named
