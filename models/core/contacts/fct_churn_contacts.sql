-- CON-14: whether a contact in time or a warning came before a churn. Only what happened before the decision counts.
with churns as (
    select
        churn_events.customer_id,
        churn_events.tenure_number,
        churn_events.decided_at,
        norms.contact_interval_days,
        owners.employee_id as owner_employee_id,
        dnd.customer_id is not null as was_dnd
    from {{ ref('fct_churn_events') }} as churn_events
    -- Deleted accounts have lost their contacts, so they cannot be evaluated.
    inner join {{ ref('customer_registrations') }} as registration
        on churn_events.customer_id = registration.customer_id
    {{ attributes_as_of('churn_events', business_date('churn_events.decided_at'), ['value_segment']) }}
    left join {{ ref('segments') }} as norms
        on value_segment.segment_code = norms.segment_code
    left join {{ ref('dim_customer_owners') }} as owners
        on churn_events.customer_id = owners.customer_id
        and owners.role = 'account_manager'
        and {{ holds_at('owners', 'churn_events.decided_at') }}
    left join {{ ref('dim_customer_dnd') }} as dnd
        on churn_events.customer_id = dnd.customer_id
        and {{ holds_at('dnd', 'churn_events.decided_at') }}
),

windows as (
    select
        churns.*,
        -- Without an interval, or with one that begins before the first loaded contact, "in time" is unknown.
        coalesce(
            {{ add_time('hour', 'churns.decided_at', '-24 * churns.contact_interval_days') }}
            >= {{ day_start_at(observed_from('contacts')) }},
            false
        ) as is_interval_observed,
        {{ add_time('hour', 'churns.decided_at', '-24 * churns.contact_interval_days') }} as interval_from,
        {{ add_time(
            'hour', 'churns.decided_at', '-24 * policy.surprise_signal_days'
        ) }} as signals_from
    from churns
    cross join {{ ref('policy') }} as policy
),

contacts as (
    select
        windows.customer_id,
        windows.tenure_number,
        -- A meeting that took place after the decision was an attempt before it.
        max(case when contacts.effective_at < windows.decided_at then contacts.effective_at end) as last_effective_at,
        count(case when contacts.attempted_at >= windows.signals_from then 1 end) as attempts_count
    from windows
    inner join {{ ref('fct_contacts') }} as contacts
        on windows.customer_id = contacts.customer_id
        and contacts.direction = 'outbound'
        and contacts.attempted_at < windows.decided_at
    group by windows.customer_id, windows.tenure_number
),

warnings as (
    select
        windows.customer_id,
        windows.tenure_number,
        count(*) as warnings_count
    from windows
    inner join {{ ref('fct_customer_warnings') }} as warnings
        on windows.customer_id = warnings.customer_id
        and warnings.warned_at >= windows.signals_from
        and warnings.warned_at < windows.decided_at
    group by windows.customer_id, windows.tenure_number
),

joined as (
    select
        windows.*,
        contacts.last_effective_at,
        coalesce(contacts.attempts_count, 0) as attempts_count,
        coalesce(warnings.warnings_count, 0) as warnings_count,
        coalesce(contacts.last_effective_at >= windows.interval_from, false) as is_reached_in_time,
        -- From then on a contact was overdue, for at most one interval before the decision.
        greatest(
            windows.interval_from,
            {{ add_time('hour', 'contacts.last_effective_at', '24 * windows.contact_interval_days') }}
        ) as overdue_from
    from windows
    left join contacts
        on windows.customer_id = contacts.customer_id
        and windows.tenure_number = contacts.tenure_number
    left join warnings
        on windows.customer_id = warnings.customer_id
        and windows.tenure_number = warnings.tenure_number
)

select
    joined.customer_id,
    joined.tenure_number,
    joined.owner_employee_id,
    joined.contact_interval_days,
    joined.attempts_count,
    joined.warnings_count,
    joined.was_dnd,
    joined.is_reached_in_time,
    -- Do-not-disturb excuses what was not overdue when it began.
    joined.is_interval_observed and excused.customer_id is null as is_evaluated,
    joined.is_interval_observed
    and excused.customer_id is null
    and not joined.is_reached_in_time
    and joined.warnings_count = 0 as is_surprise,
    joined.decided_at,
    joined.last_effective_at
from joined
left join {{ ref('dim_customer_dnd') }} as excused
    on joined.customer_id = excused.customer_id
    and {{ holds_at('excused', 'least(joined.overdue_from, joined.decided_at)') }}
