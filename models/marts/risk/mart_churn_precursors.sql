-- Churn within the short window after month ends in each band of each precursor, beside the other month ends at which
-- the precursor was known. Short windows of months that follow one another hardly overlap, so each churn counts once.
{% set keys = ['precursor_code', 'dimension_name', 'dimension_value'] %}
with counted as (
    select
        cells.*,
        sum(case when cells.band_order > 0 then cells.observed_count end) over bands as known_count,
        sum(case when cells.band_order > 0 then cells.churned_count end) over bands as known_churned_count,
        case
            when cells.band_order > 0
                then (sum(case when cells.band_order > 0 then cells.observed_count end) over bands)
                    - cells.observed_count
        end as others_count,
        case
            when cells.band_order > 0
                then (sum(case when cells.band_order > 0 then cells.churned_count end) over bands)
                    - cells.churned_count
        end as others_churned_count
    from {{ ref('int_risk__band_cells') }} as cells
    window bands as (partition by {{ keys | join(', ') }})
),

compared as (
    select
        *,
        {{ pct('churned_count', 'observed_count') }} as churned_pct,
        {{ pct('others_churned_count', 'others_count') }} as others_pct,
        1.0 * known_churned_count / nullif(known_count, 0) as pooled,
        {{ is_reliable('least(observed_count, coalesce(others_count, 0))') }} as is_evaluated
    from counted
),

tested as (
    select
        *,
        case
            when not is_evaluated or pooled is null then null
            when pooled in (0, 1) then 100.0
            else {{ by_chance_pct(
                '((churned_pct - others_pct) / 100.0'
                ~ ' / sqrt(pooled * (1.0 - pooled) * (1.0 / observed_count + 1.0 / others_count)))'
            ) }}
        end as alone_pct
    from compared
),

-- Holm: of so many bands some differ by chance; the correction limits the error over all bands of a value.
stepped as (
    select
        *,
        alone_pct * (
            count(alone_pct) over (partition by dimension_name, dimension_value)
            - row_number() over (
                partition by dimension_name, dimension_value
                order by alone_pct nulls last, precursor_code, band_order
            ) + 1
        ) as step_pct
    from tested
),

corrected as (
    select
        *,
        case when alone_pct is not null then least(100.0, max(step_pct) over (
                    partition by dimension_name, dimension_value
                    order by alone_pct nulls last, precursor_code, band_order
                    rows between unbounded preceding and current row
                ))
        end as by_chance_pct
    from stepped
)

select
    corrected.precursor_code,
    precursors.title as precursor_label,
    cast(corrected.band_order as bigint) as band_order,
    coalesce(bands.title, 'not known') as band_label,
    corrected.dimension_name,
    corrected.dimension_value,
    cast(bands.value_from as {{ type_double() }}) as band_from_avg,
    cast(bands.value_to as {{ type_double() }}) as band_to_avg,
    cast(corrected.churned_count as bigint) as churned_num,
    cast(corrected.observed_count as bigint) as churned_den,
    cast(corrected.churned_pct as {{ type_double() }}) as churned_pct,
    cast({{ wilson_pct('corrected.churned_count', 'corrected.observed_count', 'lo') }} as {{ type_double() }})
        as churned_ci_lo,
    cast({{ wilson_pct('corrected.churned_count', 'corrected.observed_count', 'hi') }} as {{ type_double() }})
        as churned_ci_hi,
    cast(corrected.others_churned_count as bigint) as others_num,
    cast(corrected.others_count as bigint) as others_den,
    cast(corrected.others_pct as {{ type_double() }}) as others_pct,
    cast(corrected.churned_pct / nullif(corrected.others_pct, 0) as {{ type_double() }}) as lift_avg,
    {%- for side in ['lo', 'hi'] %}
    cast({{ ratio_ci(
        'corrected.churned_count', 'corrected.observed_count', 'corrected.others_churned_count', 'corrected.others_count',
        side
    ) }} as {{ type_double() }}) as lift_avg_ci_{{ side }},
    {%- endfor %}
    cast(corrected.by_chance_pct as {{ type_double() }}) as by_chance_pct,
    cast(corrected.median_lead_days as {{ type_double() }}) as median_lead_days,
    cast(corrected.led_count as bigint) as led_count,
    precursors.worry_side as worry_side_code,
    cast(limits.policy_value as {{ type_double() }}) as policy_limit_avg,
    cast(limits.proposed_value as {{ type_double() }}) as proposed_limit_avg,
    cast(limits.proposed_lift as {{ type_double() }}) as proposed_lift_avg,
    cast(limits.policy_lift as {{ type_double() }}) as policy_lift_avg,
    corrected.is_evaluated is true as is_reliable
from corrected
inner join {{ ref('precursors') }} as precursors
    on corrected.precursor_code = precursors.precursor_code
left join {{ ref('precursor_bands') }} as bands
    on corrected.precursor_code = bands.precursor_code
    and corrected.band_order = bands.band_order
left join {{ ref('int_risk__limits') }} as limits
    on corrected.precursor_code = limits.precursor_code
    and corrected.dimension_name = limits.dimension_name
    and corrected.dimension_value = limits.dimension_value
