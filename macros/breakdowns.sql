{#-
Breakdowns: a measure over everybody (`all`) and over each value of some dimensions, as rows with dimension_name and
dimension_value. `dimensions` maps names to columns that are never NULL, such as {'segment': 'segment_code'}.
-#}

{#-
Free attributes of customers are breakdowns by policy, so their names are data. `with_attributes` gives the rows of
`relation` once without an attribute and once for each that policy makes a breakdown, with its value on the day of the
fact (`day`, a column of the relation); `customer` is its column of raw customer ids. Grouped with `has_attributes`, the
former rows make `all` and the dimensions and the latter the attributes, so each adds up to all.
-#}
{% macro with_attributes(relation, day, customer='customer_id') -%}
    select
        {{ relation }}.*,
        cast(null as {{ dbt.type_string() }}) as attribute_name,
        cast(null as {{ dbt.type_string() }}) as attribute_value
    from {{ relation }}
    union all
    select
        {{ relation }}.*,
        {{ attribute_dimension('breakdowns') }} as attribute_name,
        coalesce(attributes.attribute_value, 'unknown') as attribute_value
    from {{ relation }}
    {{ join_attributes(relation, day, customer) }}
{%- endmacro %}

{#- Each breakdown by an attribute, and the value that the customer of a row has on its day. -#}
{% macro join_attributes(relation, day, customer='customer_id') -%}
    cross join {{ ref('customer_breakdowns') }} as breakdowns
    left join {{ ref('dim_customer_attributes') }} as attributes
        on {{ relation }}.{{ customer }} = attributes.customer_id
        and breakdowns.attribute_code = attributes.attribute_code
        and {{ holds_at('attributes', relation ~ '.' ~ day) }}
{%- endmacro %}

{#- The name of the breakdown by an attribute; the prefix keeps it apart from the names of other dimensions. -#}
{% macro attribute_dimension(breakdowns) -%} 'attribute_' || {{ breakdowns }}.attribute_code {%- endmacro %}

{#- dimension_name and dimension_value of rows that breakdown_sets grouped. -#}
{% macro breakdown_columns(dimensions, has_attributes=false) -%}
    case {% if has_attributes %}{{ adapter.dispatch('breakdown_of_none', 'stayhouse')(dimensions) }}when attribute_name is not null then attribute_name {% endif %}{% for name, column in dimensions.items() %}when grouping({{ column }}) = 0 then '{{ name }}' {% endfor %}else 'all' end
        as dimension_name,
    case {% if has_attributes %}when attribute_name is not null then attribute_value {% endif %}{% for column in dimensions.values() %}when grouping({{ column }}) = 0 then {{ column }} {% endfor %}else 'all' end
        as dimension_value
{%- endmacro %}

{#- What to group by: every row counts once in `all` and once in each dimension, per combination of the columns `by`. -#}
{% macro breakdown_sets(dimensions, by, has_attributes=false) -%}
    {%- set by = by + (['attribute_name', 'attribute_value'] if has_attributes else []) -%}
    grouping sets (({{ by | join(', ') }}){% for column in dimensions.values() %}, ({{ (by + [column]) | join(', ') }}){% endfor %})
    {%- if has_attributes %}
    having {{ adapter.dispatch('breakdown_condition', 'stayhouse')(dimensions) }}
    {%- endif %}
{%- endmacro %}

{#- A row of an attribute counts in no dimension. -#}
{% macro default__breakdown_condition(dimensions) -%}
    attribute_name is null
    {%- if dimensions %} or ({% for column in dimensions.values() %}grouping({{ column }}) = 1{{ ' and ' if not loop.last }}{% endfor %}){% endif %}
{%- endmacro %}

{% macro default__breakdown_of_none(dimensions) -%}{%- endmacro %}

{#- On Spark a condition on groups knows no `grouping`, only what the query selects: such a row has no name there. -#}
{% macro spark__breakdown_condition(dimensions) -%} dimension_name is not null {%- endmacro %}

{% macro spark__breakdown_of_none(dimensions) -%}
    {%- if dimensions -%}
        when attribute_name is not null and ({% for column in dimensions.values() %}grouping({{ column }}) = 0{{ ' or ' if not loop.last }}{% endfor %}) then null{{ ' ' }}
    {%- endif -%}
{%- endmacro %}

{#-
The rows themselves, once in `all` and once in each dimension, where one grouping is not enough: for windows, joins, or
several counts of the same rows. `dimensions` may map to expressions here.
-#}
{% macro breakdowns(relation, dimensions) -%}
    select
        'all' as dimension_name,
        'all' as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    {%- for name, column in dimensions.items() %}
    union all
    select
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    {%- endfor %}
{%- endmacro %}

{#- Also once in each breakdown by an attribute, on the day of the fact (`day`, a column of the relation). -#}
{% macro breakdowns_with_attributes(relation, dimensions, day, customer='customer_id') -%}
    {{ breakdowns(relation, dimensions) }}
    union all
    select
        {{ attribute_dimension('breakdowns') }} as dimension_name,
        coalesce(attributes.attribute_value, 'unknown') as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    {{ join_attributes('broken_down', day, customer) }}
{%- endmacro %}
