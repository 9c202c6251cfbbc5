{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'},
        {'relation': 'stg_crm__customers', 'only': 'displaced'},
    ],
) }}
with {{ incoming_events_ctes(
    ['event_id', 'customer_id', 'event_name', 'source', 'recorded_by_employee_id', 'occurred_at']
) }},

needed as (
    select
        action_events.event_name,
        max(actions.min_count) as needed_count
    from {{ ref('dim_key_action_events') }} as action_events
    inner join {{ ref('dim_key_actions') }} as actions
        on action_events.key_action_code = actions.key_action_code
        and action_events.segment_code = actions.segment_code
        and action_events.valid_from = actions.valid_from
    group by action_events.event_name
),

candidates as (
    select
        event_id,
        customer_id,
        event_name,
        source,
        recorded_by_employee_id,
        {{ settled_moment('occurred_at', 'registered_at') }} as occurred_at
    from incoming_events
    -- Key actions count from registration on (ACT-02), within the tolerance of two clocks.
    where {{ is_not_before('occurred_at', 'registered_at') }}
        and event_name in (select needed.event_name from needed)
    {%- if is_incremental_run() %}
    union all
    {{ carried_state(['event_id', 'customer_id', 'event_name', 'source', 'recorded_by_employee_id', 'occurred_at']) }}
    {%- endif %}
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id, event_name order by occurred_at, event_id) as occurrence_number
    from candidates
)

select
    ranked.event_id,
    ranked.customer_id,
    ranked.event_name,
    ranked.source,
    ranked.recorded_by_employee_id,
    ranked.occurrence_number,
    ranked.occurred_at
from ranked
inner join needed
    on ranked.event_name = needed.event_name
    and ranked.occurrence_number <= needed.needed_count
