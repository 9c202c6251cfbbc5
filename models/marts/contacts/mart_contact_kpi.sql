-- A contact stands in the month of its attempt, where the rate is judged, and in the month in which it became
-- effective, where it is credited (CON-02); mostly that is one month.
{% set reasons = [
    'bounced', 'wrong_number', 'voicemail', 'refused', 'cancelled', 'too_short', 'machine_open', 'signal_not_counted',
    'no_answer', 'no_reaction', 'no_signal',
] %}
with outbound as (
    select
        contact_id,
        customer_id,
        coalesce(employee_id, case when is_automated then 'system' else 'unknown' end) as employee_id,
        team_code,
        channel as channel_code,
        coalesce(value_segment_code, 'unassigned') as segment_code,
        ineffective_reason,
        coalesce(reason_code, 'other') <> 'other' as has_reason,
        is_personalised,
        is_episode_start,
        delivered_at is not null as is_delivered,
        reached_at is not null as is_reached,
        is_effective,
        {{ period_start('month', 'attempted_date') }} as attempted_month,
        {{ period_start('month', 'effective_date') }} as effective_month
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
),

entries as (
    select
        outbound.*,
        outbound.attempted_month as contact_month,
        true as is_attempt,
        outbound.is_effective and outbound.effective_month = outbound.attempted_month as is_credit
    from outbound
    union all
    select
        outbound.*,
        outbound.effective_month as contact_month,
        false as is_attempt,
        true as is_credit
    from outbound
    where outbound.effective_month <> outbound.attempted_month
),

counted as (
    select
        contact_month,
        coalesce(team_code, 'all') as team_code,
        coalesce(employee_id, 'all') as employee_id,
        coalesce(channel_code, 'all') as channel_code,
        coalesce(segment_code, 'all') as segment_code,
        case
            when grouping(employee_id) = 0 and grouping(channel_code) = 0 then 'employee_channel_segment'
            when grouping(employee_id) = 0 then 'employee'
            when grouping(team_code) = 0 then 'team'
            when grouping(channel_code) = 0 then 'channel'
            when grouping(segment_code) = 0 then 'segment'
            else 'all'
        end as dimension_name,
        count(case when is_attempt then 1 end) as attempts_count,
        count(case when is_attempt and is_episode_start then 1 end) as episodes_count,
        count(case when is_attempt and is_delivered then 1 end) as delivered_count,
        count(case when is_attempt and is_reached then 1 end) as reached_count,
        count(case when is_attempt and is_effective then 1 end) as effective_count,
        count(case when is_credit then 1 end) as credited_effective_count,
        count(case when is_attempt and has_reason then 1 end) as with_reason_count,
        count(case when is_attempt and is_personalised then 1 end) as personalised_count,
        {% for reason in reasons %}
        count(case when is_attempt and ineffective_reason = '{{ reason }}' then 1 end) as {{ reason }}_count,
        {% endfor %}
        count(distinct case when is_attempt then customer_id end) as customers_attempted_count,
        count(distinct case when is_attempt and is_effective then customer_id end) as customers_reached_count
    from entries
    group by grouping sets (
        (contact_month),
        (contact_month, channel_code),
        (contact_month, segment_code),
        (contact_month, team_code),
        (contact_month, team_code, employee_id),
        (contact_month, team_code, employee_id, channel_code, segment_code)
    )
)

select
    counted.dimension_name,
    counted.team_code,
    counted.employee_id,
    counted.channel_code,
    counted.segment_code,
    cast(counted.attempts_count as bigint) as attempts_count,
    cast(counted.episodes_count as bigint) as episodes_count,
    cast(counted.delivered_count as bigint) as delivered_count,
    cast(counted.reached_count as bigint) as reached_count,
    cast(counted.effective_count as bigint) as effective_num,
    cast(counted.attempts_count as bigint) as effective_den,
    {{ pct('counted.effective_count', 'counted.attempts_count') }} as effective_pct,
    {{ wilson_pct('counted.effective_count', 'counted.attempts_count', 'lo') }} as effective_ci_lo,
    {{ wilson_pct('counted.effective_count', 'counted.attempts_count', 'hi') }} as effective_ci_hi,
    cast(counted.credited_effective_count as bigint) as credited_effective_count,
    cast(counted.customers_reached_count as bigint) as reach_num,
    cast(counted.customers_attempted_count as bigint) as reach_den,
    {{ pct('counted.customers_reached_count', 'counted.customers_attempted_count') }} as reach_pct,
    cast(1.0 * counted.attempts_count / nullif(counted.effective_count, 0) as double) as attempts_per_effective_avg,
    cast(counted.with_reason_count as bigint) as with_reason_num,
    cast(counted.attempts_count as bigint) as with_reason_den,
    {{ pct('counted.with_reason_count', 'counted.attempts_count') }} as with_reason_pct,
    cast(counted.personalised_count as bigint) as personalised_num,
    cast(counted.attempts_count as bigint) as personalised_den,
    {{ pct('counted.personalised_count', 'counted.attempts_count') }} as personalised_pct,
    {% for reason in reasons %}
    cast(counted.{{ reason }}_count as bigint) as {{ reason }}_count,
    {% endfor %}
    {{ add_days(
        dbt.dateadd('month', 1, 'counted.contact_month'), 'cast(' ~ threshold('contact_settling_days') ~ ' as integer) - 1'
    ) }} <= run_context.as_of_date as is_complete,
    counted.attempts_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
