-- Responses to forms of Typeform. A form that asks the recommendation question is the survey `nps` of the policy.
-- Left out: visits without an answer.
with responses as (
    select
        *,
        regexp_extract(_file, '([^/]+?)(\.[a-z]+)?(\.gz|\.zst)?$', 1) as form,
        list_transform(elements(answers), lambda answer: answer ->> '$.field.type') as field_types,
        list_transform(elements(answers), lambda answer: answer ->> '$.field.ref') as field_refs
    from {{ export('typeform/*', rows='items', latest='response_id', columns=['answers', 'hidden', 'response_type']) }}
    -- Visits without an answer are not responses.
    where coalesce(response_type, 'completed') <> 'started'
)

select
    response_id,
    coalesce(hidden ->> 'customer_id', hidden ->> 'user_id') as customer_id,
    case when list_contains(field_types, 'nps') or list_contains(field_refs, 'nps') then 'nps' else form end
        as survey_code,
    landed_at as started_at,
    -- Typeform writes the year 1 for responses that were not sent in.
    case when not starts_with(submitted_at, '0001') then submitted_at end as submitted_at,
    case when coalesce(response_type, 'completed') = 'completed' then 'complete' else 'partial' end as status,
    'typeform' as source_system,
    _file,
    _line
from responses
