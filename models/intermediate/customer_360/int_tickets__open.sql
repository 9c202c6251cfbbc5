{{ config(materialized=inlined('view')) }}
select
    tickets.customer_id,
    count(*) as open_count,
    count(case when tickets.is_complaint then 1 end) as complaints_count
from {{ ref('fct_tickets') }} as tickets
inner join {{ ref('run_context') }} as run_context
    on tickets.opened_at < run_context.as_of_end_at
    and coalesce(tickets.resolved_at, tickets.closed_at, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
group by tickets.customer_id
