-- Nobody knows of files and quarantine: their counts are NULL, not zero. Rows and days of tables are known.
with accounts as (
    select * from {{ ref('stayhouse', 'mart_raw_accounting') }}
),

worked_out as (
    select
        'customers' as table_name,
        5 as rows_count,
        1 as excluded_count,
        date '2025-06-23' as last_date
    union all
    select
        'events' as table_name,
        10 as rows_count,
        0 as excluded_count,
        date '2025-06-30' as last_date
    union all
    select
        'tickets' as table_name,
        0 as rows_count,
        0 as excluded_count,
        null as last_date
)

select worked_out.table_name
from worked_out
left join accounts
    on worked_out.table_name = accounts.table_name
    and accounts.uncounted_reasons = 'all'
where worked_out.rows_count is distinct from accounts.current_rows_count
    or worked_out.excluded_count is distinct from accounts.excluded_rows_count
    or worked_out.last_date is distinct from accounts.last_date
union all
select accounts.table_name
from accounts
where accounts.current_files_count is not null
    or accounts.file_rows_count is not null
    or accounts.quarantined_rows_count is not null
    or accounts.superseded_rows_count is not null
