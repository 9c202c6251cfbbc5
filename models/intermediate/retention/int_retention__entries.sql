-- When customers enter their cohorts, and what was known of them at that moment.
with customers as (
    select
        registration.customer_id,
        registration.registered_date,
        registration.registered_at,
        registration.registration_segment_code,
        registration.registration_value_segment_code,
        dim_customers.region,
        dim_customers.acquisition_channel,
        -- Whole numbers as keys: millions of customer-days are joined and grouped by them.
        row_number() over (order by registration.customer_id) as customer_number
    from {{ ref('customer_registrations') }} as registration
    inner join {{ ref('dim_customers') }} as dim_customers
        on registration.customer_id = dim_customers.customer_id
),

moments as (
    select
        customer_id,
        'registration' as cohort_kind,
        registered_at as entered_at
    from customers
    union all
    select
        customer_id,
        'activation' as cohort_kind,
        activated_at as entered_at
    from {{ ref('dim_customer_activation') }}
    where is_activated
    union all
    select
        customer_id,
        'first_payment' as cohort_kind,
        min(purchased_at) as entered_at
    from {{ ref('fct_purchases') }}
    group by customer_id
    union all
    select
        events.customer_id,
        'first_event' as cohort_kind,
        min(events.first_at) as entered_at
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_usage
    group by events.customer_id
),

starts as (
    select
        {{ observed_from('events', 'measured_from') }} as use_from,
        {{ observed_from('payments', 'measured_from') }} as revenue_from
),

entries as (
    select
        customers.*,
        moments.cohort_kind,
        moments.entered_at,
        {{ business_date('moments.entered_at') }} as entered_date,
        coalesce({{ business_date('moments.entered_at') }} >= starts.use_from, false) as is_use_measured,
        coalesce({{ business_date('moments.entered_at') }} >= starts.revenue_from, false) as is_revenue_measured
    from moments
    inner join customers
        on moments.customer_id = customers.customer_id
    cross join starts
    inner join {{ ref('run_context') }} as run_context
        on moments.entered_at < run_context.as_of_end_at
    -- A first payment or first use is only known of customers who registered after its source began.
    where moments.cohort_kind = 'registration'
        or customers.registered_date
        >= case when moments.cohort_kind = 'first_payment' then starts.revenue_from else starts.use_from end
)

select
    entries.customer_id,
    entries.customer_number,
    entries.cohort_kind,
    coalesce(usage_segments.segment_code, entries.registration_segment_code, 'unassigned') as segment_code,
    coalesce(value_segments.segment_code, entries.registration_value_segment_code, 'unassigned') as value_segment_code,
    coalesce(entries.acquisition_channel, 'unknown') as acquisition_channel,
    coalesce(entries.region, 'unknown') as region,
    entries.is_use_measured,
    entries.is_revenue_measured,
    entries.entered_date,
    entries.entered_at
from entries
left join {{ ref('dim_customer_segments') }} as usage_segments
    on entries.customer_id = usage_segments.customer_id
    and usage_segments.scheme = 'usage'
    and {{ holds_at('usage_segments', 'entries.entered_date') }}
left join {{ ref('dim_customer_segments') }} as value_segments
    on entries.customer_id = value_segments.customer_id
    and value_segments.scheme = 'value'
    and {{ holds_at('value_segments', 'entries.entered_date') }}
where entries.is_use_measured
    or entries.is_revenue_measured
