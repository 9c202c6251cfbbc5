{#-
Breakdowns: a measure over everybody (`all`) and over each value of some dimensions, as rows with dimension_name and
dimension_value. `dimensions` maps names to columns that are never NULL, such as {'segment': 'segment_code'}.
-#}

{#-
The rows of a relation, once in `all` and once in each dimension. `dimensions` may map to expressions of its columns. Rows are
repeated and not grouped by grouping sets: those would also group each attribute by each dimension, only to drop that.
-#}
{% macro breakdowns(relation, dimensions) -%}
    select
        breakdown_names.breakdown_name as dimension_name,
        case breakdown_names.breakdown_name
            {%- for name, column in dimensions.items() %}
            when '{{ name }}' then {{ column }}
            {%- endfor %}
            else 'all'
        end as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    cross join (
        select 'all' as breakdown_name
        {%- for name in dimensions %}
        union all
        select '{{ name }}' as breakdown_name
        {%- endfor %}
    ) as breakdown_names
{%- endmacro %}

{#-
Free attributes of customers are breakdowns by policy, so their names are data: the rows are also there once for each
attribute that policy makes a breakdown, with its value on the day of the fact (`day`, a column of the relation); `customer`
is its column of raw customer ids. The rows of an attribute are in no dimension, so each breakdown adds up to all.
-#}
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

{#-
For marts whose dimensions are columns of their own: the rows of `relation` once without an attribute and once for each, as
attribute_name and attribute_value.
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
