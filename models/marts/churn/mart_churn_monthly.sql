-- The bridge of customers and the bridge of their recurring revenue, side by side. Currencies have the second one only.
select
    coalesce(customers.dimension_name, revenue.dimension_name) as dimension_name,
    coalesce(customers.dimension_value, revenue.dimension_value) as dimension_value,
    coalesce(revenue.currency_code, {{ reporting_currency() }}) as currency_code,
    cast(customers.opening_count as bigint) as opening_count,
    cast(customers.new_count as bigint) as new_count,
    cast(customers.reactivated_count as bigint) as reactivated_count,
    cast(customers.moved_in_count as bigint) as moved_in_count,
    cast(customers.churned_count as bigint) as churned_count,
    cast(customers.moved_out_count as bigint) as moved_out_count,
    cast(customers.closing_count as bigint) as closing_count,
    cast(customers.paused_count as bigint) as paused_count,
    cast(customers.pending_count as bigint) as pending_count,
    cast(customers.voluntary_count as bigint) as churned_voluntary_count,
    cast(customers.involuntary_count as bigint) as churned_involuntary_count,
    cast(customers.churned_count - customers.churned_from_opening_count as bigint) as churned_same_month_count,
    cast(case when months.is_observed then customers.churned_count end as bigint) as churn_num,
    cast(customers.base_count as bigint) as churn_den,
    {{ pct('customers.churned_count', 'customers.base_count') }} as churn_pct,
    {{ byar_pct('customers.churned_count', 'customers.base_count', 'lo') }} as churn_ci_lo,
    {{ byar_pct('customers.churned_count', 'customers.base_count', 'hi') }} as churn_ci_hi,
    cast(case when months.is_observed then customers.churned_from_opening_count end as bigint)
        as opening_base_churn_num,
    cast(customers.base_count as bigint) as opening_base_churn_den,
    {{ pct('customers.churned_from_opening_count', 'customers.base_count') }} as opening_base_churn_pct,
    {{ wilson_pct('customers.churned_from_opening_count', 'customers.base_count', 'lo') }} as opening_base_churn_ci_lo,
    {{ wilson_pct('customers.churned_from_opening_count', 'customers.base_count', 'hi') }} as opening_base_churn_ci_hi,
    cast(case when months.is_observed then customers.churned_count - customers.reactivated_count end as bigint)
        as net_customer_churn_num,
    cast(customers.base_count as bigint) as net_customer_churn_den,
    {{ pct('(customers.churned_count - customers.reactivated_count)', 'customers.base_count') }}
        as net_customer_churn_pct,
    customers.norm_pct as churn_norm_pct,
    customers.norm_status as churn_norm_status,
    cast(customers.quarter_churned_count as bigint) as quarter_churn_num,
    cast(customers.quarter_opening_count as bigint) as quarter_churn_den,
    {{ pct('customers.quarter_churned_count', 'customers.quarter_opening_count') }} as quarter_churn_pct,
    {{ pct('customers.baseline_churned_count', 'customers.baseline_opening_count') }} as baseline_quarter_churn_pct,
    {{ pct(
        '(1.0 * customers.quarter_churned_count / nullif(customers.quarter_opening_count, 0))',
        '(1.0 * customers.baseline_churned_count / nullif(customers.baseline_opening_count, 0))'
    ) }} as change_to_baseline_pct,
    customers.is_halved,
    cast(revenue.unconverted_count as bigint) as unconverted_count,
    revenue.earlier_closing_amount,
    revenue.revaluation_amount,
    revenue.opening_amount,
    revenue.new_amount,
    revenue.reactivated_amount,
    revenue.expansion_amount,
    revenue.contraction_amount,
    revenue.churned_amount,
    revenue.churned_from_opening_amount,
    revenue.moved_in_amount,
    revenue.moved_out_amount,
    revenue.closing_amount,
    revenue.gross_lost_amount,
    revenue.net_gained_amount,
    -- Before churn is observed nobody can be seen to churn: the amounts are known, their rates are not measurable.
    case when months.is_observed then {{ pct('revenue.gross_lost_amount', 'revenue.opening_amount') }} end
        as gross_mrr_churn_pct,
    case when months.is_observed then {{ pct('(-revenue.net_gained_amount)', 'revenue.opening_amount') }} end
        as net_mrr_churn_pct,
    case
        when months.is_observed
            then {{ pct('(revenue.opening_amount - revenue.gross_lost_amount)', 'revenue.opening_amount') }}
    end as gross_revenue_retention_pct,
    case
        when months.is_observed
            then {{ pct('(revenue.opening_amount + revenue.net_gained_amount)', 'revenue.opening_amount') }}
    end as net_revenue_retention_pct,
    case when months.is_observed and revenue.opening_amount > 0 then revenue.net_gained_amount > 0 end
        as is_negative_churn,
    months.is_complete,
    months.is_final,
    case when revenue.dimension_name is not null then months.is_complete and revenue.unconverted_count = 0 end
        as is_mrr_complete,
    case when revenue.dimension_name is not null then months.is_final and revenue.unconverted_count = 0 end
        as is_mrr_final,
    {{ is_reliable('coalesce(customers.base_count, 0)') }} as is_reliable,
    months.month_date as churn_month
from {{ ref('int_churn__customer_bridges') }} as customers
full outer join {{ ref('int_churn__revenue_bridges') }} as revenue
    on customers.dimension_name = revenue.dimension_name
    and customers.dimension_value = revenue.dimension_value
    and customers.month_date = revenue.month_date
inner join {{ ref('dim_months') }} as months
    on coalesce(customers.month_date, revenue.month_date) = months.month_date
