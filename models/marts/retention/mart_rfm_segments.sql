{% set dimensions = {
    'segment': 'segment_code',
    'status': 'customer_status',
    'region': 'region',
    'channel': 'acquisition_channel',
} %}
-- Buyers by recency, frequency and monetary value on the business day, present and churned ones.
with buyers as (
    select
        customers.customer_id,
        coalesce(customers.usage_segment_code, 'unassigned') as segment_code,
        coalesce(customers.customer_status, 'registered') as customer_status,
        coalesce(customers.region, 'unknown') as region,
        coalesce(customers.acquisition_channel, 'unknown') as acquisition_channel,
        rfm.rfm_segment_code,
        rfm.recency_days,
        rfm.purchases_12m_count,
        rfm.purchases_12m_amount,
        rhythms.purchase_state,
        run_context.as_of_date
    from {{ ref('int_retention__rfm') }} as rfm
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_customers') }} as customers
        on rfm.customer_id = customers.customer_id
    inner join {{ ref('int_retention__purchase_rhythms') }} as rhythms
        on rfm.customer_id = rhythms.customer_id
),

broken_down as (
    {{ breakdowns_with_attributes('buyers', dimensions, day='as_of_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        case when grouping(rfm_segment_code) = 0 then rfm_segment_code else 'all' end as rfm_segment_code,
        count(*) as customers_count,
        percentile_cont(0.5) within group (order by recency_days) as median_since_purchase_days,
        sum(purchases_12m_count) as purchases_count,
        {{ converted_sum('purchases_12m_amount') }} as purchases_amount,
        {{ unconverted_count('purchases_12m_amount') }} as unconverted_count,
        count(case when purchase_state <> 'no_rhythm' then 1 end) as rhythm_count,
        count(case when purchase_state = 'due' then 1 end) as due_count,
        count(case when purchase_state = 'overdue' then 1 end) as overdue_count
    from broken_down
    group by grouping sets ((dimension_name, dimension_value), (dimension_name, dimension_value, rfm_segment_code))
),

-- Segments without buyers have rows too, beside what no segment of the policy fits.
cells as (
    select
        wholes.dimension_name,
        wholes.dimension_value,
        segments.rfm_segment_code,
        wholes.customers_count as whole_count,
        wholes.purchases_amount as whole_amount
    from counted as wholes
    cross join {{ ref('rfm_segments') }} as segments
    where wholes.rfm_segment_code = 'all'
    union all
    select
        wholes.dimension_name,
        wholes.dimension_value,
        counted.rfm_segment_code,
        wholes.customers_count as whole_count,
        wholes.purchases_amount as whole_amount
    from counted as wholes
    inner join counted
        on wholes.dimension_name = counted.dimension_name
        and wholes.dimension_value = counted.dimension_value
        and counted.rfm_segment_code in ('all', 'unassigned')
    where wholes.rfm_segment_code = 'all'
)

select
    cells.dimension_name,
    cells.dimension_value,
    cells.rfm_segment_code,
    cast(coalesce(counted.customers_count, 0) as bigint) as customers_num,
    cast(cells.whole_count as bigint) as customers_den,
    {{ pct('coalesce(counted.customers_count, 0)', 'cells.whole_count') }} as customers_pct,
    {{ wilson_pct('coalesce(counted.customers_count, 0)', 'cells.whole_count', 'lo') }} as customers_ci_lo,
    {{ wilson_pct('coalesce(counted.customers_count, 0)', 'cells.whole_count', 'hi') }} as customers_ci_hi,
    cast(counted.median_since_purchase_days as {{ type_double() }}) as median_since_purchase_days,
    cast(coalesce(counted.purchases_count, 0) as bigint) as purchases_12m_count,
    cast(case when counted.customers_count is null then 0 else counted.purchases_amount end as decimal(18, 2))
        as purchases_12m_amount,
    {{ pct(
        'case when counted.customers_count is null then 0 else counted.purchases_amount end', 'cells.whole_amount'
    ) }} as purchases_12m_amount_pct,
    cast(coalesce(counted.unconverted_count, 0) as bigint) as unconverted_customers_count,
    cast(coalesce(counted.due_count, 0) as bigint) as due_customers_count,
    cast(coalesce(counted.overdue_count, 0) as bigint) as overdue_num,
    cast(coalesce(counted.rhythm_count, 0) as bigint) as overdue_den,
    {{ pct('counted.overdue_count', 'counted.rhythm_count') }} as overdue_pct,
    {{ wilson_pct('counted.overdue_count', 'counted.rhythm_count', 'lo') }} as overdue_ci_lo,
    {{ wilson_pct('counted.overdue_count', 'counted.rhythm_count', 'hi') }} as overdue_ci_hi,
    {{ is_reliable('cells.whole_count') }} as is_reliable
from cells
left join counted
    on cells.dimension_name = counted.dimension_name
    and cells.dimension_value = counted.dimension_value
    and cells.rfm_segment_code = counted.rfm_segment_code
