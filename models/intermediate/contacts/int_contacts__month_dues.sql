{{ config(materialized=inlined('view')) }}
-- What was owed to each customer of a month (CON-04, CON-07). Do-not-disturb excuses a contact that was not overdue yet
-- when it began: a flag of the last day would otherwise clean the month.
{%- set owed_dates = {'contact': 'since_effective_days', 'person': 'since_personal_days'} %}
with owed as (
    select
        *,
        {% for due, days_since in owed_dates.items() %}
        -- The first day of the month on which it was overdue, at the latest the last one.
        least(
            greatest(
                {{ add_days(
                    'period_end_date', 'contact_interval_days + 1 - coalesce(' ~ days_since ~ ', tenure_days)'
                ) }},
                contact_month
            ),
            period_end_date
        ) as {{ due }}_owed_date,
        {% endfor %}
        tenure_days >= contact_interval_days as is_interval_over
    from {{ ref('int_contacts__month_ends') }}
)

select
    owed.customer_id,
    owed.customer_status,
    owed.segment_code,
    owed.owner_employee_id,
    owed.segment_channel_policy,
    owed.channel_policy,
    owed.orders_count,
    owed.unconverted_count,
    owed.paid_amount,
    owed.contact_target_pct,
    owed.max_manual_calls_per_month,
    owed.tenure_days,
    owed.since_effective_days,
    owed.automated_count,
    owed.personal_count,
    owed.manual_calls_count,
    owed.is_customer,
    owed.is_at_month_end,
    owed.is_priority,
    owed.is_over_contacted,
    owed.was_dnd,
    -- Nothing is owed to customers who churned, cannot be reached or registered less than one interval ago.
    coalesce(
        owed.is_at_month_end
        and owed.is_contactable
        and owed.is_interval_over
        and contact_dnd.customer_id is null,
        false
    ) as is_contact_due,
    coalesce(owed.since_effective_days <= owed.contact_interval_days, false) as is_in_target,
    coalesce(
        owed.is_at_month_end
        and owed.channel_policy = 'personal'
        and owed.is_interval_over
        and person_dnd.customer_id is null,
        false
    ) as is_person_due,
    coalesce(owed.since_personal_days > owed.contact_interval_days, true) as is_without_person,
    owed.channel_policy = 'automated' as is_automation_due,
    owed.contact_month,
    owed.last_access_date,
    owed.period_end_date
from owed
left join {{ ref('dim_customer_dnd') }} as contact_dnd
    on owed.customer_id = contact_dnd.customer_id
    and {{ business_date('contact_dnd.valid_from') }} <= owed.contact_owed_date
    and coalesce({{ business_date('contact_dnd.valid_to') }}, {{ end_of_time('date') }}) > owed.contact_owed_date
left join {{ ref('dim_customer_dnd') }} as person_dnd
    on owed.customer_id = person_dnd.customer_id
    and {{ business_date('person_dnd.valid_from') }} <= owed.person_owed_date
    and coalesce({{ business_date('person_dnd.valid_to') }}, {{ end_of_time('date') }}) > owed.person_owed_date
