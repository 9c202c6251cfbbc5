{{ config(materialized=inlined('view')) }}
{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status', 'basis': 'basis'} %}
-- What a rule is compared with: the share of customers who churn anyway, at month ends at which the rule could speak.
with exposed as (
    select
        months.customer_id,
        months.month_end_date,
        coalesce(months.segment_code, 'unassigned') as segment_code,
        months.customer_status,
        months.basis,
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
    group by
        months.customer_id, months.month_end_date, months.segment_code, months.customer_status, months.basis
),

broken_down as (
    {{ breakdowns_with_attributes('exposed', dimensions, 'month_end_date') }}
),

-- A rule adds up months and does not read every customer again.
counted as (
    select
        dimension_name,
        dimension_value,
        month_end_date,
        sum(churned_after) as base_num,
        count(*) as base_den
    from broken_down
    group by dimension_name, dimension_value, month_end_date
)

select
    codes.warning_kind,
    codes.warning_code,
    counted.dimension_name,
    counted.dimension_value,
    sum(counted.base_num) as base_num,
    sum(counted.base_den) as base_den
from counted
inner join {{ ref('int_alerts__warning_codes') }} as codes
    on counted.month_end_date >= codes.speaks_from
    and counted.month_end_date < coalesce(codes.speaks_to, {{ end_of_time('date') }})
group by codes.warning_kind, codes.warning_code, counted.dimension_name, counted.dimension_value
