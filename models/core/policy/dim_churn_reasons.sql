{{ config(materialized=inlined('view')) }}
select
    reported_code,
    reason_code,
    category,
    is_pause,
    title,
    is_commission_forfeited
from {{ ref('churn_reasons') }}
union all
-- The warehouse itself assigns this reason; a policy may change its title.
select
    '{{ deleted_reason() }}' as reported_code,
    '{{ deleted_reason() }}' as reason_code,
    'other' as category,
    false as is_pause,
    'Asked to be deleted' as title,
    false as is_commission_forfeited
where '{{ deleted_reason() }}' not in (select reported_code from {{ ref('churn_reasons') }})
