-- Stays of customers in the risk group with one account manager, or with nobody; what ended a stay decides who is
-- credited (USE-08).
with risk_periods as (
    {{ merged_periods(ref('int_usage__risk_periods'), ['customer_id'], {'next_use_date': 'max(next_use_date)'}) }}
),

risks as (
    select
        customer_id,
        next_use_date,
        valid_from as risk_from,
        coalesce(valid_to, {{ end_of_time('date') }}) as risk_to
    from risk_periods
),

owners as (
    select
        customer_id,
        employee_id,
        {{ business_date('valid_from') }} as valid_from,
        coalesce({{ business_date('valid_to') }}, {{ end_of_time('date') }}) as valid_to
    from {{ ref('dim_customer_owners') }}
    where role = 'account_manager'
),

reassignments as (
    select
        risks.customer_id,
        risks.risk_from,
        owners.valid_from,
        owners.valid_to
    from risks
    inner join owners
        on risks.customer_id = owners.customer_id
        and risks.risk_from < owners.valid_to
        and risks.risk_to > owners.valid_from
),

slices as (
    {{ split_periods(['customer_id', 'risk_from'], [
        ['risks', ['risk_from', 'risk_to']],
        ['reassignments', ['valid_from', 'valid_to']],
    ]) }}
),

pieces as (
    select
        risks.customer_id,
        risks.risk_from,
        risks.risk_to,
        risks.next_use_date,
        slices.valid_from,
        least(slices.valid_to, risks.risk_to) as valid_to
    from risks
    inner join slices
        on risks.customer_id = slices.customer_id
        and risks.risk_from = slices.risk_from
        and slices.valid_from >= risks.risk_from
        and slices.valid_from < risks.risk_to
),

-- Each stay under its account manager and under `all`, where it ends with the risk and not with a reassignment.
owned as (
    select
        pieces.*,
        'all' as employee_id
    from pieces
    union all
    select
        pieces.*,
        coalesce(owners.employee_id, 'unassigned') as employee_id
    from pieces
    left join owners
        on pieces.customer_id = owners.customer_id
        and owners.valid_from <= pieces.valid_from
        and owners.valid_to > pieces.valid_from
),

held as (
    {{ merged_periods('owned', ['customer_id', 'risk_from', 'risk_to', 'next_use_date', 'employee_id']) }}
),

stays as (
    select
        held.customer_id,
        held.employee_id,
        held.valid_from as stay_from,
        held.valid_to as stay_to,
        held.valid_from = held.risk_from as is_entry,
        case
            when held.valid_to < held.risk_to then 'reassigned_out'
            when churns.customer_id is not null then 'churned_out'
            when held.next_use_date = held.risk_to then 'recovered'
            -- A change of segment or of its norm is not a success of the account manager.
            else 'released'
        end as end_kind
    from held
    left join {{ ref('customer_access_periods') }} as churns
        on held.customer_id = churns.customer_id
        and held.risk_to = churns.valid_from
        and not churns.has_access
),

months as (
    select
        dates.month_start_date,
        max(dates.date_day) as last_date,
        max({{ add_days('dates.date_day', 1) }}) as next_month_date,
        {{ is_over('month', 'dates.month_start_date', 'max(run_context.as_of_date)') }} as is_over
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    where dates.month_start_date >= {{ period_start('month', observed_from('events')) }}
    group by dates.month_start_date
),

counted as (
    select
        stays.employee_id,
        months.month_start_date,
        months.is_over,
        count(case when stays.stay_from < months.month_start_date then 1 end) as opening_count,
        count(case when stays.stay_from >= months.month_start_date and stays.is_entry then 1 end) as entered_count,
        count(case when stays.stay_from >= months.month_start_date and not stays.is_entry then 1 end)
            as reassigned_in_count,
        {% for kind in ['recovered', 'churned_out', 'reassigned_out', 'released'] %}
        count(case
            when stays.stay_to < months.next_month_date and stays.end_kind = '{{ kind }}' then 1
        end) as {{ kind }}_count,
        {% endfor %}
        count(case when stays.stay_to >= months.next_month_date then 1 end) as closing_count,
        count(case when stays.stay_to >= months.next_month_date and status.is_paying then 1 end)
            as closing_paying_count
    from months
    inner join stays
        on stays.stay_from < months.next_month_date
        and stays.stay_to >= months.month_start_date
    left join {{ ref('customer_status_periods') }} as status
        on stays.customer_id = status.customer_id
        and {{ holds_at('status', 'months.last_date') }}
    group by stays.employee_id, months.month_start_date, months.is_over
)

select
    employee_id,
    opening_count,
    entered_count,
    reassigned_in_count,
    recovered_count,
    churned_out_count,
    reassigned_out_count,
    released_count,
    closing_count,
    closing_paying_count,
    recovered_count as recovered_num,
    opening_count + entered_count + reassigned_in_count as recovered_den,
    {{ pct('recovered_count', '(opening_count + entered_count + reassigned_in_count)') }} as recovered_pct,
    {{ pct('(opening_count - closing_count)', 'opening_count') }} as net_reduction_pct,
    {{ is_reliable('opening_count + entered_count + reassigned_in_count') }} as is_reliable,
    is_over as is_complete,
    month_start_date as risk_month
from counted
