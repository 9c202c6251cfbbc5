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
        'cut against all' as comparison,
        dimension_name as part_name,
        cohort_label as whole_name
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}
    from sums
    group by dimension_name, cohort_label
),

months as (
    select
        'months against all months' as comparison,
        dimension_name,
        dimension_value
        {%- for measure in measures %},
        sum(case when cohort_label = 'all' then {{ measure }} else 0 end)
        - sum(case when cohort_label <> 'all' then {{ measure }} else 0 end) as {{ measure }}
        {%- endfor %}
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
where not coalesce(
    {%- for measure in measures %}
    cuts.{{ measure }} = wholes.{{ measure }}{{ ' and' if not loop.last }}
    {%- endfor %},
    false
)
union all
select
    comparison,
    dimension_name as part_name,
    dimension_value as whole_name
from months
where not (
    {%- for measure in measures %}
    {{ measure }} = 0{{ ' and' if not loop.last }}
    {%- endfor %}
)
