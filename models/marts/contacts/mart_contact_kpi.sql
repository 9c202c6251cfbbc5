-- A contact stands in the month of its attempt, where the rate is judged, and in the month in which it became
-- effective, where it is credited (CON-02); mostly that is one month.
{% set reasons = [
    'bounced', 'wrong_number', 'voicemail', 'refused', 'cancelled', 'too_short', 'machine_open', 'signal_not_counted',
    'no_answer', 'no_reaction', 'no_signal',
] %}
{% set measures = [
    'attempts', 'episodes', 'delivered', 'reached', 'effective', 'credited_effective', 'with_reason', 'personalised',
] + reasons %}
{% set dimensions = {
    'all': [],
    'channel': ['channel_code'],
    'segment': ['segment_code'],
    'status': ['customer_status'],
    'team': ['team_code'],
    'employee': ['team_code', 'employee_id'],
    'employee_channel_segment': ['team_code', 'employee_id', 'channel_code', 'segment_code'],
} %}
{% set codes = ['team_code', 'employee_id', 'channel_code', 'segment_code', 'customer_status'] %}
with outbound as (
    select
        contacts.contact_id,
        contacts.customer_id,
        coalesce(status.status, 'registered') as customer_status,
        coalesce(contacts.employee_id, case when contacts.is_automated then 'system' else 'unknown' end) as employee_id,
        contacts.team_code,
        contacts.channel as channel_code,
        coalesce(contacts.value_segment_code, 'unassigned') as segment_code,
        contacts.ineffective_reason,
        coalesce(contacts.reason_code, 'other') <> 'other' as has_reason,
        contacts.is_personalised,
        contacts.is_episode_start,
        contacts.delivered_at is not null as is_delivered,
        contacts.reached_at is not null as is_reached,
        contacts.is_effective,
        {{ period_start('month', 'contacts.attempted_date') }} as attempted_month,
        {{ period_start('month', 'contacts.effective_date') }} as effective_month
    from {{ ref('fct_contacts') }} as contacts
    {{ attributes_as_of('contacts', 'contacts.attempted_date', ['status']) }}
    where contacts.direction = 'outbound'
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

cells as (
    select
        contact_month,
        {{ codes | join(',\n        ') }},
        count(case when is_attempt then 1 end) as attempts_count,
        count(case when is_attempt and is_episode_start then 1 end) as episodes_count,
        count(case when is_attempt and is_delivered then 1 end) as delivered_count,
        count(case when is_attempt and is_reached then 1 end) as reached_count,
        count(case when is_attempt and is_effective then 1 end) as effective_count,
        count(case when is_credit then 1 end) as credited_effective_count,
        count(case when is_attempt and has_reason then 1 end) as with_reason_count,
        {% for reason in reasons %}
        count(case when is_attempt and ineffective_reason = '{{ reason }}' then 1 end) as {{ reason }}_count,
        {% endfor %}
        count(case when is_attempt and is_personalised then 1 end) as personalised_count
    from entries
    group by contact_month, {{ codes | join(', ') }}
),

-- A customer counts once in each cell of each dimension. Distinct counts of all dimensions at once hold all of them in
-- memory, which a million customers do not fit into.
customers as (
    select
        contact_month,
        {{ codes | join(',\n        ') }},
        customer_id,
        max(case when is_effective then 1 else 0 end) as is_reached
    from entries
    where is_attempt
    group by contact_month, {{ codes | join(', ') }}, customer_id
),

{% for dimension, columns in dimensions.items() %}
customers_by_{{ dimension }} as (
    select
        {{ (['contact_month'] + columns) | join(',\n        ') }},
        count(*) as customers_attempted_count,
        sum(is_reached) as customers_reached_count
    from (
        select
            {{ (['contact_month'] + columns) | join(',\n            ') }},
            customer_id,
            max(is_reached) as is_reached
        from customers
        group by
            {{ (['contact_month'] + columns) | join(',\n            ') }},
            customer_id
    ) as customers_once
    group by
        {{ (['contact_month'] + columns) | join(',\n        ') }}
),

{% endfor %}
counted as (
    {% for dimension, columns in dimensions.items() %}
    select
        cells.contact_month,
        {% for code in codes %}
        {{ "coalesce(cells." ~ code ~ ", 'all')" if code in columns else "'all'" }} as {{ code }},
        {% endfor %}
        '{{ dimension }}' as dimension_name,
        {% for measure in measures %}
        sum(cells.{{ measure }}_count) as {{ measure }}_count,
        {% endfor %}
        coalesce(max(customers_once.customers_attempted_count), 0) as customers_attempted_count,
        coalesce(max(customers_once.customers_reached_count), 0) as customers_reached_count
    from cells
    left join customers_by_{{ dimension }} as customers_once
        on cells.contact_month = customers_once.contact_month
        {% for column in columns %}
        and cells.{{ column }} is not distinct from customers_once.{{ column }}
        {% endfor %}
    group by
        cells.{{ (['contact_month'] + columns) | join(',\n        cells.') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    counted.dimension_name,
    counted.customer_status,
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
        dbt.dateadd('month', 1, 'counted.contact_month'), 'policy.contact_settling_days - 1'
    ) }} <= run_context.as_of_date as is_complete,
    counted.attempts_count >= policy.min_reliable_count as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
