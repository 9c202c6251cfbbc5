-- Daily changes of a customer's recurring revenue per currency over all subscriptions: a switch from one to another on
-- the same day counts as its difference.
with steps as (
    select
        customer_id,
        tenure_number,
        currency_code,
        from_date as changed_date,
        mrr as mrr_step
    from {{ ref('subscription_terms') }}
    where mrr > 0
    union all
    select
        terms.customer_id,
        terms.tenure_number,
        terms.currency_code,
        terms.to_date as changed_date,
        -terms.mrr as mrr_step
    from {{ ref('subscription_terms') }} as terms
    inner join {{ ref('run_context') }} as run_context
        on terms.to_date <= run_context.as_of_date
    where terms.mrr > 0
),

changes as (
    select
        customer_id,
        tenure_number,
        currency_code,
        changed_date,
        sum(mrr_step) as mrr_change
    from steps
    group by customer_id, tenure_number, currency_code, changed_date
    having sum(mrr_step) <> 0
),

levels as (
    select
        *,
        sum(mrr_change) over (
            partition by customer_id, currency_code order by changed_date rows unbounded preceding
        ) as mrr_after,
        lead(changed_date) over (partition by customer_id, currency_code order by changed_date) as next_changed_date
    from changes
)

select
    levels.customer_id,
    levels.currency_code,
    levels.tenure_number,
    case
        when levels.changed_date = tenures.started_date and levels.tenure_number = 1 then 'new'
        when levels.changed_date = tenures.started_date then 'reactivated'
        when levels.changed_date = tenures.churned_date then 'churned'
        when levels.mrr_change > 0 then 'expansion'
        else 'contraction'
    end as movement,
    cast(levels.mrr_after - levels.mrr_change as decimal(18, 6)) as mrr_before,
    cast(levels.mrr_after as decimal(18, 6)) as mrr_after,
    cast(levels.mrr_change as decimal(18, 6)) as mrr_change,
    -- Changes are differences of rounded levels, so that the changes of a month add up to its levels.
    case
        when rates.rate_to_reporting is not null
            then {{ converted('levels.mrr_after', 6) }} - {{ converted('(levels.mrr_after - levels.mrr_change)', 6) }}
    end as converted_mrr_change,
    levels.changed_date,
    levels.next_changed_date,
    {{ period_start('month', 'levels.changed_date') }} as changed_month
from levels
inner join {{ ref('customer_tenures') }} as tenures
    on levels.customer_id = tenures.customer_id
    and levels.tenure_number = tenures.tenure_number
{{ join_rates('levels.currency_code', 'levels.changed_date') }}
