with owners as (
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
    from {{ ref('int_feedback__openings') }} as openings
    inner join {{ ref('dim_customer_owners') }} as owners
        on openings.customer_id = owners.customer_id
        and {{ holds_at('owners', 'openings.begun_at') }}
),

routes as (
    select coalesce(max(sla_days), 0) as longest_sla_days
    from {{ ref('score_routes') }}
    where is_followup
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
        policy.no_reply_days as reply_days,
        policy.case_answer_limit_days,
        greatest(policy.no_reply_days, policy.complaint_due_days, routes.longest_sla_days) as settling_days,
        {{ business_date('openings.begun_at') }} as received_date,
        run_context.as_of_date,
        run_context.as_of_end_at
    from {{ ref('int_feedback__openings') }} as openings
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    cross join routes
    {{ attributes_as_of('openings', business_date('openings.begun_at'), ['status']) }}
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

classified as (
    select
        *,
        -- Plain comparison with NULL would let a missing decider or subject pass (FBK-08): unknown comes first.
        case
            when decided_at is null then null
            when decided_by_employee_id is null or evaluated_employee_id is null then 'unknown'
            when decided_by_employee_id = evaluated_employee_id then 'self'
            when decided_by_employee_id = subject_manager_id then 'manager'
            when decider_unit is null or subject_unit_code is null then 'unknown'
            when decider_unit = subject_unit_code then 'same_unit'
            else 'none'
        end as interest_kind,
        {{ dbt.dateadd('day', 'reply_days', 'begun_at') }} as reply_until_at,
        greatest({{ dbt.dateadd('day', 'reply_days', 'begun_at') }}, due_at) as mature_at
    from joined
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
    topic_code,
    evaluated_employee_id as subject_employee_id,
    subject_unit_code,
    owner_employee_id,
    owner_unit as owner_unit_code,
    coalesce(
        subject_unit_code, owner_unit, case when customer_id is null then 'anonymous' end, 'unassigned'
    ) as unit_code,
    decided_by_employee_id,
    decider_unit as decider_unit_code,
    interest_kind,
    case_state,
    reason_topic as reason_topic_code,
    fix_topic as fix_topic_code,
    cast(opening_order as bigint) as opening_order,
    cast(metric_score as bigint) as metric_score,
    cast(next_score as bigint) as next_score,
    cast(next_score - metric_score as bigint) as rescore_delta_points,
    cast(sentiment as {{ type_double() }}) as sentiment_score,
    cast({{ elapsed_seconds('begun_at', 'processed_at') }} / 3600.0 as {{ type_double() }}) as processing_hours,
    cast({{ elapsed_seconds('begun_at', 'decided_at') }} / 3600.0 as {{ type_double() }}) as decision_hours,
    cast({{ elapsed_seconds('begun_at', 'contacted_at') }} / 3600.0 as {{ type_double() }}) as contact_hours,
    cast({{ elapsed_seconds('begun_at', 'resolved_at') }} / 3600.0 as {{ type_double() }}) as resolution_hours,
    is_paying,
    opening_order > 1 as is_reopening,
    has_comment,
    is_direct,
    is_followup_required,
    is_callback_required,
    interest_kind = 'none' as is_disinterested,
    decided_by_employee_id = evaluated_employee_id as is_decider_subject,
    decider_unit = subject_unit_code as is_decider_same_unit,
    is_closed,
    is_followup_required
    and not is_closed
    and {{ days_between('received_date', 'as_of_date') }} <= case_answer_limit_days
    and not coalesce(next_score > metric_score, false) as is_to_answer,
    case
        when due_at is null then null
        when first_reaction_at <= due_at then true
        when first_reaction_at is not null or due_at < as_of_end_at then false
    end as is_in_time,
    case
        when first_reply_at <= reply_until_at then false
        when reply_until_at <= as_of_end_at then true
    end as is_no_reply,
    contacted_at is not null and reason_topic is not null as is_reason_captured,
    contacted_at is not null and reason_topic is not null and fix_topic is not null as is_followup_complete,
    case when is_followup_required and metric_score is not null and next_score is not null
            then next_score > low_up_to_score
    end as is_recovered,
    customer_id is null as is_anonymous,
    mature_at <= as_of_end_at as is_mature,
    {%- for grain in ['month', 'week'] %}
    -- A changed clock may move a deadline into the next day.
    {{ is_over(grain, period_start(grain, 'received_date'), add_days('as_of_date', '-settling_days')) }}
    and mature_at <= as_of_end_at as is_{{ grain }}_complete,
    {%- endfor %}
    {{ period_start('week', 'received_date') }} as received_week,
    received_date,
    begun_at as received_at,
    due_at,
    processed_at,
    decided_at,
    first_attempt_at,
    contacted_at,
    resolved_at,
    informed_at,
    next_at as asked_again_at
from classified
