{#- Whether a list of the policy, which lies between bars, names a code; false where either is NULL. -#}
{% macro is_named(code, codes) -%}
    coalesce({{ dbt.position("'|' || " ~ code ~ " || '|'", "'|' || " ~ codes ~ " || '|'") }} > 0, false)
{%- endmacro %}

{#- A threshold as a column of the model `policy`: a count of something. -#}
{% macro threshold_integer(code) -%}
    cast(max(case when threshold_code = '{{ code }}' then threshold_value end) as {{ dbt.type_int() }})
{%- endmacro %}

{#- A threshold as a column of the model `policy`: a share, a score or a factor. -#}
{% macro threshold_double(code) -%}
    cast(max(case when threshold_code = '{{ code }}' then threshold_value end) as {{ type_double() }})
{%- endmacro %}

{#- A name for people made of a code that policy does not name: `bulk_mail` becomes `Bulk mail`. -#}
{% macro title_of_code(code) -%}
    upper(substring({{ code }}, 1, 1)) || substring(replace({{ code }}, '_', ' '), 2)
{%- endmacro %}
