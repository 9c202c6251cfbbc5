with sales as (
    select
        employee_id,
        sold_month,
        count(*) as sales_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when is_mature and is_early_churn then 1 end) as early_churn_count,
        {{ unconverted_count('converted_amount') }} as unconverted_count,
        {{ converted_sum('converted_amount') }} as commission_amount,
        {{ converted_sum('converted_amount', 'is_early_churn') }} as forfeited_amount,
        {{ converted_sum('converted_amount', "decision_status = 'clawback_due'") }} as due_back_amount
    from {{ ref('int_commissions__decisions') }}
    where is_first_sale
    group by employee_id, sold_month
)

select
    sales.employee_id,
    employees.team as team_code,
    employees.unit as unit_code,
    cast(sales.sales_count as bigint) as sales_count,
    cast(sales.pending_count as bigint) as pending_count,
    cast(sales.early_churn_count as bigint) as early_churn_num,
    cast(sales.mature_count as bigint) as early_churn_den,
    {{ pct('sales.early_churn_count', 'sales.mature_count') }} as early_churn_pct,
    {{ wilson_pct('sales.early_churn_count', 'sales.mature_count', 'lo') }} as early_churn_ci_lo,
    {{ wilson_pct('sales.early_churn_count', 'sales.mature_count', 'hi') }} as early_churn_ci_hi,
    cast(sales.unconverted_count as bigint) as unconverted_count,
    cast(sales.commission_amount as decimal(18, 2)) as commission_amount,
    cast(sales.forfeited_amount as decimal(18, 2)) as forfeited_amount,
    cast(sales.due_back_amount as decimal(18, 2)) as due_back_amount,
    sales.pending_count = 0 and sales.unconverted_count = 0 as is_complete,
    {{ is_reliable('sales.mature_count') }} as is_reliable,
    true as is_confounded,
    sales.sold_month
from sales
left join {{ ref('dim_employees') }} as employees
    on sales.employee_id = employees.employee_id
    and {{ holds_at('employees', 'sales.sold_month') }}
