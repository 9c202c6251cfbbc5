select
    moves.customer_id,
    status.status as customer_status,
    moves.move_code,
    moves.from_kind_code,
    moves.from_plan_code,
    moves.to_kind_code,
    moves.to_plan_code,
    usage_segment.segment_code,
    customer_accounts.region,
    customer_accounts.acquisition_channel,
    trials.outcome_code as trial_outcome_code,
    cast(moves.days_before as bigint) as before_days,
    cast(moves.days_from_start as bigint) as from_start_days,
    cast(trials.days_to_paid as bigint) as to_paid_days,
    cast(case when moves.unconverted_count = 0 then moves.mrr_change end as decimal(18, 2)) as mrr_change_amount,
    status.is_paying,
    moves.is_first_on_plan,
    coalesce(trials.is_mature, false) as is_trial_mature,
    coalesce(trials.is_converted_in_window, false) as is_trial_converted_in_window,
    moves.moved_date,
    {{ period_start('month', 'moves.moved_date') }} as moved_month,
    trials.ended_date as trial_ended_date,
    trials.paid_date
from {{ ref('int_churn__plan_moves') }} as moves
inner join {{ ref('customer_accounts') }} as customer_accounts
    on moves.customer_id = customer_accounts.customer_id
left join {{ ref('int_churn__trials') }} as trials
    on moves.customer_id = trials.customer_id
    and moves.moved_date = trials.started_date
{{ attributes_as_of('moves', 'moves.moved_date', ['status']) }}
left join {{ ref('dim_customer_segments') }} as usage_segment
    on customer_accounts.source_customer_id = usage_segment.customer_id
    and usage_segment.scheme = 'usage'
    and {{ holds_at('usage_segment', 'moves.moved_date') }}
