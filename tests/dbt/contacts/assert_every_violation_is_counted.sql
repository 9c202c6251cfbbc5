-- Prevents a violation rate that misses or duplicates attempts: it must agree with the list of violations.
with listed as (
    select
        broken_rule,
        count(*) as violations_count
    from {{ ref('mart_contact_violations') }}
    group by broken_rule
    union all
    select
        'any_rule' as broken_rule,
        count(distinct contact_id) as violations_count
    from {{ ref('mart_contact_violations') }}
),

counted as (
    select
        dimension_name,
        broken_rule,
        sum(violations_num) as violations_count
    from {{ ref('mart_contact_legitimacy') }}
    group by dimension_name, broken_rule
)

select
    counted.dimension_name,
    listed.broken_rule,
    listed.violations_count as listed_count,
    counted.violations_count as counted_count
from listed
left join counted
    on listed.broken_rule = counted.broken_rule
where listed.violations_count <> coalesce(counted.violations_count, 0)
