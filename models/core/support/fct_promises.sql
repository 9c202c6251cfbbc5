-- Promises as of the close of the business day. The term that was named first decides whether one was kept: a term that
-- may be moved cannot be missed.
with kinds as (
    select
        promises.*,
        coalesce(kinds_of_promises.is_kept_by_contact, false)
        and {{ observed_from('contacts') }} is not null as is_kept_by_contact,
        coalesce(reasons.trouble_code, kinds_of_promises.trouble_code, 'missed_promise') as trouble_code,
        run_context.as_of_end_at
    from {{ ref('stg_support__promises') }} as promises
    inner join {{ ref('run_context') }} as run_context
        on promises.made_at < run_context.as_of_end_at
    inner join {{ ref('customer_registrations') }} as customers
        on promises.customer_id = customers.customer_id
    left join {{ ref('promise_types') }} as kinds_of_promises
        on promises.promise_type = kinds_of_promises.promise_type
    left join {{ ref('trouble_kinds') }} as reasons
        on promises.unkept_reason_code = reasons.unkept_reason_code
),

-- CON-11: an attempt that did not reach the customer keeps nothing, and neither does a mailing.
contacted as (
    select
        kinds.promise_id,
        contacts.employee_id,
        contacts.effective_at,
        row_number() over (
            partition by kinds.promise_id order by contacts.effective_at, contacts.contact_id
        ) as place
    from kinds
    inner join {{ ref('fct_contacts') }} as contacts
        on kinds.customer_id = contacts.customer_id
        and kinds.made_at <= contacts.effective_at
    where kinds.is_kept_by_contact
        and contacts.direction = 'outbound'
        and not contacts.is_automated
),

known as (
    select
        kinds.promise_id,
        contacted.employee_id as contacted_by_employee_id,
        case
            when kinds.is_kept_by_contact then contacted.effective_at
            when kinds.fulfilled_at < kinds.as_of_end_at then kinds.fulfilled_at
        end as fulfilled_at,
        case when kinds.cancelled_at < kinds.as_of_end_at then kinds.cancelled_at end as cancelled_at,
        case when kinds.informed_at < kinds.as_of_end_at then kinds.informed_at end as informed_at,
        case when kinds.due_at < kinds.as_of_end_at then kinds.due_at end as passed_due_at,
        coalesce(kinds.revised_due_at, kinds.due_at) as term_at
    from kinds
    left join contacted
        on kinds.promise_id = contacted.promise_id
        and contacted.place = 1
),

evaluated as (
    select
        known.*,
        case
            when known.fulfilled_at is not null and not coalesce(kinds.result_as_promised, true) then 'broken'
            when known.fulfilled_at is not null and kinds.due_at is null then 'done'
            when known.fulfilled_at <= kinds.due_at then 'kept'
            when known.fulfilled_at is not null then 'late'
            when known.cancelled_at <= coalesce(kinds.due_at, known.cancelled_at) then 'cancelled'
            when known.passed_due_at is not null then 'broken'
            else 'open'
        end as promise_state,
        known.fulfilled_at is null and known.cancelled_at is null as is_open
    from known
    inner join kinds
        on known.promise_id = kinds.promise_id
)

select
    kinds.promise_id,
    kinds.customer_id,
    kinds.promise_type,
    kinds.stage_code,
    coalesce(kinds.unit, employees.unit) as unit_code,
    kinds.made_by_employee_id,
    kinds.promised_employee_id,
    evaluated.contacted_by_employee_id,
    kinds.ticket_id,
    kinds.case_id,
    kinds.contact_id,
    kinds.order_id,
    evaluated.promise_state,
    -- EXP-01: a term that passed without a word is uncertainty again.
    case
        when not evaluated.is_open then null
        when evaluated.term_at is null then 'no_term'
        when evaluated.term_at < kinds.as_of_end_at and coalesce(evaluated.informed_at < evaluated.term_at, true)
            then 'term_passed'
        when kinds.next_step is null then 'no_next_step'
    end as limbo_reason,
    case when evaluated.promise_state in ('late', 'broken') then kinds.trouble_code end as trouble_code,
    kinds.next_step,
    kinds.is_kept_by_contact,
    evaluated.is_open,
    kinds.made_date,
    {{ business_date('kinds.due_at') }} as due_date,
    kinds.made_at,
    kinds.due_at,
    evaluated.term_at,
    evaluated.informed_at,
    evaluated.fulfilled_at,
    evaluated.cancelled_at,
    -- The moment from which it was known that it would not be kept.
    case
        when evaluated.promise_state not in ('late', 'broken') then null
        when evaluated.fulfilled_at is not null and not coalesce(kinds.result_as_promised, true)
            then least(evaluated.fulfilled_at, evaluated.passed_due_at)
        else kinds.due_at
    end as missed_at
from kinds
inner join evaluated
    on kinds.promise_id = evaluated.promise_id
left join {{ ref('dim_employees') }} as employees
    on coalesce(kinds.promised_employee_id, kinds.made_by_employee_id) = employees.employee_id
    and {{ holds_at('employees', 'kinds.made_date') }}
