-- CON-09: did contacts name a reason that the brief of the evening before suggested? Only months of the contact trend.
with attempts as (
    select
        attempts.contact_id,
        attempts.customer_id,
        attempts.employee_id,
        attempts.component_code,
        attempts.attempted_date,
        attempts.attempted_month,
        -- On the day of the registration there was no brief yet.
        case when customers.registered_date < attempts.attempted_date then attempts.reason_code end as reason_code
    from {{ ref('int_contacts__attempts') }} as attempts
    inner join {{ ref('dim_customers') }} as customers
        on attempts.customer_id = customers.customer_id
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where attempts.attempted_date >= {{ add_months(
        period_start('month', 'run_context.as_of_date'),
        '1 - policy.contact_trend_months'
    ) }}
),

matches as (
    -- A reason counts when it held at the close of the day before; for a contact about a component, of that component.
    select distinct attempts.contact_id
    from attempts
    inner join {{ ref('int_contact_reasons__suggested') }} as suggested
        on attempts.customer_id = suggested.customer_id
        and attempts.reason_code = suggested.reason_code
        and suggested.valid_from < attempts.attempted_date
        and coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) >= attempts.attempted_date
        and coalesce(attempts.component_code = suggested.component_code, true)
),

counted as (
    select
        attempts.attempted_month as contact_month,
        attempts.employee_id,
        count(attempts.reason_code) as comparable_count,
        count(matches.contact_id) as matching_count
    from attempts
    left join matches
        on attempts.contact_id = matches.contact_id
    group by attempts.attempted_month, attempts.employee_id
)

select
    counted.employee_id,
    cast(counted.matching_count as bigint) as reason_matches_brief_num,
    cast(counted.comparable_count as bigint) as reason_matches_brief_den,
    {{ pct('counted.matching_count', 'counted.comparable_count') }} as reason_matches_brief_pct,
    {{ wilson_pct('counted.matching_count', 'counted.comparable_count', 'lo') }} as reason_matches_brief_ci_lo,
    {{ wilson_pct('counted.matching_count', 'counted.comparable_count', 'hi') }} as reason_matches_brief_ci_hi,
    {{ is_over('month', 'counted.contact_month') }} as is_complete,
    {{ is_reliable('counted.comparable_count') }} as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
