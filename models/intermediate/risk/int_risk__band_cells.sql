-- Month ends in each band with a known outcome, in all and by segment. The lead of a churn is counted from the first
-- month end of the unbroken stay in the band in which the customer churned.
{% set dimensions = {'segment': 'segment_code'} %}
with numbered as (
    select
        customer_id,
        tenure_number,
        precursor_code,
        segment_code,
        band_order,
        observed_date,
        churned_date,
        is_churned_short,
        {{ period_number('month', 'month_date') }} - row_number() over (
            partition by customer_id, tenure_number, precursor_code, band_order order by month_date
        ) as stay
    from {{ ref('int_risk__banded') }}
    where churned_date is not null
        and not is_current
),

stays as (
    select
        precursor_code,
        band_order,
        max(case when is_churned_short then segment_code end) as segment_code,
        {{ days_between('min(observed_date)', 'max(churned_date)') }} as lead_days
    from numbered
    group by customer_id, tenure_number, precursor_code, band_order, stay
    having max(case when is_churned_short then 1 else 0 end) = 1
),

broken_down_stays as (
    {{ breakdowns('stays', dimensions) }}
),

leads as (
    select
        precursor_code,
        band_order,
        dimension_name,
        dimension_value,
        count(*) as led_count,
        percentile_cont(0.5) within group (order by lead_days) as median_lead_days
    from broken_down_stays
    group by precursor_code, band_order, dimension_name, dimension_value
),

by_segment as (
    select
        precursor_code,
        band_order,
        segment_code,
        count(*) as observed_count,
        count(case when is_churned_short then 1 end) as churned_count
    from {{ ref('int_risk__banded') }}
    where is_churned_short is not null
    group by precursor_code, band_order, segment_code
),

broken_down as (
    {{ breakdowns('by_segment', dimensions) }}
),

cells as (
    select
        precursor_code,
        band_order,
        dimension_name,
        dimension_value,
        sum(observed_count) as observed_count,
        sum(churned_count) as churned_count
    from broken_down
    group by precursor_code, band_order, dimension_name, dimension_value
)

select
    cells.*,
    coalesce(leads.led_count, 0) as led_count,
    leads.median_lead_days
from cells
left join leads
    on cells.precursor_code = leads.precursor_code
    and cells.band_order = leads.band_order
    and cells.dimension_name = leads.dimension_name
    and cells.dimension_value = leads.dimension_value
