{{ config(materialized=inlined('view')) }}
-- Reasons to talk to a customer, as periods of days at whose close they held (CON-09): signals of all
-- domains that nothing suppresses, first steps that were not all done, and components that were open to the customer
-- and not tried. Read by customer, so it need not be stored.
with signals as (
    select
        customer_id,
        signal_code,
        valid_from,
        valid_to
    from {{ ref('int_signals__unioned') }}
    where suppressed_by is null
    union all
    -- Open onboarding is a reason before it is stalled.
    select
        customers.customer_id,
        'onboarding_open' as signal_code,
        customers.registered_date as valid_from,
        least(
            {{ business_date('customers.activated_at') }},
            case when customers.suppress_reason <> 'activated' then {{ business_date('customers.suppress_from') }} end,
            access_periods.valid_to
        ) as valid_to
    from {{ ref('dim_customer_activation') }} as customers
    inner join {{ ref('customer_access_periods') }} as access_periods
        on customers.customer_id = access_periods.customer_id
        and access_periods.has_access
        and {{ holds_at('access_periods', 'customers.registered_date') }}
    where customers.is_measurable
),

-- Evaluated like the never used components of `mart_component_usage`, on every day.
unused as (
    select
        access_periods.customer_id,
        access_periods.component_code,
        greatest(
            access_periods.valid_from,
            {{ add_days(
                'greatest(access_periods.available_from, events.observed_from)',
                'policy.component_adoption_after_days'
            ) }}
        ) as valid_from,
        least(access_periods.valid_to, uses.first_use_date) as valid_to
    from {{ ref('customer_component_periods') }} as access_periods
    inner join {{ ref('dim_observation_starts') }} as events
        on events.source_code = 'events'
        and events.observed_from is not null
    left join {{ ref('state_customer_component_usage') }} as uses
        on access_periods.customer_id = uses.customer_id
        and access_periods.component_code = uses.component_code
    cross join {{ ref('policy') }} as policy
    where access_periods.is_relevant
),

conditions as (
    select
        customer_id,
        signal_code,
        cast(null as {{ dbt.type_string() }}) as component_code,
        valid_from,
        valid_to
    from signals
    where valid_to is null
        or valid_to > valid_from
    union all
    select
        unused.customer_id,
        'component_never_used' as signal_code,
        unused.component_code,
        unused.valid_from,
        unused.valid_to
    from unused
    inner join {{ ref('run_context') }} as run_context
        on unused.valid_from <= run_context.as_of_date
    where unused.valid_to is null
        or unused.valid_to > unused.valid_from
)

select
    conditions.customer_id,
    reasons.reason_code,
    conditions.signal_code,
    conditions.component_code,
    reasons.priority_order,
    conditions.valid_from,
    conditions.valid_to
from conditions
inner join {{ ref('contact_reasons') }} as reasons
    on conditions.signal_code = reasons.signal_code
