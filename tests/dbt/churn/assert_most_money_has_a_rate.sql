-- Prevents amounts that contain only a small part of the money from going unnoticed (threshold unconverted_share_pct).
{{ config(severity='warn', meta={'remedy': 'Add the rates of the currencies to exchange_rates.csv of the policy.'}) }}
select
    unconverted_money.table_name,
    sum(unconverted_money.unconverted_count) as unconverted_count,
    max(unconverted_money.rows_count) as rows_count
from {{ ref('unconverted_money') }} as unconverted_money
cross join {{ ref('policy') }} as policy
group by unconverted_money.table_name
having 100.0 * sum(unconverted_money.unconverted_count)
    > max(policy.unconverted_share_pct) * max(unconverted_money.rows_count)
