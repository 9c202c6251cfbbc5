-- Prevents converted money without a warning that a currency is missing: each currency paid or billed has a rate.
{{ config(severity='warn') }}
select
    currency_code,
    sum(unconverted_count) as unconverted_count
from {{ ref('unconverted_money') }}
group by currency_code
