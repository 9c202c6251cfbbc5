-- The history of every condition of every domain as periods. Nobody acts on deleted accounts.
{% set domains = ['activation', 'churn', 'contacts', 'cx', 'loyalty', 'promises', 'usage_steps'] %}
with signals as (
    {% for domain in domains %}
    select
        customer_id,
        signal_code,
        severity,
        reason,
        suppressed_by,
        observed_value,
        expected_value,
        valid_from,
        valid_to
    from {{ ref('int_signals__' ~ domain) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select signals.*
from signals
inner join {{ ref('dim_customers') }} as customers
    on signals.customer_id = customers.customer_id
