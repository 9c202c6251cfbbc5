{#- The predicates of the chunks that a full build goes through (`chunk` of macros/changed_keys.sql). -#}

{#- The chunks of a model that needs the whole history of a customer, of which `relation` holds the rows. -#}
{% macro customer_chunks(relation) %}
    {{ return({'relation': relation, 'key': 'customer_id', 'known_in': 'stg_crm__customers'}) }}
{% endmacro %}

{#- Chunks do not overlap, because the key of the model holds the day or is the key itself. All at once costs several times
    the memory (measured). Ranges of a key hold more rows, because each of them reads the key of all. -#}
{% macro chunk_scopes(chunk) %}
    {%- if not chunk -%}{{ return(['true']) }}{%- endif -%}
    {%- set rows_count = run_query('select count(*) from ' ~ ref(chunk.relation)).rows[0][0] -%}
    {%- set chunk_rows = var('chunk_rows') * (1 if chunk.day is defined else 2) -%}
    {%- if rows_count <= 2 * chunk_rows -%}{{ return(['true']) }}{%- endif -%}
    {%- if chunk.day is defined -%}{{ return(day_chunks(chunk, chunk_rows)) }}{%- endif -%}
    {{ return(key_chunks(chunk, (rows_count / chunk_rows) | round(0, 'ceil') | int)) }}
{% endmacro %}

{#- A half-open range of business days, with a bound on the raw timestamp that storage can prune on. -#}
{% macro day_bounds(chunk, first, after) %}
    {#- Two days: a business day may begin up to 26 hours before the same day of the source's zone. -#}
    {%- set day = modules.datetime.timedelta(days=2) -%}
    {{ return(chunk.day ~ " >= date '" ~ first ~ "' and " ~ chunk.day ~ " < date '" ~ after ~ "' and " ~ chunk.raw
        ~ " >= timestamp '" ~ (first - day) ~ " 00:00:00' and " ~ chunk.raw ~ " < timestamp '" ~ (after + day) ~ " 00:00:00'") }}
{% endmacro %}

{#- By the rows of the days: a company grows, and one stray day of long ago must not stretch every chunk. -#}
{% macro day_chunks(chunk, chunk_rows) %}
    {%- set found = run_query(
        'select min(day_of_chunk), max(day_of_chunk) from (select day_of_chunk, floor((so_far_count - 1) / ' ~ chunk_rows
        ~ ') as part from (select ' ~ chunk.day ~ ' as day_of_chunk, sum(count(*)) over (order by ' ~ chunk.day
        ~ ') as so_far_count from ' ~ ref(chunk.relation) ~ ' where ' ~ chunk.day ~ ' is not null group by ' ~ chunk.day
        ~ ') as days) as parts group by part order by 1'
    ) -%}
    {%- set scopes = [] -%}
    {%- for row in found.rows -%}
        {%- do scopes.append(day_bounds(chunk, row[0], row[1] + modules.datetime.timedelta(days=1))) -%}
    {%- endfor -%}
    {{ return(scopes) }}
{% endmacro %}

{#- Open at both ends: a key that `known_in` does not know falls into one of them too. -#}
{% macro key_chunks(chunk, chunks_count) %}
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
