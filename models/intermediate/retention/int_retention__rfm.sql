{% set measures = {'recency': 'recency_days', 'frequency': 'purchases_12m_count', 'monetary': 'purchases_12m_amount'} %}
-- Scores and segment of each buyer by recency, frequency and monetary value, as the policy divides them.
with bought as (
    select
        purchases.customer_id,
        {{ days_between('max(purchases.purchased_date)', 'max(run_context.as_of_date)') }} as recency_days,
        count(case when purchases.purchased_date > {{ add_months('run_context.as_of_date', -12) }} then 1 end)
            as purchases_12m_count,
        {{ converted_sum(
            'purchases.reporting_amount', 'purchases.purchased_date > ' ~ add_months('run_context.as_of_date', -12)
        ) }} as purchases_12m_amount
    from {{ ref('fct_purchases') }} as purchases
    inner join {{ ref('customer_registrations') }} as customers
        on purchases.customer_id = customers.customer_id
    cross join {{ ref('run_context') }} as run_context
    group by purchases.customer_id
),

measured as (
    {%- for measure, column in measures.items() %}
    select
        customer_id,
        '{{ measure }}' as measure_code,
        cast({{ column }} as {{ type_double() }}) as measured_value,
        -- Equal values have one place, so the order of customers decides nothing.
        100.0 * (rank() over (order by {{ column }} {{ 'desc' if measure == 'recency' else 'asc' }}) - 1)
        / count(*) over () as worse_pct
    from bought
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

scored as (
    select
        {%- for measure in measures %}
        max(case when measured.measure_code = '{{ measure }}' then bands.band_score end) as {{ measure }}_score,
        {%- endfor %}
        measured.customer_id
    from measured
    inner join {{ ref('rfm_bands') }} as bands
        on measured.measure_code = bands.measure_code
        and case bands.basis when 'rank' then measured.worse_pct else measured.measured_value end >= bands.from_value
        and (
            bands.to_value is null
            or case bands.basis when 'rank' then measured.worse_pct else measured.measured_value end < bands.to_value
        )
    group by measured.customer_id
),

chosen as (
    select
        scored.customer_id,
        segments.rfm_segment_code,
        row_number() over (partition by scored.customer_id order by segments.priority) as choice
    from scored
    inner join {{ ref('rfm_segments') }} as segments
        on scored.recency_score between segments.recency_from and segments.recency_to
        and scored.frequency_score between segments.frequency_from and segments.frequency_to
        and scored.monetary_score between segments.monetary_from and segments.monetary_to
)

select
    bought.customer_id,
    coalesce(chosen.rfm_segment_code, 'unassigned') as rfm_segment_code,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    bought.recency_days,
    bought.purchases_12m_count,
    bought.purchases_12m_amount
from bought
left join scored
    on bought.customer_id = scored.customer_id
left join chosen
    on bought.customer_id = chosen.customer_id
    and chosen.choice = 1
