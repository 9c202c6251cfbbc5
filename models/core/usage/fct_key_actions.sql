{#-
An action that was never done closes when its window has passed, without any new row; a contract of before the registration
is known to have ended when the grace is over.
-#}
{{ changed_by_registration([
    {'relation': 'stg_product__events', 'as_of': 'occurred_date'},
    {
        'relation': 'dim_expected_key_actions',
        'as_of': add_days('registered_date', 'cast(within_days as integer)'),
        'only': 'passing',
    },
    {'relation': 'dim_expected_key_actions', 'as_of': 'status_known_date', 'only': 'passing'},
]) }}
with expected as (
    select * from {{ ref('dim_expected_key_actions') }}
    where {{ rows_to_build() }}
),

occurrences as (
    select
        expected.customer_id,
        expected.key_action_code,
        events.source,
        events.recorded_by_employee_id,
        events.occurred_at,
        -- An action may go by several event names; its own order runs over all of them.
        row_number() over (
            partition by expected.customer_id, expected.key_action_code
            order by events.occurred_at, events.event_id
        ) as occurrence_number
    from expected
    inner join {{ ref('dim_key_action_events') }} as action_events
        on expected.key_action_code = action_events.key_action_code
        and expected.segment_code = action_events.segment_code
        and expected.valid_from = action_events.valid_from
    inner join {{ ref('state_key_action_events') }} as events
        on expected.customer_id = events.customer_id
        and action_events.event_name = events.event_name
),

done as (
    select
        expected.customer_id,
        expected.key_action_code,
        occurrences.source,
        occurrences.recorded_by_employee_id,
        occurrences.occurred_at
    from expected
    inner join occurrences
        on expected.customer_id = occurrences.customer_id
        and expected.key_action_code = occurrences.key_action_code
        -- Done is the min_count-th time, not the first (ACT-02), within the window where the action has one.
        and expected.min_count = occurrences.occurrence_number
    where expected.within_days is null
        or expected.within_days
        >= {{ days_between('expected.registered_date', business_date('occurrences.occurred_at')) }}
),

totals as (
    select
        expected.customer_id,
        expected.key_action_code,
        sum(events.events_since_registration_count) as times_done_count
    from expected
    inner join {{ ref('dim_key_action_events') }} as action_events
        on expected.key_action_code = action_events.key_action_code
        and expected.segment_code = action_events.segment_code
        and expected.valid_from = action_events.valid_from
    inner join {{ ref('state_customer_events') }} as events
        on expected.customer_id = events.customer_id
        and action_events.event_name = events.event_name
    group by expected.customer_id, expected.key_action_code
),

views as (
    select
        events.customer_id,
        catalogue.component_code,
        min(events.first_at) as viewed_at
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_information_view
        and catalogue.component_code is not null
    where {{ rows_to_build() }}
    group by events.customer_id, catalogue.component_code
),

combined as (
    select
        expected.customer_id,
        expected.key_action_code,
        expected.segment_code,
        expected.title,
        expected.component_code,
        done.source as first_source,
        done.recorded_by_employee_id,
        expected.step_order,
        expected.min_count,
        expected.is_required,
        status.status as customer_status,
        status.is_paying,
        expected.registered_date,
        views.viewed_at,
        done.occurred_at as first_done_at,
        coalesce(totals.times_done_count, 0) as times_done_count,
        done.occurred_at is not null as is_done,
        -- Neither done nor past the window in which it could be.
        done.occurred_at is null
        and (
            expected.within_days is null
            or {{ days_between('expected.registered_date', 'run_context.as_of_date') }} < expected.within_days
        ) as is_open
    from expected
    cross join {{ ref('run_context') }} as run_context
    {{ attributes_as_of('expected', 'expected.registered_date', ['status']) }}
    left join done
        on expected.customer_id = done.customer_id
        and expected.key_action_code = done.key_action_code
    left join totals
        on expected.customer_id = totals.customer_id
        and expected.key_action_code = totals.key_action_code
    left join views
        on expected.customer_id = views.customer_id
        and expected.component_code = views.component_code
)

select
    customer_id,
    key_action_code,
    segment_code,
    title,
    component_code,
    customer_status,
    case
        when is_done then 'done'
        when viewed_at is not null then 'seen'
        else 'not_seen'
    end as checklist_state,
    first_source,
    recorded_by_employee_id,
    cast(step_order as integer) as step_order,
    cast(min_count as integer) as min_count,
    cast(times_done_count as bigint) as times_done_count,
    case
        when is_done then cast({{ days_between('registered_date', business_date('first_done_at')) }} as bigint)
    end as days_from_registration,
    is_paying,
    is_required,
    is_done,
    is_open
    and row_number() over (
        partition by customer_id, is_open
        order by step_order, case when is_required then 0 else 1 end, key_action_code
    ) = 1 as is_next_action,
    viewed_at,
    first_done_at
from combined
