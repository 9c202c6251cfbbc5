-- CON-08: one planned touch per rule and anchor. The moment of the attempt decides whether the touch was done in time,
-- also when the contact becomes effective only later.
with planned as (
    select
        anchors.*,
        rules.channel_code,
        rules.team_code,
        rules.consent_purpose,
        coalesce(segments.segment_code, 'unassigned') as segment_code,
        coalesce(status.status, 'registered') as customer_status,
        coalesce(status.is_paying, false) as is_paying,
        -- Customers without access have no touches due.
        case
            when access_periods.has_access then access_periods.valid_to
            else {{ business_date('anchors.due_from') }}
        end as churned_date
    from {{ ref('fct_contact_plan_anchors') }} as anchors
    inner join {{ ref('comm_plan_rules') }} as rules
        on anchors.rule_code = rules.rule_code
    left join {{ ref('dim_customer_segments') }} as segments
        on anchors.customer_id = segments.customer_id
        and segments.scheme = 'value'
        and {{ holds_at('segments', business_date('anchors.anchor_at')) }}
    left join {{ ref('customer_access_periods') }} as access_periods
        on anchors.customer_id = access_periods.customer_id
        and {{ holds_at('access_periods', business_date('anchors.due_from')) }}
    {{ attributes_as_of('anchors', business_date('anchors.due_from'), ['status']) }}
    where rules.applies_to_segment in ('*', segments.segment_code)
        -- Earlier contacts are not loaded.
        and anchors.due_from >= {{ day_start_at(observed_from('contacts')) }}
),

candidates as (
    select
        planned.rule_code,
        planned.customer_id,
        planned.anchor_key,
        planned.anchor_at,
        contacts.contact_id,
        contacts.is_effective,
        contacts.attempted_at,
        row_number() over (
            partition by planned.rule_code, planned.customer_id, planned.anchor_key, planned.anchor_at
            order by
                case when contacts.is_effective then 0 else 1 end, contacts.attempted_at, contacts.contact_id
        ) as choice
    from planned
    inner join {{ ref('int_contacts__attempts') }} as contacts
        on planned.customer_id = contacts.customer_id
        and planned.channel_code = contacts.channel_code
        and contacts.attempted_at >= planned.due_from
        and contacts.attempted_at < planned.late_to
        and (planned.team_code is null or planned.team_code = contacts.team_code)
        -- A contact that says which rule it serves serves no other.
        and coalesce(contacts.comm_rule_code, planned.rule_code) = planned.rule_code
),

register as (
    select count(*) > 0 as has_consents
    from {{ ref('customer_consent_periods') }}
),

on_dnd as (
    select distinct
        planned.rule_code,
        planned.customer_id,
        planned.anchor_key,
        planned.anchor_at
    from planned
    inner join {{ ref('dim_customer_dnd') }} as dnd
        on planned.customer_id = dnd.customer_id
        and dnd.valid_from < planned.due_to
        and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) > planned.due_from
),

evaluated as (
    select
        planned.*,
        candidates.contact_id is not null as is_attempted,
        case when candidates.is_effective then candidates.contact_id end as fulfilled_contact_id,
        case when candidates.is_effective then candidates.attempted_at end as fulfilled_at,
        case
            when on_dnd.customer_id is not null then 'do_not_disturb'
            when planned.consent_purpose is not null
                and register.has_consents
                and not coalesce(consents.is_granted, false)
                then 'no_consent'
            when {{ day_start_at('planned.churned_date') }} < planned.due_to then 'churned'
            when {{ day_start_at('planned.void_date') }} < planned.due_to then 'no_longer_needed'
        end as excuse
    from planned
    cross join register
    left join candidates
        on planned.rule_code = candidates.rule_code
        and planned.customer_id = candidates.customer_id
        and planned.anchor_key = candidates.anchor_key
        and planned.anchor_at = candidates.anchor_at
        and candidates.choice = 1
    left join on_dnd
        on planned.rule_code = on_dnd.rule_code
        and planned.customer_id = on_dnd.customer_id
        and planned.anchor_key = on_dnd.anchor_key
        and planned.anchor_at = on_dnd.anchor_at
    -- The consent that holds at the end of the time in which the touch is due.
    left join {{ ref('customer_consent_periods') }} as consents
        on planned.customer_id = consents.customer_id
        and planned.channel_code = consents.channel_code
        and planned.consent_purpose = consents.purpose_code
        and consents.valid_from < planned.due_to
        and coalesce(consents.valid_to, {{ end_of_time('timestamp') }}) >= planned.due_to
)

select
    evaluated.customer_id,
    evaluated.rule_code,
    evaluated.anchor_key,
    evaluated.customer_status,
    evaluated.segment_code,
    evaluated.channel_code,
    evaluated.team_code,
    case
        when evaluated.fulfilled_at < evaluated.due_to then 'done'
        when evaluated.fulfilled_at is not null then 'done_late'
        when evaluated.excuse is not null then 'excused'
        when evaluated.due_from >= run_context.as_of_end_at then 'upcoming'
        when evaluated.due_to >= run_context.as_of_end_at then 'due'
        else 'missed'
    end as touch_status,
    case when evaluated.fulfilled_at is null then evaluated.excuse end as excuse_reason,
    evaluated.fulfilled_contact_id,
    evaluated.is_paying,
    evaluated.is_attempted,
    evaluated.anchor_at,
    evaluated.due_from,
    evaluated.due_to,
    evaluated.fulfilled_at
from evaluated
cross join {{ ref('run_context') }} as run_context
