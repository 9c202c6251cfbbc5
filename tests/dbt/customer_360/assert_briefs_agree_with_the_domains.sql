-- Prevents a brief that disagrees with the domains: untried components by the history of reasons are those of the mart
-- of components.
{{ config(group='customer_360') }}
with by_history as (
    select
        suggested.customer_id,
        suggested.component_code
    from {{ ref('int_contact_reasons__suggested') }} as suggested
    inner join {{ ref('run_context') }} as run_context
        on coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) > run_context.as_of_date
    where suggested.component_code is not null
),

by_mart as (
    select
        customer_id,
        component_code
    from {{ ref('mart_component_usage') }}
    where suggested_action_code is not null
)

select
    coalesce(by_history.customer_id, by_mart.customer_id) as customer_id,
    coalesce(by_history.component_code, by_mart.component_code) as component_code
from by_history
full outer join by_mart
    on by_history.customer_id = by_mart.customer_id
    and by_history.component_code = by_mart.component_code
where by_history.customer_id is null
    or by_mart.customer_id is null
