with counted as (
    select
        owner_employee_id,
        {{ period_start('month', 'churned_date') }} as churned_month,
        count(*) as churned_count,
        count(case when is_dnd then 1 end) as inactive_count,
        count(case when is_evaluated then 1 end) as evaluated_count,
        count(case when is_surprise then 1 end) as surprise_count
    from {{ ref('mart_surprise_churn') }}
    group by owner_employee_id, {{ period_start('month', 'churned_date') }}
)

select
    owner_employee_id,
    cast(churned_count as bigint) as churned_count,
    cast(inactive_count as bigint) as inactive_count,
    cast(surprise_count as bigint) as surprise_num,
    cast(evaluated_count as bigint) as surprise_den,
    {{ pct('surprise_count', 'evaluated_count') }} as surprise_pct,
    {{ is_reliable('evaluated_count') }} as is_reliable,
    churned_month
from counted
