-- By what norm and with what plan a customer is judged when: from the registration on, but for the time they were away
-- (USE-19).
with loaded as (
    select min(event_date) as first_date from {{ ref('fct_event_volume_daily') }}
),

customers as (
    select
        registration.customer_id,
        registration.registered_date,
        greatest(registration.registered_date, coalesce(loaded.first_date, registration.registered_date))
            as observed_date
    from {{ ref('int_customers__registration') }} as registration
    cross join loaded
),

absences as (
    select
        customer_id,
        left_date as valid_from,
        coalesce(returned_date, {{ open_end() }}) as valid_to
    from {{ ref('int_customers__absences') }}
),

memberships as (
    select
        customer_id,
        segment_code,
        valid_from,
        coalesce(valid_to, {{ open_end() }}) as valid_to,
        row_number() over (partition by customer_id order by valid_from) as membership_number
    from {{ ref('dim_customer_segments') }}
    where scheme = 'usage'
),

-- Of several contracts at a time the one that began last counts.
plans as (
    select
        customer_id,
        plan_code,
        valid_from,
        least(
            coalesce(valid_to, {{ open_end() }}),
            coalesce(lead(valid_from) over (partition by customer_id order by valid_from, period_id), {{ open_end() }})
        ) as valid_to
    from {{ ref('stg_billing__subscription_periods') }}
    where valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

cuts as (
    select
        customer_id,
        registered_date as cut_date
    from customers
    {% for relation in ['memberships', 'plans', 'absences'] %}
    {% for column in ['valid_from', 'valid_to'] %}
    union
    select
        customer_id,
        {{ column }} as cut_date
    from {{ relation }}
    {% endfor %}
    {% endfor %}
),

pieces as (
    select
        customers.customer_id,
        customers.registered_date,
        customers.observed_date,
        cuts.cut_date as valid_from,
        coalesce(
            lead(cuts.cut_date) over (partition by cuts.customer_id order by cuts.cut_date), {{ open_end() }}
        ) as valid_to
    from customers
    inner join cuts
        on customers.customer_id = cuts.customer_id
        and cuts.cut_date >= customers.registered_date
        and cuts.cut_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

present as (
    select
        pieces.customer_id,
        pieces.registered_date,
        pieces.observed_date,
        pieces.valid_from,
        pieces.valid_to,
        coalesce(max(earlier.valid_to), pieces.registered_date) as present_from
    from pieces
    left join absences
        on pieces.customer_id = absences.customer_id
        and absences.valid_from <= pieces.valid_from
        and absences.valid_to > pieces.valid_from
    left join absences as earlier
        on pieces.customer_id = earlier.customer_id
        and earlier.valid_to <= pieces.valid_from
    where absences.customer_id is null
    group by
        pieces.customer_id, pieces.registered_date, pieces.observed_date, pieces.valid_from, pieces.valid_to
)

select
    present.customer_id,
    coalesce(memberships.segment_code, 'unassigned') as segment_code,
    plans.plan_code,
    present.registered_date,
    present.observed_date,
    -- A first segment that was given late says what the customer had been all along; a change and a return start anew.
    greatest(
        case when memberships.membership_number > 1 then memberships.valid_from else present.observed_date end,
        present.present_from,
        present.observed_date
    ) as comparable_date,
    present.present_from,
    present.valid_from,
    case when present.valid_to < {{ open_end() }} then present.valid_to end as valid_to
from present
left join memberships
    on present.customer_id = memberships.customer_id
    and memberships.valid_from <= present.valid_from
    and memberships.valid_to > present.valid_from
left join plans
    on present.customer_id = plans.customer_id
    and plans.valid_from <= present.valid_from
    and plans.valid_to > present.valid_from
