-- Every metric of the catalogue, cell by cell, in one shape.
{% for metric in metric_catalogue() %}
select
    '{{ metric.code }}' as metric_code,
    '{{ metric.grain }}' as period_grain_code,
    cast({{ metric.dimension }} as {{ dbt.type_string() }}) as dimension_name,
    cast({{ metric.member }} as {{ dbt.type_string() }}) as dimension_value,
    '{{ metric.unit }}' as unit_code,
    cast({{ metric.num or 'null' }} as double) as numerator_amount,
    cast({{ metric.den or 'null' }} as double) as denominator_amount,
    cast({{ metric.value }} as double) as metric_amount,
    cast({{ metric.lo or 'null' }} as double) as metric_amount_lo,
    cast({{ metric.hi or 'null' }} as double) as metric_amount_hi,
    cast({{ metric.complete or 'null' }} as boolean) as is_complete,
    cast({{ metric.reliable or 'null' }} as boolean) as is_reliable,
    cast({{ metric.period }} as date) as period_start_date
from {{ ref(metric.mart) }}
{% if metric.where %}
where {{ metric.where }}
{% endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
