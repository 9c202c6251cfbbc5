-- Answers to surveys of Qualtrics: an answer with a label is a choice, a number without one a score.
-- Left out: previews, tests and spam, and questions without an answer.
with fields as (
    select
        responseid,
        "values" as given,
        labels,
        unnest(json_keys("values")) as field,
        _file,
        _line
    from {{ export('qualtrics/*', rows='responses', latest='responseId', columns=['labels', 'values']) }}
    where coalesce("values" ->> 'status', '0') not in ('1', '2', '8')
),

answers as (
    select
        responseid,
        case when json_exists(given, '$.' || regexp_extract(field, '^QID\d+') || '_NPS_GROUP') then 'nps'
            else regexp_extract(field, '^QID\d+')
        end as question_code,
        given ->> 'recordedDate' as answered_at,
        json_extract_string(given, '$.' || field) as answer,
        json_exists(coalesce(labels, '{}'), '$.' || field) as is_choice,
        field like '%\_TEXT' escape '\' as is_text,
        _file,
        _line
    from fields
    -- Parts of matrices and forms have names like QID4_1.
    where regexp_full_match(field, 'QID\d+(_TEXT)?') and json_type(given, '$.' || field) not in ('ARRAY', 'NULL')
)

select
    responseid as response_id,
    question_code,
    max(case when not is_text and not is_choice then answer end) as score,
    max(case when is_choice and not is_text then answer end) as option_code,
    max(case when is_text then answer end) as text_answer,
    answered_at,
    'qualtrics' as source_system,
    any_value(_file) as _file,
    any_value(_line) as _line
from answers
where answer <> ''
group by responseid, question_code, answered_at
