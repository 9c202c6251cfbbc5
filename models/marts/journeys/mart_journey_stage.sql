{% set levels = {
    'stage': ["'all' as touchpoint_code", "'all' as channel_code"],
    'touchpoint': ['touchpoint_code', "'all' as channel_code"],
    'channel': ['touchpoint_code', 'channel_code'],
} %}
{% set dimensions = {
    'segment': 'segment_code', 'status': 'customer_status', 'plan': 'plan_code', 'region': 'region_name',
    'channel': 'acquisition_channel',
} %}
{% set cell = ['touch_month', 'stage_code', 'touchpoint_code', 'channel_code'] %}
{#- Later than any number of days: who never came further is the last in the order of times. -#}
{% set never = '1000000' %}
-- JRN-04: who comes to a stage of the journey, who comes further, and what hinders them.
with broken_down as (
    {{ breakdowns_with_attributes(ref('int_journeys__stage_entries'), dimensions, 'entered_date') }}
),

-- Whole stages have every breakdown; a touchpoint of a segment would have too few customers.
counted as (
    select
        dimension_name,
        dimension_value,
        level_code,
        {{ cell | join(',\n        ') }},
        min(stage_no) as stage_no,
        count(*) as entered_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as progressed_den,
        count(case when is_mature then progress_days end) as progressed_num,
        percentile_disc(0.5) within group (
            order by case when is_mature then coalesce(progress_days, {{ never }}) end
        ) as median_days,
        sum(events_count) as events_count,
        sum(errors_count) as errors_count,
        sum(tickets_count) as tickets_count
    from broken_down
    where level_code = 'stage' or dimension_name = 'all'
    group by dimension_name, dimension_value, level_code, {{ cell | join(', ') }}
),

broken_down_scores as (
    {{ breakdowns_with_attributes(ref('int_journeys__efforts'), dimensions, 'response_date') }}
),

efforts as (
    {% for level, (touchpoint, channel) in levels.items() %}
    select
        dimension_name,
        dimension_value,
        '{{ level }}' as level_code,
        touch_month,
        stage_code,
        {{ touchpoint }},
        {{ channel }},
        count(*) as efforts_count,
        cast(sum(score) as {{ type_double() }}) as efforts_points
    from broken_down_scores
    {{ "where dimension_name = 'all'" if level != 'stage' }}
    group by
        dimension_name, dimension_value, touch_month, stage_code
        {{- ', touchpoint_code' if level != 'stage' }}{{ ', channel_code' if level == 'channel' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

measured as (
    select
        counted.*,
        {{ pct('counted.progressed_num', 'counted.progressed_den') }} as progressed_pct,
        coalesce(efforts.efforts_count, 0) as efforts_count,
        efforts.efforts_points,
        1.0 * efforts.efforts_points / nullif(efforts.efforts_count, 0) as effort_avg
    from counted
    left join efforts
        on counted.dimension_name = efforts.dimension_name
        and counted.dimension_value = efforts.dimension_value
        and counted.level_code = efforts.level_code
        and counted.stage_code = efforts.stage_code
        and counted.touchpoint_code = efforts.touchpoint_code
        and counted.channel_code = efforts.channel_code
        and counted.touch_month = efforts.touch_month
),

worst as (
    select
        dimension_name,
        dimension_value,
        level_code,
        touch_month,
        percentile_cont(0.25) within group (order by effort_avg) as worst_effort_avg
    from measured
    where effort_avg is not null
    group by dimension_name, dimension_value, level_code, touch_month
    having count(*) >= 4
),

earlier as (
    select
        measured.*,
    {% for months in [1, 2, 3] %}
    lag(measured.progressed_pct, {{ months }}) over (
        partition by
            measured.dimension_name,
            measured.dimension_value,
            measured.stage_code,
            measured.touchpoint_code,
            measured.channel_code
        order by measured.touch_month
        ) as earlier_{{ months }}_pct{{ ',' if not loop.last }}
    {% endfor %}
    from measured
),

-- The median of three: their sum less the highest and the lowest.
usual as (
    select
        earlier.*,
        1.0 - policy.journey_barrier_drop_pct / 100.0 as usual_share,
        earlier.earlier_1_pct + earlier.earlier_2_pct + earlier.earlier_3_pct
        - greatest(earlier.earlier_1_pct, earlier.earlier_2_pct, earlier.earlier_3_pct)
        - least(earlier.earlier_1_pct, earlier.earlier_2_pct, earlier.earlier_3_pct) as usual_pct
    from earlier
    cross join {{ ref('policy') }} as policy
),

-- Touches and requests of earlier months are known in part. Surveys were not asked before they were recorded.
recorded as (
    select max(sources.observed_from) as observed_from
    from {{ ref('dim_observation_starts') }} as sources
    inner join {{ ref('journey_touches') }} as listed_touches
        on sources.source_code = case listed_touches.touch_kind
            when 'component' then 'events'
            when 'contact_purpose' then 'contacts'
            when 'ticket_stage' then 'tickets'
        end
),

flagged as (
    select
        usual.*,
        coalesce(usual.progressed_pct < usual.usual_share * usual.usual_pct, false) as is_conversion_low,
        coalesce(usual.effort_avg <= worst.worst_effort_avg, false) as is_effort_high
    from usual
    left join worst
        on usual.dimension_name = worst.dimension_name
        and usual.dimension_value = worst.dimension_value
        and usual.level_code = worst.level_code
        and usual.touch_month = worst.touch_month
)

select
    flagged.dimension_name,
    flagged.dimension_value,
    flagged.stage_code,
    cast(flagged.stage_no as integer) as stage_order,
    flagged.touchpoint_code,
    flagged.channel_code,
    cast(flagged.entered_count as bigint) as entered_count,
    cast(flagged.pending_count as bigint) as pending_count,
    cast(flagged.progressed_num as bigint) as progressed_num,
    cast(flagged.progressed_den as bigint) as progressed_den,
    flagged.progressed_pct,
    {{ wilson_pct('flagged.progressed_num', 'flagged.progressed_den', 'lo') }} as progressed_ci_lo,
    {{ wilson_pct('flagged.progressed_num', 'flagged.progressed_den', 'hi') }} as progressed_ci_hi,
    cast(flagged.usual_pct as {{ type_double() }}) as usual_progressed_pct,
    cast(nullif(flagged.median_days, {{ never }}) as bigint) as median_to_progress_days,
    cast(flagged.errors_count as bigint) as error_num,
    cast(flagged.events_count as bigint) as error_den,
    {{ pct('flagged.errors_count', 'flagged.events_count') }} as error_pct,
    cast(flagged.tickets_count as bigint) as tickets_count,
    cast(100.0 * flagged.tickets_count / flagged.entered_count as {{ type_double() }}) as tickets_per_100_avg,
    cast(flagged.efforts_count as bigint) as efforts_count,
    cast(flagged.effort_avg as {{ type_double() }}) as effort_avg,
    flagged.pending_count = 0
    and coalesce(flagged.touch_month >= recorded.observed_from, true) as is_complete,
    {{ is_reliable('flagged.progressed_den') }} as is_reliable,
    flagged.is_conversion_low,
    flagged.is_effort_high,
    flagged.is_conversion_low or flagged.is_effort_high as is_barrier,
    flagged.touch_month
from flagged
cross join recorded
