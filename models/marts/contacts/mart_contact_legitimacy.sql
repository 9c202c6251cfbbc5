-- How often attempts break a rule, by who made them and by what the customer was: every rule has a row wherever there
-- was an attempt, so that 0 is reported.
{% set broken_rules = [
    'no_consent', 'wrong_purpose', 'revoked', 'unsubscribed_channel', 'contact_during_dnd', 'over_frequency_day',
    'over_frequency_week', 'quiet_hours',
] %}
with attempts as (
    select
        contacts.contact_id,
        coalesce(contacts.employee_id, case when contacts.is_automated then 'system' else 'unknown' end) as employee_id,
        contacts.team_code,
        coalesce(status.status, 'registered') as customer_status,
        {{ period_start('month', 'contacts.attempted_date') }} as contact_month
    from {{ ref('fct_contacts') }} as contacts
    {{ attributes_as_of('contacts', 'contacts.attempted_date', ['status']) }}
    where contacts.direction = 'outbound'
),

violations as (
    select
        contact_id,
    {% for rule in broken_rules %}
    max(case when broken_rule = '{{ rule }}' then 1 else 0 end) as breaks_{{ rule }}{{ ',' if not loop.last }}
    {% endfor %}
    from {{ ref('mart_contact_violations') }}
    group by contact_id
),

counted as (
    select
        attempts.contact_month,
        case when grouping(attempts.customer_status) = 0 then 'status' else 'employee' end as dimension_name,
        coalesce(attempts.customer_status, 'all') as customer_status,
        coalesce(attempts.team_code, 'all') as team_code,
        coalesce(attempts.employee_id, 'all') as employee_id,
        {% for rule in broken_rules %}
        sum(coalesce(violations.breaks_{{ rule }}, 0)) as {{ rule }}_count,
        {% endfor %}
        count(violations.contact_id) as any_rule_count,
        count(*) as attempts_count
    from attempts
    left join violations
        on attempts.contact_id = violations.contact_id
    group by grouping sets (
        (attempts.contact_month, attempts.team_code, attempts.employee_id),
        (attempts.contact_month, attempts.customer_status)
    )
),

unfolded as (
    {% for rule in ['any_rule'] + broken_rules %}
    select
        contact_month,
        dimension_name,
        customer_status,
        team_code,
        employee_id,
        '{{ rule }}' as broken_rule,
        {{ rule }}_count as violations_count,
        attempts_count
    from counted
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    dimension_name,
    customer_status,
    team_code,
    employee_id,
    broken_rule,
    cast(violations_count as bigint) as violations_num,
    cast(attempts_count as bigint) as violations_den,
    {{ pct('violations_count', 'attempts_count') }} as violations_pct,
    {{ wilson_pct('violations_count', 'attempts_count', 'lo') }} as violations_ci_lo,
    {{ wilson_pct('violations_count', 'attempts_count', 'hi') }} as violations_ci_hi,
    {{ is_reliable('attempts_count') }} as is_reliable,
    contact_month
from unfolded
