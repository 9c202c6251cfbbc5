{{ config(materialized=inlined('view')) }}
select
    promises.customer_id,
    count(*) as open_count,
    -- To be kept, or to be spoken of, today.
    count(
        case
            when promises.term_at is null
                or {{ business_date('promises.term_at') }}
                between {{ add_days('run_context.as_of_date', '1 - policy.promise_stale_days') }}
                and {{ add_days('run_context.as_of_date', 'policy.promise_notice_days') }} then 1
        end
    ) as urgent_count
from {{ ref('fct_promises') }} as promises
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
where promises.is_open
group by promises.customer_id
