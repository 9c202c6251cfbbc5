-- Customers at the end of each month of theirs, with what was true of them on that day. The one dense table: only
-- months in which somebody is a customer, attributes joined as of the last day (the running month: as of the night).
with live as (
    select
        spells.customer_id,
        spells.spell_number,
        spells.basis,
        spells.started_date,
        spells.left_date is null and coalesce(spells.covered_to_date <= months.last_date, false) as is_leaving_pending,
        months.month_date,
        months.month_end_date,
        months.last_date
    from {{ ref('int_customers__spells') }} as spells
    inner join {{ ref('dim_months') }} as months
        on spells.started_date <= months.last_date
        and coalesce(spells.left_date, {{ far_future() }}) > months.last_date
),

-- The plan that brings most speaks for a customer with several; a sortable text finds it without sorting.
plans as (
    select
        live.customer_id,
        live.month_date,
        max(
            lpad(cast(cast(terms.mrr * 100 as bigint) as {{ dbt.type_string() }}), 16, '0')
            || coalesce(terms.plan_code, '')
        ) as best_plan,
        min(case when terms.period_status = 'paused' then 1 else 0 end) as paused
    from live
    inner join {{ ref('int_subscriptions__terms') }} as terms
        on live.customer_id = terms.customer_id
        and live.last_date >= terms.from_date
        and live.last_date < coalesce(terms.to_date, {{ far_future() }})
    group by live.customer_id, live.month_date
),

money as (
    select
        live.customer_id,
        live.month_date,
        sum(cast(round(levels.mrr_after * rates.rate_to_reporting, 2) as decimal(18, 2))) as mrr
    from live
    inner join {{ ref('fct_mrr_changes') }} as levels
        on live.customer_id = levels.customer_id
        and live.last_date >= levels.changed_date
        and live.last_date < coalesce(levels.next_changed_date, {{ far_future() }})
    inner join {{ ref('dim_exchange_rates') }} as rates
        on levels.currency_code = rates.currency_code
        and live.month_date = rates.month_date
    group by live.customer_id, live.month_date
)

select
    live.customer_id,
    live.spell_number,
    live.basis,
    case
        when plans.paused = 1 then 'paused'
        when live.started_date < live.month_date then 'active'
        when live.spell_number = 1 then 'new'
        else 'returned'
    end as status,
    segments.segment_code,
    value_segments.segment_code as value_segment_code,
    nullif(substring(plans.best_plan, 17), '') as plan_code,
    customers.region,
    customers.acquisition_channel,
    owners.employee_id as owner_id,
    cast(case when live.basis = 'contract' then coalesce(money.mrr, 0) end as decimal(18, 2)) as mrr,
    live.is_leaving_pending,
    live.started_date,
    live.month_date,
    live.month_end_date
from live
inner join {{ ref('stg_crm__customers') }} as customers
    on live.customer_id = customers.customer_id
left join plans
    on live.customer_id = plans.customer_id
    and live.month_date = plans.month_date
left join money
    on live.customer_id = money.customer_id
    and live.month_date = money.month_date
left join {{ ref('dim_customer_segments') }} as segments
    on live.customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and {{ holds_at('segments', 'live.last_date') }}
left join {{ ref('dim_customer_segments') }} as value_segments
    on live.customer_id = value_segments.customer_id
    and value_segments.scheme = 'value'
    and {{ holds_at('value_segments', 'live.last_date') }}
-- Whoever answers for the customer when the last day closes.
left join {{ ref('dim_customer_owners') }} as owners
    on live.customer_id = owners.customer_id
    and owners.role = 'account_manager'
    and {{ day_start_at(add_days('live.last_date', 1)) }} > owners.valid_from
    and {{ day_start_at(add_days('live.last_date', 1)) }} <= coalesce(owners.valid_to, {{ far_future() }})
