-- Answers to surveys of Survicate: scores, choices and texts.
-- Left out: responses without an answer to any question.
with answers as (
    select
        uuid,
        collected_at,
        _file,
        _line,
        unnest(elements(answers)) as answer
    from {{ export('survicate/*.json*', rows='data', latest='uuid', columns=['answers', 'respondent', 'survey_id']) }}
),

parts as (
    -- An answer is a text, or an object with a rating, a choice or several.
    select
        *,
        answer ->> 'question_type' as kind,
        coalesce(answer ->> '$.answer.rating', answer ->> '$.answer.content', answer ->> '$.answer') as given
    from answers
)

select
    uuid as response_id,
    case when kind = 'nps' then 'nps' else answer ->> 'question_id' end as question_code,
    case when kind in ('nps', 'rating', 'smiley_scale', 'numerical_scale', 'csat', 'ces') then given end as score,
    case when kind in ('single', 'dropdown_list', 'dropdown') then given end as option_code,
    case when kind = 'text' then given else answer ->> '$.answer.comment' end as text_answer,
    collected_at as answered_at,
    'survicate' as source_system,
    _file,
    _line
from parts
-- Screens without a question have no answer.
where given is not null
