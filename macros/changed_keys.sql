{#-
The materialization `changed_keys`: a table of which a run rebuilds only the rows of changed keys.

A model configures itself with the macro `changed_keys`, or with one that calls it (changed_by_events,
changed_by_registration):
  keys             columns that name a unit of recomputation: column of the change source -> column of the model, e.g.
                   {'customer_id': 'customer_id', 'occurred_date': 'usage_date'}.
  sources          change sources: {'relation': staging model}, each with a twin `<name>__superseded` that holds the rows
                   which newer versions displaced. `as_of`, an expression of a date, says from which as-of date on a row
                   counts, or `as_of_moment`, a moment in UTC, on whose business day it begins to count; without either
                   every loaded row does. `as_of` is never more than a week after the day of `raw`, an unconverted
                   timestamp that storage can prune on (optional). A source with `only: 'passing'` changes nothing by new
                   rows, only by days that pass; one with `only: 'displaced'` only by its twin; one with
                   `only: 'added'` only by new rows, also of a relation without a twin.
  chunk            optional: a full build goes through what it reads in chunks, as many as `relation` has rows for.
                   {'relation':, 'day':, 'raw':}: chunks of days (day: column of the business day; raw: unconverted
                   timestamp that storage can prune on). {'relation':, 'key':, 'known_in':}: ranges of a key, whose values
                   `known_in` lists; for a model that needs the whole history of a key.
  ends_on          optional: the column with the day on which what a row describes is over, NULL for never. A run then
                   keeps the rows of a changed key that end before the first day on which something changed for it: its
                   cost follows how late rows are, not how long the history is. A change source says by `changed_from`, an
                   expression of a date, from which day on one of its rows can change anything; one without it asks for
                   the whole history of its keys.
  decided_by       optional: {model: columns} that the rows of all customers decide together, such as the day since which a
                   source is recorded. Other values there build the table again as a whole.

What its SQL uses:
  rows_to_build()          the predicate on what is read: all rows, a chunk of a full build, or the changed keys of a run.
  history_rows(...)        with `ends_on`, in a FROM: the relation, or in a run the rows of the changed keys from their
                           first changed day on and the days before it that the model looks back on.
  is_incremental_run()     whether this run builds on the previous state of the table.
  changed_keys_relation()  the changed keys of a run: the columns of the model that name the keys and, with `ends_on`,
                           `changed_from`.

The SQL is rendered once for every predicate; what dbt compiles is the full build. It cannot read ephemeral models, which dbt
puts into compiled SQL only.
-#}

{#- Configures a model; its change sources become dependencies. -#}
{% macro changed_keys(keys, sources, chunk=none, ends_on=none, decided_by={}) %}
    {#- A unit test is given what the SQL reads, not what the materialization reads. -#}
    {%- set is_unit_test = model.resource_type | default('model') == 'unit_test' -%}
    {%- if chunk and chunk.known_in is defined and not is_unit_test -%}{%- do ref(chunk.known_in) -%}{%- endif -%}
    {%- for source in sources if not is_unit_test -%}
        {%- do ref(source.relation) -%}
        {%- if source.only | default('') not in ('passing', 'added') -%}
            {%- do ref(source.relation ~ '__superseded') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for relation in decided_by if not is_unit_test -%}{%- do ref(relation) -%}{%- endfor -%}
    {{- config(
        materialized='changed_keys', keys=keys, change_sources=sources, chunk=chunk, ends_on=ends_on, decided_by=decided_by
    ) -}}
{% endmacro %}

{#- Configures a fact that is made of events day by day, whatever the as-of date. -#}
{% macro changed_by_events(keys) %}
    {{- changed_keys(
        keys,
        [{'relation': 'stg_product__events'}],
        {'relation': 'stg_product__events', 'day': 'occurred_date', 'raw': 'occurred_at_utc'}
    ) -}}
{% endmacro %}

{#- Configures a model per customer that is made of what is known of them at registration, and of `more`. -#}
{% macro changed_by_registration(more=[]) %}
    {{- changed_keys(
        {'customer_id': 'customer_id'},
        [
            {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
            {'relation': 'stg_crm__customers', 'as_of_moment': 'deleted_at', 'only': 'passing'},
            {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
            {'relation': 'stg_crm__customer_owners', 'as_of_moment': 'valid_from'},
            {'relation': 'stg_billing__subscription_periods', 'as_of': 'valid_from'},
        ] + more
    ) -}}
{% endmacro %}

{% macro rows_to_build() %}{{ return((model.build | default({})).scope | default('true')) }}{% endmacro %}

{% macro model_watermark() %}{{ return((model.build | default({})).watermark | default(none)) }}{% endmacro %}

{% macro is_incremental_run() %}{{ return(model_watermark() is not none) }}{% endmacro %}

{% macro changed_keys_relation() %}{{ return(this.schema ~ '.' ~ this.identifier ~ '__changed') }}{% endmacro %}

{#- `changed_from` names the column that holds the first changed day of the key; without it there is none. -#}
{% macro history_rows(relation, day, days_before=0, changed_from=none) -%}
    {%- if not is_incremental_run() -%}
        (
            select history.*{% if changed_from %}, date '1900-01-01' as {{ changed_from }}{% endif %}
            from {{ relation }} as history
            where {{ rows_to_build() }}
        ) as history
    {%- else -%}
        {%- set keys = config.get('keys').values() -%}
        (
            select history.*{% if changed_from %}, changed.changed_from as {{ changed_from }}{% endif %}
            from {{ relation }} as history
            inner join (
                select {{ keys | join(', ') }}, changed_from,
                    {{ add_days('changed_from', '-(' ~ days_before ~ ')') }} as first_date
                from {{ changed_keys_relation() }}
            ) as changed
                on {% for key in keys %}history.{{ key }} = changed.{{ key }} and {% endfor -%}
                history.{{ day }} >= changed.first_date
        ) as history
    {%- endif -%}
{%- endmacro %}

{#- The day from which on a row of a change source counts; none when every loaded row does. Called in a run, not in the
configuration, which keeps the time zone that dbt parsed it with. -#}
{% macro counts_from(source) %}
    {{ return(business_date(source.as_of_moment) if source.as_of_moment is defined else source.as_of | default(none)) }}
{% endmacro %}

{#- The changed keys of a run: of rows that came, of rows that were displaced, of days that have passed. -#}
{% macro changed_keys_sql(watermark) %}
    {%- set keys = config.get('keys') -%}
    {%- set columns = [] -%}
    {%- for key in keys -%}{%- do columns.append(key ~ ' as ' ~ keys[key]) -%}{%- endfor -%}
    {%- set parts = [] -%}
    {%- for source in config.get('change_sources') -%}
        {%- set changed_from = source.changed_from | default("date '1900-01-01'") ~ ' as changed_from' -%}
        {%- set select = 'select ' ~ columns | join(', ') ~ ', ' ~ changed_from ~ ' from ' -%}
        {%- set only = source.only | default('') -%}
        {%- set as_of = counts_from(source) -%}
        {%- set counts = as_of ~ " <= date '" ~ run_as_of_date() ~ "'" if as_of else 'true' -%}
        {%- if only in ('', 'added') -%}
            {%- do parts.append(select ~ ref(source.relation) ~ ' where load_id > ' ~ watermark.load_id ~ ' and ' ~ counts) -%}
        {%- endif -%}
        {%- if as_of and only not in ('displaced', 'added') -%}
            {%- set recent = as_of ~ " > date '" ~ watermark.as_of_date ~ "' and " ~ counts -%}
            {%- if source.raw is defined -%}
                {#- A week, and two days for the zones. -#}
                {%- set first = watermark.as_of_date - modules.datetime.timedelta(days=9) -%}
                {%- set recent = recent ~ ' and ' ~ source.raw ~ " >= timestamp '" ~ first ~ " 00:00:00'" -%}
            {%- endif -%}
            {%- do parts.append(select ~ ref(source.relation) ~ ' where ' ~ recent) -%}
        {%- endif -%}
        {%- if only not in ('passing', 'added') -%}
            {%- do parts.append(select ~ ref(source.relation ~ '__superseded') ~ ' where superseded_load_id > '
                ~ watermark.load_id ~ ' and load_id <= ' ~ watermark.load_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set named = keys.values() | join(', ') -%}
    {{ return('select ' ~ named ~ ', min(changed_from) as changed_from from (' ~ parts | join(' union all ')
        ~ ') as changes where ' ~ keys.values() | map('string') | join(' is not null and ') ~ ' is not null group by '
        ~ named) }}
{% endmacro %}

{#- The SQL of the model over the rows of a predicate. -#}
{% macro build_sql(scope, watermark=none) %}
    {%- do model.update({'build': {'scope': scope, 'watermark': watermark}}) -%}
    {%- set code = render(model.raw_code) -%}
    {{ return(get_select_subquery(code) if config.get('contract').enforced else code) }}
{% endmacro %}

{% materialization changed_keys, default %}
    {%- set target = this.incorporate(type='table') -%}
    {#- Only the loader knows which rows came and which they displaced: without it every build is a full one. -#}
    {%- set has_loader, watermark = var('has_loader'), none -%}
    {%- if has_loader -%}
        {%- set fingerprint = model_fingerprint() -%}
        {%- set watermark = stored_watermark(fingerprint) -%}
        {#- Read once, before any work: rows loaded later belong to the next run. -#}
        {%- set load_id = run_query('select coalesce(max(load_id), 0) from ops.loads').rows[0][0] -%}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if watermark is none -%}
        {%- do build_table(target) -%}
    {%- else -%}
        {%- do rebuild_changed_keys(target, watermark) -%}
    {%- endif -%}
    {%- if has_loader -%}{%- do store_watermark(load_id, fingerprint) -%}{%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- The whole table, chunk by chunk. -#}
{% macro build_table(target) %}
    {{ return(adapter.dispatch('build_table', 'stayhouse')(target)) }}
{% endmacro %}

{% macro default__build_table(target) %}
    {%- set fresh = make_intermediate_relation(target) -%}
    {% call statement('create') %}
        drop table if exists {{ fresh }};
        create table {{ fresh }} as select * from ({{ build_sql('1 = 0') }}) as shape limit 0
    {% endcall %}
    {% for scope in chunk_scopes(config.get('chunk')) %}
        {%- do run_once(before_build() ~ ' insert into ' ~ fresh ~ ' ' ~ build_sql(scope)) -%}
    {% endfor %}
    {% call statement('swap') %}
        {{ drop_statement(target) }};
        alter table {{ fresh }} rename to {{ target.identifier }};
        {{ after_build(target) }}
    {% endcall %}
{% endmacro %}

{#- The rows of the changed keys take the place of those that the table has of them. -#}
{% macro rebuild_changed_keys(target, watermark) %}
    {%- set keys = config.get('keys') -%}
    {%- set changed = changed_keys_relation() -%}
    {%- set rebuilt = adapter.dispatch('scratch_name', 'stayhouse')(this.identifier ~ '__rebuilt') -%}
    {%- do run_statements('changed', scratch_statements(changed, changed_keys_sql(watermark))) -%}
    {%- set chunk = config.get('chunk') -%}
    {%- set day = keys[chunk.day] if chunk and chunk.day is defined else none -%}
    {%- set span = ', min(' ~ day ~ '), max(' ~ day ~ ')' if day else '' -%}
    {%- set found = run_query('select count(*)' ~ span ~ ' from ' ~ changed).rows[0] -%}
    {%- if found[0] > 0 -%}
        {%- set scope = '(' ~ keys.keys() | join(', ') ~ ') in (select ' ~ keys.values() | join(', ') ~ ' from ' ~ changed ~ ')' -%}
        {%- if day -%}
            {%- set scope = scope ~ ' and ' ~ day_bounds(chunk, found[1], found[2] + modules.datetime.timedelta(days=1)) -%}
        {%- endif -%}
        {%- do run_statements('build', scratch_statements(rebuilt, build_sql(scope, watermark), temporary=true)) -%}
        {%- do replace_changed_rows(target, rebuilt, changed, keys.values() | list, config.get('ends_on')) -%}
    {%- endif -%}
    {%- do run_statements('clean', [drop_scratch_statement(rebuilt), drop_scratch_statement(changed)]) -%}
    {#- dbt asks for the result of a main statement. -#}
    {%- do store_raw_result('main', message='OK', code='OK', rows_affected=-1 if found[0] > 0 else 0) -%}
{% endmacro %}

{#- The statements that make a table for the time of a model. -#}
{% macro scratch_statements(relation, sql, temporary=false) %}
    {{ return(adapter.dispatch('scratch_statements', 'stayhouse')(relation, sql, temporary)) }}
{% endmacro %}

{% macro default__scratch_statements(relation, sql, temporary) %}
    {%- set create = 'create ' ~ ('temporary ' if temporary else '') ~ 'table ' ~ relation ~ ' as ' ~ sql -%}
    {%- if temporary -%}{{ return([before_build() ~ ' drop table if exists ' ~ relation, create]) }}{%- endif -%}
    {{ return(['drop table if exists ' ~ relation, create, after_build(relation)]) }}
{% endmacro %}

{#- A temporary table has no schema of the project. -#}
{% macro default__scratch_name(name) %}{{ return(name) }}{% endmacro %}

{% macro drop_scratch_statement(relation) %}
    {{ return(adapter.dispatch('drop_scratch_statement', 'stayhouse')(relation)) }}
{% endmacro %}

{% macro default__drop_scratch_statement(relation) %}{{ return('drop table if exists ' ~ relation) }}{% endmacro %}

{#- Engines without DELETE ... USING, or without transactions, need a MERGE of their own here. -#}
{% macro replace_changed_rows(target, rebuilt, changed, keys, ends_on) %}
    {{ return(adapter.dispatch('replace_changed_rows', 'stayhouse')(target, rebuilt, changed, keys, ends_on)) }}
{% endmacro %}

{% macro default__replace_changed_rows(target, rebuilt, changed, keys, ends_on) %}
    {#- The same condition for the rows that go and those that come. -#}
    {%- set conditions = [] -%}
    {%- for key in keys -%}{%- do conditions.append('built.' ~ key ~ ' = changed.' ~ key) -%}{%- endfor -%}
    {%- if ends_on -%}
        {%- do conditions.append('coalesce(built.' ~ ends_on ~ ', ' ~ end_of_time('date') ~ ') >= changed.changed_from') -%}
    {%- endif -%}
    {% call statement('delete') %}
        delete from {{ target }} as built using {{ changed }} as changed where {{ conditions | join(' and ') }}
    {% endcall %}
    {% call statement('insert') %}
        insert into {{ target }} select built.* from {{ rebuilt }} as built
        {%- if ends_on %} inner join {{ changed }} as changed on {{ conditions | join(' and ') }}{% endif %}
    {% endcall %}
{% endmacro %}
