{#- What Spark with Iceberg calls or does otherwise than DuckDB and dbt have no common macro for. -#}

{#- The name of a type of the YAML. -#}
{% macro spark__type_name(data_type) %}
    {{ return({'varchar': 'string', 'json': 'string', 'hugeint': 'decimal(38, 0)'}.get(data_type | lower | trim, data_type)) }}
{% endmacro %}

{% macro spark__get_empty_schema_sql(columns) %}
    select
    {%- for column in columns.values() %}
        cast(null as {{ spark__type_name(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- A table is cast to the types of its contract by name, so a column that the query lacks ends the model anyway. -#}
{% macro spark__get_assert_columns_equivalent(sql) %}{% endmacro %}

{#- One commit: readers see the old table or the new one. -#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if language == 'python' -%}{{ return(compiled_code) }}{%- endif -%}
    {%- set sql = spark__contract_sql(compiled_code) if config.get('contract').enforced and not temporary else compiled_code -%}
    create or replace table {{ relation }} using iceberg as
    {{ sql }}
{%- endmacro %}

{% macro spark__contract_sql(sql) -%}
    select
    {%- for column in model.columns.values() %}
        cast({{ column.name }} as {{ spark__type_name(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as model_rows
{%- endmacro %}

{% macro spark__replace_view_statement(relation) -%} create or replace view {{ relation }} {%- endmacro %}

{#- ---------------------------------------------------------------- statements -#}

{#- Spark takes one statement at a time. A number with a point is a decimal there, and a quotient of decimals has few digits. -#}
{% macro spark__run_statements(name, statements) %}
    {%- for code in statements if code | trim -%}
        {%- set code = spark__with_doubles(code) -%}
        {%- set code = spark__without_named_windows(code) if code.startswith('create or replace view') else code -%}
        {% call statement(name) %}{{ code }}{% endcall %}
    {%- endfor -%}
{% endmacro %}

{#- Iceberg reads the text of a view when Spark has already looked for the names of windows, so a view has none. -#}
{% macro spark__without_named_windows(code) %}
    {%- set inner = '\\((?:[^()]|\\((?:[^()]|\\([^()]*\\))*\\))*\\)' -%}
    {%- set clause = modules.re.compile('\\bwindow\\s+(\\w+)\\s+as\\s*(' ~ inner ~ ')(\\s*,\\s*)?') -%}
    {%- set found = clause.search(code) -%}
    {%- if not found -%}{{ return(code) }}{%- endif -%}
    {%- set uses = modules.re.compile('\\bover\\s+' ~ found.group(1) ~ '\\b') -%}
    {{ return(spark__without_named_windows(
        ('over ' ~ found.group(2)).join(uses.split(code[:found.start()])) ~ ('window ' if found.group(3) else '') ~ code[found.end():]
    )) }}
{% endmacro %}

{#- Numbers with a point become numbers of double precision; texts stay as they are. -#}
{% macro spark__with_doubles(code) %}
    {%- set parts = [] -%}
    {%- for part in modules.re.sub('--[^\n]*', '', code).split("'") -%}
        {%- set is_text = loop.index0 % 2 == 1 -%}
        {%- do parts.append(part if is_text else modules.re.sub('(?<![\\w.])(\\d+\\.\\d+)(?![\\w.])', '\\1D', part)) -%}
    {%- endfor -%}
    {{ return(parts | join("'") | trim) }}
{% endmacro %}

{#- There are no temporary tables. -#}
{% macro spark__scratch_statements(relation, sql, temporary) %}
    {{ return(['create or replace table ' ~ relation ~ ' using iceberg as ' ~ sql]) }}
{% endmacro %}

{% macro spark__scratch_name(name) %}{{ return(this.schema ~ '.' ~ name) }}{% endmacro %}

{% macro spark__drop_scratch_statement(relation) %}{{ return('drop table if exists ' ~ relation ~ ' purge') }}{% endmacro %}

{#- ---------------------------------------------------------------- changed keys -#}

{#- One commit where one chunk is enough; otherwise a table of chunks takes the place of the old one. -#}
{% macro spark__build_table(target) %}
    {%- set scopes = chunk_scopes(config.get('chunk')) -%}
    {%- if scopes | length == 1 -%}
        {%- do run_once('create or replace table ' ~ target ~ ' using iceberg as ' ~ build_sql(scopes[0])) -%}
    {%- else -%}
        {%- set fresh = make_intermediate_relation(target) -%}
        {%- for scope in scopes -%}
            {%- set start = 'create or replace table ' ~ fresh ~ ' using iceberg as ' if loop.first else 'insert into ' ~ fresh ~ ' ' -%}
            {%- do run_once(start ~ build_sql(scope)) -%}
        {%- endfor -%}
        {%- do run_statements('swap', ['drop table if exists ' ~ target, 'alter table ' ~ fresh ~ ' rename to ' ~ target]) -%}
    {%- endif -%}
{% endmacro %}

{#-
Every statement on an Iceberg table is one commit of its own, so the rows that go and those that come are one MERGE: a changed
key of which the table has rows deletes them, a rebuilt row matches nothing and is inserted.
-#}
{% macro spark__replace_changed_rows(target, rebuilt, changed, keys, ends_on) %}
    {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='name') | list -%}
    {%- set going, coming, meets, built, empty = [], [], [], [], [] -%}
    {%- for key in keys -%}
        {%- do going.append('changed.' ~ key ~ ' as changed__' ~ key) -%}
        {%- do coming.append('null as changed__' ~ key) -%}
        {%- do meets.append('kept.' ~ key ~ ' = next_rows.changed__' ~ key) -%}
        {%- do built.append('built.' ~ key ~ ' = changed.' ~ key) -%}
    {%- endfor -%}
    {%- if ends_on -%}
        {%- set end = ends_on ~ ', ' ~ end_of_time('date') ~ ') >= ' -%}
        {%- do going.append('changed.changed_from as changed__from') -%}
        {%- do coming.append('null as changed__from') -%}
        {%- do meets.append('coalesce(kept.' ~ end ~ 'next_rows.changed__from') -%}
        {%- do built.append('coalesce(built.' ~ end ~ 'changed.changed_from') -%}
    {%- endif -%}
    {%- for column in columns -%}{%- do empty.append('null as ' ~ column) -%}{%- endfor -%}
    {#- Iceberg skips files by bounds that are written out, not by a join. -#}
    {%- set chunk = config.get('chunk') -%}
    {%- if chunk and chunk.day is defined -%}
        {%- set day = config.get('keys')[chunk.day] -%}
        {%- set days = run_query('select min(' ~ day ~ '), max(' ~ day ~ ') from ' ~ changed).rows[0] -%}
        {%- do meets.append('kept.' ~ day ~ " between date '" ~ days[0] ~ "' and date '" ~ days[1] ~ "'") -%}
    {%- endif -%}
    {%- set code -%}
        merge into {{ target }} as kept
        using (
            select {{ going | join(', ') }}, {{ empty | join(', ') }} from {{ changed }} as changed
            union all
            select {{ coming | join(', ') }}, built.{{ columns | join(', built.') }} from {{ rebuilt }} as built
            {%- if ends_on %} inner join {{ changed }} as changed on {{ built | join(' and ') }}{% endif %}
        ) as next_rows
        on {{ meets | join(' and ') }}
        when matched then delete
        when not matched and next_rows.changed__{{ keys[0] }} is null then
            insert ({{ columns | join(', ') }}) values (next_rows.{{ columns | join(', next_rows.') }})
    {%- endset -%}
    {%- do run_statements('merge', [code]) -%}
{% endmacro %}

{#-
The watermark is a row beside the table, written after the commit that it speaks of, and names its snapshot. A run that was killed
between the two leaves a newer snapshot: it is taken back, because a model that builds on its own rows must not take in a day
twice. A table that was built from scratch has no snapshot before that one.
-#}
{% macro spark__read_watermark(fingerprint) %}
    {%- set table = load_cached_relation(this) -%}
    {%- if table is none or table.is_view -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query(
        'select marks.load_id, marks.as_of_date, cast(marks.snapshot_id as string) as marked, cast(refs.snapshot_id as string) as present'
        ~ ' from ' ~ this ~ '.history as history'
        ~ ' inner join ops.model_watermarks as marks on history.snapshot_id = marks.snapshot_id'
        ~ ' cross join ' ~ this ~ ".refs as refs where refs.name = 'main' and history.is_current_ancestor"
        ~ " and marks.model_name = '" ~ this.identifier ~ "' and marks.fingerprint = '" ~ fingerprint ~ "'"
        ~ ' order by history.made_current_at desc limit 1'
    ) -%}
    {%- if found | length == 0 -%}{{ return(none) }}{%- endif -%}
    {%- set row = found.rows[0] -%}
    {%- if row[2] | string != row[3] | string -%}
        {%- do run_query('call system.rollback_to_snapshot(' ~ "'" ~ this ~ "', " ~ row[2] ~ ')') -%}
    {%- endif -%}
    {{ return({'load_id': row[0], 'as_of_date': row[1]}) }}
{% endmacro %}

{% macro spark__watermark_statements(load_id, as_of, fingerprint) %}
    {{ return(['insert into ops.model_watermarks select ' ~ "'" ~ this.identifier ~ "', cast(" ~ load_id ~ ' as bigint), ' ~ as_of
        ~ ", '" ~ fingerprint ~ "', snapshot_id from " ~ this ~ ".refs where name = 'main'"]) }}
{% endmacro %}

{#- ---------------------------------------------------------------- seeds -#}

{#- The adapter writes NULL as a word and does not escape quotes. -#}
{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {%- set sql -%}
        create or replace table {{ this }} (
            {%- for name in agate_table.column_names %}
            {{ name }} {{ spark__type_name(types.get(name, adapter.convert_type(agate_table, loop.index0))) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) using iceberg
    {%- endset -%}
    {% call statement('_') %}{{ sql }}{% endcall %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {{ return(spark__create_csv_table(model, agate_table)) }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set kind = spark__type_name(types.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
            {%- do values.append('cast(' ~ spark__text(row[loop.index0]) ~ ' as ' ~ kind ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set sql = 'insert into ' ~ this ~ ' values ' ~ rows | join(', ') -%}
    {%- if rows -%}{% call statement('_') %}{{ sql }}{% endcall %}{%- endif -%}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__text(value) %}
    {%- if value is none -%}{{ return('null') }}{%- endif -%}
    {{ return("'" ~ value | string | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}
{% endmacro %}

{#- ---------------------------------------------------------------- moments and numbers -#}

{#- The adapter's own goes through whole seconds since 1970. -#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- set places = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'] -%}
    {%- set unit, factor = ('month', '3 * ') if datepart == 'quarter' else (datepart, '') -%}
    {%- set amounts = [] -%}
    {%- for place in places -%}
        {%- do amounts.append(factor ~ 'cast(' ~ interval ~ ' as int)' if place == unit else '0') -%}
    {%- endfor -%}
    (cast({{ from_date_or_timestamp }} as timestamp) + make_interval({{ amounts | join(', ') }}))
{%- endmacro %}

{#- Whole steps of the calendar or of the clock, as everywhere else; the adapter's own rounds. -#}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    {%- set seconds = {'second': 1, 'minute': 60, 'hour': 3600} -%}
    {%- if datepart == 'day' -%}
        cast(datediff(cast({{ second_date }} as date), cast({{ first_date }} as date)) as bigint)
    {%- elif datepart == 'week' -%}
        cast(floor(datediff(date_trunc('week', {{ second_date }}), date_trunc('week', {{ first_date }})) / 7) as bigint)
    {%- elif datepart in ('month', 'quarter') -%}
        {%- set length = 1 if datepart == 'month' else 3 -%}
        cast(
            (year({{ second_date }}) - year({{ first_date }})) * {{ 12 // length }}
            + {{ datepart }}({{ second_date }}) - {{ datepart }}({{ first_date }}) as bigint
        )
    {%- elif datepart == 'year' -%}
        cast(year({{ second_date }}) - year({{ first_date }}) as bigint)
    {%- elif datepart in seconds -%}
        (
            floor(unix_timestamp(cast({{ second_date }} as timestamp)) / {{ seconds[datepart] }})
            - floor(unix_timestamp(cast({{ first_date }} as timestamp)) / {{ seconds[datepart] }})
        )
    {%- else -%}
        {{ exceptions.raise_compiler_error(datepart ~ ': datediff has no such part on Spark') }}
    {%- endif -%}
{%- endmacro %}

{#- By way of a decimal it would round what the decimal shows, not what the number is. -#}
{% macro spark__rounded(number, digits) -%}
    sign({{ number }}) * floor(abs({{ number }}) * 1e{{ digits }} + cast(0.5 as double)) / 1e{{ digits }}
{%- endmacro %}
