-- EXP-10, CON-06: where a target may have been met at the customer's cost. Each check counts hits among the chances of
-- an employee in a month. A flag is a reason to look, not proof.
with manual_ticks as (
    select
        'manual_ticks' as check_code,
        coalesce(actions.recorded_by_employee_id, owners.employee_id) as employee_id,
        {{ business_date('actions.first_done_at') }} as event_date,
        case when actions.first_source = 'crm_manual' then 1 else 0 end as is_hit
    from {{ ref('mart_activation_actions') }} as actions
    left join {{ ref('dim_customer_owners') }} as owners
        on actions.customer_id = owners.customer_id
        and owners.role = 'account_manager'
        and {{ holds_at('owners', 'actions.first_done_at') }}
    where actions.first_done_at is not null
),

short_talks as (
    select
        'short_talks' as check_code,
        contacts.employee_id,
        contacts.attempted_date as event_date,
        case when contacts.duration_sec < policy.audit_short_talk_sec then 1 else 0 end as is_hit
    from {{ ref('fct_contacts') }} as contacts
    cross join {{ ref('policy') }} as policy
    where contacts.direction = 'outbound'
        and contacts.channel = 'call'
        and contacts.is_effective
),

interested_decisions as (
    select
        'interested_decisions' as check_code,
        decided_by_employee_id as employee_id,
        {{ business_date('decided_at') }} as event_date,
        case when is_disinterested then 0 else 1 end as is_hit
    from {{ ref('mart_feedback_cases') }}
    where decided_at is not null
),

-- Customers handed over in the last days of a month while stopped or at risk disappear from the owner's numbers. The
-- status of the day before counts, and test accounts and deleted customers count nowhere.
handovers as (
    select
        'risky_handovers' as check_code,
        owners.employee_id,
        {{ business_date('owners.valid_to') }} as event_date,
        case
            when health.customer_id is not null
                and {{ days_between(
                    business_date('owners.valid_to'),
                    add_months(period_start('month', business_date('owners.valid_to')), 1)
                ) }} <= policy.audit_month_end_days then 1
            else 0
        end as is_hit
    from {{ ref('dim_customer_owners') }} as owners
    inner join {{ ref('customer_registrations') }} as registration
        on owners.customer_id = registration.customer_id
    left join {{ ref('mart_usage_health_history') }} as health
        on owners.customer_id = health.customer_id
        and health.health_status in ('stopped', 'at_risk')
        and health.valid_from < {{ business_date('owners.valid_to') }}
        and coalesce(health.valid_to, {{ end_of_time('date') }}) >= {{ business_date('owners.valid_to') }}
    cross join {{ ref('policy') }} as policy
    where owners.role = 'account_manager'
        and owners.valid_to is not null
),

chances as (
    select * from manual_ticks
    union all
    select * from short_talks
    union all
    select * from interested_decisions
    union all
    select * from handovers
),

portfolios as (
    select
        contact_month as audit_month,
        owner_employee_id as employee_id,
        count(*) as customers_count,
        sum(case when is_dnd_at_end then 1 else 0 end) as dnd_count
    from {{ ref('int_contacts__month_ends') }}
    where is_at_month_end
    group by contact_month, owner_employee_id
),

-- Few flags are set in a month, so those of the last `dnd_review_months` count together.
unproven_flags as (
    select
        months.audit_month,
        flags.setter_employee_id as employee_id,
        sum(case when flags.is_without_evidence then 1 else 0 end) as hits_count,
        count(*) as chances_count
    from (select distinct portfolios.audit_month from portfolios) as months
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('mart_dnd_flag_review') }} as flags
        on flags.set_date < {{ add_months('months.audit_month', 1) }}
        and flags.set_date >= {{ add_months('months.audit_month', '1 - policy.dnd_review_months') }}
    -- Flags that customers set themselves are not a hit of any employee.
    where flags.evidence_state <> 'set_by_customer'
    group by months.audit_month, flags.setter_employee_id
),

counted as (
    select
        chances.check_code,
        chances.employee_id,
        {{ period_start('month', 'chances.event_date') }} as audit_month,
        sum(chances.is_hit) as hits_count,
        count(*) as chances_count
    from chances
    cross join {{ ref('run_context') }} as run_context
    where chances.employee_id is not null
        and chances.event_date <= run_context.as_of_date
    group by chances.check_code, chances.employee_id, {{ period_start('month', 'chances.event_date') }}
    union all
    select
        'silenced_customers' as check_code,
        employee_id,
        audit_month,
        dnd_count as hits_count,
        customers_count as chances_count
    from portfolios
    union all
    select
        'unproven_flags' as check_code,
        employee_id,
        audit_month,
        hits_count,
        chances_count
    from unproven_flags
),

placed as (
    select
        counted.*,
        case
            when counted.check_code = 'unproven_flags' then policy.dnd_min_flags
            else policy.audit_min_count
        end as min_chances_count,
        coalesce(employees.team, case when counted.employee_id = 'unassigned' then 'unassigned' else 'unknown' end)
            as team_code
    from counted
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join {{ ref('dim_employees') }} as employees
        on counted.employee_id = employees.employee_id
        and {{ holds_at('employees', 'least(' ~ add_days(add_months('counted.audit_month', 1), -1)
            ~ ', run_context.as_of_date)') }}
),

peers as (
    select
        placed.check_code,
        placed.audit_month,
        placed.employee_id,
        count(*) as peers_count,
        percentile_cont(0.5) within group (order by 100.0 * colleagues.hits_count / colleagues.chances_count)
            as peer_median_pct
    from placed
    inner join placed as colleagues
        on placed.check_code = colleagues.check_code
        and placed.audit_month = colleagues.audit_month
        and placed.team_code = colleagues.team_code
        and placed.employee_id <> colleagues.employee_id
    where colleagues.chances_count >= colleagues.min_chances_count
    group by placed.check_code, placed.audit_month, placed.employee_id
)

select
    placed.employee_id,
    placed.team_code,
    placed.check_code,
    cast(placed.hits_count as bigint) as hits_num,
    cast(placed.chances_count as bigint) as hits_den,
    {{ pct('placed.hits_count', 'placed.chances_count') }} as hits_pct,
    cast(coalesce(peers.peers_count, 0) as bigint) as peers_count,
    cast(peers.peer_median_pct as {{ type_double() }}) as peer_median_pct,
    placed.chances_count >= placed.min_chances_count
    and case
        when placed.check_code = 'unproven_flags'
            then 100.0 * placed.hits_count >= policy.dnd_without_evidence_pct * placed.chances_count
        else placed.hits_count >= policy.audit_min_hits
            and coalesce(
                100.0 * placed.hits_count
                > policy.audit_peer_factor * peers.peer_median_pct * placed.chances_count,
                false
            )
    end as is_suspicious,
    placed.chances_count >= placed.min_chances_count as is_reliable,
    placed.audit_month
from placed
cross join {{ ref('policy') }} as policy
left join peers
    on placed.check_code = peers.check_code
    and placed.audit_month = peers.audit_month
    and placed.employee_id = peers.employee_id
