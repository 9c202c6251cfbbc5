{{ config(materialized=inlined('view')) }}
-- Lists name the first five.
{% set shown = range(1, 6) %}
with reasons as (
    select
        suggested.customer_id,
        suggested.reason_code,
        row_number() over (
            partition by suggested.customer_id order by min(suggested.priority_order), suggested.reason_code
        ) as place
    from {{ ref('int_contact_reasons__suggested') }} as suggested
    inner join {{ ref('run_context') }} as run_context
        on coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) > run_context.as_of_date
    group by suggested.customer_id, suggested.reason_code
)

select
    customer_id,
    max(case when place = 1 then reason_code end)
    {%- for place in shown[1:] %}
    || coalesce(' ' || max(case when place = {{ place }} then reason_code end), '')
    {%- endfor %} as suggested_reasons,
    count(*) as reasons_count
from reasons
group by customer_id
