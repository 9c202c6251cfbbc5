{% set z = 1.959963984540054 %}
with cells as (
    select
        *,
        avg(metric_amount) over (
            partition by metric_code, period_grain_code, dimension_name, dimension_value order by period_start_date
            rows between 3 preceding and 1 preceding
        ) as trailing_amount,
        count(metric_amount) over (
            partition by metric_code, period_grain_code, dimension_name, dimension_value order by period_start_date
            rows between 3 preceding and 1 preceding
        ) as trailing_count
    from {{ ref('mart_metric_values') }}
),

judged as (
    select
        cells.*,
        rules.rule_code,
        rules.severity,
        rules.side,
        case
            when rules.compared_with = 'limit' then rules.limit_value
            when cells.trailing_count = 3 then rules.limit_value / 100.0 * cells.trailing_amount
        end as limit_amount,
        -- A count varies by its root; the mean of three by a third of that square.
        case when rules.compared_with = 'trailing_mean' then cells.trailing_amount - cells.metric_amount end as fall,
        sqrt(greatest(cells.metric_amount + cells.trailing_amount / 3.0, 0.0)) as fall_error,
        rules.compared_with
    from cells
    inner join {{ ref('metric_alert_rules') }} as rules
        on cells.metric_code = rules.metric_code
        and rules.dimension_name in ('*', cells.dimension_name)
        and {{ holds_at('rules', 'cells.period_start_date') }}
),

told as (
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
    from judged
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
    coalesce(is_breached and is_beyond_noise, false)
    and coalesce(is_complete, true)
    and coalesce(is_reliable, true) as is_alert,
    period_start_date
from told
