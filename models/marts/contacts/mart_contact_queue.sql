with ranked as (
    select
        contacts.*,
        case contacts.owner_employee_id
            when 'unassigned' then policy.contact_budget_queue else policy.contact_budget_owner
        end as daily_budget,
        row_number() over (
            partition by contacts.owner_employee_id
            order by
                case when contacts.is_priority then 0 else 1 end asc,
                1.0 * contacts.waiting_days / contacts.contact_interval_days desc,
                contacts.customer_id asc
        ) as place
    from {{ ref('mart_customer_contact_status') }} as contacts
    cross join {{ ref('policy') }} as policy
    where contacts.is_in_contact_risk_group
        and contacts.is_contactable
)

select
    customer_id,
    customer_status,
    owner_employee_id,
    segment_code,
    best_channel_code,
    best_hour_band,
    waiting_days,
    contact_interval_days,
    cast(case when place <= daily_budget then place end as bigint) as list_order,
    cast(case when place > daily_budget then place - daily_budget end as bigint) as backlog_order,
    is_paying,
    is_priority,
    last_effective_at
from ranked
