{#- The last day whose churn is final, because later ends may still turn out to be late renewals; the query joins `policy`. -#}
{% macro last_final_date(as_of_date) -%}
    {{ add_days(as_of_date, '-policy.churn_grace_days') }}
{%- endmacro %}

{#-
The churn bridges by dimension, added up from the movements cube: a row per dimension value and month. The opening counts
at the value it had when the month began, everything else at the value it is credited to; a customer whose value changed is
moved out of one value and into the other, so that each closes. `opening` lists measures of the opening, `moved` maps a name
to the measure that moves, `credited` lists the others.
-#}
{% macro churn_breakdowns(opening, moved, credited) %}
    {%- set dimensions = ['all', 'segment', 'value_segment', 'plan', 'region', 'channel', 'tenure_band', 'owner', 'attribute'] -%}
    {%- set sides = ['opening', 'credited'] -%}
    {%- for dimension in dimensions -%}
    {%- for side in sides %}
    select
        {{ 'attribute_name' if dimension == 'attribute' else "'" ~ dimension ~ "'" }} as dimension_name,
        {{ "'all'" if dimension == 'all' else side ~ '_' ~ dimension }} as dimension_value,
        month_date,
        {%- for measure in opening %}
        sum({{ measure if side == 'opening' else '0 * ' ~ measure }}) as {{ measure }},
        {%- endfor %}
        {%- for name, measure in moved.items() %}
        {%- set is_moved = '0' if dimension == 'all' else
            'case when opening_' ~ dimension ~ ' <> credited_' ~ dimension ~ ' then ' ~ measure ~ ' else 0 end' %}
        sum({{ is_moved if side == 'opening' else '0' }}) as moved_out_{{ name }},
        sum({{ is_moved if side == 'credited' else '0' }}) as moved_in_{{ name }},
        {%- endfor %}
        {%- for measure in credited %}
        sum({{ measure if side == 'credited' else '0 * ' ~ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_churn__movements_cube') }}
    where cube_part = '{{ dimension if dimension in ['tenure_band', 'owner', 'attribute'] else 'profile' }}'
    group by {{ 'attribute_name, ' if dimension == 'attribute' }}{{ '' if dimension == 'all' else side ~ '_' ~ dimension ~ ', ' }}month_date
    {{ 'union all' if not (loop.last and dimension == dimensions[-1]) }}
    {%- endfor -%}
    {%- endfor %}
{% endmacro %}

{#-
CTEs that find where the bridges of a mart break; the last one, `bridge_faults`, has a row per fault. Values of a dimension must
add up to the whole in every one of `measures`, what moves between them must come to nothing, and an opening must be the
closing before it. Amounts that are rounded once
may miss by `tolerance` for each value. `unsummed` is the dimension whose values have no sum, such as currencies.
-#}
{% macro bridge_faults(mart, measures, opening, closing, moved_in, moved_out, unsummed=none, tolerance=0) %}
sums as (
    select
        dimension_name,
        churn_month,
        {{ tolerance }} * (count({{ opening }}) + 1) as tolerance,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        sum({{ moved_in }} - {{ moved_out }}) as moved
    from {{ mart }}
    {%- if unsummed %}
    where dimension_name <> '{{ unsummed }}'
    {%- endif %}
    group by dimension_name, churn_month
),

chained as (
    select
        dimension_name,
        dimension_value,
        churn_month,
        {{ opening }} as opening,
        lag({{ closing }}) over (partition by dimension_name, dimension_value order by churn_month) as earlier_closing
    from {{ mart }}
),

bridge_faults as (
    select
        'dimension against all' as fault,
        parts.dimension_name,
        parts.churn_month
    from sums as parts
    left join sums as wholes
        on parts.churn_month = wholes.churn_month
        and wholes.dimension_name = 'all'
    where wholes.churn_month is null
        or abs(parts.moved) > parts.tolerance
        {%- for measure in measures %}
        or abs(parts.{{ measure }} - wholes.{{ measure }}) > parts.tolerance
        {%- endfor %}
    union all
    select
        'opening is not the closing before' as fault,
        dimension_name || ' ' || dimension_value as dimension_name,
        churn_month
    from chained
    where opening <> coalesce(earlier_closing, 0)
)
{% endmacro %}

{#- The reason of a churn that is the deletion of the account: no row of the billing system gives it. -#}
{% macro deleted_reason() -%} deleted {%- endmacro %}

{#-
Movements of recurring revenue of a customer in a month. What a tenure gains and gives up within its first month belongs to
its start; expansion and contraction are of customers of the opening.
-#}
{% macro mrr_movements(up, down, churned, is_from_opening, tenure_number) -%}
    case when not {{ is_from_opening }} and {{ tenure_number }} = 1 then {{ up }} - {{ down }} else 0 end as new_amount,
    case when not {{ is_from_opening }} and {{ tenure_number }} > 1 then {{ up }} - {{ down }} else 0 end
        as reactivated_amount,
    case when {{ is_from_opening }} then {{ up }} else 0 end as expansion_amount,
    case when {{ is_from_opening }} then {{ down }} else 0 end as contraction_amount,
    {{ churned }} as churned_amount,
    case when {{ is_from_opening }} then {{ churned }} else 0 end as churned_from_opening_amount
{%- endmacro %}
