-- Prevents rows from being lost on the way in: rows in a file = loaded + quarantined + exact duplicates, file by file.
select
    table_name,
    file,
    rows_in_file,
    rows_loaded,
    rows_quarantined,
    rows_duplicate,
    rows_superseded
from {{ source('ops', 'load_ledger') }}
where coalesce(rows_in_file, 0) <> rows_loaded + rows_quarantined + rows_duplicate
    or rows_superseded > rows_loaded
