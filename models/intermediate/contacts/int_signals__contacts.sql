{{ config(materialized=inlined('view')) }}
-- Signals about contacts with their whole history, from rows up to the business day only, so that an earlier as-of date
-- gives what was known on that day.
with clocks as (
    select distinct
        customer_id,
        'overdue_contact' as signal_code,
        effective_date as clock_date
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
        and is_effective
    union all
    -- For customers who were never reached, waiting time starts at registration.
    select
        customers.customer_id,
        'never_contacted' as signal_code,
        customers.registered_date as clock_date
    from {{ ref('dim_customers') }} as customers
    left join {{ ref('fct_contacts') }} as contacts
        on customers.customer_id = contacts.customer_id
        and contacts.direction = 'outbound'
        and contacts.effective_date <= customers.registered_date
    where contacts.customer_id is null
),

waits as (
    select
        customer_id,
        signal_code,
        clock_date,
        lead(clock_date) over (partition by customer_id order by clock_date, signal_code) as end_date
    from clocks
),

overdue_pieces as (
    -- The interval is that of the segment at the time.
    select
        waits.customer_id,
        waits.signal_code,
        waits.clock_date,
        greatest(
            {{ add_days('waits.clock_date', 'norms.contact_interval_days + 1') }},
            segments.valid_from,
            access_periods.valid_from
        ) as valid_from,
        least(waits.end_date, segments.valid_to, access_periods.valid_to) as valid_to
    from waits
    -- No contact is due to churned customers.
    inner join {{ ref('customer_access_periods') }} as access_periods
        on waits.customer_id = access_periods.customer_id
        and access_periods.has_access
    inner join {{ ref('dim_customer_segments') }} as segments
        on waits.customer_id = segments.customer_id
        and segments.scheme = 'value'
    inner join {{ ref('segments') }} as norms
        on segments.segment_code = norms.segment_code
        and norms.contact_interval_days is not null
),

moments as (
    select
        customer_id,
        'unanswered_inbound' as signal_code,
        cast(null as date) as clock_date,
        {{ business_date('answer_due_at') }} as valid_from,
        {{ business_date('least(answered_at, closed_at)') }} as valid_to
    from {{ ref('fct_inbound_answers') }}
    where answer_due_at is not null
    union all
    select
        pressure.customer_id,
        'over_contacted' as signal_code,
        cast(null as date) as clock_date,
        pressure.attempted_date as valid_from,
        {{ add_days('pressure.attempted_date', 'policy.signal_action_days') }} as valid_to
    from {{ ref('int_contacts__pressure') }} as pressure
    cross join {{ ref('policy') }} as policy
    where pressure.is_over_day_cap
        or pressure.is_over_week_cap
    union all
    select
        consent_events.customer_id,
        'opted_out' as signal_code,
        cast(null as date) as clock_date,
        consent_events.occurred_date as valid_from,
        {{ add_days('consent_events.occurred_date', 'policy.signal_action_days') }} as valid_to
    from {{ ref('fct_consent_events') }} as consent_events
    cross join {{ ref('policy') }} as policy
    where not consent_events.is_grant
),

pieces as (
    select
        found.customer_id,
        found.signal_code,
        found.clock_date,
        found.valid_from,
        case when found.valid_to <= run_context.as_of_date then found.valid_to end as valid_to
    from (
        select * from overdue_pieces
        union all
        select * from moments
    ) as found
    inner join {{ ref('run_context') }} as run_context
        on found.valid_from <= run_context.as_of_date
    inner join {{ ref('dim_customers') }} as customers
        on found.customer_id = customers.customer_id
    where found.valid_to is null
        or found.valid_to > found.valid_from
),

signals as (
    {{ merged_periods('pieces', ['customer_id', 'signal_code', 'clock_date']) }}
),

measured as (
    select
        signals.customer_id,
        signals.signal_code,
        signals.valid_from,
        signals.valid_to,
        norms.contact_interval_days,
        coalesce(norms.is_priority, false) as is_priority,
        {{ days_between('signals.clock_date', add_days('coalesce(signals.valid_to, ' ~ add_days(
            'run_context.as_of_date', 1
        ) ~ ')', -1)) }} as waiting_days,
        {{ days_between('signals.valid_from', add_days('coalesce(signals.valid_to, ' ~ add_days(
            'run_context.as_of_date', 1
        ) ~ ')', 0)) }} as signal_days,
        dnd.customer_id is not null as is_on_dnd
    from signals
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('dim_customer_segments') }} as segments
        on signals.customer_id = segments.customer_id
        and segments.scheme = 'value'
        and {{ holds_at('segments', 'signals.valid_from') }}
    left join {{ ref('segments') }} as norms
        on segments.segment_code = norms.segment_code
    -- Do-not-disturb that began later does not suppress a signal: flags could be misused to hide overdue customers.
    left join {{ ref('dim_customer_dnd') }} as dnd
        on signals.customer_id = dnd.customer_id
        and {{ business_date('dnd.valid_from') }} <= signals.valid_from
        and coalesce({{ business_date('dnd.valid_to') }}, {{ end_of_time('timestamp') }}) > signals.valid_from
)

select
    measured.customer_id,
    measured.signal_code,
    cast(
        case
            when measured.signal_code in ('overdue_contact', 'never_contacted') then measured.waiting_days
            else measured.signal_days
        end as {{ type_double() }}
    ) as observed_value,
    cast(
        case
            when measured.signal_code in ('overdue_contact', 'never_contacted') then measured.contact_interval_days
        end as {{ type_double() }}
    ) as expected_value,
    case
        when measured.signal_code = 'unanswered_inbound'
            then case when measured.is_priority then 'high' else 'medium' end
        when measured.signal_code in ('over_contacted', 'opted_out') then 'low'
        when measured.is_priority
            or measured.waiting_days > policy.overdue_high_intervals * measured.contact_interval_days then 'high'
        when measured.waiting_days > 2 * measured.contact_interval_days then 'medium'
        else 'low'
    end as severity,
    case measured.signal_code
        when 'overdue_contact'
            then 'No effective contact for ' || cast(measured.waiting_days as {{ dbt.type_string() }})
                || ' days; the segment allows ' || cast(measured.contact_interval_days as {{ dbt.type_string() }})
        when 'never_contacted'
            then 'Never reached in ' || cast(measured.waiting_days as {{ dbt.type_string() }})
                || ' days since the registration; the segment allows '
                || cast(measured.contact_interval_days as {{ dbt.type_string() }})
        when 'unanswered_inbound' then 'Wrote or called and waits for an answer beyond the promised time'
        when 'over_contacted' then 'Was contacted more often than the segment allows'
        else 'Took back a consent or left a channel'
    end as reason,
    case
        when measured.is_on_dnd and measured.signal_code <> 'unanswered_inbound' then 'do_not_disturb'
    end as suppressed_by,
    measured.valid_from,
    measured.valid_to
from measured
cross join {{ ref('policy') }} as policy
