-- CON-02: an attempt counts in the month in which it was made, and its effect is credited to the month in which it
-- became effective; mostly both are the same.
{% set reasons = [
    'bounced', 'wrong_number', 'voicemail', 'refused', 'cancelled', 'too_short', 'machine_open', 'auto_reply',
    'signal_not_counted', 'no_answer', 'no_reaction', 'no_signal',
] %}
{% set broken_rules = [
    'no_consent', 'wrong_purpose', 'revoked', 'unsubscribed_channel', 'contact_during_dnd', 'channel_collision',
    'over_frequency_day', 'over_frequency_week', 'quiet_hours',
] %}
{% set measures = [
    'attempts', 'episodes', 'delivered', 'reached', 'effective', 'credited_effective', 'with_reason', 'personalised',
    'any_rule',
] + reasons + broken_rules %}
{% set dimensions = {
    'all': [], 'channel': ['channel_code'], 'segment': ['segment_code'], 'status': ['customer_status'],
    'team': ['team_code'], 'campaign': ['campaign_code'],
    'employee': ['team_code', 'employee_id'],
    'employee_channel_segment': ['team_code', 'employee_id', 'channel_code', 'segment_code'],
    'attribute': ['attribute_name', 'attribute_value'],
} %}
{% set codes = [
    'team_code', 'employee_id', 'channel_code', 'segment_code', 'campaign_code', 'customer_status', 'attribute_value',
] %}
{% set cell = ['contact_month', 'attribute_name'] + codes %}
with violations as (
    select
        {% for rule in broken_rules %}
        max(case when broken_rule = '{{ rule }}' then 1 else 0 end) as breaks_{{ rule }},
        {% endfor %}
        contact_id
    from {{ ref('mart_contact_violations') }}
    group by contact_id
),

entries as (
    select
        attempts.*,
        attempts.attempted_month as contact_month,
        true as is_attempt,
        attempts.is_effective and attempts.effective_month = attempts.attempted_month as is_credit
    from {{ ref('int_contacts__attempts') }} as attempts
    union all
    select
        attempts.*,
        attempts.effective_month as contact_month,
        false as is_attempt,
        true as is_credit
    from {{ ref('int_contacts__attempts') }} as attempts
    where attempts.effective_month <> attempts.attempted_month
),

attributed as (
    {{ with_attributes('entries', 'attempted_date') }}
),

cells as (
    select
        entries.{{ cell | join(',\n        entries.') }},
        count(case when entries.is_attempt then 1 end) as attempts_count,
        count(case when entries.is_attempt and entries.is_episode_start then 1 end) as episodes_count,
        count(case when entries.is_attempt and entries.is_delivered then 1 end) as delivered_count,
        count(case when entries.is_attempt and entries.is_reached then 1 end) as reached_count,
        count(case when entries.is_attempt and entries.is_effective then 1 end) as effective_count,
        count(case when entries.is_credit then 1 end) as credited_effective_count,
        count(case when entries.is_attempt then entries.reason_code end) as with_reason_count,
        count(case when entries.is_attempt and entries.is_personalised then 1 end) as personalised_count,
        {% for reason in reasons %}
        count(case when entries.is_attempt and entries.ineffective_reason = '{{ reason }}' then 1 end)
            as {{ reason }}_count,
        {% endfor %}
        {% for rule in broken_rules %}
        coalesce(sum(case when entries.is_attempt then violations.breaks_{{ rule }} end), 0) as {{ rule }}_count,
        {% endfor %}
        count(case when entries.is_attempt then violations.contact_id end) as any_rule_count
    from attributed as entries
    left join violations
        on entries.contact_id = violations.contact_id
    group by entries.{{ cell | join(', entries.') }}
),

-- A customer counts once in each cell of each dimension. Distinct counts of all dimensions at once would hold all of
-- them in memory, which is too much for a million customers.
customers as (
    select
        {{ cell | join(',\n        ') }},
        customer_id,
        max(case when is_effective then 1 else 0 end) as is_reached
    from attributed
    where is_attempt
    group by {{ cell | join(', ') }}, customer_id
),

{% for dimension, columns in dimensions.items() %}
{% set keys = (['contact_month'] + columns) | join(', ') %}
customers_by_{{ dimension }} as (
    select
        {{ keys }},
        count(*) as attempted_count,
        sum(is_reached) as reached_count
    from (
        select
            {{ keys }},
            max(is_reached) as is_reached
        from customers
        where attribute_name is {{ 'not null' if dimension == 'attribute' else 'null' }}
        group by {{ keys }}, customer_id
    ) as customers_once
    group by {{ keys }}
),

{% endfor %}
counted as (
    {% for dimension, columns in dimensions.items() %}
    select
        {{ 'cells.attribute_name' if dimension == 'attribute' else "'" ~ dimension ~ "'" }} as dimension_name,
        cells.contact_month,
        {% for code in codes %}
        {{ ('cells.' ~ code) if code in columns else ("'all' as " ~ code) }},
        {% endfor %}
        {% for measure in measures %}
        sum(cells.{{ measure }}_count) as {{ measure }}_count,
        {% endfor %}
        coalesce(max(customers_once.attempted_count), 0) as customers_attempted_count,
        coalesce(max(customers_once.reached_count), 0) as customers_reached_count
    from cells
    left join customers_by_{{ dimension }} as customers_once
        on cells.contact_month = customers_once.contact_month
        {% for column in columns %}
        and cells.{{ column }} = customers_once.{{ column }}
        {% endfor %}
    where cells.attribute_name is {{ 'not null' if dimension == 'attribute' else 'null' }}
    group by cells.{{ (['contact_month'] + columns) | join(', cells.') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    dimension_name,
    customer_status,
    team_code,
    employee_id,
    channel_code,
    segment_code,
    campaign_code,
    attribute_value,
    cast(attempts_count as bigint) as attempts_count,
    cast(episodes_count as bigint) as episodes_count,
    cast(delivered_count as bigint) as delivered_count,
    cast(reached_count as bigint) as reached_count,
    cast(effective_count as bigint) as effective_num,
    cast(attempts_count as bigint) as effective_den,
    {{ pct('effective_count', 'attempts_count') }} as effective_pct,
    {{ wilson_pct('effective_count', 'attempts_count', 'lo') }} as effective_ci_lo,
    {{ wilson_pct('effective_count', 'attempts_count', 'hi') }} as effective_ci_hi,
    cast(credited_effective_count as bigint) as credited_effective_count,
    cast(customers_reached_count as bigint) as reach_num,
    cast(customers_attempted_count as bigint) as reach_den,
    {{ pct('customers_reached_count', 'customers_attempted_count') }} as reach_pct,
    cast(1.0 * attempts_count / nullif(effective_count, 0) as {{ type_double() }}) as attempts_per_effective_avg,
    cast(with_reason_count as bigint) as with_reason_num,
    cast(attempts_count as bigint) as with_reason_den,
    {{ pct('with_reason_count', 'attempts_count') }} as with_reason_pct,
    cast(personalised_count as bigint) as personalised_num,
    cast(attempts_count as bigint) as personalised_den,
    {{ pct('personalised_count', 'attempts_count') }} as personalised_pct,
    cast(bounced_count as bigint) as bounced_count,
    cast(wrong_number_count as bigint) as wrong_number_count,
    cast(voicemail_count as bigint) as voicemail_count,
    cast(refused_count as bigint) as refused_count,
    cast(cancelled_count as bigint) as cancelled_count,
    cast(too_short_count as bigint) as too_short_count,
    cast(machine_open_count as bigint) as machine_open_count,
    cast(auto_reply_count as bigint) as auto_reply_count,
    cast(signal_not_counted_count as bigint) as signal_not_counted_count,
    cast(no_answer_count as bigint) as no_answer_count,
    cast(no_reaction_count as bigint) as no_reaction_count,
    cast(no_signal_count as bigint) as no_signal_count,
    cast(any_rule_count as bigint) as violations_num,
    cast(attempts_count as bigint) as violations_den,
    {{ pct('any_rule_count', 'attempts_count') }} as violations_pct,
    {{ wilson_pct('any_rule_count', 'attempts_count', 'lo') }} as violations_ci_lo,
    {{ wilson_pct('any_rule_count', 'attempts_count', 'hi') }} as violations_ci_hi,
    cast(no_consent_count as bigint) as no_consent_count,
    cast(wrong_purpose_count as bigint) as wrong_purpose_count,
    cast(revoked_count as bigint) as revoked_count,
    cast(unsubscribed_channel_count as bigint) as unsubscribed_channel_count,
    cast(contact_during_dnd_count as bigint) as contact_during_dnd_count,
    cast(channel_collision_count as bigint) as channel_collision_count,
    cast(over_frequency_day_count as bigint) as over_frequency_day_count,
    cast(over_frequency_week_count as bigint) as over_frequency_week_count,
    cast(quiet_hours_count as bigint) as quiet_hours_count,
    {{ is_over('month', 'contact_month', '(select '
        ~ add_days('run_context.as_of_date', '-policy.contact_settling_days')
        ~ ' from ' ~ ref('run_context') ~ ' as run_context cross join ' ~ ref('policy') ~ ' as policy)') }} as is_complete,
    {{ is_reliable('attempts_count') }} as is_reliable,
    contact_month
from counted
