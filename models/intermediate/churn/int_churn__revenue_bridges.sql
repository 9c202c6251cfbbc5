{{ config(materialized=inlined('view')) }}
{%- set flows = ['new', 'reactivated', 'expansion', 'contraction', 'churned'] -%}
{%- set credited = [
    'new_amount', 'reactivated_amount', 'expansion_amount', 'contraction_amount', 'churned_amount',
    'churned_from_opening_amount', 'closing_amount', 'contracts_count',
] -%}
{%- set opening = [
    'earlier_closing_amount', 'revaluation_amount', 'gross_lost_amount', 'net_gained_amount', 'unconverted_count',
] -%}
{%- set moved = ['moved_in_amount', 'moved_out_amount'] -%}
-- Recurring revenue of a month as a bridge that closes to the cent, in all and in each currency.
with broken_down as (
    {{ churn_breakdowns(opening, {'amount': 'stayed_opening_amount'}, credited) }}
),

united as (
    select
        dimension_name,
        dimension_value,
        {{ reporting_currency() }} as currency_code,
        {%- for measure in opening + moved + credited %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        month_date
    from broken_down
    group by dimension_name, dimension_value, month_date
    having sum(contracts_count) > 0 or sum(earlier_closing_amount) > 0
    union all
    select
        'currency' as dimension_name,
        currency_code as dimension_value,
        currency_code,
        closing_amount - net_amount as earlier_closing_amount,
        0 as revaluation_amount,
        gross_lost_amount,
        net_gained_amount,
        0 as unconverted_count,
        0 as moved_in_amount,
        0 as moved_out_amount,
        {%- for measure in credited %}
        {{ '0' if measure == 'contracts_count' else measure }} as {{ measure }},
        {%- endfor %}
        month_date
    from {{ ref('int_churn__currency_movements') }}
),

known as (
    select
        *,
        -- Nothing of it has a rate: unknown, not 0.
        unconverted_count > 0
        and earlier_closing_amount = 0
        and closing_amount = 0
        and new_amount + reactivated_amount + churned_amount = 0 as is_unknown
    from united
),

-- Sums keep all digits until here. The opening has the rate of the month: the market does not move customers.
rounded as (
    select
        dimension_name,
        dimension_value,
        currency_code,
        month_date,
        unconverted_count,
        {%- for measure in flows + [
            'earlier_closing', 'closing', 'moved_in', 'moved_out', 'churned_from_opening', 'gross_lost', 'net_gained'
        ] %}
        cast(case when not is_unknown then round({{ measure }}_amount, 2) end as decimal(18, 2))
            as {{ measure }}_amount,
        {%- endfor %}
        cast(case when not is_unknown then round(earlier_closing_amount + revaluation_amount, 2) end as decimal(18, 2))
            as opening_amount
    from known
),

gaps as (
    select
        *,
        closing_amount - opening_amount - new_amount - reactivated_amount - expansion_amount + contraction_amount
        + churned_amount - moved_in_amount + moved_out_amount as gap_amount,
        greatest(new_amount, reactivated_amount, expansion_amount, contraction_amount, churned_amount) as largest_amount
    from rounded
),

-- Rounded parts may miss the rounded whole by a cent or two: the largest movement takes it, so that the bridge closes.
closed as (
    select
        *,
        case
            when gap_amount = 0 then 'none'
            {%- for flow in flows %}
            when largest_amount >= 1 and {{ flow }}_amount = largest_amount then '{{ flow }}'
            {%- endfor %}
            when gap_amount > 0 then 'expansion'
            else 'contraction'
        end as gap_flow
    from gaps
),

bridged as (
    select
        dimension_name,
        dimension_value,
        currency_code,
        unconverted_count,
        earlier_closing_amount,
        opening_amount,
        moved_in_amount,
        moved_out_amount,
        churned_from_opening_amount,
        closing_amount,
        gross_lost_amount,
        net_gained_amount,
        {%- for flow in flows %}
        cast(case
            when gap_flow = '{{ flow }}'
                then {{ flow }}_amount {{ '-' if flow in ['contraction', 'churned'] else '+' }} gap_amount
            else {{ flow }}_amount
        end as decimal(18, 2)) as {{ flow }}_amount,
        {%- endfor %}
        month_date
    from closed
)

select
    dimension_name,
    dimension_value,
    currency_code,
    unconverted_count,
    earlier_closing_amount,
    cast(opening_amount - earlier_closing_amount as decimal(18, 2)) as revaluation_amount,
    opening_amount,
    moved_in_amount,
    moved_out_amount,
    {%- for flow in flows %}
    {{ flow }}_amount,
    {%- endfor %}
    least(churned_from_opening_amount, churned_amount) as churned_from_opening_amount,
    closing_amount,
    gross_lost_amount,
    net_gained_amount,
    month_date
from bridged
