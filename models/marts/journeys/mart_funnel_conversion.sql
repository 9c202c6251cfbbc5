{% set dimensions = {
    'segment': 'segment_code', 'status': 'customer_status', 'plan': 'plan_code', 'region': 'region_name',
    'channel': 'channel_code',
} %}
{% set grains = ['month', 'quarter', 'year'] %}
{% set cell = ['funnel_code', 'period_grain_code', 'period_start_date', 'from_step_no', 'to_step_no'] %}
{#- Later than any moment: a step that was never reached has a place in the order of times, and it is the last. -#}
{% set never = '9000000000000' %}
-- JRN-01. Every pair of steps of a funnel is a row, also where no attempt came that far.
with attempts as (
    select
        attempt_id,
        funnel_code,
        customer_id,
        {{ dimensions.values() | join(',\n        ') }},
        value_amount,
        is_mature,
        entered_date
    from {{ ref('int_journeys__attempts') }}
),

broken_down as (
    {{ breakdowns_with_attributes('attempts', dimensions, 'entered_date') }}
),

pairs as (
    select
        earlier.funnel_code,
        earlier.goal_step_no,
        earlier.step_no as from_step_no,
        earlier.step_code as from_step_code,
        later.step_no as to_step_no,
        later.step_code as to_step_code
    from {{ ref('dim_funnel_steps') }} as earlier
    inner join {{ ref('dim_funnel_steps') }} as later
        on earlier.funnel_code = later.funnel_code
        and earlier.step_no < later.step_no
),

measured as (
    select
        attempts.attempt_id,
        pairs.funnel_code,
        pairs.from_step_no,
        pairs.to_step_no,
        earlier.reached_at is not null as is_from,
        later.reached_at is not null as is_to,
        {{ dbt.datediff('earlier.reached_at', 'later.reached_at', 'second') }} as step_seconds
    from attempts
    inner join pairs
        on attempts.funnel_code = pairs.funnel_code
    left join {{ ref('fct_funnel_attempt_steps') }} as earlier
        on attempts.attempt_id = earlier.attempt_id
        and pairs.from_step_no = earlier.step_no
    left join {{ ref('fct_funnel_attempt_steps') }} as later
        on attempts.attempt_id = later.attempt_id
        and pairs.to_step_no = later.step_no
),

placed as (
    select
        measured.*,
        broken_down.dimension_name,
        broken_down.dimension_value,
        broken_down.value_amount,
        broken_down.is_mature,
        broken_down.entered_date
    from broken_down
    inner join measured
        on broken_down.attempt_id = measured.attempt_id
),

-- Grain by grain: quantiles hold every time of their groups in memory.
{% for grain in grains %}
{{ grain }}s as (
    select
        *,
        '{{ grain }}' as period_grain_code,
        {{ period_start(grain, 'entered_date') }} as period_start_date
    from placed
),

{% endfor %}
counted as (
    {% for grain in grains %}
    select
        dimension_name,
        dimension_value,
        {{ cell | join(',\n        ') }},
        count(*) as entered_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature and is_from then 1 end) as converted_den,
        count(case when is_mature and is_to then 1 end) as converted_num,
        sum(case when is_mature and is_from and not is_to then value_amount end) as lost_value_amount,
        avg(case when is_mature and is_to then step_seconds end) as mean_seconds,
        -- Of all that reached the earlier step, so those that never reached the later one count as the longest.
    {% for name, share in {'p25': 0.25, 'median': 0.5, 'p75': 0.75}.items() %}
    percentile_disc({{ share }}) within group (
        order by case when is_mature and is_from then coalesce(step_seconds, {{ never }}) end
    ) as {{ name }}_seconds{{ ',' if not loop.last }}
    {% endfor %}
    from {{ grain }}s
    group by dimension_name, dimension_value, {{ cell | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        counted.*,
        pairs.from_step_code,
        pairs.to_step_code,
        pairs.goal_step_no,
        case
            when counted.to_step_no = counted.from_step_no + 1
                then rank() over (
                        partition by
                            counted.funnel_code,
                            counted.period_grain_code,
                            counted.period_start_date,
                            counted.dimension_name,
                            counted.dimension_value,
                            counted.to_step_no = counted.from_step_no + 1
                        order by counted.converted_den - counted.converted_num desc
                    )
        end as loss_rank
    from counted
    inner join pairs
        on counted.funnel_code = pairs.funnel_code
        and counted.from_step_no = pairs.from_step_no
        and counted.to_step_no = pairs.to_step_no
)

select
    funnel_code,
    period_grain_code,
    dimension_name,
    dimension_value,
    cast(from_step_no as integer) as from_step_order,
    from_step_code,
    cast(to_step_no as integer) as to_step_order,
    to_step_code,
    cast(goal_step_no - from_step_no as integer) as steps_from_goal_count,
    cast(entered_count as bigint) as entered_count,
    cast(pending_count as bigint) as pending_count,
    cast(converted_num as bigint) as converted_num,
    cast(converted_den as bigint) as converted_den,
    {{ pct('converted_num', 'converted_den') }} as converted_pct,
    {{ wilson_pct('converted_num', 'converted_den', 'lo') }} as converted_ci_lo,
    {{ wilson_pct('converted_num', 'converted_den', 'hi') }} as converted_ci_hi,
    cast(converted_den - converted_num as bigint) as lost_count,
    cast(lost_value_amount as decimal(18, 2)) as lost_value_amount,
    cast(loss_rank as bigint) as loss_order,
    {% for name in ['p25', 'median', 'p75'] %}
    cast(nullif({{ name }}_seconds, {{ never }}) as {{ type_double() }}) as {{ name }}_seconds,
    {% endfor %}
    cast(mean_seconds as {{ type_double() }}) as mean_seconds,
    pending_count = 0 as is_complete,
    {{ is_reliable('converted_den') }} as is_reliable,
    period_start_date
from ranked
