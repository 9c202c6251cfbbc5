{% set named = [
    ('plan', 'plans', 'plan_code'), ('component', 'components', 'component_code'),
    ('attribute', 'customer_breakdowns', 'attribute_code'), ('rule', 'alert_rules', 'rule_code'),
    ('signal', 'alert_rules', 'signal_code'), ('playbook', 'playbooks', 'playbook_code'),
    ('channel', 'contact_channels', 'channel_code'), ('survey', 'surveys', 'survey_code'),
    ('metric', 'survey_metrics', 'metric_code'), ('reason', 'churn_reasons', 'reason_code')
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
)

-- A rule has a row for each version, and a reason one for each code that sources report.
select
    code_kind,
    code,
    max(title) as title
from titles
where code is not null and title is not null
group by code_kind, code
