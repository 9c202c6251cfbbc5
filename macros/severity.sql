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
    ('churned', 'dismissed', 'rule_off', 'expired', 'resolved')
{%- endmacro %}

{#- Their order where several fall on one moment: the first one is the reason. -#}
{% macro alert_ending_order(transition_kind) -%}
    case {{ transition_kind }}
        when 'churned' then 1 when 'dismissed' then 2 when 'rule_off' then 3 when 'expired' then 4 else 5
    end
{%- endmacro %}
