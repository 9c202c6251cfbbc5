-- The one definition of a top customer at the end of a month: fewer than `churn_top_value_pct` of the customers with
-- recurring revenue bring more, ties included.
with levels as (
    select
        month_date,
        mrr,
        count(*) as customers_count
    from {{ ref('dim_customer_month_end') }}
    where mrr > 0
    group by month_date, mrr
),

ranked as (
    select
        month_date,
        mrr,
        sum(customers_count) over (partition by month_date order by mrr desc rows unbounded preceding)
        - customers_count as richer_count,
        sum(customers_count) over (partition by month_date) as all_count
    from levels
)

select
    ranked.month_date,
    min(ranked.mrr) as top_from_mrr
from ranked
cross join {{ ref('policy') }} as policy
where 100.0 * ranked.richer_count < policy.churn_top_value_pct * ranked.all_count
group by ranked.month_date
