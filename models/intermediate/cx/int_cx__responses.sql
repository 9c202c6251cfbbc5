-- Responses with what was known about the customer at that moment.
{%- set dimensions = cx_dimensions() %}
select
    touch_id as response_id,
    customer_id,
    survey_code,
    {{ dimensions | join(',\n    ') }},
    tickets_before_count,
    mrr_amount,
    touch_date,
    touch_month
from {{ ref('int_cx__touches') }}
where touch_kind = 'response'
