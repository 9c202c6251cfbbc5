-- Responses to surveys of Delighted. Its types nps, csat and ces are surveys of the policy.
select
    id as response_id,
    coalesce(person_properties ->> 'customer_id', person_properties ->> 'Customer ID') as customer_id,
    survey_type as survey_code,
    unix_moment(created_at) as submitted_at,
    'complete' as status,
    unix_moment(coalesce(updated_at, created_at)) as ingested_at,
    'delighted' as source_system,
    _file,
    _line
from {{ export('delighted/survey_responses*', latest='id', columns=[
    'additional_answers', 'comment', 'person_properties', 'updated_at'
]) }}
