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
    declared.table_name,
    coalesce(ledger.current_files_count, 0) as current_files_count,
    coalesce(ledger.rejected_files_count, 0) as rejected_files_count,
    coalesce(ledger.file_rows_count, 0) as file_rows_count,
    coalesce(ledger.loaded_rows_count, 0) as loaded_rows_count,
    coalesce(ledger.quarantined_rows_count, 0) as quarantined_rows_count,
    coalesce(ledger.duplicate_rows_count, 0) as duplicate_rows_count,
    coalesce(ledger.superseded_rows_count, 0) as superseded_rows_count,
    coalesce(ledger.loaded_rows_count - ledger.superseded_rows_count, 0) as standing_rows_count,
    {{ pct('ledger.quarantined_rows_count', 'ledger.file_rows_count') }} as quarantined_pct,
    {{ utc_moment('ledger.last_event_at') }} as last_event_at
-- A table that never had a file is a row of zeros, not a missing one.
from {{ source('ops', 'raw_tables') }} as declared
left join ledger
    on declared.table_name = ledger.table_name
