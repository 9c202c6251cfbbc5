-- People that Segment has identified, from the first time on which they were, or the trait `created_at`.
-- Left out: anonymous visitors.
select
    user_id as customer_id,
    coalesce(min(created_at), min("timestamp")) as registered_at,
    'segment' as source_system,
    min_by(_file, "timestamp") as _file,
    min_by(_line, "timestamp") as _line
from {{ export('segment/identifies/*', columns=['created_at']) }}
where user_id is not null
group by user_id
