-- Responses to surveys of Survicate. A survey that asks the recommendation question is the survey `nps` of the policy.
with responses as (
    select
        *,
        coalesce(survey_id, regexp_extract(_file, '([^/]+?)(\.jsonl?)?(\.gz)?$', 1)) as survey,
        list_transform(elements(answers), lambda answer: answer ->> 'question_type') as question_types
    from {{ export('survicate/*.json*', rows='data', latest='uuid', columns=['answers', 'respondent', 'survey_id']) }}
)

select
    uuid as response_id,
    list_filter(
        elements(respondent -> '$.attributes'), lambda attribute: (attribute ->> 'name') in ('user_id', 'customer_id')
    )[1] ->> 'value' as customer_id,
    case when list_contains(question_types, 'nps') then 'nps' else survey end as survey_code,
    collected_at as submitted_at,
    case when len(question_types) > 0 then 'complete' else 'partial' end as status,
    'survicate' as source_system,
    _file,
    _line
from responses
