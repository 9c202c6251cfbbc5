{%- set in_window -%}
between {{ add_days('units.from_date', 1) }} and {{ add_days('units.from_date', 'units.acting_window_days') }}
{%- endset -%}
-- Who is compared with whom: alerts that a hold-out spared with the others of their rule, and customers who were acted
-- on with those who were not. A hold-out counts from the opening, whatever was done. The others count from the end of
-- the window for acting: who churns before cannot be acted on any more, and would be counted as not acted on.
with effective_days as (
    select distinct
        customer_id,
        {{ business_date('effective_at') }} as effective_date
    from {{ ref('int_alerts__attempts') }}
    where effective_at is not null
),

cancel_requests as (
    select
        customer_id,
        {{ business_date('cancel_requested_at') }} as requested_date
    from {{ ref('subscription_status_periods') }}
    where cancel_requested_at is not null
    union distinct
    select
        customer_id,
        requested_date
    from {{ ref('fct_retracted_cancellations') }}
),

-- A contact that is not recorded would look like none.
month_ends as (
    select
        frame.customer_id,
        frame.observed_date,
        frame.month_date,
        frame.churned_date
    from {{ ref('int_risk__frame') }} as frame
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on frame.observed_date > {{ add_months('run_context.as_of_date', '-policy.risk_training_months') }}
    where not frame.is_current
        and frame.contact_age_days is not null
),

warnings as (
    select *
    from {{ ref('int_alerts__warnings') }}
    where warning_kind = 'rule'
        and warning_class = 'warning'
        and not is_late
),

alerts as (
    {% for treatment in ['warnings.warning_code', "'any_alert'"] %}
    select
        'hold_out' as method_code,
        {{ treatment }} as treatment_code,
        warnings.alert_id as unit_id,
        warnings.customer_id,
        cast(null as date) as observed_date,
        warnings.warned_date as from_date,
        warnings.churned_date,
        warnings.acted_date,
        warnings.is_spared,
        cast(1.0 - assigned.holdout_pct / 100.0 as {{ type_double() }}) as known_propensity
    from warnings
    inner join {{ ref('int_alerts__assigned') }} as assigned
        on warnings.warning_key = assigned.alert_id
    where assigned.holdout_pct > 0
    union all
    {% endfor %}
    select
        'matched' as method_code,
        warnings.warning_code as treatment_code,
        warnings.warning_key as unit_id,
        warnings.customer_id,
        month_ends.observed_date,
        warnings.warned_date as from_date,
        month_ends.churned_date,
        warnings.acted_date,
        warnings.is_spared,
        cast(null as {{ type_double() }}) as known_propensity
    from warnings
    inner join month_ends
        on warnings.customer_id = month_ends.customer_id
        and {{ add_months(period_start('month', 'warnings.warned_date'), -1) }} = month_ends.month_date
    where not warnings.is_spared
),

-- A customer's later alerts fall into the windows of the first, whose churn they would count again.
ordered as (
    select
        *,
        lag(from_date) over (
            partition by method_code, treatment_code, customer_id order by from_date, unit_id
        ) as earlier_date
    from alerts
),

units as (
    select
        ordered.method_code,
        ordered.treatment_code,
        ordered.unit_id,
        ordered.customer_id,
        ordered.observed_date,
        ordered.from_date,
        ordered.churned_date,
        ordered.acted_date,
        ordered.is_spared,
        ordered.known_propensity,
        policy.acting_window_days
    from ordered
    cross join {{ ref('policy') }} as policy
    where ordered.earlier_date is null
        or {{ days_between('ordered.earlier_date', 'ordered.from_date') }} > policy.risk_horizon_long_days
    union all
    select
        'matched' as method_code,
        'any_effective_contact' as treatment_code,
        month_ends.customer_id || '|' || cast(month_ends.observed_date as {{ dbt.type_string() }}) as unit_id,
        month_ends.customer_id,
        month_ends.observed_date,
        month_ends.observed_date as from_date,
        month_ends.churned_date,
        cast(null as date) as acted_date,
        false as is_spared,
        cast(null as {{ type_double() }}) as known_propensity,
        policy.acting_window_days
    from month_ends
    cross join {{ ref('policy') }} as policy
),

contacted as (
    select distinct
        units.customer_id,
        units.from_date
    from units
    inner join effective_days
        on units.customer_id = effective_days.customer_id
        and effective_days.effective_date {{ in_window }}
),

-- They cannot be acted on, or have announced their churn.
left_out as (
    select distinct
        units.customer_id,
        units.from_date
    from units
    inner join cancel_requests
        on units.customer_id = cancel_requests.customer_id
        and cancel_requests.requested_date {{ in_window }}
    union distinct
    select distinct
        units.customer_id,
        units.from_date
    from units
    inner join {{ ref('dim_customer_dnd') }} as flags
        on units.customer_id = flags.customer_id
        and {{ holds_at('flags', day_start_at(add_days('units.from_date', 1))) }}
),

followed as (
    select
        units.*,
        contacted.customer_id is not null or coalesce(units.acted_date {{ in_window }}, false) as is_contacted,
        left_out.customer_id is not null as is_left_out,
        case
            when units.method_code = 'hold_out' then units.from_date
            else {{ add_days('units.from_date', 'units.acting_window_days') }}
        end as landmark_date
    from units
    left join contacted
        on units.customer_id = contacted.customer_id
        and units.from_date = contacted.from_date
    left join left_out
        on units.customer_id = left_out.customer_id
        and units.from_date = left_out.from_date
)

select
    followed.method_code,
    followed.treatment_code,
    followed.unit_id,
    followed.customer_id,
    cast(floor({{ percent_bucket('followed.customer_id') }} / 5) as integer) as customer_group,
    followed.observed_date,
    followed.landmark_date,
    followed.churned_date,
    followed.known_propensity,
    case followed.method_code when 'hold_out' then not followed.is_spared else followed.is_contacted end as is_treated,
    followed.is_contacted
from followed
cross join {{ ref('run_context') }} as run_context
where followed.method_code = 'hold_out'
    or (
        followed.landmark_date <= run_context.as_of_date
        and not followed.is_left_out
        and coalesce(followed.churned_date > followed.landmark_date, true)
    )
