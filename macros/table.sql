{#- A table is replaced in place, in one transaction: readers always see it, and a failed build leaves the old one. The
adapters build a second table, rename twice and drop the old one, a fifth of the time of a run of small tables. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set code = replace_table(target_relation) -%}
    {#- dbt takes Python from a materialization only. -#}
    {% if model.language == 'python' %}{% call statement('main', language='python') %}{{ code }}{% endcall %}{% endif %}
    {{ return(finish_table(target_relation)) }}
{% endmaterialization %}

{% materialization table, adapter='postgres', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set code = replace_table(target_relation) -%}
    {% if model.language == 'python' %}{% call statement('main', language='python') %}{{ code }}{% endcall %}{% endif %}
    {{ return(finish_table(target_relation)) }}
{% endmaterialization %}

{#- A table is created or replaced in one commit, so nothing is dropped before it. -#}
{% materialization table, adapter='spark', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set code = replace_table(target_relation) -%}
    {% if model.language == 'python' %}{% call statement('main', language='python') %}{{ code }}{% endcall %}{% endif %}
    {{ return(finish_table(target_relation)) }}
{% endmaterialization %}

{#- Builds a table of SQL; of a Python model it returns the code, which replaces the table when its rows are there. -#}
{% macro replace_table(target_relation) %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set build = create_table_as(False, target_relation, model.compiled_code, model.language) -%}
    {%- set drop = replaced_statement(existing_relation, target_relation) if existing_relation is not none else '' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if model.language == 'python' %}
        {%- if existing_relation is not none and existing_relation.type != 'table' -%}
            {% call statement('drop_existing') %}{{ drop_statement(existing_relation) }}{% endcall %}
            {#- A Python model writes over a connection of its own. -#}
            {% do adapter.commit() %}
        {%- endif -%}
    {% else %}
        {#- One statement for dbt: it spends longer on the events of a statement than DuckDB on a drop. -#}
        {{ run_once(build, before=drop) }}
    {% endif %}
    {{ return(build) }}
{% endmacro %}

{#- The end of a Python model on DuckDB. That of dbt-duckdb creates the table, so the old one would have to go before. -#}
{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{{ compiled_code }}

def materialize(df, con):
    con.register("python_rows", df)
    con.execute('create or replace table {{ relation }} as select * from python_rows')
    con.unregister("python_rows")
{% endmacro %}

{% macro finish_table(target_relation) %}
    {%- set after = after_build(target_relation) if model.language == 'python' -%}
    {% if after %}{% call statement('after') %}{{ after }}{% endcall %}{% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}

{#- A view is replaced in one statement; the adapters build beside it, rename twice and drop, as they do with tables. -#}
{% materialization view, adapter='duckdb' %}
    {{ return(replace_view(note_as_made('view'))) }}
{% endmaterialization %}

{#- A view goes with the table that it reads, so every run makes it again. -#}
{% materialization view, adapter='postgres' %}
    {{ return(replace_view()) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return(replace_view()) }}
{% endmaterialization %}

{% macro replace_view(note='') %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing_relation is not none and not existing_relation.is_view %}
        {% call statement('drop_existing') %}{{ drop_statement(existing_relation) }}{% endcall %}
    {% endif %}
    {% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
    {{ run_once(adapter.dispatch('replace_view_statement', 'stayhouse')(target_relation) ~ ' as (' ~ sql ~ '\n)', after=note) }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}

{% macro default__replace_view_statement(relation) -%} create or replace view {{ relation }} {%- endmacro %}

{#- PostgreSQL cannot replace a view by one with other columns. -#}
{% macro postgres__replace_view_statement(relation) -%}
    drop view if exists {{ relation }} cascade; create view {{ relation }}
{%- endmacro %}

{#- Where a view depends on what is dropped it goes too; the run makes it again. -#}
{% macro drop_statement(relation) -%}
    {{ adapter.dispatch('drop_statement', 'stayhouse')(relation) }}
{%- endmacro %}

{% macro default__drop_statement(relation) -%} drop {{ relation.type }} if exists {{ relation }} {%- endmacro %}

{% macro postgres__drop_statement(relation) -%} drop {{ relation.type }} if exists {{ relation }} cascade {%- endmacro %}

{#- What must go before a relation can be created or replaced by a statement. -#}
{% macro replaced_statement(existing_relation, target_relation) -%}
    {{ adapter.dispatch('replaced_statement', 'stayhouse')(existing_relation, target_relation) }}
{%- endmacro %}

{% macro default__replaced_statement(existing_relation, target_relation) -%} {{ drop_statement(existing_relation) }} {%- endmacro %}

{% macro spark__replaced_statement(existing_relation, target_relation) -%}
    {%- if existing_relation.type != target_relation.type -%} {{ drop_statement(existing_relation) }} {%- endif -%}
{%- endmacro %}

{#- Settings that an engine needs before it builds a table. -#}
{% macro before_build() -%}
    {{ adapter.dispatch('before_build', 'stayhouse')() }}
{%- endmacro %}

{% macro default__before_build() -%}{%- endmacro %}

{#- What helps the next queries of a table that a run has changed. -#}
{% macro after_build(relation) -%}
    {{ adapter.dispatch('after_build', 'stayhouse')(relation) }}
{%- endmacro %}

{% macro default__after_build(relation) -%}{%- endmacro %}

{% macro postgres__after_build(relation) -%}
    analyze {{ relation }};
{%- endmacro %}

{#-
Runs the main statement of a materialization. dbt writes a statement of the name `main` to target/run, which is what
target/compiled has already; a file per model and run is a tenth of the time of a small one.
-#}
{% macro run_once(code, before='', after='') %}
    {%- do run_statements('build', [before, code, after]) -%}
    {% do store_raw_result('main', message='OK', code='OK', rows_affected=-1) %}
{% endmacro %}

{#- Statements one after the other; in one call where the engine takes several, as dbt spends milliseconds on each. -#}
{% macro run_statements(name, statements) %}
    {{ return(adapter.dispatch('run_statements', 'stayhouse')(name, statements)) }}
{% endmacro %}

{% macro default__run_statements(name, statements) %}
    {%- set parts = [] -%}
    {%- for code in statements if code | trim -%}{%- do parts.append(code) -%}{%- endfor -%}
    {% call statement(name) %}{{ parts | join(';\n') }}{% endcall %}
{% endmacro %}

{#-
Notes that a seed was loaded or a view made. A run of the command line leaves both out while they are what it would make
(orchestration/dbt_session.py); what anything else has made since, it makes again.
-#}
{% macro note_as_made(kind) %}
    {#- On Spark a row is a commit of its own. -#}
    {%- if execute and var('has_loader') and adapter.type() != 'spark' and adapter.get_relation(this.database, 'ops', 'settled') -%}
        insert into ops.settled values ('{{ kind }}', '{{ this.identifier }}')
    {%- endif -%}
{% endmacro %}

{#-
The columns of a query are those of the contract. dbt also asks the database what the types of the YAML are called; that is
only needed where the YAML calls one otherwise than DuckDB does, or to say what is wrong.
-#}
{% macro duckdb__get_assert_columns_equivalent(sql) %}
    {%- set found, due = {}, {} -%}
    {%- for column in get_column_schema_from_query(sql, config.get('sql_header', none)) -%}
        {%- do found.update({column.name | lower: column.dtype | lower}) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- do due.update({column.name | lower: column.data_type | lower}) -%}
    {%- endfor -%}
    {%- if found != due -%}{{ assert_columns_equivalent(sql) }}{%- endif -%}
{% endmacro %}

{#- How a step is built that is a part of the queries of other models. Spark's planner copies it for every place that reads it and
takes minutes over one query, so there it is a table. -#}
{% macro inlined(elsewhere='ephemeral') %}{{ return('table' if target.type == 'spark' else elsewhere) }}{% endmacro %}
