{{ touched_by_weeks_of_use() }}
-- Sundays that lie in the future are those of a customer who does nothing more, so time passing changes nothing here but
-- by the week that it closes.
with weeks as (
    select
        customer_id,
        component_code,
        week_start_date
    from {{ touched_rows(ref('fct_usage_weekly'), 'week_start_date', 21) }}
    where {{ add_days('week_start_date', 6) }} <= {{ last_visible_day() }}
),

used_weekly as (
    select
        weeks.customer_id,
        weeks.week_start_date,
        components.set_word,
        cast(sum(components.set_bit) as bigint) as components_bits
    from weeks
    inner join {{ ref('dim_components') }} as components
        on weeks.component_code = components.component_code
    group by weeks.customer_id, weeks.week_start_date, components.set_word
)

select
    customer_id,
    set_word,
    bit_or(components_bits) as components_bits,
    {{ add_days('week_start_date', 'days_to_end') }} as week_end_date
from used_weekly
cross join {{ four_sundays() }}
group by customer_id, set_word, {{ add_days('week_start_date', 'days_to_end') }}
