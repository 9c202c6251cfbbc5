{{ config(materialized=inlined('view')) }}
-- Recurring revenue of each currency for itself, as it was billed: nothing is converted, so nothing is revalued.
with changes as (
    select
        changes.customer_id,
        changes.currency_code,
        changes.changed_month as month_date,
        changes.tenure_number,
        tenures.started_date < changes.changed_month as is_from_opening,
        sum(case when changes.movement = 'churned' then -changes.mrr_change else 0 end) as churned_amount,
        sum(case when changes.movement <> 'churned' then greatest(changes.mrr_change, 0) else 0 end) as up_amount,
        sum(case when changes.movement <> 'churned' then greatest(-changes.mrr_change, 0) else 0 end) as down_amount,
        sum(changes.mrr_change) as net_amount
    from {{ ref('fct_mrr_changes') }} as changes
    inner join {{ ref('customer_tenures') }} as tenures
        on changes.customer_id = tenures.customer_id
        and changes.tenure_number = tenures.tenure_number
    group by
        changes.customer_id, changes.currency_code, changes.changed_month, changes.tenure_number, tenures.started_date
),

classified as (
    select
        currency_code,
        month_date,
        net_amount,
        -- All changes of a month together are closing less opening.
        case when is_from_opening then greatest(-net_amount, 0) else 0 end as gross_lost_amount,
        case when is_from_opening then net_amount else 0 end as net_gained_amount,
        {{ mrr_movements('up_amount', 'down_amount', 'churned_amount', 'is_from_opening', 'tenure_number') }}
    from changes
),

movements as (
    select
        currency_code,
        month_date,
        sum(new_amount) as new_amount,
        sum(reactivated_amount) as reactivated_amount,
        sum(expansion_amount) as expansion_amount,
        sum(contraction_amount) as contraction_amount,
        sum(churned_amount) as churned_amount,
        sum(churned_from_opening_amount) as churned_from_opening_amount,
        sum(gross_lost_amount) as gross_lost_amount,
        sum(net_gained_amount) as net_gained_amount,
        sum(net_amount) as net_amount
    from classified
    group by currency_code, month_date
),

firsts as (
    select
        currency_code,
        min(month_date) as first_month_date
    from movements
    group by currency_code
)

select
    firsts.currency_code,
    months.month_date,
    {%- for measure in [
        'new', 'reactivated', 'expansion', 'contraction', 'churned', 'churned_from_opening', 'gross_lost', 'net_gained', 'net'
    ] %}
    coalesce(movements.{{ measure }}_amount, 0) as {{ measure }}_amount,
    {%- endfor %}
    sum(coalesce(movements.net_amount, 0)) over (
        partition by firsts.currency_code order by months.month_date rows unbounded preceding
    ) as closing_amount
from firsts
inner join {{ ref('dim_months') }} as months
    on firsts.first_month_date <= months.month_date
left join movements
    on firsts.currency_code = movements.currency_code
    and months.month_date = movements.month_date
