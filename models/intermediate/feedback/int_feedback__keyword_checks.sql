{{ config(materialized=inlined('view')) }}
-- How well do the words of the policy find topics? Checked on comments that somebody else tagged too.
with tagged as (
    select distinct
        response_id,
        topic_code
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
        and topic_code is not null
),

checked as (
    select distinct response_id from tagged
),

found as (
    select
        found.response_id,
        found.topic_code
    from {{ ref('fct_comment_topics') }} as found
    inner join checked
        on found.response_id = checked.response_id
),

paired as (
    select
        coalesce(tagged.topic_code, found.topic_code) as topic_code,
        tagged.topic_code is not null as is_tagged,
        found.topic_code is not null as is_found
    from tagged
    full outer join found
        on tagged.response_id = found.response_id
        and tagged.topic_code = found.topic_code
)

select
    topic_code,
    count(case when is_tagged and is_found then 1 end) as hits_count,
    count(case when is_found then 1 end) as found_count,
    count(case when is_tagged then 1 end) as tagged_count
from paired
group by topic_code
