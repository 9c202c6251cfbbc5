{% set grains = ['day', 'week', 'month'] %}
-- Customers in the periods in which they were active, by each scope and grain of the policy, with the active periods
-- around each. Attributes are those of the last active day in the period.
with calendar as (
    {{ numbered_days() }}
),

today as (
    select
        {{ period_number('day', 'run_context.as_of_date') }} as day_number,
        {{ period_number('week', 'run_context.as_of_date') }} as week_number,
        {{ period_number('month', 'run_context.as_of_date') }} as month_number
    from {{ ref('run_context') }} as run_context
),

-- Trailing counts of a day look back on a month of days, transitions of other grains on one period.
chosen as (
    select
        wanted.scope_code,
        wanted.period_grain,
        case scope_names.scope_kind when 'purchases' then 'payments' else 'events' end as source_code,
        coalesce(
            case wanted.period_grain
                when 'day' then today.day_number - policy.monthly_active_days
                when 'week' then today.week_number
                else today.month_number
            end - wanted.history_periods,
            -1000000
        ) as first_period
    from {{ ref('activity_settings') }} as wanted
    inner join {{ ref('activity_scopes') }} as scope_names
        on wanted.scope_code = scope_names.scope_code
    cross join today
    cross join {{ ref('policy') }} as policy
),

lengths as (
    {%- for grain in grains %}
    select distinct
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_number as period_number,
        {{ days_between(
            period_first_day(grain, 'calendar.' ~ grain ~ '_number'),
            'least(' ~ period_first_day(grain, '(calendar.' ~ grain ~ '_number + 1)') ~ ', '
            ~ add_days('run_context.as_of_date', 1) ~ ')'
        ) }} as possible_days_count
    from calendar
    cross join {{ ref('run_context') }} as run_context
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

neighbours as (
    select
        periods.scope_code,
        periods.period_grain,
        periods.customer_id,
        periods.period_number,
        periods.active_days_count,
        periods.is_first,
        periods.last_active_date,
        chosen.source_code,
        lag(periods.period_number) over in_order as previous_period,
        lead(periods.period_number) over in_order as next_period
    from {{ ref('fct_activity_periods') }} as periods
    inner join chosen
        on periods.scope_code = chosen.scope_code
        and periods.period_grain = chosen.period_grain
        and chosen.first_period <= periods.period_number
    window in_order as (
        partition by periods.scope_code, periods.period_grain, periods.customer_id order by periods.period_number
    )
)

select
    neighbours.scope_code,
    neighbours.period_grain,
    neighbours.customer_id,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    coalesce(status.plan_code, 'none') as plan_code,
    coalesce(registrations.region, 'unknown') as region,
    coalesce(registrations.acquisition_channel, 'unknown') as acquisition_channel,
    cast(neighbours.period_number as integer) as period_number,
    cast(neighbours.next_period as integer) as next_period,
    cast(neighbours.active_days_count as integer) as active_days_count,
    cast(lengths.possible_days_count as integer) as possible_days_count,
    neighbours.is_first,
    -- Who registered before the source is recorded may have been active before.
    neighbours.is_first and coalesce(registrations.registered_date < sources.measured_from, false) as is_first_doubtful,
    not neighbours.is_first and coalesce(neighbours.previous_period = neighbours.period_number - 1, false)
        as is_returning,
    neighbours.last_active_date
from neighbours
inner join {{ ref('dim_customers') }} as registrations
    on neighbours.customer_id = registrations.customer_id
inner join lengths
    on neighbours.period_grain = lengths.period_grain
    and neighbours.period_number = lengths.period_number
left join {{ ref('dim_observation_starts') }} as sources
    on neighbours.source_code = sources.source_code
{{ attributes_as_of('neighbours', 'neighbours.last_active_date', ['status', 'usage_segment']) }}
