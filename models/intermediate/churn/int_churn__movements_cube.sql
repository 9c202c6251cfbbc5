{%- set profile = ['segment', 'value_segment', 'plan', 'region', 'channel'] -%}
{%- set attributes = profile + ['owner'] -%}
{%- set measures = [
    'opening_count', 'stayed_count', 'closing_count', 'paused_count', 'pending_count', 'new_count', 'reactivated_count',
    'churned_count', 'churned_from_opening_count', 'voluntary_count', 'involuntary_count', 'contracts_count', 'unconverted_count',
    'earlier_closing_amount', 'revaluation_amount', 'stayed_opening_amount', 'new_amount', 'reactivated_amount',
    'expansion_amount', 'contraction_amount', 'churned_amount', 'churned_from_opening_amount', 'closing_amount',
    'gross_lost_amount', 'net_gained_amount',
] -%}
-- Months of customers by their attributes. Small: customers are counted here once, and the marts add up counts. Owners
-- are many, so they are counted apart: crossed with the rest they would be as many rows as customers.
select
    case when grouping(opening_owner) = 0 then 'owner' else 'profile' end as cube_part,
    {% for name in attributes -%}
    opening_{{ name }},
    credited_{{ name }},
    {% endfor -%}
    {%- for measure in measures %}
    sum({{ measure }}) as {{ measure }},
    {%- endfor %}
    month_date
from {{ ref('int_churn__customer_months') }}
group by grouping sets (
    (
        month_date,
        {% for name in profile -%}
        opening_{{ name }}, credited_{{ name }}{{ ', ' if not loop.last }}
        {%- endfor %}
    ),
    (month_date, opening_owner, credited_owner)
)
