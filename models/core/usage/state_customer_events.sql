{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'},
        {'relation': 'stg_crm__customers', 'only': 'displaced'},
    ],
) }}
with {{ incoming_events_ctes(['customer_id', 'event_name', 'occurred_at']) }},

contributions as (
    select
        customer_id,
        event_name,
        count(*) as events_count,
        count(case when {{ is_not_before('occurred_at', 'registered_at') }} then 1 end)
            as events_since_registration_count,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from incoming_events
    group by customer_id, event_name
    {%- if is_incremental_run() %}
    union all
    {{ carried_state([
        'customer_id', 'event_name', 'events_count', 'events_since_registration_count', 'first_at', 'last_at'
    ]) }}
    {%- endif %}
)

select
    customer_id,
    event_name,
    cast(sum(events_count) as bigint) as events_count,
    cast(sum(events_since_registration_count) as bigint) as events_since_registration_count,
    min(first_at) as first_at,
    max(last_at) as last_at
from contributions
group by customer_id, event_name
