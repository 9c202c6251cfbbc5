{{ config(materialized=inlined('view')) }}
-- Money of the customers of a cell in period N since their entry: cash that they paid in it (revenue), and recurring
-- revenue at the end of it (mrr), which spreads the price of a year over its months.
with calendar as (
    {{ numbered_days() }}
),

members as (
    select *
    from {{ ref('int_retention__members') }}
    where revenue_horizon >= 0
        or mrr_horizon >= 0
),

amounts as (
    select
        members.cell_number,
        members.revenue_horizon as horizon_periods,
        'revenue' as measure_code,
        payments.reporting_amount as amount,
        payments.reporting_amount is null as is_unconverted,
        {{ period_since('members', 'calendar', 'payments.paid_date', 'payments.paid_at') }} as period_number
    from members
    inner join {{ ref('fct_cash_movements') }} as payments
        on members.customer_id = payments.customer_id
    inner join calendar
        on payments.paid_date = calendar.date_day
    union all
    select
        members.cell_number,
        members.mrr_horizon as horizon_periods,
        'mrr' as measure_code,
        ends.converted_mrr as amount,
        ends.is_unconverted,
        {{ period_number('month', 'ends.month_date') }} - members.month_number as period_number
    from members
    inner join {{ ref('dim_customer_month_end') }} as ends
        on members.customer_id = ends.customer_id
    -- Recurring revenue is known by calendar month.
    where members.period_kind = 'calendar'
        and members.period_grain = 'month'
)

select
    cell_number,
    measure_code,
    cast(round(100 * coalesce(sum(amount), 0), 0) as bigint) as cents,
    cast(count(case when is_unconverted then 1 end) as bigint) as unconverted_count,
    cast(period_number as integer) as period_number
from amounts
where period_number between 0 and horizon_periods
group by cell_number, measure_code, period_number
