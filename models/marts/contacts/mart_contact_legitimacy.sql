-- How often attempts break a rule, by who made them: every rule has a row wherever there was an attempt, so that 0 is
-- told.
{% set broken_rules = [
    'no_consent', 'wrong_purpose', 'revoked', 'unsubscribed_channel', 'contact_during_dnd', 'over_frequency_day',
    'over_frequency_week', 'quiet_hours',
] %}
with attempts as (
    select
        contact_id,
        coalesce(employee_id, case when is_automated then 'system' else 'unknown' end) as employee_id,
        team_code,
        {{ period_start('month', 'attempted_date') }} as contact_month
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
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
        attempts.team_code,
        attempts.employee_id,
        {% for rule in broken_rules %}
        sum(coalesce(violations.breaks_{{ rule }}, 0)) as {{ rule }}_count,
        {% endfor %}
        count(violations.contact_id) as any_rule_count,
        count(*) as attempts_count
    from attempts
    left join violations
        on attempts.contact_id = violations.contact_id
    group by attempts.contact_month, attempts.team_code, attempts.employee_id
),

unfolded as (
    {% for rule in ['any_rule'] + broken_rules %}
    select
        contact_month,
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
    team_code,
    employee_id,
    broken_rule,
    cast(violations_count as bigint) as violations_num,
    cast(attempts_count as bigint) as violations_den,
    {{ pct('violations_count', 'attempts_count') }} as violations_pct,
    {{ wilson_pct('violations_count', 'attempts_count', 'lo') }} as violations_ci_lo,
    {{ wilson_pct('violations_count', 'attempts_count', 'hi') }} as violations_ci_hi,
    attempts_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    contact_month
from unfolded
