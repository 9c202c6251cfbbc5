{#-
What PostgreSQL calls or does otherwise than DuckDB and dbt have no common macro for. Macros name the project of those that
they call: a project that installs this one as a package comes here for its own seeds and tables as well.
-#}

{#- The name of a type of the YAML. -#}
{% macro postgres__type_name(data_type) %}
    {{ return({'double': 'double precision', 'float': 'double precision'}.get(data_type | lower | trim, data_type)) }}
{% endmacro %}

{% macro postgres__get_empty_schema_sql(columns) %}
    select
    {%- for column in columns.values() %}
        cast(null as {{ stayhouse.postgres__type_name(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Only the names: a table is cast to the types of its contract. -#}
{% macro postgres__get_assert_columns_equivalent(sql) %}
    {%- set found = get_column_schema_from_query(sql, config.get('sql_header', none)) | map(attribute='name') | sort -%}
    {%- if found != model.columns.keys() | sort -%}{{ assert_columns_equivalent(sql) }}{%- endif -%}
{% endmacro %}

{#- A table of exactly the types of its contract. Statistics at once: the models that read it come before autovacuum. -#}
{% macro postgres__create_table_as(temporary, relation, sql, language='sql') -%}
    {%- if language == 'python' -%}{{ return(sql) }}{%- endif -%}
    {%- if config.get('contract').enforced and not temporary -%}
        {{ get_assert_columns_equivalent(sql) }}
        {%- set sql = stayhouse.postgres__contract_sql(sql) -%}
    {%- endif %}
    {{ stayhouse.before_build() }}
    create {{ 'temporary ' if temporary }}table {{ relation }} as (
        {{ sql }}
    );
    {{ stayhouse.after_build(relation) }}
{%- endmacro %}

{% macro postgres__contract_sql(sql) -%}
    select
    {%- for column in model.columns.values() %}
        cast({{ column.name }} as {{ stayhouse.postgres__type_name(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as model_rows
{%- endmacro %}

{% macro postgres__create_csv_table(model, agate_table) %}
    {%- set types, columns = model.config.column_types, [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set found = adapter.convert_type(agate_table, loop.index0) -%}
        {%- do columns.append(adapter.quote(name) ~ ' ' ~ stayhouse.postgres__type_name(types.get(name, found))) -%}
    {%- endfor -%}
    {%- set sql = 'create table ' ~ this ~ ' (' ~ columns | join(', ') ~ ')' -%}
    {% call statement('_') %}{{ sql }}{% endcall %}
    {{ return(sql) }}
{% endmacro %}

{#-
For the transaction of a model. The planner takes most steps of a long query for one row and loops over what it should hash;
compiling takes longer than such queries run.
-#}
{% macro postgres__before_build() -%}
    set local enable_nestloop = off; set local jit = off;
{%- endmacro %}
