{% set weeks_before %}(select {{ usage_current_days() }} - 7 from {{ ref('policy') }} as policy){% endset %}
{% set week_start = period_start('week', 'occurred_date') | trim %}
{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{
        'relation': 'stg_product__events', 'raw': 'occurred_at_utc', 'as_of': add_days(week_start, 6) | trim,
        'changed_from': week_start,
    }],
    chunk=customer_chunks('fct_customer_usage_daily'),
    ends_on='week_end_date',
) }}
-- A closed week counts for its own Sunday and the following ones whose current weeks contain it. Future Sundays assume
-- no further use, so passing time only adds the week that closes.
with days as (
    select
        customer_id,
        events_count,
        devices_count,
        exports_count,
        {{ period_start('week', 'usage_date') }} as week_start_date
    from {{ history_rows(ref('fct_customer_usage_daily'), 'usage_date', weeks_before) }}
    where {{ add_days(period_start('week', 'usage_date') | trim, 6) }} <= {{ last_visible_day() }}
),

components as (
    select
        customer_id,
        component_code,
        week_start_date
    from {{ history_rows(ref('fct_usage_weekly'), 'week_start_date', weeks_before) }}
    where {{ add_days('week_start_date', 6) }} <= {{ last_visible_day() }}
),

-- Volumes belong to the first number of the set; every customer with use has that row.
weeks as (
    select
        customer_id,
        week_start_date,
        0 as set_word,
        cast(0 as bigint) as components_bits,
        count(*) as use_days_count,
        cast(sum(events_count) as bigint) as events_count,
        cast(sum(devices_count) as bigint) as device_days_count,
        cast(sum(exports_count) as bigint) as exports_count
    from days
    group by customer_id, week_start_date
    union all
    select
        components.customer_id,
        components.week_start_date,
        catalogue.set_word,
        cast(sum(catalogue.set_bit) as bigint) as components_bits,
        0 as use_days_count,
        cast(0 as bigint) as events_count,
        cast(0 as bigint) as device_days_count,
        cast(0 as bigint) as exports_count
    from components
    inner join {{ ref('dim_components') }} as catalogue
        on components.component_code = catalogue.component_code
    group by components.customer_id, components.week_start_date, catalogue.set_word
),

sundays as (
    select cast(7 * numbers.generated_number - 1 as integer) as days_to_end
    from ({{ dbt.generate_series(53) }}) as numbers
    cross join {{ ref('policy') }} as policy
    where numbers.generated_number <= policy.usage_current_weeks
)

select
    weeks.customer_id,
    weeks.set_word,
    bit_or(weeks.components_bits) as components_bits,
    cast(sum(weeks.use_days_count) as bigint) as use_days_count,
    cast(sum(weeks.events_count) as bigint) as events_count,
    cast(sum(weeks.device_days_count) as bigint) as device_days_count,
    cast(sum(weeks.exports_count) as bigint) as exports_count,
    {{ add_days('weeks.week_start_date', 'sundays.days_to_end') }} as week_end_date
from weeks
cross join sundays
group by weeks.customer_id, weeks.set_word, {{ add_days('weeks.week_start_date', 'sundays.days_to_end') }}
