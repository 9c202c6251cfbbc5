-- The words of a comment are read here and nowhere else; what is kept is the topic.
select
    answers.response_id,
    keywords.topic_code,
    min(keywords.keyword) as first_keyword
from {{ ref('stg_surveys__survey_answers') }} as answers
inner join {{ ref('fct_survey_responses') }} as responses
    on answers.response_id = responses.response_id
    and responses.submitted_at is not null
inner join {{ ref('topic_keywords') }} as keywords
    on {{ dbt.position('lower(keywords.keyword)', 'lower(answers.text_answer)') }} > 0
where answers.has_text
group by
    answers.response_id,
    keywords.topic_code
