-- What the customers of a cohort did in each period or bracket, by how far they can be followed.
with facts as (
    select
        members.setting_code,
        members.dimension_value,
        members.cohort_number,
        members.followed_to_period,
        cell_periods.first_period,
        cell_periods.last_period,
        cell_periods.every_count,
        cell_periods.last_count,
        case members.measure_code
            when 'usage' then cell_periods.events_count
            when 'revenue' then cell_periods.revenue_cents
            when 'mrr' then cell_periods.mrr_cents
            else cell_periods.on_count
        end as measured_count,
        case members.measure_code
            when 'revenue' then cell_periods.revenue_unconverted_count
            when 'mrr' then cell_periods.mrr_unconverted_count
            else 0
        end as unconverted_count
    from {{ ref('int_retention__grid_cells') }} as members
    inner join {{ ref('int_retention__cell_periods') }} as cell_periods
        on members.cell_number = cell_periods.cell_number
    where members.followed_to_period >= 0
)

select
    setting_code,
    dimension_value,
    cohort_number,
    followed_to_period,
    first_period,
    last_period,
    cast(sum(measured_count) as bigint) as measured_count,
    cast(sum(every_count) as bigint) as every_count,
    cast(sum(last_count) as bigint) as last_count,
    cast(sum(unconverted_count) as bigint) as unconverted_count
from facts
group by setting_code, dimension_value, cohort_number, followed_to_period, first_period, last_period
