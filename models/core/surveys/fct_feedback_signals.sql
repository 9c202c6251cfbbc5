{{ config(materialized=inlined('view')) }}
select
    signals.signal_id,
    signals.customer_id,
    signals.response_id,
    signals.source_type,
    signals.source_id,
    signals.stage_code,
    signals.topic_code,
    signals.model_version,
    signals.sentiment,
    coalesce(signals.is_direct, false) as is_direct,
    signals.occurred_date,
    signals.occurred_at,
    {{ known('signals.replied_at') }} as replied_at
from {{ ref('stg_support__feedback_signals') }} as signals
inner join {{ ref('run_context') }} as run_context
    on signals.occurred_at < run_context.as_of_end_at
left join {{ ref('customer_registrations') }} as customers
    on signals.customer_id = customers.customer_id
where signals.customer_id is null or customers.customer_id is not null
