{#- Lists name the first five. -#}{% set shown = range(1, 6) %}
with alerts as (
    select distinct customer_id
    from {{ ref('mart_alerts') }}
    -- The backlog is not worked today, and what was acted on waits for its end.
    where list_order is not null
),

cases as (
    select
        customer_id,
        count(*) as open_count
    from {{ ref('mart_feedback_cases') }}
    where is_to_answer
    group by customer_id
),

surveys as (
    select
        customer_id,
        count(*) as due_count
    from {{ ref('mart_survey_schedule') }}
    where is_to_send
    group by customer_id
),

components as (
    select
        customer_id,
        component_code,
        case when component_state = 'stopped' then 'stopped' else 'unused' end as list_code,
        row_number() over (
            partition by customer_id, case when component_state = 'stopped' then 'stopped' else 'unused' end
            order by case when is_critical then 0 else 1 end, component_code
        ) as place
    from {{ ref('mart_component_usage') }}
    where component_state = 'stopped'
        or suggested_action_code is not null
),

component_lists as (
    select
        customer_id,
        {% for place in shown %}
        max(case when list_code = 'unused' and place = {{ place }} then component_code end) as unused_{{ place }},
        max(case when list_code = 'stopped' and place = {{ place }} then component_code end) as stopped_{{ place }},
        {% endfor %}
        count(case when list_code = 'unused' then 1 end) as unused_count,
        count(case when list_code = 'stopped' then 1 end) as stopped_count
    from components
    group by customer_id
),

customers as (
    select
        customers.customer_id,
        customers.customer_status,
        customers.is_paying,
        customers.has_access,
        coalesce(contacts.is_dnd, false) as is_do_not_disturb,
        queue.list_order is not null as is_contact_to_renew,
        -- Not offered to customers who are activated, got there without help or declined.
        case when activation.suppress_reason is null then actions.key_action_code end as next_key_action_code,
        case when activation.suppress_reason is null then actions.title end as next_key_action_label,
        alerts.customer_id is not null as has_alert_to_work,
        coalesce(cases.open_count, 0) as open_cases_count,
        coalesce(tickets.open_count, 0) as open_tickets_count,
        coalesce(tickets.complaints_count, 0) as open_complaints_count,
        coalesce(promises.open_count, 0) as open_promises_count,
        promises.urgent_count as urgent_promises_count,
        coalesce(surveys.due_count, 0) as due_surveys_count
    from {{ ref('dim_customers') }} as customers
    left join {{ ref('mart_customer_contact_status') }} as contacts
        on customers.customer_id = contacts.customer_id
    left join {{ ref('mart_contact_queue') }} as queue
        on customers.customer_id = queue.customer_id
    left join {{ ref('mart_activation_customer') }} as activation
        on customers.customer_id = activation.customer_id
    left join {{ ref('mart_activation_actions') }} as actions
        on customers.customer_id = actions.customer_id
        and actions.is_next_action
    left join alerts
        on customers.customer_id = alerts.customer_id
    left join cases
        on customers.customer_id = cases.customer_id
    left join {{ ref('int_tickets__open') }} as tickets
        on customers.customer_id = tickets.customer_id
    left join {{ ref('int_promises__open') }} as promises
        on customers.customer_id = promises.customer_id
    left join surveys
        on customers.customer_id = surveys.customer_id
),

steps as (
    select
        customers.customer_id,
        steps.step_code,
        case
            when customers.is_do_not_disturb then coalesce(steps.quiet_title, steps.title) else steps.title
        end as title,
        purposes.consent_purpose,
        row_number() over (
            partition by customers.customer_id order by steps.priority_order, steps.step_code
        ) as place
    from customers
    cross join {{ ref('next_steps') }} as steps
    left join {{ ref('contact_purposes') }} as purposes
        on steps.purpose_code = purposes.purpose_code
    where case steps.step_code
            when 'settle_complaint' then customers.open_complaints_count > 0
            when 'keep_promise' then customers.urgent_promises_count > 0
            when 'close_case' then customers.open_cases_count > 0
            when 'work_alert' then customers.has_alert_to_work
            when 'renew_contact' then customers.is_contact_to_renew
            when 'finish_onboarding' then customers.next_key_action_code is not null
            when 'ask_opinion' then customers.due_surveys_count > 0
            when 'watch_quietly' then customers.is_do_not_disturb
            when 'none' then true
        end
        and (customers.has_access or steps.step_code = 'none')
        -- An answer is not a disturbance.
        and (not customers.is_do_not_disturb or not coalesce(purposes.is_proactive, false))
),

step_channels as (
    select
        steps.customer_id,
        channels.channel_code,
        row_number() over (
            partition by steps.customer_id order by channels.smoothed_pct desc nulls last, channels.channel_code asc
        ) as place
    from steps
    inner join {{ ref('mart_customer_channels') }} as channels
        on steps.customer_id = channels.customer_id
        and channels.is_suitable
        and case steps.consent_purpose
            {% for purpose in ['service', 'marketing', 'sales', 'survey'] %}
            when '{{ purpose }}' then channels.is_{{ purpose }}_allowed
            {% endfor %}
        end
    where steps.place = 1
)

select
    customers.customer_id,
    customers.customer_status,
    steps.step_code as next_step_code,
    steps.title as next_step_label,
    step_channels.channel_code as next_step_channel_code,
    contact_channels.title as next_step_channel_label,
    customers.next_key_action_code,
    customers.next_key_action_label,
    {% for name, first in [
        ('unused_components_label', 'component_lists.unused'), ('stopped_components_label', 'component_lists.stopped'),
    ] %}
    {{ first }}_1
    {%- for place in shown[1:] %}
    || coalesce(' ' || {{ first }}_{{ place }}, '')
    {%- endfor %} as {{ name }},
    {% endfor %}
    reasons.suggested_reasons,
    case
        when health.customer_id is null or health.baseline_days_count is null then 'unknown'
        when health.is_sharp_decline then 'sharp_fall'
        when health.is_decline then 'fall'
        else 'no_fall'
    end as usage_trend_kind,
    cast(customers.open_cases_count as bigint) as open_cases_count,
    cast(customers.open_tickets_count as bigint) as open_tickets_count,
    cast(customers.open_complaints_count as bigint) as open_complaints_count,
    cast(customers.open_promises_count as bigint) as open_promises_count,
    cast(customers.due_surveys_count as bigint) as due_surveys_count,
    cast(coalesce(component_lists.unused_count, 0) as bigint) as unused_components_count,
    cast(coalesce(component_lists.stopped_count, 0) as bigint) as stopped_components_count,
    cast(coalesce(reasons.reasons_count, 0) as bigint) as suggested_reasons_count,
    health.recent_days_count,
    health.expected_days,
    {{ days_between('run_context.as_of_date', 'renewals.renewal_date') }} as days_to_renewal,
    customers.is_paying,
    customers.has_access,
    customers.is_do_not_disturb,
    renewals.renewal_date as next_renewal_date
from customers
cross join {{ ref('run_context') }} as run_context
inner join steps
    on customers.customer_id = steps.customer_id
    and steps.place = 1
left join step_channels
    on customers.customer_id = step_channels.customer_id
    and step_channels.place = 1
left join {{ ref('contact_channels') }} as contact_channels
    on step_channels.channel_code = contact_channels.channel_code
left join component_lists
    on customers.customer_id = component_lists.customer_id
left join {{ ref('int_contact_reasons__listed') }} as reasons
    on customers.customer_id = reasons.customer_id
left join {{ ref('mart_usage_health') }} as health
    on customers.customer_id = health.customer_id
left join {{ ref('dim_customer_renewals') }} as renewals
    on customers.customer_id = renewals.customer_id
