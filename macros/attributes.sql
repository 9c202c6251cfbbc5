{#- Joins attributes of a customer as of a day: `{{ '{{ attributes_as_of(\'ends\', \'ends.last_date\',
[\'usage_segment\']) }}' }}` gives a relation of each name to select from. `customer` is the column of `base` that names the
customer: for segments `source_customer`, that of the raw rows. -#}
{% macro attributes_as_of(base, day, names, customer='customer_id', source_customer=none) %}
{%- set source_customer = source_customer or customer -%}
{%- for name in names %}
    {%- if name == 'status' %}
left join {{ ref('customer_status_periods') }} as status
    on {{ base }}.{{ customer }} = status.customer_id
    and {{ holds_at('status', day) }}
    {%- else %}
left join {{ ref('dim_customer_segments') }} as {{ name }}
    on {{ base }}.{{ source_customer }} = {{ name }}.customer_id
    and {{ name }}.scheme = '{{ name | replace('_segment', '') }}'
    and {{ holds_at(name, day) }}
    {%- endif %}
{%- endfor %}
{% endmacro %}

{#- Attributes that every customer has a value of, from the relations that `attributes_as_of` joins (usage_segment, status) and
`customers` (dim_customers). `channel` names the column of the channel of acquisition. -#}
{% macro named_attributes(channel='acquisition_channel') -%}
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(status.plan_code, 'none') as plan_code,
    coalesce(customers.region, 'unknown') as region_name,
    coalesce(customers.acquisition_channel, 'unknown') as {{ channel }}
{%- endmacro %}

{#- Joins the account manager of a customer when a day closes. `customer` is the identifier of the raw rows. -#}
{% macro account_manager_as_of(base, day, customer='customer_id') %}
left join {{ ref('dim_customer_owners') }} as account_manager
    on {{ base }}.{{ customer }} = account_manager.customer_id
    and account_manager.role = 'account_manager'
    and account_manager.valid_from < {{ day_start_at(add_days(day, 1)) }}
    and coalesce(account_manager.valid_to, {{ end_of_time('timestamp') }}) >= {{ day_start_at(add_days(day, 1)) }}
{% endmacro %}

{#- Joins the band (`tenure_bands`) of the complete months from the registration to a day. -#}
{% macro join_tenure_bands(registered_date, day) -%}
{%- set months = 'greatest(' ~ complete_months(registered_date, day) ~ ', 0)' %}
left join {{ ref('tenure_bands') }} as tenure_bands
    on {{ months }} >= tenure_bands.months_from
    and {{ months }} < coalesce(tenure_bands.months_to, 1000000)
{%- endmacro %}

{#- Alternating periods with and without access, from the status periods. -#}
{% macro access_periods(status_periods) %}
{{ merged_periods(
    '(select customer_id, has_access, valid_from, valid_to from ' ~ status_periods ~ ') as status_periods',
    ['customer_id', 'has_access']
) }}
{% endmacro %}
