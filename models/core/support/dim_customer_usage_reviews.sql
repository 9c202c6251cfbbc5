{{ config(materialized=inlined('view')) }}
-- The latest review of a customer's suspiciously high use (USE-06).
with verdicts as (
    select
        reviews.customer_id,
        {{ dbt.split_part('reviews.subject_key', "':'", 2) }} as anomaly_code,
        reviews.verdict,
        reviews.reviewed_date,
        row_number() over (
            partition by reviews.customer_id, {{ dbt.split_part('reviews.subject_key', "':'", 2) }}
            order by reviews.reviewed_at desc, reviews.review_id desc
        ) as choice
    from {{ ref('stg_support__reviews') }} as reviews
    inner join {{ ref('run_context') }} as run_context
        on reviews.reviewed_at < run_context.as_of_end_at
    where reviews.subject_type = 'usage_anomaly'
        and reviews.customer_id is not null
)

select
    customer_id,
    anomaly_code,
    verdict,
    reviewed_date
from verdicts
where choice = 1
