{{ config(materialized=inlined('view')) }}
-- How many customers the quarterly metrics have heard from in each quarter, of all customers at its end (CXI-04).
with quarters as (
    select
        cells.metric_code,
        cells.programme,
        cells.period_start_date,
        cells.period_end_date,
        case
            when cells.is_complete then cells.period_end_date
            else {{ business_date('run_context.as_of_end_at') }}
        end as counted_until
    from {{ ref('int_cx__cells') }} as cells
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on cells.metric_code = metrics.metric_code
        and metrics.is_quarterly
    where cells.period_kind = 'quarter'
        and cells.dimension_name = 'all'
),

ends as (
    select distinct
        period_start_date,
        counted_until
    from quarters
),

-- Customers at the end of the quarter, or of the business day while the quarter runs.
active as (
    select
        ends.period_start_date,
        customers.customer_id
    from ends
    inner join {{ ref('dim_customers') }} as customers
        on ends.counted_until > customers.registered_date
    inner join {{ ref('customer_status_periods') }} as status
        on customers.customer_id = status.customer_id
        and {{ holds_at('status', add_days('ends.counted_until', -1)) }}
        and status.is_customer
),

active_counts as (
    select
        period_start_date,
        count(*) as customers_count
    from active
    group by period_start_date
),

measured as (
    select
        quarters.metric_code,
        quarters.programme,
        quarters.period_start_date,
        max(answers.submitted_at) as last_measured_at,
        count(distinct case
            when answers.response_date >= quarters.period_start_date then active.customer_id
        end) as covered_count
    from quarters
    inner join {{ ref('int_cx__answers') }} as answers
        on quarters.metric_code = answers.metric_code
        and quarters.programme = answers.programme
        and quarters.period_end_date > answers.response_date
    left join active
        on quarters.period_start_date = active.period_start_date
        and answers.customer_id = active.customer_id
    group by quarters.metric_code, quarters.programme, quarters.period_start_date
)

select
    quarters.metric_code,
    quarters.programme,
    quarters.period_start_date,
    coalesce(measured.covered_count, 0) as covered_num,
    coalesce(active_counts.customers_count, 0) as covered_den,
    measured.last_measured_at
from quarters
left join active_counts
    on quarters.period_start_date = active_counts.period_start_date
left join measured
    on quarters.metric_code = measured.metric_code
    and quarters.programme = measured.programme
    and quarters.period_start_date = measured.period_start_date
