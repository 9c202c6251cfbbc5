{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'},
        {'relation': 'stg_crm__customers', 'only': 'displaced'},
    ],
    chunk=customer_chunks('fct_customer_usage_daily'),
) }}
with days as (
    select
        uses.customer_id,
        uses.events_count,
        uses.usage_date,
        {{ days_between(
            'lag(uses.usage_date) over (partition by uses.customer_id order by uses.usage_date)', 'uses.usage_date'
        ) }} as gap_days
    from {{ ref('fct_customer_usage_daily') }} as uses
    inner join {{ ref('run_context') }} as run_context
        on uses.usage_date <= run_context.as_of_date
    where {{ rows_to_build() }}
)

select
    days.customer_id,
    count(*) as use_days_count,
    cast(sum(days.events_count) as bigint) as events_count,
    count(case
        when days.usage_date >= customers.registered_date
            and {{ days_between('customers.registered_date', 'days.usage_date') }} < policy.usage_first_days
            then 1
    end) as first_use_days_count,
    percentile_cont(0.5) within group (order by days.gap_days) as median_gap_days,
    min(days.usage_date) as first_use_date,
    max(days.usage_date) as last_use_date
from days
inner join {{ ref('stg_crm__customers') }} as customers
    on days.customer_id = customers.customer_id
cross join {{ ref('policy') }} as policy
group by days.customer_id
