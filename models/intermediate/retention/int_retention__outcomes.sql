{{ config(materialized=inlined('view')) }}
-- What each customer took part in since the registration, and how it was decided: by the latest decision that is known.
with known as (
    select
        events.outcome_code,
        events.customer_id,
        events.object_id,
        events.is_participation,
        events.is_won,
        customers.registered_date,
        events.occurred_at,
        row_number() over (
            partition by events.outcome_code, events.customer_id, events.object_id
            order by
                case when events.is_won is null then 1 else 0 end asc,
                events.occurred_at desc,
                events.event_id desc
        ) as choice
    from {{ ref('fct_outcome_events') }} as events
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
    inner join {{ ref('customer_registrations') }} as customers
        on events.customer_id = customers.customer_id
        and events.event_date >= customers.registered_date
),

outcomes as (
    select
        outcome_code,
        customer_id,
        object_id,
        registered_date,
        max(case when choice = 1 and is_won then 1 when choice = 1 and not is_won then 0 end) = 1 as is_won,
        min(case when is_participation then occurred_at end) as participated_at,
        max(case when choice = 1 and is_won is not null then occurred_at end) as decided_at
    from known
    group by outcome_code, customer_id, object_id, registered_date
)

select
    outcomes.outcome_code,
    outcomes.customer_id,
    outcomes.object_id,
    coalesce(segments.segment_code, 'unassigned') as segment_code,
    bands.tenure_band,
    outcomes.is_won,
    {{ period_start('month', business_date('outcomes.participated_at')) }} as participation_month,
    outcomes.participated_at,
    outcomes.decided_at
from outcomes
left join {{ ref('dim_customer_segments') }} as segments
    on outcomes.customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and {{ business_date('outcomes.participated_at') }} >= segments.valid_from
    and {{ business_date('outcomes.participated_at') }} < coalesce(segments.valid_to, {{ end_of_time('date') }})
-- From the day of registration on, never chained: 31 January + 3 months is 30 April.
left join {{ ref('tenure_bands') }} as bands
    on {{ business_date('outcomes.participated_at') }}
    >= {{ add_months('outcomes.registered_date', 'bands.months_from') }}
    and {{ business_date('outcomes.participated_at') }}
    < coalesce({{ add_months('outcomes.registered_date', 'bands.months_to') }}, {{ end_of_time('date') }})
