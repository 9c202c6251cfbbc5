{{ config(materialized=inlined('view')) }}
-- Onboarding is stalled: so many days after registration not everything required is done. Values are those known on the
-- first day of the period, so that a later run gives the same.
with stalled as (
    select
        customers.customer_id,
        customers.suppress_reason,
        {{ add_days('customers.registered_date', 'policy.onboarding_stalled_days') }}
            as stalled_date,
        {{ business_date('customers.activated_at') }} as activated_date,
        case when customers.suppress_reason <> 'activated' then {{ business_date('customers.suppress_from') }} end
            as suppressed_date,
        run_context.as_of_date
    from {{ ref('dim_customer_activation') }} as customers
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where customers.is_measurable
),

periods as (
    -- Before an offer was declined, or the customer went on alone ...
    select
        customer_id,
        cast(null as {{ dbt.type_string() }}) as suppressed_by,
        stalled_date as valid_from,
        least(activated_date, suppressed_date) as valid_to
    from stalled
    where stalled_date <= as_of_date
        and (activated_date is null or activated_date > stalled_date)
        and (suppressed_date is null or suppressed_date > stalled_date)
    union all
    -- ... and from then on.
    select
        customer_id,
        suppress_reason as suppressed_by,
        greatest(stalled_date, suppressed_date) as valid_from,
        activated_date as valid_to
    from stalled
    where greatest(stalled_date, suppressed_date) <= as_of_date
        and suppressed_date is not null
        and (activated_date is null or activated_date > greatest(stalled_date, suppressed_date))
),

progress as (
    select
        periods.customer_id,
        periods.valid_from,
        count(*) as required_count,
        count(case when {{ business_date('actions.first_done_at') }} <= periods.valid_from then 1 end) as done_count
    from periods
    inner join {{ ref('fct_key_actions') }} as actions
        on periods.customer_id = actions.customer_id
        and actions.is_required
    group by periods.customer_id, periods.valid_from
)

select
    periods.customer_id,
    'onboarding_stalled' as signal_code,
    cast(progress.done_count as {{ type_double() }}) as observed_value,
    cast(progress.required_count as {{ type_double() }}) as expected_value,
    case when progress.done_count = 0 then 'medium' else 'low' end as severity,
    'did ' || cast(progress.done_count as {{ dbt.type_string() }}) || ' of '
    || cast(progress.required_count as {{ dbt.type_string() }}) || ' required steps in time' as reason,
    periods.suppressed_by,
    periods.valid_from,
    periods.valid_to
from periods
inner join progress
    on periods.customer_id = progress.customer_id
    and periods.valid_from = progress.valid_from
