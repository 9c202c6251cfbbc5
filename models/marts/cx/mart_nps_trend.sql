-- Whether NPS grows, and whether it still does when the mix of tenures is held as it was (CXI-13): young customers in
-- greater number move the whole although nobody thinks otherwise.
with cells as (
    select
        programme,
        period_kind,
        dimension_name,
        dimension_value,
        respondents_count,
        index_points,
        index_points_ci_lo,
        index_points_ci_hi,
        previous_index_points,
        change_points,
        is_complete,
        is_reliable,
        period_start_date,
        case period_kind when 'month' then 1 else 3 end as period_months
    from {{ ref('mart_cx_indices') }}
    where metric_code = 'nps'
        and dimension_name in ('all', 'tenure_band')
),

-- The bands of this period in the numbers of the period before.
held as (
    select
        bands.programme,
        bands.period_kind,
        bands.period_start_date,
        sum(bands.respondents_count) as compared_count,
        -- Sums of decimals do not depend on the order of the rows.
        sum(previous.respondents_count * cast(bands.index_points as decimal(18, 9)))
        / sum(previous.respondents_count) as held_points,
        sum(previous.respondents_count * cast(previous.index_points as decimal(18, 9)))
        / sum(previous.respondents_count) as previous_held_points
    from cells as bands
    inner join cells as previous
        on bands.programme = previous.programme
        and bands.period_kind = previous.period_kind
        and bands.dimension_value = previous.dimension_value
        and previous.dimension_name = 'tenure_band'
        and {{ add_months('bands.period_start_date', '-bands.period_months') }} = previous.period_start_date
    where bands.dimension_name = 'tenure_band'
        and bands.respondents_count > 0
        and previous.respondents_count > 0
    group by bands.programme, bands.period_kind, bands.period_start_date
)

select
    wholes.programme,
    wholes.period_kind,
    wholes.respondents_count,
    wholes.index_points as nps_points,
    wholes.index_points_ci_lo as nps_points_ci_lo,
    wholes.index_points_ci_hi as nps_points_ci_hi,
    wholes.previous_index_points as previous_nps_points,
    wholes.change_points,
    wholes.index_points - years.index_points as year_change_points,
    cast(held.compared_count as bigint) as compared_count,
    cast(held.held_points as double) as constant_tenure_points,
    cast(held.held_points - held.previous_held_points as double) as constant_tenure_change_points,
    wholes.change_points > 0 as is_growing,
    held.held_points > held.previous_held_points as is_growing_at_constant_tenure,
    wholes.is_complete,
    wholes.is_reliable,
    wholes.period_start_date
from cells as wholes
left join cells as years
    on wholes.programme = years.programme
    and wholes.period_kind = years.period_kind
    and years.dimension_name = 'all'
    and {{ add_months('wholes.period_start_date', -12) }} = years.period_start_date
left join held
    on wholes.programme = held.programme
    and wholes.period_kind = held.period_kind
    and wholes.period_start_date = held.period_start_date
where wholes.dimension_name = 'all'
