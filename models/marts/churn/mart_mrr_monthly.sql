{%- set flows = ['new', 'reactivated', 'expansion', 'contraction', 'churned'] -%}
{%- set credited = [
    'new_amount', 'reactivated_amount', 'expansion_amount', 'contraction_amount', 'churned_amount',
    'churned_from_opening_amount', 'closing_amount', 'contracts_count',
] -%}
{%- set opening = [
    'earlier_closing_amount', 'revaluation_amount', 'gross_lost_amount', 'net_gained_amount', 'unconverted_count',
] -%}
with breakdowns as (
    {{ churn_breakdowns(
        ['all', 'segment', 'value_segment', 'plan', 'region', 'channel', 'owner'],
        opening, {'amount': 'stayed_opening_amount'}, credited
    ) }}
),

united as (
    select
        dimension_name,
        dimension_value,
        {{ reporting_currency() }} as currency_code,
        month_date,
        {%- for measure in credited + opening %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(moved_in_amount) as moved_in_amount,
        sum(moved_out_amount) as moved_out_amount
    from breakdowns
    group by dimension_name, dimension_value, month_date
    having sum(contracts_count) > 0 or sum(earlier_closing_amount) > 0
    union all
    select
        'currency' as dimension_name,
        currency_code as dimension_value,
        currency_code,
        month_date,
        {%- for measure in credited %}
        {{ '0' if measure == 'contracts_count' else measure }} as {{ measure }},
        {%- endfor %}
        closing_amount - net_amount as earlier_closing_amount,
        0 as revaluation_amount,
        gross_lost_amount,
        net_gained_amount,
        0 as unconverted_count,
        0 as moved_in_amount,
        0 as moved_out_amount
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

-- Rounded parts may miss the rounded whole by a cent or two: the largest movement takes it, so that the bridge
-- closes.
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
        month_date,
        unconverted_count,
        earlier_closing_amount,
        opening_amount,
        moved_in_amount,
        moved_out_amount,
        churned_from_opening_amount,
        closing_amount,
        gross_lost_amount,
        {%- for flow in flows %}
        case
            when gap_flow = '{{ flow }}'
                then {{ flow }}_amount {{ '-' if flow in ['contraction', 'churned'] else '+' }} gap_amount
            else {{ flow }}_amount
        end as {{ flow }}_amount,
        {%- endfor %}
        net_gained_amount
    from closed
),

measured as (
    select
        bridged.*,
        -- Before churn is observed nobody can be seen to churn: the amounts are known, their rates are not measurable.
        case when months.is_observed then bridged.opening_amount end as rate_base_amount,
        months.is_complete as month_is_complete,
        months.is_final as month_is_final
    from bridged
    inner join {{ ref('dim_months') }} as months
        on bridged.month_date = months.month_date
)

select
    measured.dimension_name,
    measured.dimension_value,
    measured.currency_code,
    cast(measured.unconverted_count as bigint) as unconverted_count,
    measured.earlier_closing_amount,
    cast(measured.opening_amount - measured.earlier_closing_amount as decimal(18, 2)) as revaluation_amount,
    measured.opening_amount,
    {%- for flow in flows %}
    cast(measured.{{ flow }}_amount as decimal(18, 2)) as {{ flow }}_amount,
    {%- endfor %}
    cast(least(measured.churned_from_opening_amount, measured.churned_amount) as decimal(18, 2))
        as churned_from_opening_amount,
    measured.moved_in_amount,
    measured.moved_out_amount,
    measured.closing_amount,
    measured.gross_lost_amount,
    measured.net_gained_amount,
    {{ pct('measured.gross_lost_amount', 'measured.rate_base_amount') }} as gross_mrr_churn_pct,
    {{ pct('(-measured.net_gained_amount)', 'measured.rate_base_amount') }} as net_mrr_churn_pct,
    {{ pct('(measured.opening_amount - measured.gross_lost_amount)', 'measured.rate_base_amount') }}
        as gross_revenue_retention_pct,
    {{ pct('(measured.opening_amount + measured.net_gained_amount)', 'measured.rate_base_amount') }}
        as net_revenue_retention_pct,
    case
        when measured.rate_base_amount > 0 then measured.net_gained_amount > 0
    end as is_negative_churn,
    measured.month_is_complete and measured.unconverted_count = 0 as is_complete,
    measured.month_is_final and measured.unconverted_count = 0 as is_final,
    measured.month_date as churn_month
from measured
