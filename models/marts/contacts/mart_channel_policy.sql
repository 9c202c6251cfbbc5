-- Contacts of the month count for all customers of the month; a person is due only to those who have access at its end.
with customers as (
    select
        *,
        is_at_month_end
        and channel_policy = 'personal'
        and not was_inactive
        and tenure_days >= contact_interval_days as is_person_due
    from {{ ref('int_contacts__month_ends') }}
    where period_end_date >= {{ observed_from('contacts') }}
        and is_customer
),

counted as (
    select
        contact_month,
        segment_code,
        segment_channel_policy,
        max(period_end_date) as period_end_date,
        count(*) as customers_count,
        sum(personal_count) as personal_contacts_count,
        sum(automated_count) as automated_contacts_count,
        count(case when is_at_month_end and is_priority and owner_employee_id = 'unassigned' then 1 end)
            as priority_without_manager_count,
        count(case when is_person_due then 1 end) as personal_due_count,
        count(case when is_person_due and coalesce(since_personal_days > contact_interval_days, true) then 1 end)
            as no_personal_contact_count,
        count(case when channel_policy = 'automated' then 1 end) as automated_due_count,
        count(case when channel_policy = 'automated' and manual_calls_count > max_manual_calls_per_month then 1 end)
            as called_too_often_count,
        count(case when channel_policy = 'personal' and segment_channel_policy <> 'personal' then 1 end)
            as personal_by_check_count,
        count(case when channel_policy = 'automated' and segment_channel_policy <> 'automated' then 1 end)
            as automated_by_check_count,
        coalesce(sum(orders_count), 0) as orders_count,
        coalesce(sum(unconverted_count), 0) as unconverted_count,
        sum(paid_amount) as paid_amount
    from customers
    group by contact_month, segment_code, segment_channel_policy
)

select
    segment_code,
    segment_channel_policy as channel_policy_kind,
    cast(customers_count as bigint) as customers_count,
    cast(personal_contacts_count as bigint) as personal_contacts_count,
    cast(automated_contacts_count as bigint) as automated_contacts_count,
    cast(no_personal_contact_count + called_too_often_count as bigint) as mismatch_num,
    cast(personal_due_count + automated_due_count as bigint) as mismatch_den,
    {{ pct('(no_personal_contact_count + called_too_often_count)', '(personal_due_count + automated_due_count)') }}
        as mismatch_pct,
    cast(no_personal_contact_count as bigint) as no_personal_contact_count,
    cast(called_too_often_count as bigint) as called_too_often_count,
    cast(priority_without_manager_count as bigint) as priority_without_manager_count,
    cast(personal_by_check_count as bigint) as personal_by_check_count,
    cast(automated_by_check_count as bigint) as automated_by_check_count,
    cast(orders_count as bigint) as orders_count,
    cast(unconverted_count as bigint) as unconverted_count,
    cast(case when orders_count = 0 then 0 else paid_amount end as decimal(18, 2)) as paid_amount,
    cast(1.0 * paid_amount / nullif(orders_count - unconverted_count, 0) as double) as average_check_amount,
    period_end_date = {{ add_days(add_months('contact_month', 1), -1) }} and unconverted_count = 0 as is_complete,
    {{ is_reliable('personal_due_count + automated_due_count') }} as is_reliable,
    contact_month
from counted
