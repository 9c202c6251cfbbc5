{% set windows = {
    'short': 'policy.value_window_short_days',
    'medium': 'policy.value_window_medium_days',
    'long': 'policy.value_window_long_days',
} %}
-- What each customer has brought so far, and what they had brought at the same age as everybody else.
with bought as (
    select
        customer_id,
        count(*) as purchases_count,
        count(distinct {{ period_start('month', 'purchased_date') }}) as paid_months_count,
        cast(1.0 * sum(reporting_amount) / nullif(count(reporting_amount), 0) as {{ type_double() }}) as check_avg,
        min(purchased_date) as first_paid_date,
        max(purchased_date) as last_paid_date
    from {{ ref('fct_purchases') }}
    group by customer_id
),

paid as (
    select
        payments.customer_id,
        {{ converted_sum('payments.reporting_amount') }} as revenue_amount,
        {{ converted_sum(
            'payments.reporting_amount',
            'payments.paid_date > ' ~ add_months('run_context.as_of_date', -12)
        ) }} as revenue_12m_amount,
        {%- for window, code in windows.items() %}
        {{ converted_sum(
            'payments.reporting_amount',
            days_between('customers.registered_date', 'payments.paid_date') ~ ' < ' ~ code
        ) }} as {{ window }}_amount,
        {%- endfor %}
        {{ converted_sum('-payments.reporting_amount', 'payments.is_refund') }} as refunded_amount,
        {{ unconverted_count('payments.reporting_amount') }} as unconverted_count
    from {{ ref('fct_cash_movements') }} as payments
    inner join {{ ref('dim_customers') }} as customers
        on payments.customer_id = customers.customer_id
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    group by payments.customer_id
),

known as (
    -- A company that gives no payments has customers of unknown value, not worthless ones.
    select count(*) > 0 as is_paid_known
    from paid
),

valued as (
    select
        customers.customer_id,
        customers.registration_segment_code,
        customers.usage_segment_code,
        customers.value_segment_code,
        customers.customer_status,
        customers.is_paying,
        customers.registered_date,
        customers.registration_month,
        customers.tenure_days,
        known.is_paid_known,
        coalesce(customers.registered_date >= {{ observed_from('payments', 'measured_from') }}, false) as is_measurable,
        bought.first_paid_date,
        bought.last_paid_date,
        {%- for column in ['purchases_count', 'paid_months_count'] %}
        case when known.is_paid_known then coalesce(bought.{{ column }}, 0) end as {{ column }},
        {%- endfor %}
        bought.check_avg,
        {%- for column in [
            'revenue_amount', 'revenue_12m_amount', 'short_amount', 'medium_amount', 'long_amount', 'refunded_amount',
            'unconverted_count'
        ] %}
        case when not known.is_paid_known then null when paid.customer_id is null then 0 else paid.{{ column }} end
            as {{ column }},
        {%- endfor %}
        -- Months of 30 days since the first purchase, at least one: a newcomer is not yet a frequent buyer.
        greatest({{ days_between('bought.first_paid_date', 'run_context.as_of_date') }} + 1, 30) / 30.0 as buying_months
    from {{ ref('dim_customers') }} as customers
    cross join known
    cross join {{ ref('run_context') }} as run_context
    left join bought
        on customers.customer_id = bought.customer_id
    left join paid
        on customers.customer_id = paid.customer_id
),

ranked as (
    select
        *,
        -- Equal amounts have one place, so the order of customers decides nothing.
        1 + floor(
            5.0 * (rank() over (partition by revenue_12m_amount > 0 order by revenue_12m_amount desc) - 1)
            / count(*) over (partition by revenue_12m_amount > 0)
        ) as quintile
    from valued
)

select
    ranked.customer_id,
    ranked.registration_segment_code as segment_code,
    ranked.value_segment_code,
    ranked.customer_status,
    rfm.rfm_segment_code,
    case when ranked.is_paid_known then coalesce(rhythms.purchase_state, 'never_bought') end as purchase_state,
    cast(ranked.tenure_days as bigint) as tenure_days,
    cast(ranked.purchases_count as bigint) as purchases_count,
    cast(ranked.paid_months_count as bigint) as paid_months_count,
    cast(case when ranked.is_paid_known then coalesce(rfm.purchases_12m_count, 0) end as bigint)
        as purchases_12m_count,
    cast(ranked.unconverted_count as bigint) as unconverted_count,
    cast(ranked.revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(ranked.revenue_12m_amount as decimal(18, 2)) as revenue_12m_amount,
    cast(case
        when rfm.customer_id is not null then rfm.purchases_12m_amount
        when ranked.is_paid_known then 0
    end as decimal(18, 2)) as purchases_12m_amount,
    cast(ranked.refunded_amount as decimal(18, 2)) as refunded_amount,
    cast(ranked.revenue_amount * policy.gross_margin_pct / 100.0 as decimal(18, 2)) as margin_amount,
    {%- for window, code in windows.items() %}
    cast(case
        when ranked.is_measurable and ranked.tenure_days >= {{ code }} then ranked.{{ window }}_amount
    end * policy.gross_margin_pct / 100.0 as decimal(18, 2)) as ltv_{{ window }}_amount,
    {%- endfor %}
    ranked.check_avg,
    cast(ranked.purchases_count / ranked.buying_months as {{ type_double() }}) as purchases_per_month_avg,
    cast(case when ranked.revenue_12m_amount > 0 then ranked.quintile end as bigint) as value_quintile_order,
    cast(rfm.recency_score as bigint) as recency_score,
    cast(rfm.frequency_score as bigint) as frequency_score,
    cast(rfm.monetary_score as bigint) as monetary_score,
    rhythms.rhythm_days as purchase_rhythm_days,
    cast(rhythms.past_due_days as bigint) as past_due_days,
    ranked.purchases_count >= policy.regular_min_purchases as is_regular,
    ranked.is_measurable,
    ranked.is_paying,
    ranked.registered_date,
    ranked.registration_month,
    ranked.first_paid_date,
    ranked.last_paid_date,
    rhythms.next_due_date as next_purchase_due_date
from ranked
cross join {{ ref('policy') }} as policy
left join {{ ref('int_retention__rfm') }} as rfm
    on ranked.customer_id = rfm.customer_id
left join {{ ref('int_retention__purchase_rhythms') }} as rhythms
    on ranked.customer_id = rhythms.customer_id
