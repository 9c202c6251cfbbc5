{#- The events that a per-customer state has to add. In a full build: all up to the as-of date. In an incremental run:
for most changed customers only the events that came, or whose day has come; for the few whose history was rewritten (an
event or the customer's own row superseded) all of theirs. CTEs `rewritten` and `incoming_events` are for the caller to
select from. -#}
{% macro incoming_events_ctes(columns) %}
{%- set mark = model_watermark() -%}
{%- set columns = columns + ['occurred_date'] -%}
{% if mark %}
rewritten as (
    select customer_id
    from {{ ref('stg_product__events__superseded') }}
    where superseded_load_id > {{ mark.load_id }} and load_id <= {{ mark.load_id }} and customer_id is not null
    union
    select customer_id
    from {{ ref('stg_crm__customers__superseded') }}
    where superseded_load_id > {{ mark.load_id }} and load_id <= {{ mark.load_id }}
),
{% endif %}
selected_events as (
    {% if mark %}
    select {{ columns | join(', ') }}
    from {{ ref('stg_product__events') }}
    where load_id > {{ mark.load_id }}
        and customer_id is not null
        and customer_id not in (select customer_id from rewritten)
    union all
    select {{ columns | join(', ') }}
    from {{ ref('stg_product__events') }}
    where load_id <= {{ mark.load_id }}
        and occurred_date > date '{{ mark.as_of_date }}'
        -- The raw moment lies within two days of the business day, whatever the zones; storage can prune on it.
        and occurred_at_utc >= {{ dbt.dateadd('day', -1, "cast(date '" ~ mark.as_of_date ~ "' as timestamp)") }}
        and customer_id is not null
        and customer_id not in (select customer_id from rewritten)
    union all
    select {{ columns | join(', ') }}
    from {{ ref('stg_product__events') }}
    where customer_id in (select customer_id from rewritten)
    {% else %}
    select {{ columns | join(', ') }}
    from {{ ref('stg_product__events') }}
    where customer_id is not null
    {% endif %}
),

incoming_events as (
    select
        selected_events.*,
        customers.registered_at
    from selected_events
    inner join {{ ref('stg_crm__customers') }} as customers
        on selected_events.customer_id = customers.customer_id
    -- Here and not in each branch above: there it makes the planner expect few events and hash all of them.
    where selected_events.occurred_date <= {{ last_visible_day() }}
)
{% endmacro %}

{#- The as-of date as a literal, for the planner: with a looked-up day it expects few events and hashes all of them for
the join with customers (three times the CPU). -#}
{% macro last_visible_day() -%}
    {%- set looked_up = '(select run_context.as_of_date from ' ~ ref('run_context') ~ ' as run_context)' -%}
    {%- set is_known = execute and model.resource_type != 'unit_test' and load_relation(ref('run_context')) is not none -%}
    {{ "date '" ~ run_as_of_date() ~ "'" if is_known else looked_up }}
{%- endmacro %}

{#- The rows of the previous state that a run builds on: changed customers whose history was only added to. -#}
{% macro carried_state(columns) %}
    select {{ columns | join(', ') }}
    from {{ this }}
    where customer_id in (select customer_id from {{ changed_keys_relation() }})
        and customer_id not in (select customer_id from rewritten)
{% endmacro %}
