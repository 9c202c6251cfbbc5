{#- On DuckDB a table is replaced in place, in one transaction: readers always see it, and a failed build leaves the old
one. The adapter builds a second table, renames twice and drops the old one, a fifth of the time of a run of small
tables. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set language = model['language'] -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set build = create_table_as(False, target_relation, compiled_code, language) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set drop = '' if existing_relation is none else 'drop ' ~ existing_relation.type ~ ' if exists ' ~ existing_relation -%}
    {% if language == 'python' %}
        {% if drop %}{% call statement('drop_existing') %}{{ drop }}{% endcall %}{% endif %}
        {#- A Python model writes over its own connection, which must not see the old table. -#}
        {% do adapter.commit() %}
        {% call statement('main', language=language) %}{{ build }}{% endcall %}
    {% else %}
        {#- One statement for dbt: it spends longer on the events of a statement than DuckDB on a drop. -#}
        {{ run_once((drop ~ ';\n' if drop else '') ~ build) }}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- A view is replaced in one statement; the adapter builds beside it, renames twice and drops, as it does with tables. -#}
{% materialization view, adapter='duckdb' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing_relation is not none and not existing_relation.is_view %}
        {% call statement('drop_existing') %}drop table if exists {{ existing_relation }}{% endcall %}
    {% endif %}
    {% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
    {{ run_once('create or replace view ' ~ target_relation ~ ' as (' ~ sql ~ '\n);' ~ note_as_made('view')) }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#-
Runs the main statement of a materialization. dbt writes a statement of the name `main` to target/run, which is what
target/compiled has already; a file per model and run is a tenth of the time of a small one.
-#}
{% macro run_once(code) %}
    {% call statement('build') %}{{ code }}{% endcall %}
    {% do store_raw_result('main', message='OK', code='OK', rows_affected=-1) %}
{% endmacro %}

{#-
Notes that a seed was loaded or a view made. A run of the command line leaves both out while they are what it would make
(orchestration/dbt_session.py); what anything else has made since, it makes again.
-#}
{% macro note_as_made(kind) %}
    {%- if execute and var('has_loader') and adapter.get_relation(this.database, 'ops', 'settled') -%}
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
