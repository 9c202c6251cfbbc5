{%- set dimensions = {'team': 'team_value', 'seller': 'employee_id'} -%}
with sales as (
    select
        decisions.employee_id,
        coalesce(employees.team, 'unassigned') as team_value,
        employees.team,
        employees.unit,
        decisions.is_mature,
        decisions.is_early_churn,
        decisions.decision_status,
        decisions.converted_amount,
        {{ period_start('quarter', 'decisions.sold_month') }} as sold_quarter
    from {{ ref('int_commissions__decisions') }} as decisions
    left join {{ ref('dim_employees') }} as employees
        on decisions.employee_id = employees.employee_id
        and {{ holds_at('employees', period_start('quarter', 'decisions.sold_month')) }}
    where decisions.is_first_sale
),

counted as (
    select
        {{ breakdown_columns(dimensions) }},
        sold_quarter,
        case when grouping(employee_id) = 0 then max(team) end as team_code,
        case when grouping(employee_id) = 0 then max(unit) end as unit_code,
        count(*) as sales_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when is_mature and is_early_churn then 1 end) as early_churn_count,
        {{ unconverted_count('converted_amount') }} as unconverted_count,
        {{ converted_sum('converted_amount') }} as commission_amount,
        {{ converted_sum('converted_amount', 'is_early_churn') }} as forfeited_amount,
        {{ converted_sum('converted_amount', "decision_status = 'clawback_due'") }} as due_back_amount
    from sales
    group by {{ breakdown_sets(dimensions, ['sold_quarter']) }}
)

select
    dimension_name,
    dimension_value,
    team_code,
    unit_code,
    cast(sales_count as bigint) as sales_count,
    cast(pending_count as bigint) as pending_count,
    cast(early_churn_count as bigint) as early_churn_num,
    cast(mature_count as bigint) as early_churn_den,
    {{ pct('early_churn_count', 'mature_count') }} as early_churn_pct,
    {{ wilson_pct('early_churn_count', 'mature_count', 'lo') }} as early_churn_ci_lo,
    {{ wilson_pct('early_churn_count', 'mature_count', 'hi') }} as early_churn_ci_hi,
    cast(unconverted_count as bigint) as unconverted_count,
    cast(commission_amount as decimal(18, 2)) as commission_amount,
    cast(forfeited_amount as decimal(18, 2)) as forfeited_amount,
    cast(due_back_amount as decimal(18, 2)) as due_back_amount,
    pending_count = 0 and unconverted_count = 0 as is_complete,
    {{ is_reliable('mature_count') }} as is_reliable,
    true as is_confounded,
    sold_quarter
from counted
