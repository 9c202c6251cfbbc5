{%- set movements = ['new', 'returned', 'expansion', 'contraction', 'churned'] -%}
{%- set credited = [
    'new_amount', 'returned_amount', 'expansion_amount', 'contraction_amount', 'churned_amount',
    'churned_from_opening_amount', 'closing_amount', 'contracts_count',
] -%}
with cuts as (
    {{ churn_cuts(
        ['all', 'segment', 'value_segment', 'plan', 'region', 'channel', 'owner'],
        ['earlier_closing_amount', 'revaluation_amount'], {'amount': 'stayed_opening_amount'}, credited
    ) }}
),

summed as (
    select
        dimension_name,
        dimension_value,
        '{{ var("reporting_currency") }}' as currency_code,
        month_date,
        {%- for measure in credited %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(earlier_closing_amount) as earlier_closing_amount,
        sum(revaluation_amount) as revaluation_amount,
        sum(moved_in_amount) as moved_in_amount,
        sum(moved_out_amount) as moved_out_amount
    from cuts
    group by dimension_name, dimension_value, month_date
    having sum(contracts_count) > 0 or sum(earlier_closing_amount) > 0
),

-- Each currency for itself, as it was billed: nothing is converted, so nothing is revalued.
native_changes as (
    select
        changes.currency_code,
        changes.changed_month as month_date,
        changes.mrr_change,
        case
            when changes.movement = 'churned' then 'churned'
            when spells.started_date < changes.changed_month and changes.mrr_change > 0 then 'expansion'
            when spells.started_date < changes.changed_month then 'contraction'
            when spells.spell_number = 1 then 'new'
            else 'returned'
        end as movement,
        spells.started_date < changes.changed_month as is_from_opening
    from {{ ref('fct_mrr_changes') }} as changes
    inner join {{ ref('customer_tenures') }} as spells
        on changes.customer_id = spells.customer_id
        and changes.spell_number = spells.spell_number
),

native as (
    select
        currency_code,
        month_date,
        {%- for movement in movements %}
        {%- set sign = '-' if movement in ('contraction', 'churned') else '' %}
        sum(case when movement = '{{ movement }}' then {{ sign }}mrr_change else 0 end) as {{ movement }}_amount,
        {%- endfor %}
        sum(case when movement = 'churned' and is_from_opening then -mrr_change else 0 end)
            as churned_from_opening_amount,
        sum(mrr_change) as net_amount
    from native_changes
    group by currency_code, month_date
),

firsts as (
    select
        currency_code,
        min(month_date) as first_month_date
    from native
    group by currency_code
),

native_months as (
    select
        firsts.currency_code,
        months.month_date,
        {%- for movement in movements %}
        coalesce(native.{{ movement }}_amount, 0) as {{ movement }}_amount,
        {%- endfor %}
        coalesce(native.churned_from_opening_amount, 0) as churned_from_opening_amount,
        coalesce(native.net_amount, 0) as net_amount,
        sum(coalesce(native.net_amount, 0)) over (
            partition by firsts.currency_code order by months.month_date rows unbounded preceding
        ) as closing_amount
    from firsts
    inner join {{ ref('dim_months') }} as months
        on firsts.first_month_date <= months.month_date
    left join native
        on firsts.currency_code = native.currency_code
        and months.month_date = native.month_date
),

united as (
    select
        dimension_name,
        dimension_value,
        currency_code,
        month_date,
        earlier_closing_amount,
        revaluation_amount,
        moved_in_amount,
        moved_out_amount,
        {%- for movement in movements %}
        {{ movement }}_amount,
        {%- endfor %}
        churned_from_opening_amount,
        closing_amount
    from summed
    union all
    select
        'currency' as dimension_name,
        currency_code as dimension_value,
        currency_code,
        month_date,
        closing_amount - net_amount as earlier_closing_amount,
        0 as revaluation_amount,
        0 as moved_in_amount,
        0 as moved_out_amount,
        {%- for movement in movements %}
        {{ movement }}_amount,
        {%- endfor %}
        churned_from_opening_amount,
        closing_amount
    from native_months
),

bridged as (
    select
        united.*,
        -- Valued at the rate of the month, so that the market is no part of what customers did.
        united.earlier_closing_amount + united.revaluation_amount as opening_amount,
        united.contraction_amount + united.churned_from_opening_amount as lost_amount,
        united.expansion_amount - united.contraction_amount - united.churned_from_opening_amount as gain_amount
    from united
)

select
    bridged.dimension_name,
    bridged.dimension_value,
    bridged.currency_code,
    cast(bridged.earlier_closing_amount as decimal(18, 2)) as earlier_closing_amount,
    cast(bridged.revaluation_amount as decimal(18, 2)) as revaluation_amount,
    cast(bridged.opening_amount as decimal(18, 2)) as opening_amount,
    cast(bridged.new_amount as decimal(18, 2)) as new_amount,
    cast(bridged.returned_amount as decimal(18, 2)) as returned_amount,
    cast(bridged.expansion_amount as decimal(18, 2)) as expansion_amount,
    cast(bridged.contraction_amount as decimal(18, 2)) as contraction_amount,
    cast(bridged.churned_amount as decimal(18, 2)) as churned_amount,
    cast(bridged.churned_from_opening_amount as decimal(18, 2)) as churned_from_opening_amount,
    cast(bridged.moved_in_amount as decimal(18, 2)) as moved_in_amount,
    cast(bridged.moved_out_amount as decimal(18, 2)) as moved_out_amount,
    cast(bridged.closing_amount as decimal(18, 2)) as closing_amount,
    {{ pct('bridged.lost_amount', 'bridged.opening_amount') }} as gross_mrr_churn_pct,
    {{ pct('(-bridged.gain_amount)', 'bridged.opening_amount') }} as net_mrr_churn_pct,
    {{ pct('(bridged.opening_amount - bridged.lost_amount)', 'bridged.opening_amount') }}
        as gross_revenue_retention_pct,
    {{ pct('(bridged.opening_amount + bridged.gain_amount)', 'bridged.opening_amount') }} as net_revenue_retention_pct,
    case
        when bridged.opening_amount > 0 then bridged.gain_amount > 0
    end as is_negative_churn,
    months.is_complete,
    months.is_final,
    months.month_date as churn_month
from bridged
inner join {{ ref('dim_months') }} as months
    on bridged.month_date = months.month_date
