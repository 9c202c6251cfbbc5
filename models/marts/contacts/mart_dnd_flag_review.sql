-- CON-06: do-not-disturb flags with the evidence for and against them, as a queue for reviewers.
with evidence as (
    select
        flags.dnd_id,
        case
            when flags.set_by_employee_id is null then 'set_by_customer'
            when not flags.is_customer_request then 'not_requested'
            when flags.evidence_contact_id is null then 'no_evidence'
            when contacts.contact_id is null then 'evidence_unknown'
            when contacts.customer_id <> flags.customer_id then 'evidence_of_another_customer'
            when contacts.attempted_at > flags.valid_from then 'evidence_after_the_flag'
            when not contacts.is_effective or contacts.effective_at > flags.valid_from then 'evidence_not_effective'
            else 'proven'
        end as evidence_state
    from {{ ref('fct_dnd_flags') }} as flags
    left join {{ ref('fct_contacts') }} as contacts
        on flags.evidence_contact_id = contacts.contact_id
),

surroundings as (
    select
        flags.dnd_id,
        max(case when contacts.direction = 'outbound' and contacts.effective_at < flags.valid_from
                then contacts.effective_at
        end) as last_effective_at,
        count(
            case
                when contacts.direction = 'inbound'
                    and contacts.attempted_at > flags.valid_from
                    and contacts.attempted_at < coalesce(flags.valid_to, {{ end_of_time('timestamp') }}) then 1
            end
        ) as later_inbound_count
    from {{ ref('fct_dnd_flags') }} as flags
    inner join {{ ref('fct_contacts') }} as contacts
        on flags.customer_id = contacts.customer_id
    group by flags.dnd_id
),

joined as (
    select
        flags.*,
        evidence.evidence_state,
        coalesce(status.status, 'registered') as customer_status,
        coalesce(status.is_paying, false) as is_paying,
        owners.employee_id as owner_employee_id,
        employees.team as setter_team_code,
        value_segment.segment_code,
        norms.contact_interval_days,
        coalesce(surroundings.later_inbound_count, 0) as later_inbound_count,
        {{ days_between(
            'coalesce(' ~ business_date('surroundings.last_effective_at') ~ ', registration.registered_date)', 'flags.set_date'
        ) }} as waited_days,
        surroundings.last_effective_at
    from {{ ref('fct_dnd_flags') }} as flags
    inner join evidence
        on flags.dnd_id = evidence.dnd_id
    inner join {{ ref('customer_registrations') }} as registration
        on flags.customer_id = registration.customer_id
    left join surroundings
        on flags.dnd_id = surroundings.dnd_id
    left join {{ ref('dim_customer_owners') }} as owners
        on flags.customer_id = owners.customer_id
        and owners.role = 'account_manager'
        and {{ holds_at('owners', 'flags.valid_from') }}
    left join {{ ref('dim_employees') }} as employees
        on flags.set_by_employee_id = employees.employee_id
        and {{ holds_at('employees', 'flags.set_date') }}
    {{ attributes_as_of('flags', 'flags.set_date', ['status', 'value_segment']) }}
    left join {{ ref('segments') }} as norms
        on value_segment.segment_code = norms.segment_code
)

select
    dnd_id,
    customer_id,
    customer_status,
    coalesce(set_by_employee_id, 'customer') as setter_employee_id,
    coalesce(setter_team_code, case when set_by_employee_id is null then 'customer' else 'unknown' end) as team_code,
    coalesce(owner_employee_id, 'unassigned') as owner_employee_id,
    coalesce(segment_code, 'unassigned') as segment_code,
    evidence_state,
    verdict as verdict_code,
    cast(later_inbound_count as bigint) as later_inbound_count,
    cast(waited_days as bigint) as waited_days,
    is_paying,
    is_customer_request,
    evidence_state not in ('proven', 'set_by_customer') as is_without_evidence,
    coalesce(waited_days > contact_interval_days, false) as is_set_when_overdue,
    later_inbound_count > 0 as has_later_inbound,
    coalesce(set_by_employee_id = owner_employee_id, false) as is_set_by_owner,
    evidence_state not in ('proven', 'set_by_customer') and verdict is null as is_to_review,
    set_date,
    valid_from,
    valid_to
from joined
