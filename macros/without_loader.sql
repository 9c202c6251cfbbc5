{#-
What the loader of this project keeps, and what replaces it where another dbt project reads tables of its own with these
models (the variable `has_loader` is false; docs/dbt-package.md).
-#}

{#-
What a model reads of a source, for a FROM. With the loader it is the relation. Without it:
  a raw table       the columns of the contract, whatever of them the table has; no rows where there is no table;
  superseded rows   none, as nobody kept them;
  ops               what follows from the raw tables, and no rows of what only the loader and the gates know.
-#}
{% macro loaded(relation, alias=none) -%}
    {%- if var('has_loader') or not execute or model.resource_type | default('model') == 'unit_test' -%}
        {{ relation }}{% if alias %} as {{ alias }}{% endif %}
    {%- else -%}
        (
            {{ rows_without_loader(relation) }}
        ) as {{ alias or 'loaded_rows' }}
    {%- endif -%}
{%- endmacro %}

{#- A count that only the loader can know; NULL where it did not write the raw tables. -#}
{% macro known_to_loader(count) -%}
    {{ count if var('has_loader') else 'null' }}
{%- endmacro %}

{% macro rows_without_loader(relation) -%}
    {%- for node in package_sources() if node.relation_name == relation | string -%}
        {%- if node.source_name == 'superseded' -%}
            {%- for table in raw_tables() if table.name == node.name -%}
                {{ return(no_rows(table, {'_superseded_load_id': 'bigint'})) }}
            {%- endfor -%}
        {%- elif node.source_name == 'ops' -%}
            {{ return(context['ops_' ~ node.name]()) }}
        {%- else -%}
            {{ return(contract_rows(node)) }}
        {%- endif -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error('This package has no source ' ~ relation) }}
{%- endmacro %}

{#- ---------------------------------------------------------------- ops -#}

{% macro ops_raw_tables() -%}
    {%- for node in raw_tables() -%}
        select '{{ node.name }}' as table_name{% if not loop.last %} union all {% endif %}
    {%- endfor -%}
{%- endmacro %}

{#- The last closed day is the one before that of the newest row. -#}
{% macro ops_feed_days() -%}
    {%- set newest, days = [], [] -%}
    {%- for node, relation in existing_raw_tables() -%}
        {%- set rows = '(' ~ contract_rows(node) ~ ') as raw_rows' -%}
        {%- set written = node.meta.newer_by -%}
        {%- do newest.append('select max(' ~ written ~ ') as ingested_at from ' ~ rows) -%}
        {%- for name in ([node.meta.event_time] + node.meta.interval | default([])) | select | unique -%}
            {%- set column = node.columns[name] -%}
            {%- set day = name if column.data_type == 'date' else business_date(utc_moment(name)) -%}
            {%- set came = ' and ' ~ day ~ ' <= ' ~ business_date(utc_moment(written)) if column.meta.may_be_future else '' -%}
            {%- do days.append("select closed.until_date, '" ~ node.name ~ "' as table_name, max(case when " ~ day
                ~ ' <= closed.until_date' ~ came ~ ' then ' ~ day ~ ' end) as last_date from ' ~ rows
                ~ ' cross join closed group by closed.until_date') -%}
        {%- endfor -%}
    {%- endfor -%}
    with closed as (
        {% if var('as_of_date') -%}
        select cast('{{ var('as_of_date') }}' as date) as until_date
        {%- else -%}
        select cast({{ add_days(business_date(utc_moment('newest.ingested_at')), -1) }} as date) as until_date
        from (select max(ingested_at) as ingested_at from ({{ newest | join(' union all ') }}) as tables) as newest
        {%- endif %}
    )
    select until_date, table_name, max(last_date) as last_date
    from ({{ days | join(' union all ') }}) as days
    group by until_date, table_name
{%- endmacro %}

{#- No files: of a table only its rows are known. -#}
{% macro ops_load_ledger() -%}
    {%- for node, relation in existing_raw_tables() -%}
        {%- set moment = node.meta.event_time -%}
        select
            '{{ node.name }}' as table_name,
            'table' as status,
            cast(null as bigint) as rows_in_file,
            count(*) as rows_loaded,
            cast(null as bigint) as rows_quarantined,
            cast(null as bigint) as rows_duplicate,
            cast(0 as bigint) as rows_superseded,
            cast({{ 'max(' ~ moment ~ ')' if moment else 'null' }} as timestamp) as event_time_max
        from ({{ contract_rows(node) }}) as raw_rows
        {% if not loop.last %} union all {% endif %}
    {%- endfor -%}
{%- endmacro %}

{% macro ops_quarantined_rows() -%}
    select
        cast(null as {{ dbt.type_string() }}) as table_name,
        cast(null as {{ dbt.type_string() }}) as reasons,
        cast(null as integer) as _file_id
    where 1 = 0
{%- endmacro %}

{#- The gates belong to the command line. -#}
{% macro ops_expectation_results() -%}
    {%- set texts = ['run_id', 'stage', 'asset', 'expectation', 'column_name', 'severity', 'observed', 'message'] -%}
    select
        {% for name in texts -%}
        cast(null as {{ dbt.type_string() }}) as {{ name }},
        {% endfor -%}
        cast(null as bigint) as unexpected_count,
        cast(null as boolean) as is_passed,
        cast(null as date) as as_of_date,
        cast(null as timestamp) as checked_at
    where 1 = 0
{%- endmacro %}
