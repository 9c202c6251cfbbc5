{#-
Every row keeps every rule. `rules` is a mapping of names to expressions; the first column of a returned row names the
rules that it breaks. An expression that is NULL is broken too, so that a rule about a column that may be NULL says so.
-#}
{% test rows_satisfy(model, rules) %}
with judged as (
    select
        {% for name, expression in rules.items() -%}
        case when {{ expression }} then '' else '{{ name }} ' end {{ '|| ' if not loop.last }}
        {%- endfor %} as broken_rules,
        checked.*
    from {{ model }} as checked
)

select *
from judged
where broken_rules <> ''
{% endtest %}
