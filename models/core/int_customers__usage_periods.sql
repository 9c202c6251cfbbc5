-- By what norm and with what plan a customer is judged when: from the registration until they left (USE-19).
with loaded as (
    select min(event_date) as first_date from {{ ref('fct_event_volume_daily') }}
),

customers as (
    select
        registration.customer_id,
        registration.registered_date,
        greatest(registration.registered_date, coalesce(loaded.first_date, registration.registered_date))
            as observed_date,
        coalesce(left_customers.left_date, {{ open_end() }}) as left_date
    from {{ ref('int_customers__registration') }} as registration
    cross join loaded
    left join {{ ref('int_customers__left') }} as left_customers
        on registration.customer_id = left_customers.customer_id
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
    {% for relation in ['memberships', 'plans'] %}
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
        customers.left_date,
        cuts.cut_date as valid_from,
        coalesce(
            lead(cuts.cut_date) over (partition by cuts.customer_id order by cuts.cut_date), {{ open_end() }}
        ) as valid_to
    from customers
    inner join cuts
        on customers.customer_id = cuts.customer_id
        and cuts.cut_date >= customers.registered_date
        and cuts.cut_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
)

select
    pieces.customer_id,
    coalesce(memberships.segment_code, 'unassigned') as segment_code,
    plans.plan_code,
    pieces.registered_date,
    pieces.observed_date,
    -- A first segment that was given late says what the customer had been all along; a change starts anew.
    case
        when coalesce(memberships.membership_number, 1) = 1 then pieces.observed_date
        else greatest(memberships.valid_from, pieces.observed_date)
    end as comparable_date,
    pieces.valid_from,
    case
        when least(pieces.valid_to, pieces.left_date) < {{ open_end() }} then least(pieces.valid_to, pieces.left_date)
    end as valid_to
from pieces
left join memberships
    on pieces.customer_id = memberships.customer_id
    and memberships.valid_from <= pieces.valid_from
    and memberships.valid_to > pieces.valid_from
left join plans
    on pieces.customer_id = plans.customer_id
    and plans.valid_from <= pieces.valid_from
    and plans.valid_to > pieces.valid_from
where pieces.valid_from < pieces.left_date
