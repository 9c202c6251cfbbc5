with churns as (
    -- Customers of the day of the term: who had churned before cannot churn because of it.
    select
        promises.promise_id,
        min({{ days_between('promises.due_date', 'tenures.churned_date') }}) as days_to_churn
    from {{ ref('fct_promises') }} as promises
    inner join {{ ref('customer_tenures') }} as tenures
        on promises.customer_id = tenures.customer_id
        and promises.due_date >= tenures.started_date
        and promises.due_date < coalesce(tenures.churned_date, {{ end_of_time('date') }})
    group by promises.promise_id
),

promises as (
    select
        promises.*,
        run_context.as_of_date,
        run_context.as_of_end_at,
        promises.due_at < run_context.as_of_end_at and promises.promise_state <> 'cancelled' as is_due,
        {{ add_days('run_context.as_of_date', 'policy.promise_notice_days') }} as notice_date,
        {{ business_date('promises.term_at') }} as term_date
    from {{ ref('fct_promises') }} as promises
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
)

select
    promises.promise_id,
    promises.customer_id,
    customers.display_name as customer_display_name,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    coalesce(promises.promise_type, 'unknown') as promise_kind,
    promises.stage_code,
    promises.unit_code,
    promises.made_by_employee_id,
    promises.promised_employee_id,
    coalesce(promises.promised_employee_id, promises.made_by_employee_id, account_manager.employee_id)
        as owner_employee_id,
    owners.display_name as owner_display_name,
    promises.contacted_by_employee_id,
    promises.ticket_id,
    promises.case_id,
    promises.contact_id,
    promises.order_id,
    promises.promise_state,
    promises.limbo_reason,
    promises.next_step,
    -- What its owner does next; the first that applies.
    case
        when not promises.is_open and troubles.trouble_key is not null and troubles.amended_at is null
            then 'make_amends'
        when not promises.is_open then 'none'
        when {{ add_days('promises.term_date', 'policy.promise_stale_days') }} <= promises.as_of_date
            then 'ask_if_wanted'
        when promises.limbo_reason = 'term_passed' then 'tell_new_term'
        when promises.limbo_reason = 'no_term' then 'name_term'
        when promises.term_at < promises.as_of_end_at then 'keep_late'
        when promises.term_date <= promises.notice_date then 'keep_now'
        when promises.limbo_reason = 'no_next_step' then 'name_next_step'
        else 'keep_in_time'
    end as next_action_code,
    promises.trouble_code,
    troubles.compensation_kind,
    cast(case
        when promises.promise_state = 'late'
            then {{ elapsed_seconds('promises.due_at', 'promises.fulfilled_at') }} / 3600.0
    end as {{ type_double() }}) as delay_hours,
    cast(case
        when promises.is_open
            then {{ elapsed_seconds(
                'coalesce(promises.informed_at, promises.made_at)', 'promises.as_of_end_at'
            ) }} / 3600.0
    end as {{ type_double() }}) as uninformed_hours,
    cast({{ elapsed_seconds('troubles.trouble_at', 'troubles.amended_at') }} / 3600.0 as {{ type_double() }})
        as amends_hours,
    coalesce(status.is_paying, false) as is_paying,
    promises.is_open,
    promises.limbo_reason is not null as is_in_limbo,
    promises.due_at is not null as has_term,
    promises.term_at <> promises.due_at as is_term_moved,
    coalesce(promises.is_due, false) as is_due,
    case when promises.is_due then promises.missed_at is null end as is_kept,
    case
        when promises.is_kept_by_contact and promises.is_due and promises.promised_employee_id is not null
            then promises.missed_at is null
                and coalesce(promises.contacted_by_employee_id = promises.promised_employee_id, false)
    end as is_kept_by_named,
    promises.is_kept_by_contact as is_contact_promised,
    troubles.amended_at is not null as is_amended,
    troubles.is_amended_in_time,
    case
        when promises.is_due
            and churns.promise_id is not null
            and {{ days_between('promises.due_date', 'promises.as_of_date') }}
            >= policy.promise_churn_days + policy.churn_grace_days
            then coalesce(churns.days_to_churn <= policy.promise_churn_days, false)
    end as is_churned_after,
    promises.made_date,
    promises.due_date,
    promises.made_at,
    promises.due_at,
    promises.term_at,
    promises.informed_at,
    promises.fulfilled_at,
    promises.cancelled_at,
    promises.missed_at,
    troubles.amended_at
from promises
cross join {{ ref('policy') }} as policy
left join churns
    on promises.promise_id = churns.promise_id
left join {{ ref('int_promises__troubles') }} as troubles
    on promises.promise_id = troubles.promise_id
left join {{ ref('dim_customers') }} as customers
    on promises.customer_id = customers.customer_id
{{ attributes_as_of('promises', 'promises.made_date', ['status', 'usage_segment']) }}
{{ account_manager_as_of('promises', 'promises.as_of_date') }}
left join {{ ref('dim_employee_names') }} as owners
    on coalesce(promises.promised_employee_id, promises.made_by_employee_id, account_manager.employee_id)
    = owners.employee_id
