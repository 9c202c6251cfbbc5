-- Each cell compared with the period before and with all other customers: the difference, and how likely chance is.
{% set keys = [
    'metric_code', 'programme', 'period_kind', 'period_start_date', 'dimension_name', 'dimension_value'
] %}
{% set counts = ['respondents_count', 'top_count', 'bottom_count', 'score_points', 'score_squares'] %}
with cells as (
    select * from {{ ref('int_cx__cells') }}
),

pairs as (
    select
        'change' as comparison,
        {%- for key in keys %}
        cells.{{ key }},
        {%- endfor %}
        {%- for count in counts %}
        cells.{{ count }},
        previous.{{ count }} as other_{{ count }},
        {%- endfor %}
        cells.index_kind
    from cells
    inner join cells as previous
        on cells.metric_code = previous.metric_code
        and cells.programme = previous.programme
        and cells.period_kind = previous.period_kind
        and cells.previous_start_date = previous.period_start_date
        and cells.dimension_name = previous.dimension_name
        and cells.dimension_value = previous.dimension_value
    union all
    -- The whole without the cell: comparing with a whole that contains the cell would hide part of the gap.
    select
        'gap' as comparison,
        {%- for key in keys %}
        cells.{{ key }},
        {%- endfor %}
        {%- for count in counts %}
        cells.{{ count }},
        whole.{{ count }} - cells.{{ count }} as other_{{ count }},
        {%- endfor %}
        cells.index_kind
    from cells
    inner join cells as whole
        on cells.metric_code = whole.metric_code
        and cells.programme = whole.programme
        and cells.period_kind = whole.period_kind
        and cells.period_start_date = whole.period_start_date
        and whole.dimension_name = 'all'
    -- The whole does not contain anonymous answers.
    where cells.dimension_name not in ('all', 'anonymous')
),

estimated as (
    select
        pairs.*,
        {{ cx_estimate('index_kind') }} - {{ cx_estimate('index_kind', 'other_') }} as difference,
        {{ cx_variance('index_kind') }} as variance,
        {{ cx_variance('index_kind', 'other_') }} as other_variance,
        least(pairs.respondents_count, pairs.other_respondents_count) >= policy.min_reliable_count as is_evaluated
    from pairs
    cross join {{ ref('policy') }} as policy
    where pairs.respondents_count > 0
        and pairs.other_respondents_count > 0
),

spread as (
    select
        *,
        sqrt(variance + other_variance) as standard_error,
        -- Degrees of freedom of Welch for means, whose variance is estimated from the answers themselves.
        case
            when index_kind = 'mean' and variance + other_variance > 0
                then power(variance + other_variance, 2) / (
                        power(variance, 2) / nullif(respondents_count - 1.0, 0)
                        + power(other_variance, 2) / nullif(other_respondents_count - 1.0, 0)
                    )
        end as degrees
    from estimated
),

-- Only cells with enough answers on both sides are tested.
tested as (
    select
        *,
        {{ student_975('degrees') }} * standard_error as margin,
        case
            when not is_evaluated then null
            when standard_error > 0
                then {{ by_chance_pct(student_as_normal('(difference / standard_error)', 'degrees')) }}
            when difference = 0 then 100.0
            else 0.0
        end as alone_pct
    from spread
),

-- Holm: of many values in a breakdown some differ by chance; the correction limits the error over all of them.
stepped as (
    select
        *,
        alone_pct * (
            count(alone_pct)
                over (
                    partition by
                        comparison, metric_code, programme, period_kind, period_start_date, dimension_name, is_evaluated
                )
            - row_number()
                over (
                    partition by
                        comparison, metric_code, programme, period_kind, period_start_date, dimension_name, is_evaluated
                    order by alone_pct, dimension_value
                )
            + 1
        ) as step_pct
    from tested
)

select
    comparison,
    {{ keys | join(',\n    ') }},
    difference - margin as points_ci_lo,
    difference + margin as points_ci_hi,
    case
        when is_evaluated
            then least(100.0, max(step_pct) over (
                    partition by
                        comparison, metric_code, programme, period_kind, period_start_date, dimension_name, is_evaluated
                    order by alone_pct, dimension_value
                    rows between unbounded preceding and current row
                ))
    end as by_chance_pct
from stepped
