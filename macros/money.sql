{#- The reporting currency as a literal; the company sets it (STAYHOUSE_REPORTING_CURRENCY). -#}
{% macro reporting_currency() -%} '{{ var("reporting_currency") }}' {%- endmacro %}

{#- A currency code as in the rates, for staging: money whose source names no currency is in the reporting currency. -#}
{% macro currency_code(column) -%}
    coalesce(nullif(upper(trim({{ column }})), ''), {{ reporting_currency() }})
{%- endmacro %}

{#- Joins the rate of a currency for the month of a day; every conversion goes through it and `converted`. -#}
{% macro join_rates(currency, day, rates='rates') -%}
left join {{ ref('dim_exchange_rates') }} as {{ rates }}
    on {{ currency }} = {{ rates }}.currency_code
    and {{ holds_at(rates, period_start('month', day)) }}
{%- endmacro %}

{#- An amount in the reporting currency: NULL without a rate, but 0 is 0 in every currency. Payments are rounded to
cents one by one; recurring revenue keeps six digits, because a twelfth of a yearly price has parts of a cent. -#}
{% macro converted(amount, digits=2, rates='rates') -%}
    case
        when {{ amount }} = 0 then cast(0 as decimal(18, {{ digits }}))
        else cast(round({{ amount }} * {{ rates }}.rate_to_reporting, {{ digits }}) as decimal(18, {{ digits }}))
    end
{%- endmacro %}

{#- Sum of converted amounts over rows: 0 over no rows, NULL when there are rows and none of them has a rate. `condition` says which rows. -#}
{% macro converted_sum(amount, condition='true') -%}
    case
        when count(case when {{ condition }} then 1 end) = 0 then 0
        else sum(case when {{ condition }} then {{ amount }} end)
    end
{%- endmacro %}

{#- Number of rows that converted_sum leaves out. -#}
{% macro unconverted_count(amount, condition='true') -%}
    count(case when {{ condition }} and {{ amount }} is null then 1 end)
{%- endmacro %}

{#-
Recurring revenue at a moment, the one definition of it: per row of `relation` (its `keys` and a customer_id), all
currencies of the customer on a day together, at the rate of the month of that day. `mrr` is NULL when a part of it has
no rate, `converted_mrr` is the rest of it. Rows without recurring revenue are left out.
-#}
{% macro mrr_at(relation, keys, day) -%}
select
    {%- for key in keys %}
    {{ relation }}.{{ key }},
    {%- endfor %}
    sum({{ converted('levels.mrr_after', 6) }}) as converted_mrr,
    case
        when count(rates.rate_to_reporting) = count(*) then sum({{ converted('levels.mrr_after', 6) }})
    end as mrr
from {{ relation }}
inner join {{ ref('fct_mrr_changes') }} as levels
    on {{ relation }}.customer_id = levels.customer_id
    and {{ day }} >= levels.changed_date
    and {{ day }} < coalesce(levels.next_changed_date, {{ end_of_time('timestamp') }})
    and levels.mrr_after > 0
{{ join_rates('levels.currency_code', day) }}
group by {% for key in keys %}{{ relation }}.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
