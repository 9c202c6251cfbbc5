{{ config(materialized=inlined('view')) }}
-- Transfer of a customer from the newcomer team to the first account manager, and whether it came in time (ACT-18).
with first_owners as (
    select
        owners.customer_id,
        owners.role,
        owners.employee_id,
        employees.team,
        owners.valid_from,
        row_number() over (
            partition by owners.customer_id, owners.role order by owners.valid_from, owners.employee_id
        ) as choice
    from {{ ref('dim_customer_owners') }} as owners
    inner join {{ ref('run_context') }} as run_context
        on owners.valid_from < run_context.as_of_end_at
    left join {{ ref('dim_employees') }} as employees
        on owners.employee_id = employees.employee_id
        and {{ holds_at('employees', business_date('owners.valid_from')) }}
    where owners.role in ('onboarding_manager', 'account_manager')
),

transfers as (
    select
        activation.customer_id,
        activation.customer_status,
        activation.is_measurable,
        activation.activated_at,
        newcomers.valid_from as newcomer_from_at,
        newcomers.team as newcomer_team,
        account_owners.employee_id as account_owner_id,
        account_owners.team as account_team,
        account_owners.valid_from as handed_over_at,
        -- Customers who are served by automation have no account manager to go to.
        coalesce(segments.channel_policy, 'personal') = 'personal' as is_planned,
        {{ days_between(
            business_date('activation.activated_at'),
            'coalesce(' ~ business_date('account_owners.valid_from') ~ ', run_context.as_of_date)',
        ) }} as lag_days
    from {{ ref('dim_customer_activation') }} as activation
    cross join {{ ref('run_context') }} as run_context
    left join first_owners as newcomers
        on activation.customer_id = newcomers.customer_id
        and newcomers.role = 'onboarding_manager'
        and newcomers.choice = 1
    left join first_owners as account_owners
        on activation.customer_id = account_owners.customer_id
        and account_owners.role = 'account_manager'
        and account_owners.choice = 1
    {{ attributes_as_of('activation', 'run_context.as_of_date', ['value_segment']) }}
    left join {{ ref('segments') }} as segments
        on value_segment.segment_code = segments.segment_code
        and segments.scheme = 'value'
),

contacts as (
    select
        transfers.customer_id,
        count(*) as wrong_team_contacts_count
    from transfers
    inner join {{ ref('fct_contacts') }} as contacts
        on transfers.customer_id = contacts.customer_id
        and contacts.is_proactive
    inner join {{ ref('dim_employees') }} as employees
        on contacts.employee_id = employees.employee_id
        and {{ holds_at('employees', 'contacts.attempted_date') }}
    where transfers.newcomer_team <> transfers.account_team
        and contacts.attempted_at >= transfers.newcomer_from_at
        and employees.team = case
            when contacts.attempted_at < transfers.handed_over_at then transfers.account_team
            else transfers.newcomer_team
        end
    group by transfers.customer_id
),

states as (
    select
        transfers.*,
        case
            when transfers.newcomer_from_at is null then 'no_newcomer_owner'
            when not transfers.is_measurable then 'not_measurable'
            when transfers.handed_over_at is not null and coalesce(transfers.lag_days, -1) < 0
                then 'handed_over_too_early'
            when transfers.handed_over_at is not null and transfers.lag_days > policy.handoff_due_days
                then 'handed_over_late'
            when transfers.handed_over_at is not null then 'handed_over'
            when transfers.customer_status = 'churned' then 'churned_before_handoff'
            when transfers.activated_at is null then 'with_newcomer_team'
            when not transfers.is_planned then 'not_planned'
            when transfers.lag_days > policy.handoff_due_days then 'overdue'
            else 'due'
        end as handoff_state
    from transfers
    cross join {{ ref('policy') }} as policy
)

select
    states.customer_id,
    states.account_owner_id,
    states.handoff_state,
    contacts.wrong_team_contacts_count,
    case
        when states.handoff_state in ('handed_over', 'handed_over_late', 'handed_over_too_early', 'due', 'overdue')
            then states.lag_days
    end as handoff_lag_days,
    states.newcomer_from_at,
    states.handed_over_at
from states
left join contacts
    on states.customer_id = contacts.customer_id
