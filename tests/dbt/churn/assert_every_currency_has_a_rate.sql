-- Prevents converted money that omits a currency without notice: each that is paid or billed has a rate.
{{ config(severity='warn', meta={'remedy':
    'Add a rate of the currency to exchange_rates.csv of the policy; until then its amounts are left out.'}) }}
select
    currency_code,
    sum(unconverted_count) as unconverted_count
from {{ ref('unconverted_money') }}
group by currency_code
