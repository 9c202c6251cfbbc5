with dated_rows as (
    select
        events.customer_id,
        'events' as source_code,
        case
            when {{ business_date('events.first_at') }} < customers.registered_date
                then events.events_count - events.events_since_registration_count
            else 0
        end as before_registration_count
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('customer_registrations') }} as customers
        on events.customer_id = customers.customer_id
    {%- for source, relation, column in [
        ('billing', 'subscription_status_periods', 'from_date'),
        ('payments', 'fct_payments', 'paid_date'),
        ('contacts', 'fct_contacts', 'attempted_date'),
        ('surveys', 'fct_survey_invitations', 'sent_date'),
        ('tickets', 'fct_tickets', 'opened_date'),
        ('promises', 'fct_promises', 'made_date'),
    ] %}
    union all
    select
        rows_of_source.customer_id,
        '{{ source }}' as source_code,
        1 as before_registration_count
    from {{ ref(relation) }} as rows_of_source
    inner join {{ ref('customer_registrations') }} as customers
        on rows_of_source.customer_id = customers.customer_id
        and rows_of_source.{{ column }} < customers.registered_date
    {%- endfor %}
),

early as (
    select
        source_code,
        sum(before_registration_count) as before_registration_count
    from dated_rows
    group by source_code
),

measured as (
    select
        sources.source_code,
        count(case when customers.registered_date < sources.measured_from then 1 end) as unmeasured_count,
        count(customers.customer_id) as customers_count
    from {{ ref('dim_observation_starts') }} as sources
    cross join {{ ref('customer_registrations') }} as customers
    group by sources.source_code
)

select
    sources.source_code,
    sources.found_by as found_by_code,
    sources.rows_count,
    sources.rows_before_count,
    cast(coalesce(early.before_registration_count, 0) as bigint) as before_registration_count,
    cast(case when sources.observed_from is not null then coalesce(measured.unmeasured_count, 0) end as bigint)
        as unmeasured_customers_count,
    cast(coalesce(measured.customers_count, 0) as bigint) as registered_customers_count,
    cast({{ days_between('min(sources.observed_from) over ()', 'sources.observed_from') }} as bigint)
        as later_than_first_days,
    sources.first_row_date,
    sources.last_row_date,
    sources.observed_from as observed_from_date,
    sources.measured_from as measured_from_date
from {{ ref('dim_observation_starts') }} as sources
left join early
    on sources.source_code = early.source_code
left join measured
    on sources.source_code = measured.source_code
