-- Answers to forms of Typeform: scores, choices and texts.
-- Left out: visits without an answer, and answers that are addresses, dates, files or payments.
with answers as (
    select
        response_id,
        submitted_at,
        _file,
        _line,
        unnest(elements(answers)) as answer
    from {{ export('typeform/*', rows='items', latest='response_id', columns=['answers', 'hidden', 'response_type']) }}
    where coalesce(response_type, 'completed') <> 'started'
),

parts as (
    select
        *,
        answer ->> '$.field.type' as kind,
        answer ->> 'type' as form
    from answers
)

select
    response_id,
    case when kind = 'nps' or (answer ->> '$.field.ref') = 'nps' then 'nps'
        else coalesce(answer ->> '$.field.ref', answer ->> '$.field.id')
    end as question_code,
    case when kind in ('nps', 'opinion_scale', 'rating') then answer ->> 'number' end as score,
    case form
        when 'choice' then coalesce(answer ->> '$.choice.ref', answer ->> '$.choice.id', answer ->> '$.choice.label')
        when 'boolean' then answer ->> 'boolean'
    end as option_code,
    case when form = 'text' then answer ->> 'text' end as text_answer,
    case when not starts_with(submitted_at, '0001') then submitted_at end as answered_at,
    'typeform' as source_system,
    _file,
    _line
from parts
-- Addresses, dates, files and payments are not opinions; several choices are several answers to one question.
where form in ('text', 'boolean', 'choice') or kind in ('nps', 'opinion_scale', 'rating')
