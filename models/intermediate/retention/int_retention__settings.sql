{{ config(materialized=inlined('view')) }}
-- The grids that policy asks for. One by free attributes is one for each attribute that policy makes a breakdown.
select
    setting_code,
    cohort_kind,
    measure_code,
    period_kind,
    period_grain,
    cohort_grain,
    dimension_name,
    'none' as attribute_code,
    horizon_periods,
    cohorts_count
from {{ ref('retention_settings') }}
where dimension_name <> 'attributes'
union all
select
    grid_settings.setting_code || '_' || breakdowns.attribute_code as setting_code,
    grid_settings.cohort_kind,
    grid_settings.measure_code,
    grid_settings.period_kind,
    grid_settings.period_grain,
    grid_settings.cohort_grain,
    {{ attribute_dimension('breakdowns') }} as dimension_name,
    breakdowns.attribute_code,
    grid_settings.horizon_periods,
    grid_settings.cohorts_count
from {{ ref('retention_settings') }} as grid_settings
cross join {{ ref('customer_breakdowns') }} as breakdowns
where grid_settings.dimension_name = 'attributes'
