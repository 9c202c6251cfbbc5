{% set arms = {'acted': 'is_treated', 'not_acted': 'not is_treated'} %}
-- Both groups of each treatment over each window, by twentieths of customers: the difference without one of these at a
-- time shows how much depends on who happened to be there.
with outcomes as (
    select
        weights.method_code,
        weights.treatment_code,
        horizons.horizon_code,
        weights.customer_group,
        weights.landmark_date,
        weights.is_treated,
        weights.is_contacted,
        -- A draw gives everybody a chance of both groups.
        weights.method_code = 'hold_out' or weights.propensity between 0.1 and 0.9 as is_overlapping,
        coalesce({{ days_between('weights.landmark_date', 'weights.churned_date') }} <= horizons.horizon_days, false)
            as is_churned,
        {{ days_between('weights.landmark_date', 'run_context.as_of_date') }} >= horizons.known_after_days as is_mature,
        weights.weight,
        weights.weight * weights.weight as squared_weight
    from {{ ref('int_alerts__action_weights') }} as weights
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('int_alerts__action_horizons') }} as horizons
)

select
    method_code,
    treatment_code,
    horizon_code,
    customer_group,
    count(case when not is_mature then 1 end) as pending_count,
    count(case when is_mature and is_overlapping then 1 end) as overlap_count,
    {%- for arm, condition in arms.items() %}
    count(case when is_mature and {{ condition }} then 1 end) as {{ arm }}_count,
    count(case when is_mature and {{ condition }} and is_churned then 1 end) as {{ arm }}_churned,
    count(case when is_mature and {{ condition }} and is_contacted then 1 end) as {{ arm }}_contacted,
    coalesce(sum(case when is_mature and {{ condition }} then weight end), 0) as {{ arm }}_weight,
    coalesce(sum(case when is_mature and {{ condition }} and is_churned then weight end), 0)
        as {{ arm }}_churned_weight,
    coalesce(sum(case when is_mature and {{ condition }} then squared_weight end), 0) as {{ arm }}_squared_weight,
    {%- endfor %}
    min(case when is_mature then landmark_date end) as first_date,
    max(case when is_mature then landmark_date end) as last_date
from outcomes
group by method_code, treatment_code, horizon_code, customer_group
