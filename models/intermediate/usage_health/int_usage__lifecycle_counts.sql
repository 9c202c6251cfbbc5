{% set measures = ['active', 'new', 'doubtful', 'returning', 'active_days', 'previous', 'dormant', 'week_ended',
    'month_ended'] %}
-- Entries and exits of active customers by period: those of the period, those of the period before, and on days those
-- who drop out of the trailing week and month.
with entries as (
    {%- for side, period in {
        'now': 'period_number',
        'after': 'period_number + 1',
        'week': 'period_number + least(gap_periods, 7)',
        'month': 'period_number + gap_periods',
    }.items() %}
    select
        scope_code,
        period_grain,
        {{ period }} as period_number,
        dimension_name,
        dimension_value,
        {{ 'customers_count' if side == 'now' else '0' }} as active_count,
        {{ 'case when is_first then customers_count else 0 end' if side == 'now' else '0' }} as new_count,
        {{ 'case when is_first_doubtful then customers_count else 0 end' if side == 'now' else '0' }} as doubtful_count,
        {{ 'case when is_returning then customers_count else 0 end' if side == 'now' else '0' }} as returning_count,
        {{ 'customers_count * active_days_count' if side == 'now' else '0' }} as active_days_count,
        {{ 'customers_count' if side == 'after' else '0' }} as previous_count,
        {{ 'case when gap_periods > 1 then customers_count else 0 end' if side == 'after' else '0' }} as dormant_count,
        {{ 'customers_count' if side == 'week' else '0' }} as week_ended_count,
        {{ 'customers_count' if side == 'month' else '0' }} as month_ended_count
    from {{ ref('int_usage__activity_cells') }}
    where period_grain = 'day' or '{{ side }}' in ('now', 'after')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    dimension_name,
    dimension_value,
    scope_code,
    period_grain,
    {%- for measure in measures %}
    cast(sum({{ measure }}_count) as bigint) as {{ measure }}_count,
    {%- endfor %}
    period_number
from entries
group by dimension_name, dimension_value, scope_code, period_grain, period_number
