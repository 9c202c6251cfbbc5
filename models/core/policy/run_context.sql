-- The one home of the as-of date, the closed business day that a run describes; every other model joins it.
{% set day = "cast('" ~ var('as_of_date') ~ "' as date)" if var('as_of_date') else 'last_covered_date' %}
with covered as (
    select max(last_date) as last_covered_date
    from {{ loaded(source('ops', 'feed_days')) }}
),

chosen as (
    select {{ day }} as as_of_date
    from covered
)

select
    as_of_date,
    {{ day_start_at(add_days('as_of_date', 1)) }} as as_of_end_at
from chosen
