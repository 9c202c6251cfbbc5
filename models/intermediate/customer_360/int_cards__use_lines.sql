{{ config(materialized=inlined('view')) }}
{% set text = dbt.type_string() %}
-- The line of a card is a text, because a row per customer and week would be fifty times as many.
with used_weeks as (
    select
        uses.customer_id,
        {{ days_between(period_start('week', 'uses.usage_date'), period_start('week', 'run_context.as_of_date')) }}
            as days_ago,
        count(*) as use_days_count
    from {{ ref('fct_customer_usage_daily') }} as uses
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where uses.usage_date <= run_context.as_of_date
        and {{ add_days(period_start('week', 'run_context.as_of_date'), '7 * (1 - policy.card_weeks)') }}
        <= uses.usage_date
    group by
        uses.customer_id,
        {{ days_between(period_start('week', 'uses.usage_date'), period_start('week', 'run_context.as_of_date')) }}
)

select
    customer_id,
    {{ sorted_list(
        "lpad(cast(cast(1.0 * days_ago / 7 as integer) as " ~ text ~ "), 2, '0') || ':'"
        ~ " || cast(use_days_count as " ~ text ~ ")"
    ) }} as use_days_series
from used_weeks
group by customer_id
