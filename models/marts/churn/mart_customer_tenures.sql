with tenures as (
    select
        tenures.*,
        least(
            coalesce({{ add_days('tenures.churned_date', -1) }}, run_context.as_of_date), run_context.as_of_date
        ) as last_date
    from {{ ref('customer_tenures') }} as tenures
    inner join {{ ref('run_context') }} as run_context
        on tenures.started_date <= run_context.as_of_date
)

select
    tenures.customer_id,
    tenures.tenure_number,
    status.status as customer_status,
    tenures.basis as basis_code,
    coalesce(status.is_paying, false) as is_paying,
    tenures.started_date,
    tenures.churned_date
from tenures
left join {{ ref('customer_status_periods') }} as status
    on tenures.customer_id = status.customer_id
    and {{ holds_at('status', 'tenures.last_date') }}
