-- The smallest groups that every dimension value and cohort is a sum of: everything after this counts groups.
select
    cell_number,
    cohort_kind,
    period_kind,
    period_grain,
    cell_segment_code as segment_code,
    cell_value_segment_code as value_segment_code,
    cell_acquisition_channel as acquisition_channel,
    cell_region as region,
    count(*) as customers_count,
    cell_day_number as day_number,
    cell_week_number as week_number,
    cell_month_number as month_number,
    is_midnight,
    is_use_measured,
    is_revenue_measured
from {{ ref('int_retention__members') }}
group by
    cell_number,
    cohort_kind,
    period_kind,
    period_grain,
    cell_segment_code,
    cell_value_segment_code,
    cell_acquisition_channel,
    cell_region,
    cell_day_number,
    cell_week_number,
    cell_month_number,
    is_midnight,
    is_use_measured,
    is_revenue_measured
