-- Prevents a brief that contradicts the domains: unused components are those of the component mart, and attempts with a
-- reason those of the contact KPI.
{{ config(group='customer_360') }}
with by_history as (
    select
        suggested.customer_id,
        suggested.component_code
    from {{ ref('int_contact_reasons__suggested') }} as suggested
    inner join {{ ref('run_context') }} as run_context
        on coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) > run_context.as_of_date
    where suggested.component_code is not null
),

by_mart as (
    select
        customer_id,
        component_code
    from {{ ref('mart_component_usage') }}
    where suggested_action_code is not null
),

relevance as (
    select
        contact_month,
        employee_id,
        sum(attempts_count) as attempts_count,
        sum(with_reason_num) as with_reason_count,
        sum(personalised_num) as personalised_count
    from {{ ref('mart_contact_relevance') }}
    group by contact_month, employee_id
),

-- An employee who changed teams has a row for each team there.
kpi as (
    select
        contact_month,
        employee_id,
        sum(attempts_count) as attempts_count,
        sum(with_reason_num) as with_reason_count,
        sum(personalised_num) as personalised_count
    from {{ ref('mart_contact_kpi') }}
    where dimension_name = 'employee'
    group by contact_month, employee_id
)

select
    'component' as subject,
    coalesce(by_history.customer_id, by_mart.customer_id) as row_key
from by_history
full outer join by_mart
    on by_history.customer_id = by_mart.customer_id
    and by_history.component_code = by_mart.component_code
where by_history.customer_id is null
    or by_mart.customer_id is null
union all
select
    'attempts' as subject,
    relevance.employee_id as row_key
from relevance
left join kpi
    on relevance.contact_month = kpi.contact_month
    and relevance.employee_id = kpi.employee_id
where relevance.attempts_count <> coalesce(kpi.attempts_count, -1)
    or relevance.with_reason_count <> coalesce(kpi.with_reason_count, -1)
    or relevance.personalised_count <> coalesce(kpi.personalised_count, -1)
