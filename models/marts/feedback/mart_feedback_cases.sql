-- What a case is about; feedback that only its case tells of goes by the name of the case.
with case_names as (
    select
        case_id,
        source_type as source_kind,
        source_id
    from {{ ref('fct_feedback_cases') }}
    union all
    select
        case_id,
        'case' as source_kind,
        case_id as source_id
    from {{ ref('fct_feedback_cases') }}
),

received as (
    select
        received.*,
        cases.case_id,
        cases.decided_by_employee_id,
        cases.contact_id,
        cases.reason_topic,
        cases.fix_topic,
        cases.is_callback_required,
        cases.opened_at,
        cases.processed_at,
        cases.decided_at,
        cases.resolved_at,
        cases.informed_at,
        coalesce(cases.subject_employee_id, received.subject_employee_id) as evaluated_employee_id,
        coalesce(cases.subject_unit, received.subject_unit) as evaluated_unit,
        row_number() over (
            partition by received.source_kind, received.source_id order by cases.opened_at, cases.case_id
        ) as opening_order,
        lead(cases.opened_at) over (
            partition by received.source_kind, received.source_id order by cases.opened_at, cases.case_id
        ) as next_opened_at
    from {{ ref('int_feedback__received') }} as received
    left join case_names
        on received.source_kind = case_names.source_kind
        and received.source_id = case_names.source_id
    left join {{ ref('fct_feedback_cases') }} as cases
        on case_names.case_id = cases.case_id
),

-- A case that is taken up again begins anew; what was done before belongs to the first opening.
openings as (
    select
        *,
        case when opening_order = 1 then received_at else opened_at end as begun_at
    from received
),

-- A contact belongs to what caused it, and to the case that names it.
attempts as (
    {%- for opening_key, contact_key, condition in [
        ('source_id', 'trigger_response_id', "openings.source_kind = 'response'"),
        ('source_id', 'ticket_id', "openings.source_kind = 'ticket'"),
        ('contact_id', 'contact_id', 'openings.contact_id is not null'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        openings.source_kind,
        openings.source_id,
        openings.opening_order,
        {{ settled_moment('contacts.attempted_at', 'openings.begun_at') }} as attempted_at,
        {{ settled_moment('contacts.effective_at', 'openings.begun_at') }} as effective_at
    from openings
    inner join {{ ref('fct_contacts') }} as contacts
        on openings.{{ opening_key }} = contacts.{{ contact_key }}
        and openings.customer_id = contacts.customer_id
        and {{ is_not_before('contacts.attempted_at', 'openings.begun_at') }}
        and not coalesce({{ is_not_before('contacts.attempted_at', 'openings.next_opened_at') }}, false)
    where contacts.direction = 'outbound'
        and {{ condition }}
    {%- endfor %}
),

contacts as (
    select
        source_kind,
        source_id,
        opening_order,
        min(attempted_at) as first_attempt_at,
        min(effective_at) as contacted_at
    from attempts
    group by source_kind, source_id, opening_order
),

owners as (
    select
        openings.source_kind,
        openings.source_id,
        openings.opening_order,
        owners.employee_id as owner_employee_id,
        row_number() over (
            partition by openings.source_kind, openings.source_id, openings.opening_order
            order by
                case owners.role when 'account_manager' then 1 when 'onboarding_manager' then 2 else 3 end,
                owners.valid_from desc,
                owners.employee_id asc
        ) as choice
    from openings
    inner join {{ ref('dim_customer_owners') }} as owners
        on openings.customer_id = owners.customer_id
        and {{ holds_at('owners', 'openings.begun_at') }}
),

joined as (
    select
        openings.*,
        owners.owner_employee_id,
        owner_positions.unit as owner_unit,
        coalesce(openings.evaluated_unit, subject_positions.unit) as subject_unit_code,
        subject_managers.manager_id as subject_manager_id,
        decider_positions.unit as decider_unit,
        status.status as customer_status,
        status.is_paying,
        contacts.first_attempt_at,
        coalesce(contacts.contacted_at, case when openings.opening_order = 1 then openings.replied_at end)
            as reached_at,
        least(
            contacts.first_attempt_at,
            openings.informed_at,
            case when openings.opening_order = 1 then openings.replied_at end
        ) as first_reply_at,
        coalesce(openings.informed_at, case when openings.opening_order = 1 then openings.known_at end)
            as informed_of_at,
        least(
            openings.processed_at,
            contacts.first_attempt_at,
            case when openings.opening_order = 1 then openings.replied_at end
        ) as looked_at_at,
        coalesce(openings.resolved_at, case when openings.opening_order = 1 then openings.settled_at end) as mended_at,
        {{ dbt.dateadd('day', 'openings.sla_days', 'openings.begun_at') }} as due_at,
        run_context.as_of_end_at
    from openings
    cross join {{ ref('run_context') }} as run_context
    {{ attributes_as_of('openings', business_date('openings.begun_at'), ['status']) }}
    left join contacts
        on openings.source_kind = contacts.source_kind
        and openings.source_id = contacts.source_id
        and openings.opening_order = contacts.opening_order
    left join owners
        on openings.source_kind = owners.source_kind
        and openings.source_id = owners.source_id
        and openings.opening_order = owners.opening_order
        and owners.choice = 1
    left join {{ ref('dim_employees') }} as owner_positions
        on owners.owner_employee_id = owner_positions.employee_id
        and {{ holds_at('owner_positions', business_date('openings.begun_at')) }}
    left join {{ ref('dim_employees') }} as subject_positions
        on openings.evaluated_employee_id = subject_positions.employee_id
        and {{ holds_at('subject_positions', business_date('openings.begun_at')) }}
    left join {{ ref('dim_employees') }} as subject_managers
        on openings.evaluated_employee_id = subject_managers.employee_id
        and {{ holds_at('subject_managers', business_date('openings.decided_at')) }}
    left join {{ ref('dim_employees') }} as decider_positions
        on openings.decided_by_employee_id = decider_positions.employee_id
        and {{ holds_at('decider_positions', business_date('openings.decided_at')) }}
),

judged as (
    select
        joined.*,
        -- Plain comparison with NULL would let a missing decider or subject pass (FBK-08): unknown comes first.
        case
            when joined.decided_at is null then null
            when joined.decided_by_employee_id is null or joined.evaluated_employee_id is null then 'unknown'
            when joined.decided_by_employee_id = joined.evaluated_employee_id then 'self'
            when joined.decided_by_employee_id = joined.subject_manager_id then 'manager'
            when joined.decider_unit is null or joined.subject_unit_code is null then 'unknown'
            when joined.decider_unit = joined.subject_unit_code then 'same_unit'
            else 'none'
        end as interest_kind,
        case
            when joined.informed_of_at is not null then 'informed'
            when joined.decided_at is not null and not coalesce(joined.is_callback_required, false) then 'no_callback'
            when joined.mended_at is not null then 'resolved'
            when joined.reached_at is not null then 'contacted'
            when joined.decided_at is not null then 'decided'
            when joined.looked_at_at is not null then 'processed'
            else 'received'
        end as case_state,
        {{ dbt.dateadd('day', 'policy.silence_reply_days', 'begun_at') }}
            as inactive_from_at
    from joined
    cross join {{ ref('policy') }} as policy
)

select
    case when opening_order = 1 then source_kind || ':' || source_id else 'case:' || case_id end as case_key,
    case_id,
    source_kind,
    source_id,
    customer_id,
    customer_status,
    survey_code,
    stage_code,
    touchpoint_code,
    metric_code,
    nps_group_code,
    evaluated_employee_id as subject_employee_id,
    subject_unit_code,
    owner_employee_id,
    owner_unit as owner_unit_code,
    coalesce(subject_unit_code, owner_unit, 'unassigned') as unit_code,
    decided_by_employee_id,
    decider_unit as decider_unit_code,
    interest_kind,
    case_state,
    reason_topic as reason_topic_code,
    fix_topic as fix_topic_code,
    cast(opening_order as bigint) as opening_order,
    cast(metric_score as bigint) as metric_score,
    cast(case when opening_order = 1 then next_score end as bigint) as next_score,
    cast(case when opening_order = 1 then next_score - metric_score end as bigint) as rescore_delta_points,
    cast({{ elapsed_seconds('begun_at', 'looked_at_at') }} / 3600.0 as double) as processing_hours,
    cast({{ elapsed_seconds('begun_at', 'decided_at') }} / 3600.0 as double) as decision_hours,
    cast({{ elapsed_seconds('begun_at', 'reached_at') }} / 3600.0 as double) as contact_hours,
    cast({{ elapsed_seconds('begun_at', 'mended_at') }} / 3600.0 as double) as resolution_hours,
    is_paying,
    opening_order > 1 as is_reopening,
    is_followup_required,
    is_callback_required,
    interest_kind = 'none' as is_disinterested,
    decided_by_employee_id = evaluated_employee_id as is_decider_subject,
    decider_unit = subject_unit_code as is_decider_same_unit,
    -- Closed is: told, or decided that no call is needed; where nothing is to be followed up, looked at is enough.
    case_state in ('informed', 'no_callback')
    or (not is_followup_required and not coalesce(is_callback_required, false) and looked_at_at is not null)
        as is_closed,
    case
        when due_at is null then null
        when first_attempt_at <= due_at then true
        when first_attempt_at is not null or due_at < as_of_end_at then false
    end as is_in_time,
    case
        when first_reply_at <= inactive_from_at then false
        when inactive_from_at <= as_of_end_at then true
    end as is_silent,
    reached_at is not null and reason_topic is not null as is_reason_captured,
    reached_at is not null and reason_topic is not null and fix_topic is not null as is_followup_complete,
    case when is_followup_required and metric_score is not null and next_score is not null and opening_order = 1
            then next_score > low_up_to_score
    end as is_recovered,
    {{ period_start('week', business_date('begun_at')) }} as received_week,
    {{ business_date('begun_at') }} as received_date,
    begun_at as received_at,
    due_at,
    looked_at_at as processed_at,
    decided_at,
    first_attempt_at,
    reached_at as contacted_at,
    mended_at as resolved_at,
    informed_of_at as informed_at,
    case when opening_order = 1 then next_at end as asked_again_at
from judged
