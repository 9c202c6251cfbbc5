-- Prevents converted revenue from leaving a currency out in silence: each that is billed has a rate in every month.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_mrr_changes'}}}) }}
select
    currency_code,
    count(*) as changes_count
from {{ ref('fct_mrr_changes') }}
where converted_mrr_change is null
group by currency_code
