{%- set profile = ['segment', 'value_segment', 'plan', 'region', 'channel'] -%}
{%- set apart = ['tenure_band', 'owner'] -%}
{%- set attributes = profile + apart -%}
{%- set measures = [
    'opening_count', 'stayed_count', 'closing_count', 'paused_count', 'pending_count', 'new_count', 'reactivated_count',
    'churned_count', 'churned_from_opening_count', 'voluntary_count', 'involuntary_count', 'contracts_count', 'unconverted_count',
    'earlier_closing_amount', 'revaluation_amount', 'stayed_opening_amount', 'new_amount', 'reactivated_amount',
    'expansion_amount', 'contraction_amount', 'churned_amount', 'churned_from_opening_amount', 'closing_amount',
    'gross_lost_amount', 'net_gained_amount',
] -%}
-- Months of customers by their attributes. Small: customers are counted here once, and the marts add up counts. Owners
-- are many, so they are counted apart: crossed with the rest they would be as many rows as customers. So are bands of
-- tenure and free attributes.
with attributed as (
    select
        months.*,
        {{ attribute_dimension('breakdowns') }} as attribute_name,
        coalesce(openings.attribute_value, 'unknown') as opening_attribute,
        coalesce(credits.attribute_value, 'unknown') as credited_attribute
    from {{ ref('int_churn__customer_months') }} as months
    cross join {{ ref('customer_breakdowns') }} as breakdowns
    left join {{ ref('dim_customer_attributes') }} as openings
        on months.source_customer_id = openings.customer_id
        and breakdowns.attribute_code = openings.attribute_code
        and {{ holds_at('openings', 'months.opening_attributes_date') }}
    left join {{ ref('dim_customer_attributes') }} as credits
        on months.source_customer_id = credits.customer_id
        and breakdowns.attribute_code = credits.attribute_code
        and {{ holds_at('credits', 'months.credited_attributes_date') }}
),

counted as (
    select
        case
            {%- for name in apart %}
            when grouping(opening_{{ name }}) = 0 then '{{ name }}'
            {%- endfor %}
            else 'profile'
        end as cube_part,
        cast(null as {{ dbt.type_string() }}) as attribute_name,
        {% for name in attributes -%}
        opening_{{ name }},
        credited_{{ name }},
        {% endfor -%}
        cast(null as {{ dbt.type_string() }}) as opening_attribute,
        cast(null as {{ dbt.type_string() }}) as credited_attribute,
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
        {%- for name in apart %}
        (month_date, opening_{{ name }}, credited_{{ name }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
)

select * from counted
union all
select
    'attribute' as cube_part,
    attribute_name,
    {% for name in attributes -%}
    cast(null as {{ dbt.type_string() }}) as opening_{{ name }},
    cast(null as {{ dbt.type_string() }}) as credited_{{ name }},
    {% endfor -%}
    opening_attribute,
    credited_attribute,
    {%- for measure in measures %}
    sum({{ measure }}) as {{ measure }},
    {%- endfor %}
    month_date
from attributed
group by month_date, attribute_name, opening_attribute, credited_attribute
