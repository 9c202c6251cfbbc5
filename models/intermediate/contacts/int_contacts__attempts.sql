-- Outbound contacts with the attributes of their day, as all reports about attempts name them.
select
    contacts.contact_id,
    contacts.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(contacts.employee_id, case when contacts.is_automated then 'system' else 'unknown' end) as employee_id,
    coalesce(employees.team, case when contacts.is_automated then 'system' else 'unknown' end) as team_code,
    contacts.channel as channel_code,
    coalesce(contacts.value_segment_code, 'unassigned') as segment_code,
    coalesce(contacts.purpose, 'unknown') as purpose_code,
    contacts.consent_purpose,
    coalesce(contacts.campaign_code, 'none') as campaign_code,
    contacts.comm_rule_code,
    -- Free text and `other` are not a reason.
    case when contacts.reason_code <> 'other' then contacts.reason_code end as reason_code,
    contacts.component_code,
    contacts.ineffective_reason,
    coalesce(status.is_paying, false) as is_paying,
    contacts.is_automated,
    contacts.is_personalised,
    contacts.is_consent_required,
    contacts.is_proactive,
    contacts.is_episode_start,
    contacts.delivered_at is not null as is_delivered,
    contacts.reached_at is not null as is_reached,
    contacts.is_effective,
    contacts.attempted_date,
    {{ period_start('month', 'contacts.attempted_date') }} as attempted_month,
    {{ period_start('month', 'contacts.effective_date') }} as effective_month,
    contacts.attempted_at
from {{ ref('fct_contacts') }} as contacts
left join {{ ref('dim_employees') }} as employees
    on contacts.employee_id = employees.employee_id
    and {{ holds_at('employees', 'contacts.attempted_date') }}
{{ attributes_as_of('contacts', 'contacts.attempted_date', ['status']) }}
where contacts.direction = 'outbound'
