with stages as (
    select
        'not_started' as stage_code,
        1 as stage_order
    union all
    select
        'onboarding' as stage_code,
        2 as stage_order
    union all
    select
        'usage' as stage_code,
        3 as stage_order
    union all
    select
        'renewal' as stage_code,
        4 as stage_order
),

counted as (
    select
        stage_code,
        month_date,
        count(case when moment = 'opening' then 1 end) as opening_count,
        count(case when moment = 'leaving' then 1 end) as churned_count
    from {{ ref('int_churn__stages') }}
    group by stage_code, month_date
),

summed as (
    select
        months.month_date,
        months.is_complete,
        months.is_final,
        months.is_observed,
        stages.stage_code,
        stages.stage_order,
        coalesce(counted.opening_count, 0) as opening_count,
        coalesce(counted.churned_count, 0) as churned_count,
        sum(coalesce(counted.churned_count, 0)) over (partition by months.month_date) as all_churned_count
    from {{ ref('dim_months') }} as months
    cross join stages
    left join counted
        on months.month_date = counted.month_date
        and stages.stage_code = counted.stage_code
)

select
    stage_code,
    cast(stage_order as bigint) as stage_order,
    cast(churned_count as bigint) as churn_share_num,
    cast(all_churned_count as bigint) as churn_share_den,
    {{ pct('churned_count', 'all_churned_count') }} as churn_share_pct,
    cast(case when is_observed then churned_count end as bigint) as stage_churn_num,
    cast(case when is_observed then opening_count end as bigint) as stage_churn_den,
    {{ pct('churned_count', 'case when is_observed then opening_count end') }} as stage_churn_pct,
    is_complete,
    is_final,
    {{ is_reliable('opening_count') }} as is_reliable,
    month_date as churn_month
from summed
