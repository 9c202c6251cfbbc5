-- Prevents dimensions that lose or duplicate customers or planned contacts: their values must add up to all. By status
-- everybody with access counts, which is at least all customers.
with frequency as (
    select
        contact_month,
        dimension_name,
        sum(customers_count) as customers_count,
        sum(in_target_num) as in_target_count,
        sum(in_target_den) as eligible_count
    from {{ ref('mart_contact_frequency') }}
    group by contact_month, dimension_name
),

completeness as (
    select
        dimension_name,
        sum(customers_count) as customers_count,
        sum(complete_num) as complete_count
    from {{ ref('mart_contact_completeness') }}
    group by dimension_name
),

touches_by_month as (
    select
        rule_code,
        sum(done_num + done_late_count + missed_count + excused_count + pending_count) as touches_count
    from {{ ref('mart_contact_plan_monthly') }}
    group by rule_code
),

touches as (
    select
        rule_code,
        count(*) as touches_count
    from {{ ref('mart_contact_plan') }}
    group by rule_code
)

select
    'frequency' as report_name,
    frequency.dimension_name
from frequency
inner join frequency as wholes
    on frequency.contact_month = wholes.contact_month
    and wholes.dimension_name = 'all'
where frequency.customers_count < wholes.customers_count
    or frequency.in_target_count < wholes.in_target_count
    or frequency.eligible_count < wholes.eligible_count
    or (
        frequency.dimension_name <> 'status'
        and (
            frequency.customers_count > wholes.customers_count
            or frequency.in_target_count > wholes.in_target_count
            or frequency.eligible_count > wholes.eligible_count
        )
    )
union all
select
    'completeness' as report_name,
    completeness.dimension_name
from completeness
inner join completeness as wholes
    on wholes.dimension_name = 'all'
where completeness.customers_count < wholes.customers_count
    or completeness.complete_count < wholes.complete_count
    or (
        completeness.dimension_name <> 'status'
        and (
            completeness.customers_count > wholes.customers_count
            or completeness.complete_count > wholes.complete_count
        )
    )
union all
select
    'plan' as report_name,
    coalesce(touches_by_month.rule_code, touches.rule_code) as dimension_name
from touches_by_month
full outer join touches
    on touches_by_month.rule_code = touches.rule_code
where coalesce(touches_by_month.touches_count, -1) <> coalesce(touches.touches_count, -1)
