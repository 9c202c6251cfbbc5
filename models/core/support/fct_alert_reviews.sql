{{ config(materialized=inlined('view')) }}
-- A review names the alert's id, or customer:rule or customer:signal where only those are known.
select
    reviews.review_id,
    reviews.customer_id,
    reviews.subject_key,
    reviews.reviewed_by as employee_id,
    reviews.verdict,
    reviews.verdict in ('false_alarm', 'justified', 'legitimate') as is_dismissal,
    reviews.verdict in ('acted', 'done') as is_action,
    reviews.reviewed_at
from {{ ref('stg_support__reviews') }} as reviews
inner join {{ ref('run_context') }} as run_context
    on reviews.reviewed_at < run_context.as_of_end_at
where reviews.subject_type = 'alert'
