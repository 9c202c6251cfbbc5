{% set z = 1.959963984540054 %}
{% set cell = ['metric_code', 'period_grain_code', 'dimension_name', 'dimension_value'] %}
with cells as (
    select
        *,
        row_number() over (partition by {{ cell | join(', ') }} order by period_start_date) as period_number
    from {{ ref('mart_metric_values') }}
),

ruled as (
    select
        cells.*,
        rules.rule_code,
        rules.severity,
        rules.side,
        rules.compared_with,
        rules.limit_value
    from cells
    inner join {{ ref('metric_alert_rules') }} as rules
        on cells.metric_code = rules.metric_code
        and rules.dimension_name in ('*', cells.dimension_name)
        and {{ holds_at('rules', 'cells.period_start_date') }}
),

-- The mean of the periods before, once all of them have a value.
usual as (
    select
        ruled.rule_code,
        {%- for column in cell %}
        ruled.{{ column }},
        {%- endfor %}
        ruled.period_number,
        max(policy.metric_trailing_periods) as periods_count,
        case when count(earlier.metric_amount) = max(policy.metric_trailing_periods) then avg(earlier.metric_amount) end
            as usual_amount
    from ruled
    cross join {{ ref('policy') }} as policy
    inner join cells as earlier
        on ruled.period_number > earlier.period_number
        and earlier.period_number >= ruled.period_number - policy.metric_trailing_periods
        {%- for column in cell %}
        and ruled.{{ column }} = earlier.{{ column }}
        {%- endfor %}
    where ruled.compared_with = 'trailing_mean'
    group by
        ruled.rule_code,
        {%- for column in cell %}
        ruled.{{ column }},
        {%- endfor %}
        ruled.period_number
),

limited as (
    select
        ruled.*,
        case
            when ruled.compared_with <> 'trailing_mean' then ruled.limit_value
            else ruled.limit_value / 100.0 * usual.usual_amount
        end as limit_amount,
        -- A count varies by its square root, the mean of several by a part of that.
        usual.usual_amount - ruled.metric_amount as fall,
        sqrt(greatest(ruled.metric_amount + 1.0 * usual.usual_amount / usual.periods_count, 0.0)) as fall_error
    from ruled
    left join usual
        on ruled.rule_code = usual.rule_code
        {%- for column in cell %}
        and ruled.{{ column }} = usual.{{ column }}
        {%- endfor %}
        and ruled.period_number = usual.period_number
),

evaluated as (
    select
        *,
        case
            when limit_amount is null or metric_amount is null then null
            when side = 'above' then metric_amount > limit_amount
            else metric_amount < limit_amount
        end as is_breached,
        case
            when limit_amount is null or metric_amount is null then null
            when compared_with = 'trailing_mean' then fall > {{ z }} * fall_error
            when side = 'above' then metric_amount_ci_lo > limit_amount
            else metric_amount_ci_hi < limit_amount
        end as is_beyond_noise
    from limited
)

select
    rule_code,
    metric_code,
    period_grain_code,
    dimension_name,
    dimension_value,
    severity,
    metric_amount,
    limit_amount,
    metric_amount_ci_lo,
    metric_amount_ci_hi,
    is_breached,
    is_beyond_noise,
    is_complete,
    is_reliable,
    coalesce(is_breached and (is_beyond_noise or compared_with = 'limit'), false)
    and coalesce(is_complete, true)
    and coalesce(is_reliable, true) as is_alert,
    period_start_date
from evaluated
