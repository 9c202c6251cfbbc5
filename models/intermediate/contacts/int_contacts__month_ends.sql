-- Customers at the end of each month of the trend (of the running month: as of the business day), with what was true
-- then: segment, owner, silence, contact points, average check, and when they had last been reached.
with months as (
    select
        dates.month_start_date as contact_month,
        max(dates.date_day) as period_end_date
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    where dates.date_day >= {{ add_months(
        period_start('month', 'run_context.as_of_date'), '1 - cast(' ~ threshold('contact_trend_months') ~ ' as integer)'
    ) }}
    group by dates.month_start_date
),

first_months as (
    select min(contact_month) as first_month from months
),

reached as (
    -- What lies before the trend counts as its first month: only the last moment matters.
    select
        contacts.customer_id,
        greatest({{ period_start('month', 'contacts.effective_date') }}, first_months.first_month) as contact_month,
        max(contacts.effective_date) as effective_date,
        max(case when not contacts.is_automated then contacts.effective_date end) as personal_effective_date
    from {{ ref('fct_contacts') }} as contacts
    cross join first_months
    where contacts.direction = 'outbound'
        and contacts.is_effective
    group by
        contacts.customer_id,
        greatest({{ period_start('month', 'contacts.effective_date') }}, first_months.first_month)
),

made as (
    select
        contacts.customer_id,
        {{ period_start('month', 'contacts.attempted_date') }} as contact_month,
        count(case when contacts.is_automated then 1 end) as automated_count,
        count(case when not contacts.is_automated then 1 end) as personal_count,
        count(case when contacts.channel = 'call' and contacts.is_proactive and not contacts.is_automated then 1 end)
            as manual_calls_count
    from {{ ref('fct_contacts') }} as contacts
    cross join first_months
    where contacts.direction = 'outbound'
        and contacts.attempted_date >= first_months.first_month
    group by contacts.customer_id, {{ period_start('month', 'contacts.attempted_date') }}
),

pressed as (
    select distinct
        customer_id,
        {{ period_start('month', 'attempted_date') }} as contact_month
    from {{ ref('int_contacts__pressure') }}
    where is_over_day_cap
        or is_over_week_cap
),

points as (
    select
        customer_id,
        min({{ business_date('added_at') }}) as first_usable_date,
        max(
            case
                when unusable_reason is null then {{ open_end() }}
                else {{ business_date('invalidated_at') }}
            end
        ) as usable_to_date
    from {{ ref('dim_contact_points') }}
    where unusable_reason is null
        or unusable_reason = 'invalid' and invalidated_at is not null
    group by customer_id
),

register as (
    select count(*) > 0 as has_points
    from {{ ref('dim_contact_points') }}
),

present as (
    select
        customers.customer_id,
        months.contact_month,
        months.period_end_date,
        {{ days_between('customers.registered_date', 'months.period_end_date') }} as tenure_days
    from {{ ref('dim_customers') }} as customers
    inner join months
        on customers.registered_date <= months.period_end_date
    inner join {{ ref('customer_status_periods') }} as status
        on customers.customer_id = status.customer_id
        and {{ holds_at('status', 'months.period_end_date') }}
        and status.has_access
),

known as (
    select
        present.*,
        max(reached.effective_date) over (
            partition by present.customer_id order by present.contact_month
            rows between unbounded preceding and current row
        ) as last_effective_date,
        max(reached.personal_effective_date) over (
            partition by present.customer_id order by present.contact_month
            rows between unbounded preceding and current row
        ) as last_personal_date,
        coalesce(made.automated_count, 0) as automated_count,
        coalesce(made.personal_count, 0) as personal_count,
        coalesce(made.manual_calls_count, 0) as manual_calls_count,
        pressed.customer_id is not null as is_over_contacted
    from present
    left join reached
        on present.customer_id = reached.customer_id
        and present.contact_month = reached.contact_month
    left join made
        on present.customer_id = made.customer_id
        and present.contact_month = made.contact_month
    left join pressed
        on present.customer_id = pressed.customer_id
        and present.contact_month = pressed.contact_month
),

silent as (
    select
        present.customer_id,
        present.contact_month,
        max(
            case
                when dnd.valid_to is null or {{ business_date('dnd.valid_to') }} > present.period_end_date then 1
                else 0
            end
        ) as is_silent_at_end
    from present
    inner join {{ ref('dim_customer_dnd') }} as dnd
        on present.customer_id = dnd.customer_id
        and {{ business_date('dnd.valid_from') }} <= present.period_end_date
        and coalesce({{ business_date('dnd.valid_to') }}, {{ far_future() }}) >= present.contact_month
    group by present.customer_id, present.contact_month
)

select
    known.customer_id,
    coalesce(segments.segment_code, 'unassigned') as segment_code,
    coalesce(owners.employee_id, 'unassigned') as owner_employee_id,
    coalesce(norms.channel_policy, 'none') as segment_channel_policy,
    -- What a customer pays at a time may be worth a person in a mass segment, or not in another; priority is
    -- priority.
    case
        when coalesce(norms.is_priority, false) then coalesce(norms.channel_policy, 'none')
        when checks.average_check_amount >= {{ threshold('personal_check_from_amount') }} then 'personal'
        when checks.average_check_amount < {{ threshold('automated_check_below_amount') }} then 'automated'
        else coalesce(norms.channel_policy, 'none')
    end as channel_policy,
    checks.orders_count,
    checks.unconverted_count,
    checks.paid_amount,
    norms.contact_interval_days,
    norms.contact_target_pct,
    norms.max_manual_calls_per_month,
    known.tenure_days,
    {{ days_between('known.last_effective_date', 'known.period_end_date') }} as since_effective_days,
    {{ days_between('known.last_personal_date', 'known.period_end_date') }} as since_personal_days,
    known.automated_count,
    known.personal_count,
    known.manual_calls_count,
    coalesce(norms.is_priority, false) as is_priority,
    known.is_over_contacted,
    silent.customer_id is not null as was_silent,
    coalesce(silent.is_silent_at_end, 0) = 1 as is_silent_at_end,
    not register.has_points
    or coalesce(
        points.first_usable_date <= known.period_end_date and points.usable_to_date > known.period_end_date, false
    ) as is_contactable,
    known.contact_month,
    known.period_end_date
from known
cross join register
left join silent
    on known.customer_id = silent.customer_id
    and known.contact_month = silent.contact_month
left join points
    on known.customer_id = points.customer_id
left join {{ ref('int_contacts__average_checks') }} as checks
    on known.customer_id = checks.customer_id
    and known.contact_month = checks.contact_month
left join {{ ref('dim_customer_segments') }} as segments
    on known.customer_id = segments.customer_id
    and segments.scheme = 'value'
    and {{ holds_at('segments', 'known.period_end_date') }}
left join {{ ref('dim_segments') }} as norms
    on segments.segment_code = norms.segment_code
left join {{ ref('dim_customer_owners') }} as owners
    on known.customer_id = owners.customer_id
    and owners.role = 'account_manager'
    and {{ business_date('owners.valid_from') }} <= known.period_end_date
    and coalesce({{ business_date('owners.valid_to') }}, {{ far_future() }}) > known.period_end_date
