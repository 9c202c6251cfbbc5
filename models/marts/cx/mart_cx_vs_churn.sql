-- Do low scores predict churn, and what does loyalty pay off? Customers are grouped by the latest answer of a quarter.
with followed as (
    select * from {{ ref('int_cx__asked_customers') }}
),

-- What loyalty pays off (CXI-18) follows the answer: purchases, referrals, and staying when prices rise.
purchases as (
    select
        followed.metric_code,
        followed.programme,
        followed.score_group,
        followed.period_start_date,
        count(*) as purchases_count,
        count(case when purchases.reporting_amount is null then 1 end) as unconverted_count,
        sum(purchases.reporting_amount) as revenue_amount
    from followed
    inner join {{ ref('fct_purchases') }} as purchases
        on followed.customer_id = purchases.customer_id
        and followed.asked_date < purchases.purchased_date
        and followed.window_end_date >= purchases.purchased_date
    where followed.is_mature
    group by followed.metric_code, followed.programme, followed.score_group, followed.period_start_date
),

referrals as (
    select
        followed.metric_code,
        followed.programme,
        followed.score_group,
        followed.period_start_date,
        count(*) as referred_count
    from followed
    inner join {{ ref('dim_customers') }} as referred
        on followed.customer_id = referred.referred_by_customer_id
        and referred.customer_id <> referred.referred_by_customer_id
        and followed.asked_date < referred.registered_date
        and followed.window_end_date >= referred.registered_date
    where followed.is_mature
    group by followed.metric_code, followed.programme, followed.score_group, followed.period_start_date
),

-- The first price rise in the window of an answer, for customers who had not churned by then.
rises as (
    select
        followed.metric_code,
        followed.programme,
        followed.score_group,
        followed.customer_id,
        followed.churned_date,
        followed.period_start_date,
        min(changes.effective_date) as risen_date
    from followed
    inner join {{ ref('dim_changes') }} as changes
        on followed.asked_date < changes.effective_date
        and followed.window_end_date >= changes.effective_date
        and coalesce(followed.churned_date, {{ end_of_time('date') }}) > changes.effective_date
    where changes.is_price_increase
    group by
        followed.metric_code,
        followed.programme,
        followed.score_group,
        followed.customer_id,
        followed.churned_date,
        followed.period_start_date
),

price_outcomes as (
    select
        rises.metric_code,
        rises.programme,
        rises.score_group,
        rises.period_start_date,
        count(*) as price_den,
        count(
            case
                when {{ days_between('rises.risen_date', 'rises.churned_date') }} <= policy.cx_churn_window_days then 1
            end
        ) as price_num
    from rises
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('rises.risen_date', 'run_context.as_of_date') }}
        >= policy.cx_churn_window_days + policy.churn_grace_days
    group by rises.metric_code, rises.programme, rises.score_group, rises.period_start_date
),

counted as (
    select
        metric_code,
        programme,
        score_group,
        period_start_date,
        count(*) as customers_count,
        count(case when is_mature and is_churned then 1 end) as churned_num,
        count(case when is_mature then 1 end) as churned_den
    from followed
    group by metric_code, programme, score_group, period_start_date
)

select
    counted.metric_code,
    counted.programme,
    counted.score_group as score_group_code,
    cast(counted.customers_count as bigint) as customers_count,
    cast(counted.churned_num as bigint) as churned_num,
    cast(counted.churned_den as bigint) as churned_den,
    {{ pct('counted.churned_num', 'counted.churned_den') }} as churned_pct,
    {{ wilson_pct('counted.churned_num', 'counted.churned_den', 'lo') }} as churned_ci_lo,
    {{ wilson_pct('counted.churned_num', 'counted.churned_den', 'hi') }} as churned_ci_hi,
    cast(counted.customers_count - counted.churned_den as bigint) as pending_count,
    cast(case when counted.churned_den > 0 then coalesce(purchases.purchases_count, 0) end as bigint)
        as purchases_count,
    cast(1.0 * coalesce(purchases.purchases_count, 0) / nullif(counted.churned_den, 0) as {{ type_double() }})
        as purchases_avg,
    cast(coalesce(purchases.unconverted_count, 0) as bigint) as unconverted_count,
    cast(case when counted.churned_den > 0 then coalesce(purchases.revenue_amount, 0) end as decimal(18, 2))
        as revenue_amount,
    cast(1.0 * coalesce(purchases.revenue_amount, 0) / nullif(counted.churned_den, 0) as {{ type_double() }})
        as revenue_avg,
    cast(case when counted.churned_den > 0 then coalesce(referrals.referred_count, 0) end as bigint) as referred_count,
    cast(100.0 * coalesce(referrals.referred_count, 0) / nullif(counted.churned_den, 0) as {{ type_double() }})
        as referred_per_100_avg,
    cast(coalesce(price_outcomes.price_num, 0) as bigint) as price_rise_churned_num,
    cast(coalesce(price_outcomes.price_den, 0) as bigint) as price_rise_churned_den,
    {{ pct('price_outcomes.price_num', 'price_outcomes.price_den') }} as price_rise_churned_pct,
    cast(
        1.0 * counted.churned_num * best.churned_den / nullif(1.0 * counted.churned_den * best.churned_num, 0)
        as {{ type_double() }}
    ) as relative_risk,
    counted.customers_count = counted.churned_den as is_complete,
    {{ is_reliable('counted.churned_den') }} as is_reliable,
    counted.period_start_date as asked_quarter
from counted
left join counted as best
    on counted.metric_code = best.metric_code
    and counted.programme = best.programme
    and counted.period_start_date = best.period_start_date
    and best.score_group = 'top'
left join purchases
    on counted.metric_code = purchases.metric_code
    and counted.programme = purchases.programme
    and counted.score_group = purchases.score_group
    and counted.period_start_date = purchases.period_start_date
left join referrals
    on counted.metric_code = referrals.metric_code
    and counted.programme = referrals.programme
    and counted.score_group = referrals.score_group
    and counted.period_start_date = referrals.period_start_date
left join price_outcomes
    on counted.metric_code = price_outcomes.metric_code
    and counted.programme = price_outcomes.programme
    and counted.score_group = price_outcomes.score_group
    and counted.period_start_date = price_outcomes.period_start_date
