{#- Whether a list of the policy, which lies between bars, names a code; false where either is NULL. -#}
{% macro is_named(code, codes) -%}
    coalesce({{ dbt.position("'|' || " ~ code ~ " || '|'", "'|' || " ~ codes ~ " || '|'") }} > 0, false)
{%- endmacro %}

{#- A threshold as a column of the model `policy`: an `integer` or a `double`. -#}
{% macro threshold(code, data_type) -%}
    cast(max(case when threshold_code = '{{ code }}' then threshold_value end) as {{ type_double() if data_type == 'double' else dbt.type_int() }})
{%- endmacro %}

{#- A name for people made of a code that policy does not name: `bulk_mail` becomes `Bulk mail`. -#}
{% macro title_of_code(code) -%}
    upper(substring({{ code }}, 1, 1)) || substring(replace({{ code }}, '_', ' '), 2)
{%- endmacro %}
