-- The score with its comment, and answers to further questions of Delighted.
-- Left out: responses without a score or a text.
with responses as (
    from {{ export('delighted/survey_responses*', latest='id', columns=[
        'additional_answers', 'comment', 'person_properties', 'updated_at'
    ]) }}
),

further as (
    select
        *,
        unnest(elements(additional_answers)) as answer
    from responses
),

answers as (
    select
        id,
        survey_type as question_code,
        score,
        null as option_code,
        comment as text_answer,
        created_at,
        updated_at,
        _file,
        _line
    from responses
    union all
    select
        id,
        answer ->> '$.question.id',
        answer ->> '$.value.scale',
        answer ->> '$.value.select_one.id',
        answer ->> '$.value.free_response',
        created_at,
        updated_at,
        _file,
        _line
    from further
)

select
    id as response_id,
    question_code,
    score,
    option_code,
    text_answer,
    unix_moment(created_at) as answered_at,
    unix_moment(coalesce(updated_at, created_at)) as ingested_at,
    'delighted' as source_system,
    _file,
    _line
from answers
where coalesce(score, option_code, text_answer) is not null
