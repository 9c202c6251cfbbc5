{#-
The raw contract (models/staging/*/_*__sources.yml) over tables that no loader of this project has written: in the columns and
types that models expect, and the rows that break it. With the loader nothing of this is called.
-#}

{#- The sources of this package, of which dbt knows all when it runs. -#}
{% macro package_sources() %}
    {{ return(graph.sources.values() | selectattr('package_name', 'equalto', 'stayhouse') | list) }}
{% endmacro %}

{#- The sources of the raw contract, in order of their names. -#}
{% macro raw_tables() %}
    {{ return(package_sources() | selectattr('meta.key', 'defined') | sort(attribute='name')) }}
{% endmacro %}

{#- The tables of the raw contract that exist: the source and its relation. -#}
{% macro existing_raw_tables() %}
    {%- set found = [] -%}
    {%- for node in raw_tables() -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.identifier) -%}
        {%- if relation is not none -%}{%- do found.append((node, relation)) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{#- The type of a column of the contract, as the database calls it. -#}
{% macro contract_type(data_type) %}
    {%- set types = {'varchar': dbt.type_string(), 'json': dbt.type_string(), 'double': type_double()} -%}
    {{ return((types[data_type] | default(data_type)) | trim) }}
{% endmacro %}

{#- The columns that the loader adds to the rows of a raw table and that models read. -#}
{% macro no_rows(node, more={}) -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append('cast(null as ' ~ contract_type(column.data_type) ~ ') as ' ~ column.name) -%}
    {%- endfor -%}
    {%- for name, data_type in dict({'_load_id': 'bigint'}, **more).items() -%}
        {%- do columns.append('cast(null as ' ~ data_type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    select {{ columns | join(', ') }} where 1 = 0
{%- endmacro %}

{#- A table of another loader by the raw contract: its columns in the types of the contract, NULL for those that it does not
have, and the default of the contract where a value is missing. All rows are of one load. -#}
{% macro contract_rows(node) -%}
    {%- set relation = adapter.get_relation(node.database, node.schema, node.identifier) -%}
    {%- if relation is none and node.meta.table_required -%}
        {{ exceptions.raise_compiler_error('There is no table ' ~ node.relation_name ~ ', and no mart can do without it. '
            ~ 'Name its schema by the variable `raw_schema` or `' ~ node.source_name ~ '_schema`, and the table by `'
            ~ node.name ~ '_identifier`; a table that this project makes must be built first.') }}
    {%- endif -%}
    {%- if relation is none -%}{{ return(no_rows(node)) }}{%- endif -%}
    {%- set found, columns = {}, [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name | lower: adapter.quote(column.name)}) -%}
    {%- endfor -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append(contract_column(node, column, found.get(column.name)) ~ ' as ' ~ column.name) -%}
    {%- endfor -%}
    select {{ columns | join(', ') }}, cast(0 as bigint) as _load_id from {{ relation }}
{%- endmacro %}

{#- The expression of a column of the contract; `source` is the quoted column of the table, none where it has none. -#}
{% macro contract_column(node, column, source) -%}
    {%- set type = contract_type(column.data_type) -%}
    {#- The time of a file and a hash of its line are defaults that only a file has. -#}
    {%- set default = column.meta.get('default') if column.meta.get('default') not in ('file_time', 'row_hash') else none -%}
    {%- if source is none and column.meta.required and default is none -%}
        {{ exceptions.raise_compiler_error(node.relation_name ~ ' has no column `' ~ column.name ~ '` ('
            ~ column.description | trim | trim('.') ~ '). The contract requires it: add it in a view over the table, and name the view by '
            ~ 'the variable `' ~ node.name ~ '_identifier`.') }}
    {%- endif -%}
    {%- set value = 'cast(' ~ (source or 'null') ~ ' as ' ~ type ~ ')' -%}
    {%- if default is none -%}
        {{ return(value) }}
    {%- endif -%}
    {{ return('coalesce(' ~ value ~ ", cast('" ~ default ~ "' as " ~ type ~ '))') }}
{%- endmacro %}

{#- ---------------------------------------------------------------- rows that break it -#}

{#- A query of the broken rules: the table, the rule by the name that quarantine has for it, and how many rows break it. -#}
{% macro broken_contract_rules() -%}
    {%- set parts = [] -%}
    {%- for node, relation in existing_raw_tables() -%}
        {%- set rows = '(' ~ contract_rows(node) ~ ')' -%}
        {%- set key = node.meta.key | join(', ') -%}
        {%- do parts.append(broken_rule(node, 'duplicate_key', '(select ' ~ key ~ ' from ' ~ rows ~ ' as raw_rows group by ' ~ key
            ~ ' having count(*) > 1)', 'true')) -%}
        {%- for column in node.columns.values() -%}
            {%- for rule, condition in contract_conditions(node, column).items() -%}
                {%- do parts.append(broken_rule(node, rule ~ ':' ~ column.name, rows, condition)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ parts | join(' union all ') }}
{%- endmacro %}

{% macro broken_rule(node, rule, rows, condition) -%}
    select '{{ node.name }}' as table_name, '{{ rule }}' as rule_name, count(*) as rows_count
    from {{ rows }} as raw_rows where {{ condition }} having count(*) > 0
{%- endmacro %}

{#- Name of a rule of a column -> the predicate of the rows that break it. -#}
{% macro contract_conditions(node, column) -%}
    {%- set meta, name, rules = column.meta, column.name, {} -%}
    {%- if meta.required -%}
        {%- set blank = ' or trim(' ~ name ~ ") = ''" if column.data_type == 'varchar' else '' -%}
        {%- do rules.update({'missing': name ~ ' is null' ~ blank}) -%}
    {%- endif -%}
    {%- if meta.accepted -%}
        {%- do rules.update({'not_allowed': name ~ " not in ('" ~ meta.accepted | join("', '") ~ "')"}) -%}
    {%- endif -%}
    {%- set bounds = [] -%}
    {%- if meta.min is defined -%}{%- do bounds.append(name ~ ' < ' ~ meta.min) -%}{%- endif -%}
    {%- if meta.max is defined -%}{%- do bounds.append(name ~ ' > ' ~ meta.max) -%}{%- endif -%}
    {%- if bounds -%}{%- do rules.update({'out_of_range': bounds | join(' or ')}) -%}{%- endif -%}
    {%- if meta.not_before -%}
        {%- do rules.update({'before_start': 'not ' ~ is_not_before(name, meta.not_before)}) -%}
    {%- endif -%}
    {%- if node.meta.interval and node.meta.interval[1] == name -%}
        {%- do rules.update({'negative_interval': name ~ ' < ' ~ node.meta.interval[0]}) -%}
    {%- endif -%}
    {%- if meta.orphan == 'quarantine' -%}
        {%- set parent = meta.references.split('.') -%}
        {%- set known = contract_rows(raw_tables() | selectattr('name', 'equalto', parent[0]) | first) -%}
        {%- do rules.update({'orphan': name ~ ' is not null and not exists (select 1 from (' ~ known ~ ') as parents where parents.'
            ~ parent[1] ~ ' = raw_rows.' ~ name ~ ')'}) -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}
