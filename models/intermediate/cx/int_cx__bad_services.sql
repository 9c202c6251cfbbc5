{{ config(materialized=inlined('view')) }}
-- The latest bad service of a customer, and whether a good one followed. A bad service makes a customer disloyal at
-- once; a good one does not make a customer loyal.
with services as (
    select
        customer_id,
        metric_code || '_' || score_box as service_code,
        score_box = 'bottom' as is_bad,
        response_date as served_date,
        submitted_at as served_at
    from {{ ref('int_cx__answers') }}
    where metric_code in ('csat', 'csi')
        and score_box in ('top', 'bottom')
    union all
    select
        tickets.customer_id,
        'unanswered_request' as service_code,
        true as is_bad,
        {{ add_days('tickets.opened_date', 'policy.unanswered_request_days') }} as served_date,
        cast({{ dbt.dateadd('day', 'policy.unanswered_request_days', 'tickets.opened_at') }} as timestamp)
            as served_at
    from {{ ref('fct_tickets') }} as tickets
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('tickets.opened_date', 'run_context.as_of_date') }}
        >= policy.unanswered_request_days
    where tickets.answered_at is null
        or tickets.answered_at
        >= {{ dbt.dateadd('day', 'policy.unanswered_request_days', 'tickets.opened_at') }}
),

ordered as (
    select
        *,
        row_number() over (
            partition by customer_id, is_bad order by served_at desc, service_code asc
        ) as choice,
        max(case when not is_bad then served_at end) over (partition by customer_id) as last_good_at
    from services
)

select
    customer_id,
    service_code as bad_service_code,
    served_date as bad_service_date,
    served_at as bad_service_at,
    coalesce(last_good_at > served_at, false) as is_made_good
from ordered
where is_bad
    and choice = 1
