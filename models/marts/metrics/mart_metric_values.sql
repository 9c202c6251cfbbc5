-- Every metric of the catalogue, cell by cell, in one shape. A rate that is not measurable has no parts either, so that
-- dividing them gives the same.
{% for metric in metric_catalogue() %}
{%- set parts = {'numerator': metric.num or 'null', 'denominator': metric.den or 'null'} %}
select
    '{{ metric.code }}' as metric_code,
    '{{ metric.grain }}' as period_grain_code,
    cast({{ metric.dimension }} as {{ dbt.type_string() }}) as dimension_name,
    cast({{ metric.member }} as {{ dbt.type_string() }}) as dimension_value,
    '{{ metric.unit }}' as unit_code,
    {%- for name, part in parts.items() %}
    {%- if metric.unit == 'percent' and metric.den %}
    cast(case when {{ metric.value }} is not null or {{ metric.den }} = 0 then {{ part }} end as double)
        as {{ name }}_amount,
    {%- else %}
    cast({{ part }} as double) as {{ name }}_amount,
    {%- endif %}
    {%- endfor %}
    cast({{ metric.value }} as double) as metric_amount,
    cast({{ metric.lo or 'null' }} as double) as metric_amount_ci_lo,
    cast({{ metric.hi or 'null' }} as double) as metric_amount_ci_hi,
    cast({{ metric.complete or 'null' }} as boolean) as is_complete,
    cast({{ metric.reliable or 'null' }} as boolean) as is_reliable,
    cast({{ metric.period }} as date) as period_start_date
from {{ ref(metric.mart) }}
{% if metric.where %}
where {{ metric.where }}
{% endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
