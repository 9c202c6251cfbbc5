{#- Rank of a severity; a higher severity has a higher rank. -#}
{% macro severity_rank(severity) -%}
    case {{ severity }} when 'high' then 3 when 'medium' then 2 else 1 end
{%- endmacro %}

{#- The severity of a rank. -#}
{% macro ranked_severity(severity_rank) -%}
    case {{ severity_rank }} when 3 then 'high' when 2 then 'medium' else 'low' end
{%- endmacro %}

{#- The transitions that end an alert. -#}
{% macro alert_endings() -%}
    ('resolved', 'dismissed', 'expired', 'churned', 'rule_off')
{%- endmacro %}
