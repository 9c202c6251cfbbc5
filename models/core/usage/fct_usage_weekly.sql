{{ changed_keys(
    {'customer_id': 'customer_id', period_start('week', 'occurred_date') | trim: 'week_start_date'},
    [{'relation': 'stg_product__events'}],
) }}
with days as (
    select
        customer_id,
        component_code,
        events_count,
        usage_date as occurred_date
    from {{ ref('fct_component_usage_daily') }}
)

select
    customer_id,
    component_code,
    count(*) as use_days_count,
    cast(sum(events_count) as bigint) as events_count,
    {{ period_start('week', 'occurred_date') }} as week_start_date
from days
where {{ rows_to_build() }}
group by customer_id, component_code, {{ period_start('week', 'occurred_date') }}
