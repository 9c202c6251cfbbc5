{{ config(materialized=inlined('view')) }}
-- The register as of the business day: what was decided, begun or ended later is not known yet.
with known as (
    select
        experiments.*,
        {{ known('experiments.decided_at') }} as known_decided_at,
        {{ known('experiments.started_at') }} as known_started_at,
        {{ known('experiments.ended_at') }} as known_ended_at,
        run_context.as_of_end_at
    from {{ ref('stg_product__experiments') }} as experiments
    cross join {{ ref('run_context') }} as run_context
)

select
    experiment_id,
    hypothesis,
    metric_code,
    campaign_code,
    funnel_code,
    outcome_days,
    cost_amount,
    expected_gain_amount,
    risk_loss_amount,
    case when known_decided_at is not null or decided_at is null then decision end as decision,
    case when known_ended_at is not null then outcome end as outcome,
    case when known_ended_at is not null then baseline_value end as baseline_value,
    case when known_ended_at is not null then result_value end as result_value,
    known_decided_at as decided_at,
    known_started_at as started_at,
    known_ended_at as ended_at
from known
where coalesce(decided_at, started_at, timestamp '1900-01-01 00:00:00') < as_of_end_at
