-- One rate per currency and month, that of its first day, so that the movements of a month are not mixed with those of
-- the market. A currency without a rate has no row: its money is left out of converted sums and a test says so.
with rates as (
    select
        currency_code,
        rate_to_reporting,
        valid_from,
        lead(valid_from) over (partition by currency_code order by valid_from) as valid_to
    from {{ ref('exchange_rates') }}
    where currency_code <> '{{ var("reporting_currency") }}'
    union all
    select
        '{{ var("reporting_currency") }}' as currency_code,
        1.0 as rate_to_reporting,
        date '1900-01-01' as valid_from,
        cast(null as date) as valid_to
)

select
    rates.currency_code,
    cast(rates.rate_to_reporting as decimal(18, 6)) as rate_to_reporting,
    months.month_date
from rates
inner join {{ ref('dim_months') }} as months
    on {{ holds_at('rates', 'months.month_date') }}
