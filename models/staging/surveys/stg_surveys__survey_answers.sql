with source as (
    select * from {{ loaded(source('surveys', 'survey_answers')) }}
),

renamed as (
    select
        -- identifiers and text
        response_id,
        question_code,
        option_code,
        source_system,

        -- may be personal; only the search for words of a topic reads it, and keeps nothing of it
        text_answer,

        -- numbers
        score,
        _load_id as load_id,

        -- booleans
        coalesce(trim(text_answer), '') <> '' as has_text,

        -- dates
        {{ business_date(utc_moment('answered_at')) }} as answered_date,

        -- moments, in UTC
        {{ utc_moment('answered_at') }} as answered_at,
        ingested_at
    from source
)

select * from renamed
