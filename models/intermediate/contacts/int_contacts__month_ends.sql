-- The one population of contacts by month: everybody with access on any day of a month of the trend, as of the last
-- such day. Contacts count for all of them; what is due at the end of the month (in the running month: on the business
-- day) needs `is_at_month_end`, because no contact is due to a churned customer.
with months as (
    select
        dates.month_start_date as contact_month,
        max(dates.date_day) as period_end_date
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where dates.date_day >= {{ add_months(
        period_start('month', 'run_context.as_of_date'), '1 - policy.contact_trend_months'
    ) }}
    group by dates.month_start_date
),

first_months as (
    select min(contact_month) as first_month from months
),

effective as (
    -- Contacts from before the trend count in its first month, because only the last moment matters.
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

-- A row holds until the next month with an effective contact, also over months without access.
reached as (
    select
        customer_id,
        contact_month as valid_from,
        lead(contact_month) over (partition by customer_id order by contact_month) as valid_to,
        max(effective_date) over until_month as last_effective_date,
        max(personal_effective_date) over until_month as last_personal_date
    from effective
    window until_month as (partition by customer_id order by contact_month rows unbounded preceding)
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

over_contacted as (
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
                when unusable_reason is null then {{ end_of_time('date') }}
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

members as (
    select
        customers.customer_id,
        months.contact_month,
        months.period_end_date,
        {{ days_between('customers.registered_date', 'months.period_end_date') }} as tenure_days,
        max(least(
            {{ add_days('coalesce(periods.valid_to, ' ~ end_of_time('date') ~ ')', -1) }}, months.period_end_date
        )) as last_access_date
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('customer_status_periods') }} as periods
        on customers.customer_id = periods.customer_id
        and periods.has_access
    inner join months
        on periods.valid_from <= months.period_end_date
        and coalesce(periods.valid_to, {{ end_of_time('date') }}) > months.contact_month
    group by customers.customer_id, customers.registered_date, months.contact_month, months.period_end_date
),

on_dnd as (
    select
        members.customer_id,
        members.contact_month,
        max(
            case
                when dnd.valid_to is null or {{ business_date('dnd.valid_to') }} > members.period_end_date then 1
                else 0
            end
        ) as is_dnd_at_end
    from members
    inner join {{ ref('dim_customer_dnd') }} as dnd
        on members.customer_id = dnd.customer_id
        and {{ business_date('dnd.valid_from') }} <= members.period_end_date
        and coalesce({{ business_date('dnd.valid_to') }}, {{ end_of_time('timestamp') }}) >= members.contact_month
    group by members.customer_id, members.contact_month
)

select
    members.customer_id,
    status.status as customer_status,
    coalesce(value_segment.segment_code, 'unassigned') as segment_code,
    coalesce(account_manager.employee_id, 'unassigned') as owner_employee_id,
    coalesce(norms.channel_policy, 'none') as segment_channel_policy,
    -- A high average check is worth a person also in a mass segment, a low one is not in another; priority segments
    -- keep their policy.
    case
        when coalesce(norms.is_priority, false) then coalesce(norms.channel_policy, 'none')
        when checks.average_check_amount >= policy.personal_check_from_amount then 'personal'
        when checks.average_check_amount < policy.automated_check_below_amount then 'automated'
        else coalesce(norms.channel_policy, 'none')
    end as channel_policy,
    checks.orders_count,
    checks.unconverted_count,
    checks.paid_amount,
    norms.contact_interval_days,
    norms.contact_target_pct,
    norms.max_manual_calls_per_month,
    members.tenure_days,
    {{ days_between('reached.last_effective_date', 'members.period_end_date') }} as since_effective_days,
    {{ days_between('reached.last_personal_date', 'members.period_end_date') }} as since_personal_days,
    coalesce(made.automated_count, 0) as automated_count,
    coalesce(made.personal_count, 0) as personal_count,
    coalesce(made.manual_calls_count, 0) as manual_calls_count,
    status.is_customer,
    members.last_access_date = members.period_end_date as is_at_month_end,
    coalesce(norms.is_priority, false) as is_priority,
    over_contacted.customer_id is not null as is_over_contacted,
    on_dnd.customer_id is not null as was_dnd,
    coalesce(on_dnd.is_dnd_at_end, 0) = 1 as is_dnd_at_end,
    not register.has_points
    or coalesce(
        points.first_usable_date <= members.period_end_date and points.usable_to_date > members.period_end_date, false
    ) as is_contactable,
    members.contact_month,
    members.last_access_date,
    members.period_end_date
from members
cross join register
cross join {{ ref('policy') }} as policy
left join reached
    on members.customer_id = reached.customer_id
    and {{ holds_at('reached', 'members.contact_month') }}
left join made
    on members.customer_id = made.customer_id
    and members.contact_month = made.contact_month
left join over_contacted
    on members.customer_id = over_contacted.customer_id
    and members.contact_month = over_contacted.contact_month
left join on_dnd
    on members.customer_id = on_dnd.customer_id
    and members.contact_month = on_dnd.contact_month
left join points
    on members.customer_id = points.customer_id
left join {{ ref('int_contacts__average_checks') }} as checks
    on members.customer_id = checks.customer_id
    and members.contact_month = checks.contact_month
{{ attributes_as_of('members', 'members.last_access_date', ['status', 'value_segment']) }}
{{ account_manager_as_of('members', 'members.last_access_date') }}
left join {{ ref('segments') }} as norms
    on value_segment.segment_code = norms.segment_code
