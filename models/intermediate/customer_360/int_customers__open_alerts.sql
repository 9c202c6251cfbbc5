-- Open alerts of a customer, and the one that matters most.
with ranked as (
    select
        customer_id,
        alert_id,
        rule_code,
        playbook_code,
        severity,
        owner_employee_id,
        due_at,
        row_number() over (
            partition by customer_id
            order by
                {{ severity_rank('severity') }} desc,
                case when due_at is null then 1 else 0 end,
                due_at,
                alert_id
        ) as choice
    from {{ ref('mart_alerts') }}
    where is_open
)

select
    customer_id,
    count(*) as open_alerts_count,
    max(case when choice = 1 then alert_id end) as top_alert_id,
    max(case when choice = 1 then rule_code end) as top_rule_code,
    max(case when choice = 1 then playbook_code end) as top_playbook_code,
    max(case when choice = 1 then severity end) as top_severity,
    min(due_at) as first_due_at
from ranked
group by customer_id
