{% set breakdowns = {'segment': 'segment_code', 'status': 'customer_status'} %}
-- What a rule is compared with: all churn, and the base rate of churn among customers at each month end.
with exposed as (
    select
        months.customer_id,
        months.month_end_date,
        coalesce(months.segment_code, 'unassigned') as segment_code,
        months.customer_status,
        max(case
            when {{ days_between('months.month_end_date', 'events.churned_date') }}
                between 1 and policy.alert_outcome_days then 1
            else 0
        end) as churned_after
    from {{ ref('dim_customer_month_end') }} as months
    inner join {{ ref('dim_customers') }} as customers
        on months.customer_id = customers.customer_id
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('months.month_end_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days
    left join {{ ref('fct_churn_events') }} as events
        on months.customer_id = events.customer_id
        and events.churned_date > months.month_end_date
    where months.month_end_date >= {{ observed_from('events') }}
    group by months.customer_id, months.month_end_date, months.segment_code, months.customer_status
),

counted as (
    select
        {{ breakdown_columns(breakdowns) }},
        count(*) as churned_count,
        0 as base_num,
        0 as base_den
    from {{ ref('int_alerts__churns') }}
    group by {{ breakdown_sets(breakdowns, []) }}
    union all
    select
        {{ breakdown_columns(breakdowns) }},
        0 as churned_count,
        coalesce(sum(churned_after), 0) as base_num,
        count(*) as base_den
    from exposed
    group by {{ breakdown_sets(breakdowns, []) }}
)

select
    dimension_name,
    dimension_value,
    sum(churned_count) as churned_count,
    sum(base_num) as base_num,
    sum(base_den) as base_den
from counted
group by dimension_name, dimension_value
