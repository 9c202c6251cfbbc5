-- Prevents a dimension that loses or duplicates customers: its values must add up to all, all to the customers, and
-- months to all months.
with sums as (
    select
        dimension_name,
        dimension_value,
        cohort_label,
        registered_count,
        activated_count,
        pending_count,
        activated_short_num,
        activated_short_den,
        activated_medium_num,
        activated_medium_den,
        activated_long_num,
        activated_long_den
    from {{ ref('mart_activation_cohort') }}
    -- Features count actions, not customers.
    where dimension_name <> 'feature'
),

{% set measures = [
    'registered_count', 'activated_count', 'pending_count', 'activated_short_num', 'activated_short_den',
    'activated_medium_num', 'activated_medium_den', 'activated_long_num', 'activated_long_den',
] %}
parts as (
    select
        {% for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        'dimension against all' as comparison,
        dimension_name as part_name,
        cohort_label as whole_name
    from sums
    group by dimension_name, cohort_label
),

months as (
    select
        {% for measure in measures %}
        sum(case when cohort_label = 'all' then {{ measure }} else 0 end)
        - sum(case when cohort_label <> 'all' then {{ measure }} else 0 end) as {{ measure }},
        {% endfor %}
        'months against all months' as comparison,
        dimension_name,
        dimension_value
    from sums
    group by dimension_name, dimension_value
),

customers as (
    select
        count(*) as registered_count,
        count(case when is_activated then 1 end) as activated_count,
        count(case when not is_mature then 1 end) as pending_count
    from {{ ref('mart_activation_customer') }}
    where is_measurable
)

select
    parts.comparison,
    parts.part_name,
    parts.whole_name
from parts
left join parts as wholes
    on parts.whole_name = wholes.whole_name
    and wholes.part_name = 'all'
where wholes.part_name is null
    {% for measure in measures %}
    or parts.{{ measure }} <> wholes.{{ measure }}
    {% endfor %}
union all
select
    comparison,
    dimension_name as part_name,
    dimension_value as whole_name
from months
where 1 = 0
    {% for measure in measures %}
    or {{ measure }} <> 0
    {% endfor %}
union all
select
    'all against customers' as comparison,
    'all' as part_name,
    'customers' as whole_name
from customers
left join sums
    on sums.dimension_name = 'all'
    and sums.cohort_label = 'all'
where customers.registered_count <> coalesce(sums.registered_count, 0)
    or customers.activated_count <> coalesce(sums.activated_count, 0)
    or customers.pending_count <> coalesce(sums.pending_count, 0)
