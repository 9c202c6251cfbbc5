{%- set revenues = {
    'revenue_12m_amount': 'payments.paid_date >= events.year_from and payments.paid_date < events.churned_month',
    'revenue_after_reactivation_amount': 'payments.paid_date >= events.reactivated_date and payments.paid_date < events.revenue_to',
} -%}
-- Payments of churned customers before and after the churn, refunds, and the end of the paid time.
with events as (
    select
        churn_events.customer_id,
        churn_events.tenure_number,
        churn_events.churned_date,
        churn_events.churned_month,
        churn_events.reactivated_date,
        {{ add_days('churn_events.churned_date', '-policy.churn_evidence_days') }} as evidence_from,
        {{ add_days('churn_events.churned_date', 'policy.churn_evidence_days') }} as evidence_to,
        {{ add_days('churn_events.reactivated_date', 'policy.winback_revenue_days') }} as revenue_to,
        cast({{ dbt.dateadd('month', -12, 'churn_events.churned_month') }} as date) as year_from
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
),

churned_customers as (
    select distinct customer_id
    from events
),

-- A payment belongs to the term that contains its day or begins shortly after: terms are charged in advance. Where two
-- terms match (a monthly plan becomes a yearly one), the price nearest to the amount decides.
terms as (
    select
        payments.payment_id,
        greatest(payments.paid_date, slices.from_date) as paid_from_date,
        plan_list.billing_months,
        row_number() over (
            partition by payments.payment_id
            order by
                abs(payments.amount - slices.mrr * coalesce(plan_list.billing_months, 1)) asc nulls last,
                slices.from_date asc
        ) as choice
    from {{ ref('fct_cash_movements') }} as payments
    cross join {{ ref('policy') }} as policy
    inner join churned_customers
        on payments.customer_id = churned_customers.customer_id
    inner join {{ ref('subscription_status_periods') }} as slices
        on payments.customer_id = slices.customer_id
        and payments.subscription_id = slices.subscription_id
        and {{ add_days('payments.paid_date', 'policy.payment_ahead_days') }} >= slices.from_date
        and payments.paid_date < coalesce(slices.to_date, {{ end_of_time('date') }})
    left join {{ ref('plans') }} as plan_list
        on slices.plan_code = plan_list.plan_code
),

paid as (
    select
        payments.customer_id,
        payments.paid_date,
        payments.paid_at,
        payments.is_refund,
        payments.reporting_amount,
        cast({{ dbt.dateadd(
            'month', 'coalesce(terms.billing_months, 1)', 'coalesce(terms.paid_from_date, payments.paid_date)'
        ) }} as date) as paid_through_date
    from {{ ref('fct_cash_movements') }} as payments
    inner join churned_customers
        on payments.customer_id = churned_customers.customer_id
    left join terms
        on payments.payment_id = terms.payment_id
        and terms.choice = 1
)

select
    events.customer_id,
    events.tenure_number,
    {%- for column, condition in revenues.items() %}
    -- One payment without an exchange rate makes the sum unknown.
    cast(case
        when {{ unconverted_count('payments.reporting_amount', condition) }} = 0
            then {{ converted_sum('payments.reporting_amount', condition) }}
    end as decimal(18, 2)) as {{ column }},
    {%- endfor %}
    -- Payments of all years count: a plan may be paid for more than one year.
    coalesce(
        {{ days_between('min(events.churned_date)', 'max(case
            when not payments.is_refund and payments.paid_date < events.churned_date then payments.paid_through_date
        end)') }} >= max(policy.refund_due_days),
        false
    ) as is_refund_due,
    min(case
        when payments.is_refund and payments.paid_date >= events.evidence_from
            and payments.paid_date < events.evidence_to then payments.paid_at
    end) as refunded_at
from events
left join paid as payments
    on events.customer_id = payments.customer_id
cross join {{ ref('policy') }} as policy
group by events.customer_id, events.tenure_number
