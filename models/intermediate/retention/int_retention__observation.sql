-- From when on the business is seen, and up to when its leavings are known.
with first_days as (
    select
        min(event_date) as event_date,
        cast(null as date) as paid_date
    from {{ ref('fct_event_volume_daily') }}
    union all
    select
        cast(null as date) as event_date,
        min(paid_date) as paid_date
    from {{ ref('int_retention__payments') }}
)

select
    coalesce(min(first_days.event_date), min(first_days.paid_date)) as first_date,
    -- A leaving is known once the grace is over: judging later days would count the late renewals and miss the leavers.
    max({{ add_days('run_context.as_of_date', '-cast(' ~ threshold('churn_grace_days') ~ ' as integer)') }})
        as last_final_date
from {{ ref('run_context') }} as run_context
cross join first_days
