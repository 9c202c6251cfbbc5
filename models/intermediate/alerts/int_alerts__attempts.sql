{{ config(materialized=inlined('view')) }}
-- What people did that an alert can take for an answer: outbound contacts of a person.
select
    contact_id,
    customer_id,
    channel,
    attempted_at,
    effective_at
from {{ ref('fct_contacts') }}
where direction = 'outbound'
    and not coalesce(is_automated, false)
