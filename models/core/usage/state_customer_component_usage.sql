{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'}],
) }}
select
    uses.customer_id,
    uses.component_code,
    count(*) as use_days_count,
    cast(sum(uses.events_count) as bigint) as events_count,
    min(uses.usage_date) as first_use_date,
    max(uses.usage_date) as last_use_date
from {{ ref('fct_component_usage_daily') }} as uses
inner join {{ ref('run_context') }} as run_context
    on uses.usage_date <= run_context.as_of_date
where {{ rows_to_build() }}
group by uses.customer_id, uses.component_code
