-- Every moment at which policy wants a customer to be asked, and the next one.
with customers as (
    select
        registration.customer_id,
        registration.registered_date,
        run_context.as_of_date,
        run_context.as_of_end_at
    from {{ ref('customer_registrations') }} as registration
    cross join {{ ref('run_context') }} as run_context
),

first_wave as (
    select min(start_date) as first_start_date
    from {{ ref('survey_rollout') }}
),

-- What was sent before surveys are recorded is unknown.
beginning as (
    select {{ day_start_at('greatest(first_wave.first_start_date, ' ~ observed_from('surveys') ~ ')') }} as begun_at
    from first_wave
),

numbers as (
    {{ dbt.generate_series(400) }}
),

steps as (
    select
        triggers.trigger_key,
        triggers.first_step + (cast(numbers.generated_number as integer) - 1) * triggers.step_size as months_count,
        triggers.first_step + (cast(numbers.generated_number as integer) - 2) * triggers.step_size
            as previous_months_count
    from {{ ref('survey_triggers') }} as triggers
    inner join numbers
        on triggers.first_step + (numbers.generated_number - 1) * triggers.step_size
        <= coalesce(triggers.last_step, 400)
    where triggers.cause = 'registration'
),

tenure_dates as (
    select
        customers.customer_id,
        steps.trigger_key,
        steps.months_count,
        customers.as_of_date,
        -- Counted from the anchor, not from the previous date: 31 January + 3 months is 30 April, + 6 is 31 July.
        {{ add_months('customers.registered_date', 'steps.months_count') }} as due_date
    from steps
    inner join customers
        -- As many steps as the tenure has, and the next one.
        on steps.previous_months_count
        <= 12 * ({{ dbt.datediff('customers.registered_date', 'customers.as_of_date', 'year') }} + 1)
),

tenure as (
    select
        tenure_dates.customer_id,
        tenure_dates.trigger_key,
        'T' || cast(tenure_dates.months_count as {{ dbt.type_string() }}) as schedule_key,
        {{ day_start_at('tenure_dates.due_date') }} as reached_at,
        row_number() over (
            partition by tenure_dates.customer_id, tenure_dates.due_date > tenure_dates.as_of_date
            order by tenure_dates.due_date, tenure_dates.trigger_key
        ) as nth,
        tenure_dates.due_date > tenure_dates.as_of_date as is_upcoming
    from tenure_dates
    -- Churned customers are not asked for a score.
    inner join {{ ref('customer_status_periods') }} as status
        on tenure_dates.customer_id = status.customer_id
        and {{ holds_at('status', 'tenure_dates.due_date') }}
        and status.has_access
),

-- What happens once: the first payment, the first request to cancel, the early drop-off.
occurrences as (
    select
        customer_id,
        'payment' as cause,
        min(purchased_at) as reached_at
    from {{ ref('fct_purchases') }}
    group by customer_id
    union all
    select
        customer_id,
        'cancel_request' as cause,
        min(cancel_requested_at) as reached_at
    from {{ ref('stg_billing__subscription_periods') }}
    where cancel_requested_at is not null
    group by customer_id
    union all
    select
        customer_id,
        'early_silence' as cause,
        {{ day_start_at('dropoff_date') }} as reached_at
    from {{ ref('fct_early_dropoffs') }}
    where dropoff_kind is not null
),

quantities as (
    select
        events.customer_id,
        triggers.trigger_key,
        min(events.occurred_at) as reached_at
    from {{ ref('state_survey_trigger_events') }} as events
    inner join {{ ref('survey_triggers') }} as triggers
        on events.event_name = triggers.event_name
        and triggers.cause = 'event_quantity'
        and events.reached_quantity >= triggers.first_step
    group by events.customer_id, triggers.trigger_key
),

tickets as (
    select
        tickets.customer_id,
        triggers.trigger_key,
        tickets.ticket_id,
        tickets.closed_at,
        row_number() over (
            partition by tickets.ticket_id
            order by case when triggers.cause_channel = tickets.channel then 0 else 1 end, triggers.trigger_key
        ) as choice
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('survey_triggers') }} as triggers
        on triggers.cause = 'ticket'
        and (triggers.cause_channel = tickets.channel or triggers.cause_channel = 'other')
    where tickets.closed_at is not null
),

reached as (
    select
        customer_id,
        trigger_key,
        schedule_key,
        cast(null as {{ dbt.type_string() }}) as ticket_id,
        reached_at
    from tenure
    where not is_upcoming or nth = 1
    union all
    select
        occurrences.customer_id,
        triggers.trigger_key,
        triggers.trigger_key as schedule_key,
        cast(null as {{ dbt.type_string() }}) as ticket_id,
        occurrences.reached_at
    from occurrences
    inner join {{ ref('survey_triggers') }} as triggers
        on occurrences.cause = triggers.cause
    union all
    select
        customer_id,
        trigger_key,
        trigger_key as schedule_key,
        cast(null as {{ dbt.type_string() }}) as ticket_id,
        reached_at
    from quantities
    union all
    select
        customer_id,
        trigger_key,
        ticket_id as schedule_key,
        ticket_id,
        closed_at as reached_at
    from tickets
    where choice = 1
)

select
    reached.customer_id,
    triggers.trigger_type,
    reached.schedule_key,
    reached.trigger_key,
    triggers.survey_code,
    triggers.stage_code,
    triggers.touchpoint_code,
    reached.ticket_id,
    triggers.quiet_days,
    triggers.expires_after_days,
    triggers.is_suppressible,
    customers.registered_date,
    {{ business_date('reached.reached_at') }} as due_date,
    reached.reached_at
from reached
inner join {{ ref('survey_triggers') }} as triggers
    on reached.trigger_key = triggers.trigger_key
inner join customers
    on reached.customer_id = customers.customer_id
    -- Only the next date of a tenure trigger is known in advance.
    and (reached.reached_at < customers.as_of_end_at or triggers.trigger_type = 'tenure')
cross join beginning
-- Surveys due before the roll-out are not owed (FBK-09).
where reached.reached_at >= beginning.begun_at
