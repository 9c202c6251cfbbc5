with customers as (
    select * from {{ ref('int_contacts__month_dues') }}
    where period_end_date >= {{ observed_from('contacts') }}
),

-- The headline is about customers; the dimension `status` has everybody with access.
populations as (
    select
        'all' as population,
        customers.*
    from customers
    where customers.is_customer
    union all
    select
        customers.customer_status as population,
        customers.*
    from customers
),

attributed as (
    {{ with_attributes('populations', 'last_access_date') }}
),

counted as (
    select
        contact_month,
        population as customer_status,
        coalesce(segment_code, 'all') as segment_code,
        coalesce(owner_employee_id, 'all') as owner_employee_id,
        coalesce(attribute_value, 'all') as attribute_value,
        attribute_name is null as is_without_attribute,
        case
            when attribute_name is not null then attribute_name
            when population <> 'all' then 'status'
            when grouping(owner_employee_id) = 0 and grouping(segment_code) = 0 then 'owner_segment'
            when grouping(owner_employee_id) = 0 then 'owner'
            when grouping(segment_code) = 0 then 'segment'
            else 'all'
        end as dimension_name,
        case when grouping(segment_code) = 0 then max(segment_channel_policy) else 'all' end as channel_policy_kind,
        count(*) as customers_count,
        count(case when was_dnd then 1 end) as dnd_count,
        count(case when is_contact_due then 1 end) as due_count,
        count(case when is_contact_due and is_in_target then 1 end) as in_target_count,
        count(case when is_over_contacted then 1 end) as over_contacted_count,
        max(case when is_contact_due then coalesce(since_effective_days, tenure_days) end) as longest_gap_days,
        -- Segments have different targets; a breakdown over several has the mean over its due customers.
        sum(case when is_contact_due then cast(contact_target_pct as decimal(18, 6)) end) as target_points,
        sum(personal_count) as personal_contacts_count,
        sum(automated_count) as automated_contacts_count,
        count(case when is_person_due then 1 end) as personal_due_count,
        count(case when is_person_due and is_without_person then 1 end) as no_personal_contact_count,
        count(case when is_automation_due then 1 end) as automated_due_count,
        count(case when is_automation_due and manual_calls_count > max_manual_calls_per_month then 1 end)
            as called_too_often_count,
        count(case when is_at_month_end and is_priority and owner_employee_id = 'unassigned' then 1 end)
            as priority_without_manager_count,
        count(case when channel_policy = 'personal' and segment_channel_policy <> 'personal' then 1 end)
            as personal_by_check_count,
        count(case when channel_policy = 'automated' and segment_channel_policy <> 'automated' then 1 end)
            as automated_by_check_count,
        coalesce(sum(orders_count), 0) as orders_count,
        coalesce(sum(unconverted_count), 0) as unconverted_count,
        sum(paid_amount) as paid_amount
    from attributed
    group by
        grouping sets (
            (contact_month, attribute_name, attribute_value, population),
            (contact_month, attribute_name, attribute_value, population, segment_code),
            (contact_month, attribute_name, attribute_value, population, owner_employee_id),
            (contact_month, attribute_name, attribute_value, population, owner_employee_id, segment_code)
        )
),

months as (
    select
        counted.*,
        counted.no_personal_contact_count + counted.called_too_often_count as mismatch_count,
        counted.personal_due_count + counted.automated_due_count as policy_due_count,
        {{ is_over('month', 'counted.contact_month') }} as is_over
    from counted
    cross join {{ ref('run_context') }} as run_context
    where (counted.customer_status = 'all' and counted.is_without_attribute)
        or (
            (counted.customer_status = 'all' or counted.is_without_attribute)
            and counted.owner_employee_id = 'all'
            and counted.segment_code = 'all'
        )
)

select
    dimension_name,
    customer_status,
    segment_code,
    owner_employee_id,
    attribute_value,
    channel_policy_kind,
    cast(customers_count as bigint) as customers_count,
    cast(dnd_count as bigint) as dnd_count,
    cast(in_target_count as bigint) as in_target_num,
    cast(due_count as bigint) as in_target_den,
    {{ pct('in_target_count', 'due_count') }} as in_target_pct,
    {{ wilson_pct('in_target_count', 'due_count', 'lo') }} as in_target_ci_lo,
    {{ wilson_pct('in_target_count', 'due_count', 'hi') }} as in_target_ci_hi,
    cast(1.0 * target_points / nullif(due_count, 0) as {{ type_double() }}) as target_pct,
    cast(over_contacted_count as bigint) as over_contacted_num,
    cast(customers_count as bigint) as over_contacted_den,
    {{ pct('over_contacted_count', 'customers_count') }} as over_contacted_pct,
    cast(longest_gap_days as bigint) as longest_gap_days,
    cast(personal_contacts_count as bigint) as personal_contacts_count,
    cast(automated_contacts_count as bigint) as automated_contacts_count,
    cast(mismatch_count as bigint) as mismatch_num,
    cast(policy_due_count as bigint) as mismatch_den,
    {{ pct('mismatch_count', 'policy_due_count') }} as mismatch_pct,
    cast(no_personal_contact_count as bigint) as no_personal_contact_count,
    cast(called_too_often_count as bigint) as called_too_often_count,
    cast(priority_without_manager_count as bigint) as priority_without_manager_count,
    cast(personal_by_check_count as bigint) as personal_by_check_count,
    cast(automated_by_check_count as bigint) as automated_by_check_count,
    cast(orders_count as bigint) as orders_count,
    cast(unconverted_count as bigint) as unconverted_count,
    cast(case when orders_count = 0 then 0 else paid_amount end as decimal(18, 2)) as paid_amount,
    cast(1.0 * paid_amount / nullif(orders_count - unconverted_count, 0) as {{ type_double() }})
        as average_check_amount,
    100.0 * in_target_count >= nullif(target_points, 0) as is_target_met,
    is_over as is_complete,
    is_over and unconverted_count = 0 as is_amount_complete,
    {{ is_reliable('due_count') }} as is_reliable,
    {{ is_reliable('policy_due_count') }} as is_mismatch_reliable,
    contact_month
from months
