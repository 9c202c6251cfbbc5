select
    table_name,
    reasons as quarantine_reasons,
    count(*) as rows_count,
    cast(count(distinct _file_id) as bigint) as files_count
from {{ source('ops', 'quarantined_rows') }}
group by table_name, reasons
