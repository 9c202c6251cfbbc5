{#-
The materialization `touched`: a table that a night changes only where new rows fall.

What a model must say in its config:
  touched_keys     columns whose values name a unit of recomputation, e.g. {'customer_id': 'customer_id',
                   'occurred_date': 'usage_date'}: column of the change source -> column of the model.
  touched_by       list of change sources: {'relation': staging model, 'as_of': column or none}.
                   Every staging model has a twin `<name>__superseded` with the rows that newer versions displaced.
  policy           seeds whose content is part of the definition: when one changes, everything is rebuilt.
  chunk            optional {'relation':, 'day':, 'raw':}: a full build goes through the history in chunks of days
                   (day: column of the business day; raw: unconverted timestamp that storage can prune on).

What its SQL uses:
  {{ '{{ touched_scope() }}' }}       a predicate on the change source: all rows in a full build, a chunk of days, or the
                          touched keys in a night.
  {{ '{% if is_touched_run() %}' }}   for models that build on their own previous state.

The previous state is known by ops.model_watermarks: the load and the as-of date that the table has taken in, and a
fingerprint of its definition. It is written in the transaction that changes the table, so a killed run is only behind,
never wrong. A model without `as_of` columns holds every loaded row, whatever the as-of date.
-#}

{% macro touched_scope() -%} /*touched_scope*/ true /*touched_scope*/ {%- endmacro %}

{#- The watermark a model builds on, or none when it must be built from scratch. -#}
{% macro touched_watermark() %}
    {%- if not execute or model.resource_type == 'unit_test' or flags.FULL_REFRESH -%}{{ return(none) }}{%- endif -%}
    {%- set table = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {%- set marks = adapter.get_relation(database=this.database, schema='ops', identifier='model_watermarks') -%}
    {%- if table is none or marks is none -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query("select load_id, as_of_date from ops.model_watermarks where model_name = '" ~ this.identifier
        ~ "' and fingerprint = '" ~ touched_fingerprint() ~ "'") -%}
    {%- if found | length == 0 -%}{{ return(none) }}{%- endif -%}
    {%- set load_id, as_of_date = found.rows[0][0], found.rows[0][1] -%}
    {#- An earlier night cannot be reached by adding rows. -#}
    {%- if touched_follows_as_of() and touched_as_of() | string < as_of_date | string -%}{{ return(none) }}{%- endif -%}
    {{ return({'load_id': load_id, 'as_of_date': as_of_date}) }}
{% endmacro %}

{% macro is_touched_run() %}{{ return(touched_watermark() is not none) }}{% endmacro %}

{% macro touched_follows_as_of() %}
    {{ return(config.get('touched_by') | selectattr('as_of', 'defined') | list | length > 0) }}
{% endmacro %}

{% macro touched_as_of() %}
    {{ return(run_query('select as_of_date from ' ~ ref('run_context')).rows[0][0]) }}
{% endmacro %}

{#- Changes with the model's code, its policy seeds and the time zones. -#}
{% macro touched_fingerprint() %}
    {%- set parts = [local_md5(model.raw_code), var('source_timezone'), var('business_timezone')] -%}
    {%- for seed in config.get('policy', []) -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == seed -%}
            {%- do parts.append(node.checksum.checksum) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}

{#- The touched keys of a night: of rows that came, of rows that were displaced, of days that became visible. -#}
{% macro touched_keys_sql(watermark) %}
    {%- set keys = config.get('touched_keys') -%}
    {%- set parts = [] -%}
    {%- for source in config.get('touched_by') -%}
        {%- set fresh = ref(source.relation) -%}
        {%- set displaced = ref(source.relation ~ '__superseded') -%}
        {%- set columns = [] -%}
        {%- for key in keys -%}{%- do columns.append(key ~ ' as ' ~ keys[key]) -%}{%- endfor -%}
        {%- set columns = columns | join(', ') -%}
        {%- if source.as_of is defined -%}
            {%- do parts.append('select ' ~ columns ~ ' from ' ~ fresh ~ ' where load_id > ' ~ watermark.load_id
                ~ ' and ' ~ source.as_of ~ " <= date '" ~ touched_as_of() ~ "'") -%}
            {%- do parts.append('select ' ~ columns ~ ' from ' ~ fresh ~ ' where ' ~ source.as_of ~ " > date '"
                ~ watermark.as_of_date ~ "' and " ~ source.as_of ~ " <= date '" ~ touched_as_of() ~ "'") -%}
        {%- elif source.displaced_only is not defined -%}
            {%- do parts.append('select ' ~ columns ~ ' from ' ~ fresh ~ ' where load_id > ' ~ watermark.load_id) -%}
        {%- endif -%}
        {%- do parts.append('select ' ~ columns ~ ' from ' ~ displaced ~ ' where superseded_load_id > '
            ~ watermark.load_id ~ ' and load_id <= ' ~ watermark.load_id) -%}
    {%- endfor -%}
    {{ return('select distinct * from (' ~ parts | join(' union all ') ~ ') as changes where '
        ~ keys.values() | map('string') | join(' is not null and ') ~ ' is not null') }}
{% endmacro %}

{% macro touched_relation() %}{{ return(this.schema ~ '.' ~ this.identifier ~ '__touched') }}{% endmacro %}

{% materialization touched, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set fresh_relation = make_intermediate_relation(target_relation) -%}
    {%- set keys = config.require('touched_keys') -%}
    {%- set watermark = touched_watermark() -%}
    {%- set fingerprint = touched_fingerprint() -%}
    {%- set marker = '/*touched_scope*/ true /*touched_scope*/' -%}
    {%- set touched = touched_relation() -%}

    {#- Read once, before any work: rows loaded later belong to the next run. -#}
    {%- set load_id = run_query('select coalesce(max(load_id), 0) from ops.loads').rows[0][0] -%}
    {%- set as_of = "date '" ~ touched_as_of() ~ "'" if touched_follows_as_of() else 'cast(null as date)' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if watermark is not none %}
        {% call statement('touched') %}
            drop table if exists {{ touched }};
            create table {{ touched }} as {{ touched_keys_sql(watermark) }}
        {% endcall %}
        {%- set span = none -%}
        {%- set bounds = '' -%}
        {%- set chunk = config.get('chunk') -%}
        {%- if chunk -%}
            {%- set span = run_query('select min(' ~ keys[chunk.day] ~ '), max(' ~ keys[chunk.day] ~ ') from ' ~ touched).rows[0] -%}
            {%- if span[0] is not none -%}
                {%- set bounds = ' and ' ~ touched_day_bounds(chunk, span[0], span[1] + modules.datetime.timedelta(days=1)) -%}
            {%- endif -%}
        {%- endif -%}
        {%- set scope = '(' ~ keys.keys() | join(', ') ~ ') in (select ' ~ keys.values() | join(', ') ~ ' from ' ~ touched ~ ')' ~ bounds -%}
        {% call statement('main') %}
            create or replace temp table {{ this.identifier }}__fresh as
            {{ sql | replace(marker, scope) }}
        {% endcall %}
        {% call statement('delete') %}
            delete from {{ target_relation }}
            where ({{ keys.values() | join(', ') }}) in (select {{ keys.values() | join(', ') }} from {{ touched }})
        {% endcall %}
        {% call statement('insert') %}
            insert into {{ target_relation }} select * from {{ this.identifier }}__fresh
        {% endcall %}
        {% call statement('clean') %}
            drop table {{ this.identifier }}__fresh;
            drop table {{ touched }}
        {% endcall %}
    {% else %}
        {% call statement('create') %}
            drop table if exists {{ fresh_relation }};
            create table {{ fresh_relation }} as select * from ({{ sql }}) as shape limit 0
        {% endcall %}
        {% for scope in touched_chunks(config.get('chunk')) %}
            {% call statement('main') %}
                insert into {{ fresh_relation }} {{ sql | replace(marker, scope) }}
            {% endcall %}
        {% endfor %}
        {% call statement('swap') %}
            drop table if exists {{ target_relation }};
            alter table {{ fresh_relation }} rename to {{ target_relation.identifier }}
        {% endcall %}
    {% endif %}
    {% call statement('watermark') %}
        delete from ops.model_watermarks where model_name = '{{ this.identifier }}';
        insert into ops.model_watermarks values ('{{ this.identifier }}', {{ load_id }}, {{ as_of }}, '{{ fingerprint }}')
    {% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- A half-open range of business days, with a bound on the raw timestamp that storage can prune on. -#}
{% macro touched_day_bounds(chunk, first, after) %}
    {#- Two days: a business day may begin up to 26 hours before the same day of the source's zone. -#}
    {%- set day = modules.datetime.timedelta(days=2) -%}
    {{ return(chunk.day ~ " >= date '" ~ first ~ "' and " ~ chunk.day ~ " < date '" ~ after ~ "' and " ~ chunk.raw
        ~ " >= timestamp '" ~ (first - day) ~ " 00:00:00' and " ~ chunk.raw ~ " < timestamp '" ~ (after + day) ~ " 00:00:00'") }}
{% endmacro %}

{#- The scopes of a full build: chunks of days of about two million rows, which meet nowhere because the key holds the
    day; all at once costs several times the memory (measured). -#}
{% macro touched_chunks(chunk) %}
    {%- if not chunk -%}{{ return(['true']) }}{%- endif -%}
    {%- set found = run_query('select count(*), min(' ~ chunk.day ~ '), max(' ~ chunk.day ~ ') from ' ~ ref(chunk.relation)).rows[0] -%}
    {%- if found[1] is none or found[0] <= 4000000 -%}{{ return(['true']) }}{%- endif -%}
    {%- set total = (found[2] - found[1]).days + 1 -%}
    {%- set days = [1, (total * 2000000 / found[0]) | round(0, 'ceil') | int] | max -%}
    {%- set scopes = [] -%}
    {%- for start in range(0, total, days) -%}
        {%- set first = found[1] + modules.datetime.timedelta(days=start) -%}
        {%- do scopes.append(touched_day_bounds(chunk, first, first + modules.datetime.timedelta(days=days))) -%}
    {%- endfor -%}
    {{ return(scopes) }}
{% endmacro %}
