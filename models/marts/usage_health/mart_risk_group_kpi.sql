-- Stays of customers in the risk group with one account manager; what ended a stay says what to credit (USE-08).
with risks as (
    select
        periods.customer_id,
        periods.since_date as risk_from,
        max(coalesce(periods.valid_to, {{ open_end() }})) as risk_to
    from {{ ref('int_usage__signal_periods') }} as periods
    where periods.signal_code = 'dormant'
    group by periods.customer_id, periods.since_date
),

ends as (
    select
        risks.customer_id,
        risks.risk_from,
        risks.risk_to,
        max(case when gaps.customer_id is not null then 1 else 0 end) as is_used_again
    from risks
    left join {{ ref('state_usage_gaps') }} as gaps
        on risks.customer_id = gaps.customer_id
        and gaps.component_code = '*'
        and risks.risk_to = gaps.gap_to
    group by risks.customer_id, risks.risk_from, risks.risk_to
),

owners as (
    select
        customer_id,
        employee_id,
        {{ business_date('valid_from') }} as valid_from,
        coalesce({{ business_date('valid_to') }}, {{ open_end() }}) as valid_to
    from {{ ref('dim_customer_owners') }}
    where role = 'account_manager'
),

stays as (
    select
        owners.employee_id,
        greatest(ends.risk_from, owners.valid_from) as stay_from,
        least(ends.risk_to, owners.valid_to) as stay_to,
        ends.risk_from >= owners.valid_from as is_entry,
        case
            when owners.valid_to < ends.risk_to then 'reassigned_out'
            when churns.customer_id is not null then 'churned_out'
            when ends.is_used_again = 1 then 'recovered'
            -- A change of segment or of its norm: nobody's success.
            else 'released'
        end as end_kind
    from ends
    inner join owners
        on ends.customer_id = owners.customer_id
        and owners.valid_from < ends.risk_to
        and owners.valid_to > ends.risk_from
    left join {{ ref('customer_access_periods') }} as churns
        on ends.customer_id = churns.customer_id
        and ends.risk_to = churns.valid_from
        and not churns.has_access
    where greatest(ends.risk_from, owners.valid_from) < least(ends.risk_to, owners.valid_to)
),

months as (
    select
        dates.month_start_date,
        max({{ add_days('dates.date_day', 1) }}) as next_month_date
    from {{ ref('dim_dates') }} as dates
    where dates.month_start_date >= {{ period_start('month', observed_from('events')) }}
    group by dates.month_start_date
),

counted as (
    select
        stays.employee_id,
        months.month_start_date,
        months.next_month_date,
        count(case when stays.stay_from < months.month_start_date then 1 end) as opening_count,
        count(case when stays.stay_from >= months.month_start_date and stays.is_entry then 1 end) as entered_count,
        count(case when stays.stay_from >= months.month_start_date and not stays.is_entry then 1 end)
            as reassigned_in_count,
        {% for kind in ['recovered', 'churned_out', 'reassigned_out', 'released'] %}
        count(case
            when stays.stay_to < months.next_month_date and stays.end_kind = '{{ kind }}' then 1
        end) as {{ kind }}_count,
        {% endfor %}
        count(case when stays.stay_to >= months.next_month_date then 1 end) as closing_count
    from months
    inner join stays
        on stays.stay_from < months.next_month_date
        and stays.stay_to >= months.month_start_date
    group by stays.employee_id, months.month_start_date, months.next_month_date
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
    recovered_count as recovered_num,
    opening_count + entered_count + reassigned_in_count as recovered_den,
    {{ pct('recovered_count', '(opening_count + entered_count + reassigned_in_count)') }} as recovered_pct,
    {{ pct('(opening_count - closing_count)', 'opening_count') }} as net_reduction_pct,
    opening_count + entered_count + reassigned_in_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    {{ days_between('month_start_date', 'next_month_date') }} >= 28
    and {{ period_start('month', 'next_month_date') }} = next_month_date as is_complete,
    month_start_date as risk_month
from counted
