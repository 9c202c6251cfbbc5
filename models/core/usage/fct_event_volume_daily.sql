{{ changed_by_events({'occurred_date': 'event_date'}) }}
select
    event_name,
    count(*) as events_count,
    count(case when customer_id is null then 1 end) as anonymous_events_count,
    occurred_date as event_date
from {{ ref('stg_product__events') }}
where {{ rows_to_build() }}
group by event_name, occurred_date
