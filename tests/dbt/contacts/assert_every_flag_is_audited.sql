-- Prevents do-not-disturb flags without an audit: all flags of the audited months are counted once.
with audited as (
    select
        contact_month,
        sum(flags_set_count) as flags_count
    from {{ ref('mart_dnd_audit') }}
    group by contact_month
),

flags as (
    select
        {{ period_start('month', 'set_date') }} as contact_month,
        count(*) as flags_count
    from {{ ref('mart_dnd_flag_review') }}
    group by {{ period_start('month', 'set_date') }}
)

select
    audited.contact_month,
    audited.flags_count as audited_count,
    flags.flags_count
from audited
left join flags
    on audited.contact_month = flags.contact_month
where audited.flags_count <> coalesce(flags.flags_count, 0)
