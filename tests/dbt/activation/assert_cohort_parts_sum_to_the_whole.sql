-- Prevents a cut that loses or doubles customers: segments, regions, ... must add up to all, and months to all months.
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
),

{% set measures = [
    'registered_count', 'activated_count', 'pending_count', 'activated_short_num', 'activated_short_den',
    'activated_medium_num', 'activated_medium_den', 'activated_long_num', 'activated_long_den',
] %}
cuts as (
    select
        {% for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        'cut against all' as comparison,
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
)

select
    cuts.comparison,
    cuts.part_name,
    cuts.whole_name
from cuts
left join cuts as wholes
    on cuts.whole_name = wholes.whole_name
    and wholes.part_name = 'all'
where wholes.part_name is null
    {% for measure in measures %}
    or cuts.{{ measure }} <> wholes.{{ measure }}
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
