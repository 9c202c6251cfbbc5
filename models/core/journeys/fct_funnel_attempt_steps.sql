{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'}],
    chunk=customer_chunks('fct_funnel_events'),
) }}
{% set most_steps = 10 %}
{% set attempt = ['funnel_code', 'customer_id', 'attempt_key_value'] %}
-- JRN-01: the first moment at which an attempt had come as far as each step.
with events as (
    select
        events.funnel_code,
        events.customer_id,
        events.attempt_key_value,
        events.step_no,
        funnels.is_strict,
        funnels.abandon_after_hours,
        events.occurred_at
    from {{ ref('fct_funnel_events') }} as events
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
    inner join {{ ref('funnels') }} as funnels
        on events.funnel_code = funnels.funnel_code
    where {{ rows_to_build() }}
        and events.step_no is not null
),

entries as (
    select
        {{ attempt | join(',\n        ') }},
        is_strict,
        min(abandon_after_hours) as abandon_after_hours,
        min(case when step_no = 1 or not is_strict then occurred_at end) as entered_at
    from events
    group by {{ attempt | join(', ') }}, is_strict
),

-- What comes after the window is too late, and in a strict funnel what came before the first step does not count.
counted as (
    select
        events.funnel_code,
        events.customer_id,
        events.attempt_key_value,
        events.step_no,
        events.is_strict,
        entries.entered_at,
        events.occurred_at
    from events
    inner join entries
        on events.funnel_code = entries.funnel_code
        and events.customer_id = entries.customer_id
        and events.attempt_key_value = entries.attempt_key_value
    where events.occurred_at >= entries.entered_at
        and events.occurred_at < {{ add_time('hour', 'entries.entered_at', 'entries.abandon_after_hours') }}
),

-- A later step implies the earlier ones: customers skip steps and go back.
implied as (
    select
        counted.funnel_code,
        counted.customer_id,
        counted.attempt_key_value,
        steps.step_no,
        counted.entered_at,
        min(counted.occurred_at) as reached_at
    from counted
    inner join {{ ref('dim_funnel_steps') }} as steps
        on counted.funnel_code = steps.funnel_code
        and counted.step_no >= steps.step_no
    where not counted.is_strict
    group by
        counted.funnel_code,
        counted.customer_id,
        counted.attempt_key_value,
        steps.step_no,
        counted.entered_at
),

-- In a strict funnel a step counts from the moment of the one before it.
strict_1 as (
    select
        {{ attempt | join(',\n        ') }},
        entered_at,
        entered_at as reached_at
    from entries
    where is_strict and entered_at is not null
),

{% for step in range(2, most_steps + 1) %}
strict_{{ step }} as (
    select
        counted.funnel_code,
        counted.customer_id,
        counted.attempt_key_value,
        counted.entered_at,
        min(counted.occurred_at) as reached_at
    from counted
    inner join strict_{{ step - 1 }} as earlier
        on counted.funnel_code = earlier.funnel_code
        and counted.customer_id = earlier.customer_id
        and counted.attempt_key_value = earlier.attempt_key_value
        and counted.occurred_at >= earlier.reached_at
    where counted.is_strict and counted.step_no = {{ step }}
    group by counted.funnel_code, counted.customer_id, counted.attempt_key_value, counted.entered_at
),

{% endfor %}
reached as (
    select
        {{ attempt | join(',\n        ') }},
        step_no,
        entered_at,
        reached_at
    from implied
    {% for step in range(1, most_steps + 1) %}
    union all
    select
        {{ attempt | join(',\n        ') }},
        {{ step }} as step_no,
        entered_at,
        reached_at
    from strict_{{ step }}
    {% endfor %}
)

select
    reached.funnel_code || '/' || reached.customer_id || '/' || reached.attempt_key_value as attempt_id,
    reached.funnel_code,
    reached.customer_id,
    reached.attempt_key_value,
    cast(reached.step_no as integer) as step_no,
    reached.entered_at,
    {{ add_time('hour', 'reached.entered_at', 'funnels.abandon_after_hours') }} as ends_at,
    reached.reached_at
from reached
inner join {{ ref('funnels') }} as funnels
    on reached.funnel_code = funnels.funnel_code
