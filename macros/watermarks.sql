{#-
How far an incremental model has come (ops.model_watermarks): the load and the as-of date that its table has taken in, and a
fingerprint of its definition. The watermark is written in the transaction that changes the table, so the table of a killed run
is only behind, never wrong. A model none of whose change sources depends on it holds every loaded row, whatever the as-of date.
-#}

{#- The watermark that a run can build on; none when the table must be built from scratch. -#}
{% macro stored_watermark(fingerprint) %}
    {%- if flags.FULL_REFRESH -%}{{ return(none) }}{%- endif -%}
    {%- set found = adapter.dispatch('read_watermark', 'stayhouse')(fingerprint) -%}
    {%- if found is none -%}{{ return(none) }}{%- endif -%}
    {#- An earlier as-of date cannot be reached by adding rows. -#}
    {%- if follows_as_of_date() and run_as_of_date() | string < found.as_of_date | string -%}{{ return(none) }}{%- endif -%}
    {{ return(found) }}
{% endmacro %}

{#- What has been noted of a table that was made by this definition. -#}
{% macro default__read_watermark(fingerprint) %}
    {%- set table = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {%- set marks = adapter.get_relation(database=this.database, schema='ops', identifier='model_watermarks') -%}
    {%- if table is none or marks is none -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query("select load_id, as_of_date from ops.model_watermarks where model_name = '" ~ this.identifier
        ~ "' and fingerprint = '" ~ fingerprint ~ "'") -%}
    {%- if found | length == 0 -%}{{ return(none) }}{%- endif -%}
    {{ return({'load_id': found.rows[0][0], 'as_of_date': found.rows[0][1]}) }}
{% endmacro %}

{% macro store_watermark(load_id, fingerprint) %}
    {%- set as_of = "date '" ~ run_as_of_date() ~ "'" if follows_as_of_date() else 'cast(null as date)' -%}
    {%- do run_statements('watermark', adapter.dispatch('watermark_statements', 'stayhouse')(load_id, as_of, fingerprint)) -%}
{% endmacro %}

{% macro default__watermark_statements(load_id, as_of, fingerprint) %}
    {{ return([
        "delete from ops.model_watermarks where model_name = '" ~ this.identifier ~ "'",
        "insert into ops.model_watermarks values ('" ~ this.identifier ~ "', " ~ load_id ~ ', ' ~ as_of ~ ", '" ~ fingerprint ~ "')",
    ]) }}
{% endmacro %}

{% macro follows_as_of_date() %}
    {%- for source in config.get('change_sources') if counts_from(source) -%}{{ return(true) }}{%- endfor -%}
    {{ return(false) }}
{% endmacro %}

{#- Asked once per model: a query costs dbt milliseconds, and every change source compares its days with this one. -#}
{% macro run_as_of_date() %}
    {%- if model.as_of_date is not defined -%}
        {%- do model.update({'as_of_date': run_query('select as_of_date from ' ~ ref('run_context')).rows[0][0]}) -%}
    {%- endif -%}
    {{ return(model.as_of_date) }}
{% endmacro %}

{#-
Changes with whatever can change the rows: the code of the model, of the models, seeds and macros that it is made from, the
thresholds that any of them names, the time zones and the reporting currency.
-#}
{% macro model_fingerprint() %}
    {%- set made_from = {} -%}
    {%- do add_ancestors(model.unique_id, made_from) -%}
    {%- do add_macros(['macro.' ~ project_name ~ '.materialization_changed_keys_default'], made_from) -%}
    {%- set parts = [var('source_timezone'), var('business_timezone'), var('reporting_currency')] -%}
    {%- set columns = [] -%}
    {%- for name in made_from | sort -%}
        {%- do parts.append(name ~ ' ' ~ local_md5(made_from[name])) -%}
        {%- do columns.extend(modules.re.findall('policy\\.([a-z_0-9]+)', made_from[name])) -%}
    {%- endfor -%}
    {%- set policy = graph.nodes['model.' ~ project_name ~ '.policy'] -%}
    {%- set columns = columns | unique | select('in', policy.columns) | sort -%}
    {%- if columns -%}
        {%- set values = run_query('select ' ~ columns | join(', ') ~ ' from ' ~ policy.relation_name).rows[0] -%}
        {%- for column in columns -%}{%- do parts.append(column ~ ' ' ~ values[column]) -%}{%- endfor -%}
    {%- endif -%}
    {%- for relation, columns in (config.get('decided_by') or {}).items() -%}
        {%- set named = columns | join(', ') -%}
        {%- for row in run_query('select ' ~ named ~ ' from ' ~ ref(relation) ~ ' order by ' ~ named).rows -%}
            {%- do parts.append(row.values() | join(' ')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}

{#- Adds a node of the project, all that it is made from and their macros: name -> what its rows depend on. -#}
{% macro add_ancestors(unique_id, made_from) %}
    {%- set node = graph.nodes.get(unique_id) -%}
    {#- Of the thresholds only those count that are named. -#}
    {%- if node and node.name != 'policy' and unique_id not in made_from -%}
        {%- do made_from.update({unique_id: node.raw_code or node.checksum.checksum}) -%}
        {%- do add_macros(node.depends_on.macros, made_from) -%}
        {%- for parent in node.depends_on.nodes | default([]) -%}{%- do add_ancestors(parent, made_from) -%}{%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- Adds macros of the project with their text, and those that they call. -#}
{% macro add_macros(unique_ids, made_from) %}
    {%- for unique_id in unique_ids if unique_id not in made_from -%}
        {%- set package, name = unique_id.split('.')[1], unique_id.split('.')[2] -%}
        {%- if package == project_name -%}
            {%- set code = context[package][name].macro -%}
            {%- do made_from.update({unique_id: code.macro_sql}) -%}
            {%- do add_macros(code.depends_on.macros, made_from) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
