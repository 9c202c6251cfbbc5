-- Each change of a customer's plan or of its kind: none, trial, free or paid. A pause stays paid, and the gap before a
-- late renewal keeps its plan. A registration without a plan does not count.
with kinds as (
    select
        customer_id,
        case
            when status in ('paying', 'paused') then 'paid'
            when status in ('trial', 'free') then status
            else 'none'
        end as kind_code,
        plan_code,
        tenure_number,
        valid_from,
        valid_to
    from {{ ref('customer_status_periods') }}
),

stays as (
    {{ merged_periods('kinds', ['customer_id', 'kind_code', 'plan_code', 'tenure_number']) }}
),

moves as (
    select
        *,
        lag(kind_code) over in_order as from_kind_code,
        lag(plan_code) over in_order as from_plan_code,
        lag(valid_from) over in_order as from_date,
        min(valid_from) over (partition by customer_id) as first_date,
        row_number() over (partition by customer_id, kind_code, plan_code order by valid_from) as stay_number
    from stays
    window in_order as (partition by customer_id order by valid_from)
),

money as (
    select
        customer_id,
        changed_date,
        sum(converted_mrr_change) as mrr_change,
        count(*) - count(converted_mrr_change) as unconverted_count
    from {{ ref('fct_mrr_changes') }}
    group by customer_id, changed_date
),

known as (
    select
        moves.customer_id,
        coalesce(moves.from_kind_code, 'none') as from_kind_code,
        moves.from_plan_code,
        moves.kind_code as to_kind_code,
        moves.plan_code as to_plan_code,
        from_plans.tier as from_tier,
        to_plans.tier as to_tier,
        moves.tenure_number,
        moves.plan_code is not null and moves.stay_number = 1 as is_first_on_plan,
        {{ days_between('moves.from_date', 'moves.valid_from') }} as days_before,
        {{ days_between('moves.first_date', 'moves.valid_from') }} as days_from_start,
        coalesce(money.mrr_change, 0) as mrr_change,
        coalesce(money.unconverted_count, 0) as unconverted_count,
        moves.valid_from as moved_date
    from moves
    inner join {{ ref('run_context') }} as run_context
        on moves.valid_from <= run_context.as_of_date
    left join {{ ref('plans') }} as from_plans
        on moves.from_plan_code = from_plans.plan_code
    left join {{ ref('plans') }} as to_plans
        on moves.plan_code = to_plans.plan_code
    left join money
        on moves.customer_id = money.customer_id
        and moves.valid_from = money.changed_date
    where moves.kind_code <> coalesce(moves.from_kind_code, 'none')
        or coalesce(moves.plan_code, '') <> coalesce(moves.from_plan_code, '')
)

select
    customer_id,
    case
        when from_kind_code = to_kind_code and to_tier > from_tier then 'upgraded'
        when from_kind_code = to_kind_code and to_tier < from_tier then 'downgraded'
        when from_kind_code = to_kind_code then 'switched'
        when from_kind_code = 'paid' then 'churned'
        when to_kind_code = 'paid' and from_kind_code = 'trial' then 'trial_converted'
        when to_kind_code = 'paid' and from_kind_code = 'free' then 'free_converted'
        when to_kind_code = 'paid' and tenure_number > 1 then 'reactivated'
        when to_kind_code = 'paid' then 'started'
        when to_kind_code = 'trial' then 'trial_started'
        when from_kind_code = 'trial' and to_kind_code = 'free' then 'trial_to_free'
        when to_kind_code = 'free' then 'free_started'
        when from_kind_code = 'trial' then 'trial_expired'
        else 'free_ended'
    end as move_code,
    from_kind_code,
    from_plan_code,
    to_kind_code,
    to_plan_code,
    is_first_on_plan,
    days_before,
    days_from_start,
    mrr_change,
    unconverted_count,
    moved_date
from known
