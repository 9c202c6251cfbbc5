with ledger as (
    select
        table_name,
        cast(sum(case when status in ('loaded', 'copy') then 1 else 0 end) as bigint) as current_files_count,
        cast(sum(case when status = 'rejected' then 1 else 0 end) as bigint) as rejected_files_count,
        cast(sum(coalesce(rows_in_file, 0)) as bigint) as file_rows_count,
        cast(sum(rows_loaded) as bigint) as loaded_rows_count,
        cast(sum(rows_quarantined) as bigint) as quarantined_rows_count,
        cast(sum(rows_duplicate) as bigint) as duplicate_rows_count,
        cast(sum(rows_superseded) as bigint) as superseded_rows_count,
        max(event_time_max) as last_event_at
    from {{ source('ops', 'load_ledger') }}
    group by table_name
)

select
    table_name,
    current_files_count,
    rejected_files_count,
    file_rows_count,
    loaded_rows_count,
    quarantined_rows_count,
    duplicate_rows_count,
    superseded_rows_count,
    loaded_rows_count - superseded_rows_count as standing_rows_count,
    {{ pct('quarantined_rows_count', 'file_rows_count') }} as quarantined_pct,
    {{ business_time('last_event_at') }} as last_event_at
from ledger
