{#-
The materialization `touched`: a table that a night changes only where new rows fall.

A model says by the macro `touched`, or by one that calls it (touched_by_events, touched_by_registration):
  keys             columns whose values name a unit of recomputation, e.g. {'customer_id': 'customer_id',
                   'occurred_date': 'usage_date'}: column of the change source -> column of the model.
  by               list of change sources: {'relation': staging model}, each with a twin `<name>__superseded` that holds the
                   rows which newer versions displaced. `as_of`, an expression of a date, says when a row becomes visible;
                   without it every loaded row is. Of a source with `only: 'passing'` just those rows count that become
                   visible by the passing of days, of one with `only: 'displaced'` just its twin.
  chunk            optional; a full build goes through what it reads in chunks, as many as `relation` has rows for.
                   {'relation':, 'day':, 'raw':}: chunks of days (day: column of the business day; raw: unconverted
                   timestamp that storage can prune on). {'relation':, 'key':, 'known_in':}: ranges of a key, whose values
                   `known_in` lists; for a model that needs the whole history of a key.
  ends             optional column with the day on which what a row tells of is over, NULL for never. Then a night keeps
                   the rows of a touched key that end before the first day on which something changed for it, and makes
                   only the others anew: its cost follows how late rows are, not how long the history is. A change
                   source says by `since`, an expression of a date, from which day on one of its rows can change
                   anything; one without it asks for the whole history of its keys.

What its SQL uses:
  {{ '{{ touched_scope() }}' }}       a predicate on the change source: all rows in a full build, a chunk of days, or the
                          touched keys in a night.
  {{ '{{ touched_rows(relation, day) }}' }}   with `ends`, in a FROM: the relation, or in a night the touched keys from their
                          first changed day on, and the days before it that the model looks back on; `since` is that day.
  {{ '{% if is_touched_run() %}' }}   for models that build on their own previous state.

The previous state is known by ops.model_watermarks: the load and the as-of date that the table has taken in, and a
fingerprint of its definition: the code of the model and of everything it is made from, policy seeds included. It is written in the transaction that changes the table, so a killed run is only behind,
never wrong. A model without `as_of` columns holds every loaded row, whatever the as-of date.
-#}

{#- Configures a model; its change sources become dependencies. -#}
{% macro touched(keys, by, chunk=none, ends=none) %}
    {#- A unit test is given what the SQL reads, not what the materialization reads. -#}
    {%- set is_unit_test = model.resource_type | default('model') == 'unit_test' -%}
    {%- if chunk and chunk.known_in is defined and not is_unit_test -%}{%- do ref(chunk.known_in) -%}{%- endif -%}
    {%- for source in by if not is_unit_test -%}
        {%- do ref(source.relation) -%}
        {%- if source.only | default('') != 'passing' -%}{%- do ref(source.relation ~ '__superseded') -%}{%- endif -%}
    {%- endfor -%}
    {{- config(materialized='touched', touched_keys=keys, touched_by=by, chunk=chunk, touched_ends=ends) -}}
{% endmacro %}

{#- Configures a fact that is made of events day by day, visible or not. -#}
{% macro touched_by_events(keys) %}
    {{- touched(
        keys,
        [{'relation': 'stg_product__events'}],
        {'relation': 'stg_product__events', 'day': 'occurred_date', 'raw': 'occurred_at_utc'}
    ) -}}
{% endmacro %}

{#- The chunks of a model that needs the whole history of a customer, of which `relation` holds the rows. -#}
{% macro customer_chunks(relation) %}
    {{ return({'relation': relation, 'key': 'customer_id', 'known_in': 'stg_crm__customers'}) }}
{% endmacro %}

{#- Configures a model per customer that is made of what is known of them at registration, and of `more`. -#}
{% macro touched_by_registration(more=[]) %}
    {{- touched(
        {'customer_id': 'customer_id'},
        [
            {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
            {'relation': 'stg_crm__customers', 'as_of': business_date('deleted_at'), 'only': 'passing'},
            {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
            {'relation': 'stg_crm__customer_owners', 'as_of': business_date('valid_from')},
            {'relation': 'stg_billing__subscription_periods', 'as_of': 'valid_from'},
        ] + more
    ) -}}
{% endmacro %}

{% macro touched_scope() -%} /*touched_scope*/ true /*touched_scope*/ {%- endmacro %}

{% macro touched_rows(relation, day, days_before=0) -%}
    {%- if not is_touched_run() -%}
        (
            select history.*, date '1900-01-01' as since from {{ relation }} as history where {{ touched_scope() }}
        ) as history
    {%- else -%}
        {%- set keys = config.get('touched_keys').values() -%}
        (
            select history.*, touched.since
            from {{ relation }} as history
            inner join (
                select {{ keys | join(', ') }}, since, {{ add_days('since', '-(' ~ days_before ~ ')') }} as first_date
                from {{ touched_relation() }}
            ) as touched
                on {% for key in keys %}history.{{ key }} = touched.{{ key }} and {% endfor -%}
                history.{{ day }} >= touched.first_date
        ) as history
    {%- endif -%}
{%- endmacro %}

{#- The watermark a model builds on, or none when it must be built from scratch. Asked once, kept with the model. -#}
{% macro touched_watermark() %}
    {%- if not execute or model.resource_type == 'unit_test' or flags.FULL_REFRESH -%}{{ return(none) }}{%- endif -%}
    {%- if 'touched_watermark' not in model -%}
        {%- do model.update({'touched_watermark': touched_found_watermark()}) -%}
    {%- endif -%}
    {{ return(model.touched_watermark) }}
{% endmacro %}

{% macro touched_found_watermark() %}
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

{#- Changes with the code of the model, of the models and seeds that it is made from, with the time zones and the reporting currency. -#}
{% macro touched_fingerprint() %}
    {%- set made_from = {} -%}
    {%- do touched_made_from(model.unique_id, made_from) -%}
    {%- set parts = [var('source_timezone'), var('business_timezone'), var('reporting_currency')] -%}
    {%- for name in made_from | sort -%}{%- do parts.append(made_from[name]) -%}{%- endfor -%}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}

{#- Adds a node of the project and all that it is made from, with their checksums. -#}
{% macro touched_made_from(unique_id, made_from) %}
    {%- set node = graph.nodes.get(unique_id) -%}
    {%- if node and unique_id not in made_from -%}
        {%- do made_from.update({unique_id: node.checksum.checksum}) -%}
        {%- for parent in node.depends_on.nodes | default([]) -%}{%- do touched_made_from(parent, made_from) -%}{%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- The touched keys of a night: of rows that came, of rows that were displaced, of days that became visible. -#}
{% macro touched_keys_sql(watermark) %}
    {%- set keys = config.get('touched_keys') -%}
    {%- set parts = [] -%}
    {%- for source in config.get('touched_by') -%}
        {%- set columns = [] -%}
        {%- for key in keys -%}{%- do columns.append(key ~ ' as ' ~ keys[key]) -%}{%- endfor -%}
        {%- if config.get('touched_ends') -%}
            {%- do columns.append(source.since | default("date '1900-01-01'") ~ ' as since') -%}
        {%- endif -%}
        {%- set select = 'select ' ~ columns | join(', ') ~ ' from ' -%}
        {%- set only = source.only | default('') -%}
        {%- set visible = source.as_of ~ " <= date '" ~ touched_as_of() ~ "'" if source.as_of is defined else 'true' -%}
        {%- if only == '' -%}
            {%- do parts.append(select ~ ref(source.relation) ~ ' where load_id > ' ~ watermark.load_id ~ ' and ' ~ visible) -%}
        {%- endif -%}
        {%- if source.as_of is defined and only != 'displaced' -%}
            {%- do parts.append(select ~ ref(source.relation) ~ ' where ' ~ source.as_of ~ " > date '" ~ watermark.as_of_date
                ~ "' and " ~ visible) -%}
        {%- endif -%}
        {%- if only != 'passing' -%}
            {%- do parts.append(select ~ ref(source.relation ~ '__superseded') ~ ' where superseded_load_id > '
                ~ watermark.load_id ~ ' and load_id <= ' ~ watermark.load_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set named = keys.values() | join(', ') -%}
    {{ return('select ' ~ named ~ (', min(since) as since' if config.get('touched_ends') else '')
        ~ ' from (' ~ parts | join(' union all ') ~ ') as changes where '
        ~ keys.values() | map('string') | join(' is not null and ') ~ ' is not null group by ' ~ named) }}
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
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        {%- set sql = get_select_subquery(sql) -%}
    {%- endif -%}
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
        {%- if chunk and chunk.day is defined -%}
            {%- set span = run_query('select min(' ~ keys[chunk.day] ~ '), max(' ~ keys[chunk.day] ~ ') from ' ~ touched).rows[0] -%}
            {%- if span[0] is not none -%}
                {%- set bounds = ' and ' ~ touched_day_bounds(chunk, span[0], span[1] + modules.datetime.timedelta(days=1)) -%}
            {%- endif -%}
        {%- endif -%}
        {%- set scope = '(' ~ keys.keys() | join(', ') ~ ') in (select ' ~ keys.values() | join(', ') ~ ' from ' ~ touched ~ ')' ~ bounds -%}
        {#- Which rows are made anew: the same for those that go and those that come. -#}
        {%- set ends = config.get('touched_ends') -%}
        {%- set anew = ['coalesce(made.' ~ ends ~ ', ' ~ end_of_time('date') ~ ') >= touched.since'] if ends else [] -%}
        {%- for key in keys.values() -%}{%- do anew.append('made.' ~ key ~ ' = touched.' ~ key) -%}{%- endfor -%}
        {% call statement('main') %}
            create or replace temp table {{ this.identifier }}__fresh as
            {{ sql | replace(marker, scope) }}
        {% endcall %}
        {% call statement('delete') %}
            delete from {{ target_relation }} as made using {{ touched }} as touched where {{ anew | join(' and ') }}
        {% endcall %}
        {% call statement('insert') %}
            insert into {{ target_relation }} select made.* from {{ this.identifier }}__fresh as made
            {%- if ends %} inner join {{ touched }} as touched on {{ anew | join(' and ') }}{% endif %}
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

{#- The scopes of a full build, which meet nowhere because the key holds the day or is the key itself. All at once costs
    several times the memory (measured). Ranges of a key hold more rows, because each of them reads the key of all. -#}
{% macro touched_chunks(chunk) %}
    {%- if not chunk -%}{{ return(['true']) }}{%- endif -%}
    {%- set rows_count = run_query('select count(*) from ' ~ ref(chunk.relation)).rows[0][0] -%}
    {%- set chunk_rows = var('chunk_rows') * (1 if chunk.day is defined else 2) -%}
    {%- if rows_count <= 2 * chunk_rows -%}{{ return(['true']) }}{%- endif -%}
    {%- if chunk.day is defined -%}{{ return(touched_day_chunks(chunk, chunk_rows)) }}{%- endif -%}
    {{ return(touched_key_chunks(chunk, (rows_count / chunk_rows) | round(0, 'ceil') | int)) }}
{% endmacro %}

{#- By the rows that the days hold: a company grows, and one stray day of long ago must not stretch every chunk. -#}
{% macro touched_day_chunks(chunk, chunk_rows) %}
    {%- set found = run_query(
        'select min(day_of_chunk), max(day_of_chunk) from (select day_of_chunk, floor((so_far_count - 1) / ' ~ chunk_rows
        ~ ') as part from (select ' ~ chunk.day ~ ' as day_of_chunk, sum(count(*)) over (order by ' ~ chunk.day
        ~ ') as so_far_count from ' ~ ref(chunk.relation) ~ ' where ' ~ chunk.day ~ ' is not null group by ' ~ chunk.day
        ~ ') as days) as parts group by part order by 1'
    ) -%}
    {%- set scopes = [] -%}
    {%- for row in found.rows -%}
        {%- do scopes.append(touched_day_bounds(chunk, row[0], row[1] + modules.datetime.timedelta(days=1))) -%}
    {%- endfor -%}
    {{ return(scopes) }}
{% endmacro %}

{#- Open at both ends: a key that `known_in` does not know falls into one of them too. -#}
{% macro touched_key_chunks(chunk, chunks_count) %}
    {%- set found = run_query(
        'select min(' ~ chunk.key ~ ') as first_key from (select ' ~ chunk.key ~ ', ntile(' ~ chunks_count ~ ') over (order by '
        ~ chunk.key ~ ') as part from ' ~ ref(chunk.known_in) ~ ') as keys where part > 1 group by part order by 1'
    ) -%}
    {%- set bounds = [] -%}
    {%- for row in found.rows -%}{%- do bounds.append(dbt.string_literal(dbt.escape_single_quotes(row[0]))) -%}{%- endfor -%}
    {%- set scopes = [] -%}
    {%- for number in range(bounds | length + 1) -%}
        {%- set sides = [] -%}
        {%- if number > 0 -%}{%- do sides.append(chunk.key ~ ' >= ' ~ bounds[number - 1]) -%}{%- endif -%}
        {%- if number < bounds | length -%}{%- do sides.append(chunk.key ~ ' < ' ~ bounds[number]) -%}{%- endif -%}
        {%- do scopes.append(sides | join(' and ') or 'true') -%}
    {%- endfor -%}
    {{ return(scopes) }}
{% endmacro %}
