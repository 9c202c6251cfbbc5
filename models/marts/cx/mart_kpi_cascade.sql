{%- set dimensions = {'team': 'team_code', 'unit': 'unit_code'} -%}
-- Whose figures contain an index of surveys on the last day of the month, or on the business day in the current one.
with recorded as (
    select min(valid_from) as first_date
    from {{ ref('dim_employee_kpis') }}
),

staff as (
    select
        months.month_date,
        months.last_date,
        {{ is_over('month', 'months.month_date') }} as is_complete,
        employees.employee_id,
        coalesce(employees.team, 'unassigned') as team_code,
        coalesce(employees.unit, 'unassigned') as unit_code,
        coalesce(employees.team, 'unassigned') || ' ' || coalesce(employees.seniority, 'unassigned') as role_code
    from {{ ref('dim_months') }} as months
    cross join {{ ref('run_context') }} as run_context
    -- Before the first figure that was delivered nobody knows who had one.
    inner join recorded
        on months.last_date >= recorded.first_date
    inner join {{ ref('dim_employees') }} as employees
        on {{ holds_at('employees', 'months.last_date') }}
        and coalesce(employees.left_at > months.last_date, true)
),

evaluated as (
    select
        staff.month_date,
        staff.employee_id,
        max(case when metrics.index_kind = 'net' then 1 else 0 end) as with_nps,
        max(case when metrics.metric_code is not null then 1 else 0 end) as with_index,
        sum(case when metrics.metric_code is not null then kpis.weight_pct end) as index_weight_pct
    from staff
    inner join {{ ref('dim_employee_kpis') }} as kpis
        on staff.employee_id = kpis.employee_id
        and {{ holds_at('kpis', 'staff.last_date') }}
    left join {{ ref('dim_survey_metrics') }} as metrics
        on kpis.kpi_code = metrics.metric_code
    group by
        staff.month_date,
        staff.employee_id
),

described as (
    select
        staff.*,
        evaluated.employee_id is not null as has_kpis,
        coalesce(evaluated.with_nps, 0) as with_nps,
        coalesce(evaluated.with_index, 0) as with_index,
        evaluated.index_weight_pct
    from staff
    left join evaluated
        on staff.month_date = evaluated.month_date
        and staff.employee_id = evaluated.employee_id
),

broken_down as (
    {{ breakdowns('described', dimensions) }}
),

by_role as (
    select
        dimension_name,
        dimension_value,
        month_date,
        is_complete,
        role_code,
        count(*) as employees_count,
        count(case when has_kpis then 1 end) as evaluated_count,
        sum(with_nps) as nps_count,
        sum(with_index) as index_count,
        sum(index_weight_pct) as weight_sum,
        count(index_weight_pct) as weights_count
    from broken_down
    group by dimension_name, dimension_value, month_date, is_complete, role_code
),

counted as (
    select
        dimension_name,
        dimension_value,
        month_date,
        is_complete,
        sum(employees_count) as employees_count,
        sum(evaluated_count) as evaluated_count,
        sum(nps_count) as nps_count,
        sum(index_count) as index_count,
        sum(weight_sum) as weight_sum,
        sum(weights_count) as weights_count,
        count(*) as roles_count,
        count(case when 2 * index_count > employees_count then 1 end) as index_roles_count
    from by_role
    group by
        dimension_name,
        dimension_value,
        month_date,
        is_complete
)

select
    dimension_name,
    dimension_value,
    cast(evaluated_count as bigint) as evaluated_employees_count,
    cast(nps_count as bigint) as nps_employees_num,
    cast(employees_count as bigint) as nps_employees_den,
    {{ pct('nps_count', 'employees_count') }} as nps_employees_pct,
    cast(index_count as bigint) as index_employees_num,
    cast(employees_count as bigint) as index_employees_den,
    {{ pct('index_count', 'employees_count') }} as index_employees_pct,
    cast(index_roles_count as bigint) as index_roles_num,
    cast(roles_count as bigint) as index_roles_den,
    {{ pct('index_roles_count', 'roles_count') }} as index_roles_pct,
    cast(1.0 * weight_sum / nullif(weights_count, 0) as {{ type_double() }}) as index_weight_avg,
    -- Half of the employees are not most of them.
    2 * nps_count > employees_count as is_nps_majority,
    2 * index_count > employees_count as is_index_majority,
    is_complete,
    month_date as period_month
from counted
