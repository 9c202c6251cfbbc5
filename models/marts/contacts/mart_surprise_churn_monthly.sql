with counted as (
    select
        owner_employee_id,
        {{ period_start('month', 'left_date') }} as left_month,
        count(*) as left_count,
        count(case when is_dnd then 1 end) as silent_count,
        count(case when is_judged then 1 end) as judged_count,
        count(case when is_surprise then 1 end) as surprise_count
    from {{ ref('mart_surprise_churn') }}
    group by owner_employee_id, {{ period_start('month', 'left_date') }}
)

select
    owner_employee_id,
    cast(left_count as bigint) as left_count,
    cast(silent_count as bigint) as silent_count,
    cast(surprise_count as bigint) as surprise_num,
    cast(judged_count as bigint) as surprise_den,
    {{ pct('surprise_count', 'judged_count') }} as surprise_pct,
    judged_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    left_month
from counted
