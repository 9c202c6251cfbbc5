-- Whether contacts had an occasion: a reason at all, something personal, and a reason that the brief of the night
-- before suggested (CON-09). Attempts are those of `mart_contact_kpi`, in the months of the contact trend.
with attempts as (
    select
        contacts.contact_id,
        contacts.customer_id,
        coalesce(contacts.employee_id, case when contacts.is_automated then 'system' else 'unknown' end) as employee_id,
        -- Free text and `other` are no reason.
        case when contacts.reason_code <> 'other' then contacts.reason_code end as reason_code,
        contacts.component_code,
        contacts.is_personalised,
        -- On the day of the registration no brief stood yet.
        customers.registered_date < contacts.attempted_date as has_brief,
        contacts.attempted_date,
        {{ period_start('month', 'contacts.attempted_date') }} as contact_month
    from {{ ref('fct_contacts') }} as contacts
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_customers') }} as customers
        on contacts.customer_id = customers.customer_id
    cross join {{ ref('policy') }} as policy
    where contacts.direction = 'outbound'
        and contacts.attempted_date >= {{ add_months(
            period_start('month', 'run_context.as_of_date'),
            '1 - policy.contact_trend_months'
        ) }}
),

matches as (
    -- What held when the day before closed; a contact about a component needs that component.
    select distinct attempts.contact_id
    from attempts
    inner join {{ ref('int_contact_reasons__suggested') }} as suggested
        on attempts.customer_id = suggested.customer_id
        and attempts.reason_code = suggested.reason_code
        and suggested.valid_from < attempts.attempted_date
        and coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) >= attempts.attempted_date
        and coalesce(attempts.component_code = suggested.component_code, true)
    where attempts.has_brief
),

counted as (
    select
        attempts.contact_month,
        attempts.employee_id,
        count(*) as attempts_count,
        count(attempts.reason_code) as with_reason_count,
        count(case when attempts.is_personalised then 1 end) as personalised_count,
        count(case when attempts.has_brief then attempts.reason_code end) as comparable_count,
        count(matches.contact_id) as matching_count
    from attempts
    left join matches
        on attempts.contact_id = matches.contact_id
    group by attempts.contact_month, attempts.employee_id
)

select
    counted.employee_id,
    cast(counted.attempts_count as bigint) as attempts_count,
    cast(counted.with_reason_count as bigint) as with_reason_num,
    cast(counted.attempts_count as bigint) as with_reason_den,
    {{ pct('counted.with_reason_count', 'counted.attempts_count') }} as with_reason_pct,
    cast(counted.personalised_count as bigint) as personalised_num,
    cast(counted.attempts_count as bigint) as personalised_den,
    {{ pct('counted.personalised_count', 'counted.attempts_count') }} as personalised_pct,
    cast(counted.matching_count as bigint) as reason_matches_brief_num,
    cast(counted.comparable_count as bigint) as reason_matches_brief_den,
    {{ pct('counted.matching_count', 'counted.comparable_count') }} as reason_matches_brief_pct,
    {{ wilson_pct('counted.matching_count', 'counted.comparable_count', 'lo') }} as reason_matches_brief_ci_lo,
    {{ wilson_pct('counted.matching_count', 'counted.comparable_count', 'hi') }} as reason_matches_brief_ci_hi,
    {{ add_months('counted.contact_month', 1) }} <= {{ add_days('run_context.as_of_date', 1) }} as is_complete,
    {{ is_reliable('counted.comparable_count') }} as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
