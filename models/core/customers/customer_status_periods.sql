-- The one home of "was this a customer on that day, and did they pay?". Without gaps from registration, or from the
-- first contract if that is earlier. One row per change.
{% set states = [
    'status', 'plan_code', 'is_paying', 'is_customer', 'has_access', 'is_churn_pending', 'basis', 'tenure_number'
] -%}
with coverage as (
    select * from {{ ref('customer_coverage_periods') }}
),

-- Merges slices of one subscription that differ only in price.
slices as (
    select
        customer_id,
        subscription_id,
        status,
        plan_code,
        mrr,
        from_date as valid_from,
        to_date as valid_to
    from {{ ref('subscription_status_periods') }}
),

plans as (
    {{ merged_periods('slices', ['customer_id', 'subscription_id', 'status', 'plan_code'], {'mrr': 'max(mrr)'}) }}
),

pieces as (
    {{ split_periods(['customer_id'], [
        [ref('customer_accounts'), ['registered_date', 'deleted_date']],
        ['plans', ['valid_from', 'valid_to']],
        ['coverage', ['started_date', 'ended_date', 'covered_to_date']],
    ]) }}
),

-- Of several contracts on a day one counts: paying before paused, trial and free, then the most expensive.
ranked as (
    select
        pieces.customer_id,
        pieces.valid_from,
        plans.status,
        plans.plan_code,
        row_number() over (
            partition by pieces.customer_id, pieces.valid_from
            order by
                case plans.status when 'paying' then 1 when 'paused' then 2 when 'trial' then 3 else 4 end asc,
                plans.mrr desc nulls last,
                plans.valid_from desc,
                plans.subscription_id asc
        ) as choice
    from pieces
    inner join plans
        on pieces.customer_id = plans.customer_id
        and {{ holds_at('plans', 'pieces.valid_from') }}
),

placed as (
    select
        pieces.customer_id,
        pieces.valid_from,
        pieces.valid_to,
        ranked.status as contract_status,
        ranked.plan_code as contract_plan_code,
        tenures.coverage_number as tenure_number,
        tenures.basis,
        coalesce(tenures.covered_to_date <= pieces.valid_from, false) as is_churn_pending,
        access_periods.coverage_number is not null as is_covered,
        customer_accounts.deleted_date <= pieces.valid_from as is_deleted,
        -- The gap before a late renewal keeps the status before it.
        count(ranked.customer_id) over customer_pieces as contracts_count,
        max(tenures.coverage_number) over customer_pieces as tenures_count,
        max(access_periods.coverage_number) over customer_pieces as access_count
    from pieces
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on pieces.customer_id = customer_accounts.customer_id
    left join ranked
        on pieces.customer_id = ranked.customer_id
        and pieces.valid_from = ranked.valid_from
        and ranked.choice = 1
    left join coverage as tenures
        on pieces.customer_id = tenures.customer_id
        and tenures.coverage_kind = 'customer'
        and tenures.started_date <= pieces.valid_from
        and coalesce(tenures.ended_date, {{ end_of_time('date') }}) > pieces.valid_from
    left join coverage as access_periods
        on pieces.customer_id = access_periods.customer_id
        and access_periods.coverage_kind = 'access'
        and access_periods.started_date <= pieces.valid_from
        and coalesce(access_periods.ended_date, {{ end_of_time('date') }}) > pieces.valid_from
    window customer_pieces as (partition by pieces.customer_id order by pieces.valid_from rows unbounded preceding)
),

carried as (
    select
        *,
        max(contract_status) over same_contract as carried_status,
        max(contract_plan_code) over same_contract as carried_plan_code
    from placed
    window same_contract as (partition by customer_id, contracts_count)
),

named as (
    select
        *,
        case
            when is_deleted then 'deleted'
            when basis = 'activity' then 'registered'
            when tenure_number is not null and carried_status in ('paying', 'paused') then carried_status
            when tenure_number is not null then 'paying'
            when is_covered and carried_status in ('trial', 'free') then carried_status
            when tenures_count is not null then 'churned'
            else 'registered'
        end as status
    from carried
),

described as (
    select
        customer_id,
        status,
        case when status in ('trial', 'free', 'paying', 'paused') then carried_plan_code end as plan_code,
        status = 'paying' as is_paying,
        tenure_number is not null and not coalesce(is_deleted, false) as is_customer,
        status in ('trial', 'free', 'paying', 'paused')
        or (status = 'registered' and (coalesce(basis = 'activity', false) or access_count is null)) as has_access,
        is_churn_pending,
        basis,
        case when not coalesce(is_deleted, false) then tenure_number end as tenure_number,
        valid_from,
        valid_to
    from named
)

{{ merged_periods('described', ['customer_id'] + states) }}
