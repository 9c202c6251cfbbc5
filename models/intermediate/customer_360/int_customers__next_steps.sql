-- Of the steps that apply, the first one by policy. Whoever asked for silence is not approached, unless they wait for
-- an answer of ours; whoever has left gets nothing (winning back is a campaign of its own).
with applicable as (
    select
        customer_id,
        'settle_complaint' as step_code
    from {{ ref('int_customers__open_feedback') }}
    where open_complaints_count > 0
    union all
    select
        customer_id,
        'close_case' as step_code
    from {{ ref('int_customers__open_feedback') }}
    where open_cases_count > 0
    union all
    select distinct
        customer_id,
        'work_alert' as step_code
    from {{ ref('mart_alerts') }}
    -- What the daily budget holds back waits.
    where is_open
        and held_back_reason is null
    union all
    select
        customer_id,
        'renew_contact' as step_code
    from {{ ref('mart_customer_contact_status') }}
    where is_overdue
    union all
    select
        customer_id,
        'finish_onboarding' as step_code
    from {{ ref('mart_activation_actions') }}
    where is_next_action
    union all
    select
        customer_id,
        'ask_opinion' as step_code
    from {{ ref('int_customers__open_feedback') }}
    where due_surveys_count > 0
    union all
    select
        customer_id,
        'watch_quietly' as step_code
    from {{ ref('mart_customer_contact_status') }}
    where is_dnd
    union all
    select
        customer_id,
        'none' as step_code
    from {{ ref('dim_customers') }}
),

allowed as (
    select
        applicable.customer_id,
        steps.step_code,
        steps.title,
        row_number() over (
            partition by applicable.customer_id order by steps.priority_order, steps.step_code
        ) as choice
    from applicable
    inner join {{ ref('next_steps') }} as steps
        on applicable.step_code = steps.step_code
    inner join {{ ref('dim_customers') }} as customers
        on applicable.customer_id = customers.customer_id
    left join {{ ref('mart_customer_contact_status') }} as contacts
        on applicable.customer_id = contacts.customer_id
    where (customers.has_access or steps.step_code in ('settle_complaint', 'close_case', 'none'))
        and (
            not steps.is_contact
            or not coalesce(contacts.is_dnd, false)
            or steps.step_code in ('settle_complaint', 'close_case')
        )
)

select
    customer_id,
    step_code,
    title
from allowed
where choice = 1
