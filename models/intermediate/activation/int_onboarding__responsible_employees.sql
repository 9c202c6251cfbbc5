{{ config(materialized=inlined('view')) }}
-- Who answers for the onboarding of a customer: the owner when it was finished, else the latest owner (ACT-05).
with owners as (
    select
        activation.customer_id,
        owners.employee_id,
        row_number() over (
            partition by activation.customer_id
            order by
                case
                    when owners.valid_from <= activation.activated_at
                        and coalesce(owners.valid_to, {{ end_of_time('timestamp') }}) > activation.activated_at then 0
                    else 1
                end asc,
                owners.valid_from desc,
                owners.employee_id asc
        ) as choice,
        -- Employees who are still at it count in the position they hold today.
        coalesce(activation.activated_at, {{ day_start_at('run_context.as_of_date') }}) as evaluated_at
    from {{ ref('dim_customer_activation') }} as activation
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_customer_owners') }} as owners
        on activation.customer_id = owners.customer_id
        and owners.role = 'onboarding_manager'
),

positions as (
    select
        owners.customer_id,
        owners.employee_id,
        employees.team,
        row_number() over (
            partition by owners.customer_id
            order by
                case
                    when employees.valid_from <= {{ business_date('owners.evaluated_at') }}
                        and coalesce(employees.valid_to, {{ end_of_time('timestamp') }})
                        > {{ business_date('owners.evaluated_at') }}
                        then 0
                    else 1
                end,
                employees.valid_from desc
        ) as choice
    from owners
    left join {{ ref('dim_employees') }} as employees
        on owners.employee_id = employees.employee_id
    where owners.choice = 1
)

select
    customer_id,
    employee_id,
    team
from positions
where choice = 1
