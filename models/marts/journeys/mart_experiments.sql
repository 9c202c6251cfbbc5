-- ORG-03: what an experiment costs, may bring and may lose; what was decided; and what it brought.
with known as (
    select
        *,
        -- A sum with an unknown part is unknown.
        cost_amount + risk_loss_amount as at_stake_amount
    from {{ ref('dim_experiments') }}
),

-- The gain of an arm is its uplift per customer, times its customers.
measured as (
    select
        experiment_id,
        count(*) as arms_count,
        sum(members_count) as members_count,
        sum(pending_count) as pending_count,
        {% for bound in ['', '_ci_lo', '_ci_hi'] %}
        sum(case when not is_control then revenue_uplift_amount{{ bound }} * converted_den end)
            as actual_gain_amount{{ bound }},
        {% endfor %}
        max(case when is_contaminated then 1 else 0 end) as is_contaminated
    from {{ ref('mart_experiment_arms') }}
    where dimension_name = 'all'
    group by experiment_id
)

select
    known.experiment_id,
    known.hypothesis as hypothesis_label,
    known.metric_code,
    known.campaign_code,
    known.funnel_code,
    case
        when known.ended_at is not null then 'finished'
        when known.started_at is not null then 'running'
        when known.decision is null then 'proposed'
        else 'not_begun'
    end as experiment_state,
    cast(known.cost_amount as decimal(18, 2)) as cost_amount,
    cast(known.expected_gain_amount as decimal(18, 2)) as expected_gain_amount,
    cast(known.risk_loss_amount as decimal(18, 2)) as risk_loss_amount,
    cast(known.expected_gain_amount - known.at_stake_amount as decimal(18, 2)) as expected_net_amount,
    case
        when known.at_stake_amount <= policy.experiment_small_amount then 'do_it'
        when known.expected_gain_amount - known.at_stake_amount > 0 then 'do_it'
        when known.expected_gain_amount - known.at_stake_amount <= 0 then 'do_not'
        else 'unknown'
    end as recommendation_code,
    known.decision as decision_code,
    known.outcome as outcome_code,
    cast(known.baseline_value as {{ type_double() }}) as baseline_points,
    cast(known.result_value as {{ type_double() }}) as result_points,
    cast(coalesce(measured.arms_count, 0) as bigint) as arms_count,
    cast(coalesce(measured.members_count, 0) as bigint) as members_count,
    cast(coalesce(measured.pending_count, 0) as bigint) as pending_count,
    {% for bound in ['', '_ci_lo', '_ci_hi'] %}
    cast(measured.actual_gain_amount{{ bound }} as {{ type_double() }}) as actual_gain_amount{{ bound }},
    {% endfor %}
    {{ pct(
        '(measured.actual_gain_amount - cast(known.cost_amount as ' ~ type_double() ~ '))', 'known.cost_amount'
    ) }} as roi_points,
    cast({{ days_between(business_date('known.started_at'), business_date('known.ended_at')) }} as bigint)
        as duration_days,
    cast(
        case
            when known.decided_at >= known.ended_at
                then {{ days_between(business_date('known.ended_at'), business_date('known.decided_at')) }}
        end as bigint
    ) as decision_days,
    coalesce(measured.is_contaminated, 0) = 1 as is_contaminated,
    known.decided_at,
    known.started_at,
    known.ended_at
from known
cross join {{ ref('policy') }} as policy
left join measured
    on known.experiment_id = measured.experiment_id
