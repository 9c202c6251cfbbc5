-- LOY-04.
select
    memberships.membership_id,
    memberships.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    memberships.program_code,
    cast(memberships.membership_order as bigint) as membership_order,
    cast(memberships.fee_amount as decimal(18, 2)) as fee_amount,
    cast(memberships.uses_count as bigint) as uses_count,
    cast(memberships.saved_amount as decimal(18, 2)) as saved_amount,
    cast(memberships.breakeven_use_order as bigint) as breakeven_use_order,
    cast({{ days_between('memberships.started_date', 'memberships.breakeven_date') }} as bigint) as to_breakeven_days,
    coalesce(status.is_paying, false) as is_paying,
    memberships.ended_date > run_context.as_of_date as is_active,
    memberships.ended_date <= run_context.as_of_date as is_mature,
    -- Who reached it before the end is known; who did not may still.
    case
        when memberships.breakeven_use_order is not null then true
        when memberships.ended_date <= run_context.as_of_date
            and memberships.fee_amount is not null and memberships.saved_amount is not null then false
    end as is_breakeven,
    case
        when memberships.breakeven_use_order is not null then memberships.breakeven_use_order <= policy.breakeven_uses
    end as is_breakeven_by_norm,
    case
        when memberships.next_started_date <= {{ add_days('memberships.ended_date', 'policy.churn_grace_days') }}
            then true
        when {{ add_days('memberships.ended_date', 'policy.churn_grace_days') }} <= run_context.as_of_date then false
    end as is_renewed,
    memberships.started_date,
    {{ add_days('memberships.ended_date', -1) }} as last_covered_date,
    memberships.breakeven_date,
    {{ period_start('month', 'memberships.started_date') }} as started_month
from {{ ref('int_loyalty__memberships') }} as memberships
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
{{ attributes_as_of('memberships', 'memberships.started_date', ['status']) }}
