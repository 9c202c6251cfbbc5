-- Whom an incident hit and who was notified, as of the close of the business day.
with known as (
    select
        incidents.incident_id,
        rows_of_source.customer_id,
        rows_of_source.channel,
        rows_of_source.failed_attempts_count,
        incidents.detected_at,
        incidents.resolved_at,
        {{ known('rows_of_source.hit_at') }} as hit_at,
        -- A notice by a contact counts when the customer took note of it.
        case
            when contacts.contact_id is not null then contacts.effective_at
            else {{ known('rows_of_source.notified_at') }}
        end as notified_at,
        {{ known('rows_of_source.completed_at') }} as completed_at
    from {{ ref('stg_support__incident_customers') }} as rows_of_source
    inner join {{ ref('fct_incidents') }} as incidents
        on rows_of_source.incident_id = incidents.incident_id
    inner join {{ ref('customer_registrations') }} as customers
        on rows_of_source.customer_id = customers.customer_id
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('fct_contacts') }} as contacts
        on rows_of_source.contact_id = contacts.contact_id
)

select
    known.incident_id,
    known.customer_id,
    case
        when known.hit_at is null then 'spared'
        when known.notified_at < known.hit_at then 'before'
        when known.notified_at <= {{ add_time('minute', 'known.hit_at', 'policy.incident_soon_minutes') }} then 'soon'
        when known.notified_at is not null then 'late'
        else 'never'
    end as notice_band,
    case when known.notified_at is not null then known.channel end as channel_code,
    known.failed_attempts_count,
    -- Nobody can be warned of what nobody knows.
    known.hit_at > known.detected_at as is_warnable,
    {{ business_date('known.hit_at') }} as hit_date,
    {{ business_date('known.notified_at') }} as notified_date,
    {{ business_date('known.resolved_at') }} as resolved_date,
    known.hit_at,
    known.notified_at,
    case when known.completed_at >= known.hit_at then known.completed_at end as completed_at
from known
cross join {{ ref('policy') }} as policy
where known.hit_at is not null
    or known.notified_at is not null
