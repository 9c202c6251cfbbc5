-- Daily counts of what the sources observe, from the first observed day to the last day of the source: later days are
-- not known, so they do not count 0.
-- Facts of use know test accounts too.
{% set of_customers = 'customer_id in (select customers.customer_id from ' ~ ref('dim_customers') ~ ' as customers)' %}
{% set others = [
    ('active_customers', 'events', 'fct_customer_usage_daily', 'usage_date', of_customers),
    ('contacts', 'contacts', 'fct_contacts', 'attempted_date', "direction = 'outbound'"),
    ('inbound_requests', 'tickets', 'fct_tickets', 'opened_date', 'true'),
    ('complaints', 'tickets', 'fct_tickets', 'opened_date', 'is_complaint'),
    ('survey_responses', 'surveys', 'fct_survey_responses', 'response_date', 'response_date is not null'),
    ('purchases', 'payments', 'fct_purchases', 'purchased_date', 'true'),
] %}
with counts as (
    select
        'events' as series_code,
        event_date as series_date,
        sum(events_count) as observed_count
    from {{ ref('fct_event_volume_daily') }}
    group by event_date
    {%- for series, source, relation, day, condition in others %}
    union all
    select
        '{{ series }}' as series_code,
        {{ day }} as series_date,
        count(*) as observed_count
    from {{ ref(relation) }}
    where {{ condition }}
    group by {{ day }}
    {%- endfor %}
),

series as (
    select
        'events' as series_code,
        'events' as source_code
    {%- for series, source, relation, day, condition in others %}
    union all
    select
        '{{ series }}' as series_code,
        '{{ source }}' as source_code
    {%- endfor %}
)

select
    series.series_code,
    coalesce(counts.observed_count, 0) as observed_count,
    dates.is_holiday,
    dates.weekday_number,
    dates.date_day as series_date
from series
inner join {{ ref('dim_observation_starts') }} as observed
    on series.source_code = observed.source_code
inner join {{ ref('dim_working_days') }} as dates
    on observed.observed_from <= dates.date_day
    and observed.last_row_date >= dates.date_day
inner join {{ ref('run_context') }} as run_context
    on dates.date_day <= run_context.as_of_date
left join counts
    on series.series_code = counts.series_code
    and dates.date_day = counts.series_date
