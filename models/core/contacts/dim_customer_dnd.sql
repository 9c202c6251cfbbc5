-- Do-not-disturb flags that overlap or meet form one period (CON-05).
with flags as (
    select
        dnd_flags.customer_id,
        dnd_flags.valid_from,
        dnd_flags.valid_to
    from {{ ref('stg_crm__dnd_flags') }} as dnd_flags
    inner join {{ ref('run_context') }} as run_context
        on dnd_flags.valid_from < run_context.as_of_end_at
    where dnd_flags.valid_to is null
        or dnd_flags.valid_to > dnd_flags.valid_from
),

merged as (
    {{ merged_periods('flags', ['customer_id']) }}
)

select
    customer_id,
    valid_from,
    valid_to
from merged
