{% set dimensions = {
    'segment': 'segment_code',
    'value_segment': 'value_segment_code',
    'status': 'customer_status',
    'region': 'region',
    'channel': 'acquisition_channel',
} %}
-- Revenue, purchases and buyers of a period, whether or not customers have contracts.
with buying_days as (
    select * from {{ ref('int_retention__buying_days') }}
),

days as (
    select date_day
    from {{ ref('dim_dates') }}
    union
    -- Payments may be older than the first registration.
    select moved_date as date_day
    from buying_days
),

day_periods as (
    {{ calendar_periods('days') }}
),

broken_down as (
    {{ breakdowns_with_attributes('buying_days', dimensions, day='moved_date', customer='source_customer_id') }}
),

-- A buyer counts once in a period, on its first day with a purchase; distinct counts took ten times as long.
marked as (
    select
        *,
        lag(case when purchases_count > 0 then moved_date end) over (
            partition by dimension_name, dimension_value, customer_id, purchases_count > 0 order by moved_date
        ) as previous_date
    from broken_down
),

placed as (
    select
        marked.*,
        day_periods.period_grain_code,
        day_periods.period_start_date,
        marked.purchases_count > 0
        and coalesce(marked.previous_date < day_periods.period_start_date, true) as is_first,
        -- A buyer is new in the period of their first purchase, however many purchases follow in it.
        case
            when marked.first_purchased_date < day_periods.period_start_date then 'returning'
            when marked.is_measurable then 'new'
            else 'unknown'
        end as buyer_kind
    from marked
    inner join day_periods
        on marked.moved_date = day_periods.date_day
),

counted as (
    select
        dimension_name,
        dimension_value,
        period_grain_code,
        period_start_date,
        count(case when is_first then 1 end) as buyers_count,
        count(case when is_first and buyer_kind = 'new' then 1 end) as new_count,
        count(case when is_first and buyer_kind = 'unknown' then 1 end) as unknown_count,
        sum(purchases_count) as purchases_count,
        sum(priced_count) as priced_count,
        sum(purchases_amount) as purchases_amount,
        sum(case when buyer_kind = 'new' then purchases_count else 0 end) as new_purchases_count,
        sum(case when buyer_kind = 'new' then priced_count else 0 end) as new_priced_count,
        sum(case when buyer_kind = 'new' then purchases_amount else 0 end) as new_purchases_amount,
        sum(movements_count) as movements_count,
        sum(unconverted_count) as unconverted_count,
        sum(revenue_amount) as revenue_amount,
        sum(refunded_amount) as refunded_amount
    from placed
    group by dimension_name, dimension_value, period_grain_code, period_start_date
),

found_values as (
    select
        dimension_name,
        dimension_value,
        min(period_start_date) as first_date
    from counted
    where period_grain_code = 'day'
    group by dimension_name, dimension_value
),

periods as (
    select distinct
        day_periods.period_grain_code,
        day_periods.period_start_date,
        day_periods.period_end_date,
        -- Earlier payments are known in part.
        coalesce(day_periods.period_start_date >= {{ observed_from('payments') }}, false)
        and {{ is_over('day_periods.period_grain_code', 'day_periods.period_start_date') }} as is_complete
    from day_periods
    cross join {{ ref('run_context') }} as run_context
),

-- Periods without a sale have a row from the first sale on.
measured as (
    select
        found_values.dimension_name,
        found_values.dimension_value,
        {%- for column in [
            'buyers_count', 'new_count', 'unknown_count', 'purchases_count', 'priced_count', 'purchases_amount',
            'new_purchases_count', 'new_priced_count', 'new_purchases_amount', 'movements_count', 'unconverted_count',
            'revenue_amount', 'refunded_amount'
        ] %}
        coalesce(counted.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        periods.*
    from found_values
    inner join periods
        on found_values.first_date < periods.period_end_date
    left join counted
        on found_values.dimension_name = counted.dimension_name
        and found_values.dimension_value = counted.dimension_value
        and periods.period_grain_code = counted.period_grain_code
        and periods.period_start_date = counted.period_start_date
)

select
    measured.dimension_name,
    measured.dimension_value,
    measured.period_grain_code,
    cast(measured.buyers_count as bigint) as buyers_count,
    cast(measured.buyers_count - measured.new_count - measured.unknown_count as bigint) as returning_buyers_count,
    cast(measured.unknown_count as bigint) as unknown_buyers_count,
    cast(measured.new_count as bigint) as new_buyers_num,
    cast(measured.buyers_count - measured.unknown_count as bigint) as new_buyers_den,
    {{ pct('measured.new_count', '(measured.buyers_count - measured.unknown_count)') }} as new_buyers_pct,
    {{ wilson_pct('measured.new_count', '(measured.buyers_count - measured.unknown_count)', 'lo') }}
        as new_buyers_ci_lo,
    {{ wilson_pct('measured.new_count', '(measured.buyers_count - measured.unknown_count)', 'hi') }}
        as new_buyers_ci_hi,
    cast(measured.purchases_count as bigint) as purchases_count,
    cast(measured.new_purchases_count as bigint) as new_purchases_count,
    cast(measured.purchases_count - measured.priced_count as bigint) as unpriced_count,
    cast(case
        when measured.priced_count > 0 or measured.purchases_count = 0 then measured.purchases_amount
    end as decimal(18, 2)) as purchases_amount,
    cast(case
        when measured.new_priced_count > 0 or measured.new_purchases_count = 0 then measured.new_purchases_amount
    end as decimal(18, 2)) as new_purchases_amount,
    cast(1.0 * measured.purchases_amount / nullif(measured.priced_count, 0) as {{ type_double() }}) as check_avg,
    cast(1.0 * measured.purchases_count / nullif(measured.buyers_count, 0) as {{ type_double() }})
        as purchases_per_buyer_avg,
    cast(measured.unconverted_count as bigint) as unconverted_count,
    cast(case
        when measured.movements_count > measured.unconverted_count or measured.movements_count = 0
            then measured.revenue_amount
    end as decimal(18, 2)) as revenue_amount,
    cast(measured.refunded_amount as decimal(18, 2)) as refunded_amount,
    measured.is_complete
    and measured.unconverted_count = 0
    and measured.priced_count = measured.purchases_count as is_complete,
    {{ is_reliable('measured.buyers_count') }} as is_reliable,
    measured.period_start_date,
    measured.period_end_date
from measured
