{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'},
        {'relation': 'stg_crm__customers', 'only': 'displaced'},
    ],
) }}
-- The first events of a customer, up to the highest sum that triggers a survey.
with {{ incoming_events_ctes(['event_id', 'customer_id', 'event_name', 'quantity', 'is_success', 'occurred_at']) }},

needed as (
    select
        event_name,
        max(first_step) as needed_quantity
    from {{ ref('survey_triggers') }}
    where cause = 'event_quantity'
    group by event_name
),

candidates as (
    select
        event_id,
        customer_id,
        event_name,
        cast(coalesce(quantity, 1) as decimal(18, 4)) as quantity,
        {{ settled_moment('occurred_at', 'registered_at') }} as occurred_at
    from incoming_events
    where event_name in (select needed.event_name from needed)
        and coalesce(is_success, true)
        and {{ is_not_before('occurred_at', 'registered_at') }}
    {%- if is_incremental_run() %}
    union all
    {{ carried_state(['event_id', 'customer_id', 'event_name', 'quantity', 'occurred_at']) }}
    {%- endif %}
),

summed as (
    select
        candidates.*,
        sum(candidates.quantity) over (
            partition by candidates.customer_id, candidates.event_name
            order by candidates.occurred_at, candidates.event_id
            rows between unbounded preceding and current row
        ) as reached_quantity
    from candidates
)

select
    summed.event_id,
    summed.customer_id,
    summed.event_name,
    summed.quantity,
    cast(summed.reached_quantity as decimal(18, 4)) as reached_quantity,
    summed.occurred_at
from summed
inner join needed
    on summed.event_name = needed.event_name
    and summed.reached_quantity - summed.quantity < needed.needed_quantity
