-- Customers in the tracks (kind of cohort and of period, free attribute) that the policy asks for, and the cell they
-- count in: customers who entered together and are alike in every dimension that a grid of the track asks for.
{% set dimensions = {
    'segment': 'segment_code',
    'value_segment': 'value_segment_code',
    'channel': 'acquisition_channel',
    'region': 'region',
} %}
{% set grains = ['day', 'week', 'month'] %}
with tracks as (
    select
        cohort_kind,
        period_kind,
        period_grain,
        attribute_code,
        row_number() over (order by cohort_kind, period_kind, period_grain, attribute_code) as track_number,
        max(case when measure_code in ('revenue', 'mrr') then 0 else horizon_periods end) as use_horizon,
        max(case when measure_code = 'revenue' then horizon_periods else -1 end) as revenue_horizon,
        max(case when measure_code = 'mrr' then horizon_periods else -1 end) as mrr_horizon,
        {%- for name in dimensions %}
        max(case when dimension_name = '{{ name }}' then 1 else 0 end) as by_{{ name }},
        {%- endfor %}
        max(case
            when cohort_grain = 'day' or period_kind = 'rolling' or period_grain = 'day' then 1
            else 0
        end) as by_day,
        max(case
            when cohort_grain = 'week' or (period_kind = 'calendar' and period_grain = 'week') then 1
            else 0
        end) as by_week,
        max(case
            when cohort_grain = 'month' or (period_kind = 'calendar' and period_grain = 'month') then 1
            else 0
        end) as by_month
    from {{ ref('int_retention__settings') }}
    group by cohort_kind, period_kind, period_grain, attribute_code
),

numbered as (
    select
        entries.*,
        {{ period_number('day', 'entries.entered_date') }} as day_number,
        {{ period_number('week', 'entries.entered_date') }} as week_number,
        {{ period_number('month', 'entries.entered_date') }} as month_number
    from {{ ref('int_retention__entries') }} as entries
),

keyed as (
    select
        numbered.customer_id,
        numbered.customer_number,
        numbered.customer_number * 1000 + tracks.track_number as member_number,
        tracks.cohort_kind,
        tracks.period_kind,
        tracks.period_grain,
        tracks.attribute_code,
        tracks.use_horizon,
        tracks.revenue_horizon,
        tracks.mrr_horizon,
        numbered.day_number,
        numbered.week_number,
        numbered.month_number,
        numbered.is_use_measured,
        numbered.is_revenue_measured,
        numbered.entered_date,
        numbered.entered_at,
        tracks.track_number,
        -- What the track does not ask for is the same for everybody.
        {%- for grain in grains %}
        case when tracks.by_{{ grain }} = 1 then numbered.{{ grain }}_number else 0 end as cell_{{ grain }}_number,
        {%- endfor %}
        {%- for name, column in dimensions.items() %}
        case when tracks.by_{{ name }} = 1 then numbered.{{ column }} else 'all' end as cell_{{ column }},
        {%- endfor %}
        case when tracks.attribute_code = 'none' then 'all' else coalesce(attributes.attribute_value, 'unknown') end
            as cell_attribute_value,
        -- Rolling periods of a customer who enters at midnight end with the calendar day.
        tracks.period_kind = 'rolling'
        and numbered.entered_at = {{ day_start_at('numbered.entered_date') }} as is_midnight
    from numbered
    inner join tracks
        on numbered.cohort_kind = tracks.cohort_kind
    left join {{ ref('dim_customer_attributes') }} as attributes
        on numbered.customer_id = attributes.customer_id
        and tracks.attribute_code = attributes.attribute_code
        and {{ holds_at('attributes', 'numbered.entered_date') }}
),

cells as (
    select
        track_number,
        {%- for column in grains %}
        cell_{{ column }}_number,
        {%- endfor %}
        {%- for column in dimensions.values() %}
        cell_{{ column }},
        {%- endfor %}
        cell_attribute_value,
        is_midnight,
        is_use_measured,
        is_revenue_measured,
        row_number() over (
            order by
                track_number, cell_day_number, cell_week_number, cell_month_number, cell_segment_code,
                cell_value_segment_code, cell_acquisition_channel, cell_region, cell_attribute_value, is_midnight,
                is_use_measured, is_revenue_measured
        ) as cell_number
    from keyed
    group by
        track_number, cell_day_number, cell_week_number, cell_month_number, cell_segment_code,
        cell_value_segment_code, cell_acquisition_channel, cell_region, cell_attribute_value, is_midnight,
        is_use_measured, is_revenue_measured
)

select
    keyed.*,
    cells.cell_number
from keyed
inner join cells
    on keyed.track_number = cells.track_number
    and keyed.cell_attribute_value = cells.cell_attribute_value
    and keyed.is_midnight = cells.is_midnight
    and keyed.is_use_measured = cells.is_use_measured
    and keyed.is_revenue_measured = cells.is_revenue_measured
    {%- for column in grains %}
    and keyed.cell_{{ column }}_number = cells.cell_{{ column }}_number
    {%- endfor %}
    {%- for column in dimensions.values() %}
    and keyed.cell_{{ column }} = cells.cell_{{ column }}
    {%- endfor %}
