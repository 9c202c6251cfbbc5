{{ config(materialized=inlined('view')) }}
select
    component_code,
    title,
    is_one_off,
    owner_team,
    available_from,
    -- Each component is a bit: a set of components is one number, and sets are merged by `or`. A number holds 62
    -- components; set_word counts the numbers.
    cast(floor((component_number - 1) / 62.0) as integer) as set_word,
    cast(power(2, (component_number - 1) % 62) as bigint) as set_bit
from (
    select
        *,
        row_number() over (order by component_code) as component_number
    from {{ ref('components') }}
) as numbered
