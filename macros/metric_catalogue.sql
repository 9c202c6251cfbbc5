{#-
The metrics of models/metrics/*.yml that are published, in order of their names: mappings with the keys that a metric has in
`config.meta` (models/docs/metrics.md describes them), and its name, label and description. While dbt parses, nothing is
known yet.
-#}
{% macro metric_catalogue() %}
{% set published = [] %}
{% if execute %}
{% for metric in graph.metrics.values() | sort(attribute='name') if metric.config.meta.get('published') %}
{% set words = {'code': metric.name, 'title': metric.label, 'question': metric.description} %}
{% do published.append(dict(metric.config.meta, **words)) %}
{% endfor %}
{% endif %}
{{ return(published) }}
{% endmacro %}

{#- A text of the catalogue as a SQL literal; NULL for none. -#}
{% macro catalogue_text(text) -%}
    {%- if text is none -%} cast(null as {{ dbt.type_string() }})
    {%- else -%} '{{ text | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
