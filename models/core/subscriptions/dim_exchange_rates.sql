{{ config(materialized=inlined('view')) }}
-- Money of a month is converted at the rate of its first day, so that market movements do not mix with customer
-- movements. A currency without a rate has no row, and its money stays unconverted.
with rates as (
    select
        upper(trim(currency_code)) as currency_code,
        rate_to_reporting,
        valid_from
    from {{ ref('exchange_rates') }}
    where upper(trim(currency_code)) <> {{ reporting_currency() }}
    union all
    select
        {{ reporting_currency() }} as currency_code,
        1.0 as rate_to_reporting,
        date '1900-01-01' as valid_from
)

select
    currency_code,
    cast(rate_to_reporting as decimal(18, 6)) as rate_to_reporting,
    valid_from,
    lead(valid_from) over (partition by currency_code order by valid_from) as valid_to
from rates
