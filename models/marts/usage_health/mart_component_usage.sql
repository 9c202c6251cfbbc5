with customers as (
    select
        periods.customer_id,
        periods.customer_status,
        periods.is_paying,
        periods.segment_code,
        coalesce(periods.observed_date <= run_context.as_of_date, false) as is_measured,
        run_context.as_of_date
    from {{ ref('customer_usage_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on {{ holds_at('periods', 'run_context.as_of_date') }}
),

recent as (
    select
        daily.customer_id,
        daily.component_code,
        count(*) as use_days_count
    from {{ ref('fct_component_usage_daily') }} as daily
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on daily.usage_date > {{ add_days('run_context.as_of_date', '-' ~ usage_current_days()) }}
        and daily.usage_date <= run_context.as_of_date
    group by daily.customer_id, daily.component_code
),

abandoned as (
    select
        inactivity.customer_id,
        inactivity.component_code,
        max(inactivity.valid_from) as abandoned_date
    from {{ ref('int_usage__component_inactivity') }} as inactivity
    inner join {{ ref('run_context') }} as run_context
        on inactivity.valid_from <= run_context.as_of_date
        and inactivity.valid_to > run_context.as_of_date
    group by inactivity.customer_id, inactivity.component_code
),

-- Contacts that worked and were about the component.
talks as (
    select
        contacts.customer_id,
        contacts.component_code,
        contacts.effective_date,
        contacts.effective_at
    from {{ ref('fct_contacts') }} as contacts
    where contacts.is_effective
        and contacts.direction = 'outbound'
        and contacts.component_code is not null
),

measured as (
    select
        customers.customer_id,
        components.component_code,
        customers.customer_status,
        customers.is_paying,
        customers.segment_code,
        customers.is_measured,
        customers.as_of_date,
        components.is_relevant,
        components.is_critical,
        components.is_one_off,
        components.inactive_days as inactive_limit_days,
        access_periods.available_from,
        case when customers.is_measured then coalesce(uses.use_days_count, 0) end as use_days_count,
        case when customers.is_measured then coalesce(recent.use_days_count, 0) end as current_use_days_count,
        {{ days_between('uses.last_use_date', 'customers.as_of_date') }} as inactive_days,
        abandoned.abandoned_date,
        uses.first_use_date,
        uses.last_use_date,
        {{ add_days(
            'access_periods.available_from', 'policy.component_adoption_after_days'
        ) }} as candidate_date
    from customers
    inner join {{ ref('dim_segment_components') }} as components
        on customers.segment_code = components.segment_code
    left join {{ ref('customer_component_periods') }} as access_periods
        on customers.customer_id = access_periods.customer_id
        and components.component_code = access_periods.component_code
        and {{ holds_at('access_periods', 'customers.as_of_date') }}
    left join {{ ref('state_customer_component_usage') }} as uses
        -- Strays before the start that policy states are not use.
        on case when customers.is_measured then customers.customer_id end = uses.customer_id
        and components.component_code = uses.component_code
    left join recent
        on customers.customer_id = recent.customer_id
        and components.component_code = recent.component_code
    left join abandoned
        on case when customers.is_measured then customers.customer_id end = abandoned.customer_id
        and components.component_code = abandoned.component_code
    cross join {{ ref('policy') }} as policy
),

-- Treated is who was reached about a component while it was in want of use: never used so long after it had been open,
-- or stopped. A first use on the day of the contact follows it.
treated as (
    select
        measured.customer_id,
        measured.component_code,
        max(talks.effective_at) as last_treated_at,
        max(case when talks.effective_date <= measured.first_use_date then measured.first_use_date end)
            as adopted_after_treatment_date
    from measured
    inner join talks
        on measured.customer_id = talks.customer_id
        and measured.component_code = talks.component_code
    where talks.effective_date >= measured.abandoned_date
        or talks.effective_date
        between measured.candidate_date and coalesce(measured.first_use_date, talks.effective_date)
    group by measured.customer_id, measured.component_code
),

compared as (
    select
        *,
        count(case when available_from is not null and is_relevant then 1 end) over by_segment as eligible_count,
        count(case when available_from is not null and is_relevant then first_use_date end) over by_segment
            as adopted_count
    from measured
    window by_segment as (partition by segment_code, component_code)
)

select
    compared.customer_id,
    compared.component_code,
    compared.segment_code,
    compared.customer_status,
    case
        when not compared.is_measured then 'not_measured'
        when compared.first_use_date is null then 'never_used'
        when compared.abandoned_date is not null then 'stopped'
        when not compared.is_one_off
            and compared.inactive_days > compared.inactive_limit_days
            and compared.is_relevant
            and compared.available_from is not null then 'over_limit'
        when compared.current_use_days_count > 0 or compared.is_one_off then 'active'
        else 'idle'
    end as component_state,
    -- USE-16: only relevant and available components; where hardly anybody found one, the interface is to change.
    case
        when compared.first_use_date is null
            and compared.is_measured
            and compared.is_relevant
            and compared.candidate_date <= compared.as_of_date
            then case
                    when 100.0 * compared.adopted_count
                        < policy.component_adoption_low_pct * compared.eligible_count then 'ui_change'
                    when compared.is_critical then 'training'
                    else 'communication'
                end
    end as suggested_action_code,
    cast(compared.use_days_count as bigint) as use_days_count,
    cast(compared.current_use_days_count as bigint) as current_use_days_count,
    cast(compared.inactive_days as bigint) as inactive_days,
    cast(case when not compared.is_one_off then compared.inactive_limit_days end as bigint) as inactive_limit_days,
    cast(case
        when not compared.is_one_off and compared.inactive_days > compared.inactive_limit_days
            then compared.inactive_days - compared.inactive_limit_days
    end as bigint) as over_limit_days,
    cast({{ days_between('compared.available_from', 'compared.as_of_date') }} as bigint) as available_days,
    compared.available_from is not null as is_available,
    compared.is_relevant,
    compared.is_critical,
    compared.is_paying,
    -- The last conversation that asked, when it took place since then.
    case
        when compared.abandoned_date is not null and reasons.clarified_date >= compared.last_use_date
            then reasons.outcome_reason
    end as stop_reason,
    compared.first_use_date,
    compared.last_use_date,
    compared.abandoned_date,
    treated.adopted_after_treatment_date,
    treated.last_treated_at
from compared
left join treated
    on compared.customer_id = treated.customer_id
    and compared.component_code = treated.component_code
left join {{ ref('dim_customer_decline_reasons') }} as reasons
    on compared.customer_id = reasons.customer_id
cross join {{ ref('policy') }} as policy
