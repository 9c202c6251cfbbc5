-- Prevents the publication of amounts that hold only a small part of the money (threshold unconverted_share_pct).
select
    table_name,
    sum(unconverted_count) as unconverted_count,
    max(rows_count) as rows_count
from {{ ref('unconverted_money') }}
group by table_name
having 100.0 * sum(unconverted_count) > {{ threshold('unconverted_share_pct') }} * max(rows_count)
