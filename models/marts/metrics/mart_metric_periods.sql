-- Rates of months pooled to longer periods: parts are summed and divided again, never averaged.
{% set pooled = {'wilson': [], 'byar': [], 'none': []} %}
{% for metric in metric_catalogue() if metric.unit == 'percent' and metric.published.period_grain == 'month' %}
{%- set mart = metric.published %}
{%- set has_interval = mart.get('ci_lo') or mart.get('breakdowns') or mart.get('is_summed') %}
{%- do pooled[mart.get('interval', 'wilson') if has_interval else 'none'].append(metric.code) %}
{% endfor %}
with months as (
    select
        *,
        case
            when metric_code is null then 'none'
            {%- for interval, codes in pooled.items() if codes %}
            when metric_code in ('{{ codes | join("', '") }}') then '{{ interval }}'
            {%- endfor %}
        end as interval_kind
    from {{ ref('mart_metric_values') }}
    where period_grain_code = 'month'
        and unit_code = 'percent'
),

firsts as (
    select
        metric_code,
        min(period_start_date) as first_month
    from months
    where dimension_name = 'all'
    group by metric_code
),

shifts as (
    {{ dbt.generate_series(12) }}
),

placed as (
    {%- for grain, months_count in [('quarter', 3), ('year', 12)] %}
    select
        months.*,
        '{{ grain }}' as period_kind,
        {{ months_count }} as months_count,
        {{ period_start(grain, 'months.period_start_date') }} as first_month
    from months
    union all
    {%- endfor %}
    {%- for months_count in [3, 12] %}
    select
        months.*,
        'rolling_{{ months_count }}m' as period_kind,
        {{ months_count }} as months_count,
        {{ add_months('months.period_start_date', 'cast(1 - shifts.generated_number as integer)') }} as first_month
    from months
    inner join shifts
        on shifts.generated_number <= {{ months_count }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- No window begins before the metric: it would look like one with few units.
windows as (
    select
        placed.*,
        {{ add_months('placed.first_month', 'placed.months_count - 1') }} as last_month
    from placed
    inner join firsts
        on placed.metric_code = firsts.metric_code
    cross join {{ ref('run_context') }} as run_context
    where placed.period_kind in ('quarter', 'year')
        or (
            placed.first_month >= firsts.first_month
            and {{ add_months('placed.first_month', 'placed.months_count - 1') }} <= run_context.as_of_date
        )
),

summed as (
    select
        metric_code,
        interval_kind,
        period_kind,
        dimension_name,
        dimension_value,
        months_count,
        first_month as period_start_date,
        last_month,
        -- The last digits of a sum of floating numbers follow the order of the rows.
        cast({{ rounded('sum(numerator_amount)', 9) }} as {{ type_double() }}) as numerator_amount,
        cast({{ rounded('sum(denominator_amount)', 9) }} as {{ type_double() }}) as denominator_amount,
        count(case when dimension_name = 'all' then 1 end) as whole_months_count,
        min(case when coalesce(is_complete, true) then 1 else 0 end) as complete_months,
        min(case when coalesce(is_reliable, true) then 1 else 0 end) as reliable_months
    from windows
    group by
        metric_code, interval_kind, period_kind, dimension_name, dimension_value, months_count, first_month, last_month
),

-- A value that nobody had in a month has no row in it; whether a month is there is known of everybody.
whole as (
    select
        *,
        max(whole_months_count) over (partition by metric_code, period_kind, period_start_date) as known_months_count
    from summed
)

select
    whole.metric_code,
    whole.period_kind,
    whole.dimension_name,
    whole.dimension_value,
    cast(whole.numerator_amount as {{ type_double() }}) as numerator_amount,
    cast(whole.denominator_amount as {{ type_double() }}) as denominator_amount,
    {{ pct('whole.numerator_amount', 'whole.denominator_amount') }} as metric_amount,
    {%- for side in ['lo', 'hi'] %}
    case whole.interval_kind
        when 'wilson' then {{ wilson_pct('whole.numerator_amount', 'whole.denominator_amount', side) }}
        when 'byar' then {{ byar_pct('whole.numerator_amount', 'whole.denominator_amount', side) }}
    end as metric_amount_ci_{{ side }},
    {%- endfor %}
    cast(whole.known_months_count as bigint) as months_count,
    whole.known_months_count = whole.months_count
    and whole.complete_months = 1
    and {{ is_over('month', 'whole.last_month') }} as is_complete,
    case
        when whole.interval_kind = 'none' then whole.reliable_months = 1
        else coalesce({{ is_reliable('whole.denominator_amount') }}, false)
    end as is_reliable,
    whole.period_start_date
from whole
cross join {{ ref('run_context') }} as run_context
