{% for metric in metric_catalogue() %}
select
    '{{ metric.code }}' as metric_code,
    {{ catalogue_text(metric.title) }} as title,
    {{ catalogue_text(metric.question) }} as question_label,
    {{ catalogue_text(metric.formula) }} as formula_label,
    {{ catalogue_text(metric.numerator) }} as numerator_label,
    {{ catalogue_text(metric.denominator) }} as denominator_label,
    '{{ metric.unit }}' as unit_code,
    '{{ metric.better }}' as better_code,
    {{ catalogue_text(metric.target) }} as target_code,
    '{{ metric.published.period_grain }}' as period_grain_code,
    '{{ metric.owner }}' as owner_group_code,
    '{{ metric.version }}' as definition_version,
    '{{ metric.serves | join(', ') }}' as requirement_label,
    '{{ metric.published.mart }}' as mart_name,
    {{ catalogue_text(metric.published.get('column')) }} as mart_column_name
{{ 'union all' if not loop.last }}
{% endfor %}
