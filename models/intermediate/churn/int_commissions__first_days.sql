-- What came after the first sale to a customer: complaints of the first days, and a churn in the first months.
with sales as (
    select
        decisions.commission_id,
        decisions.employee_id,
        decisions.customer_id,
        decisions.decision_status,
        coalesce(customers.acquisition_channel, 'unknown') as acquisition_channel,
        coalesce(terms.plan_code, 'unassigned') as plan_code,
        {{ business_date('decisions.sold_at') }} as sold_date,
        decisions.sold_at,
        row_number() over (partition by decisions.commission_id order by terms.from_date desc) as choice
    from {{ ref('int_commissions__decisions') }} as decisions
    inner join {{ ref('customer_accounts') }} as customers
        on decisions.customer_id = customers.customer_id
    left join {{ ref('subscription_terms') }} as terms
        on decisions.subscription_id = terms.subscription_id
        and terms.from_date <= {{ business_date('decisions.sold_at') }}
    where decisions.is_first_sale
),

dated as (
    select
        sales.*,
        {{ add_days('sales.sold_date', 'policy.expectation_days') }} as expectation_to_date,
        {{ add_days('sales.sold_date', 'policy.early_life_days') }} as early_to_date,
        {{ add_days('sales.sold_date', 'policy.expectation_days') }} <= run_context.as_of_date as is_expectation_mature,
        {{ add_days('sales.sold_date', 'policy.early_life_days + policy.churn_grace_days') }} <= run_context.as_of_date
            as is_early_mature
    from sales
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where sales.choice = 1
),

asked as (
    select
        dated.commission_id,
        count(*) as tickets_count,
        count(case when tickets.is_complaint then 1 end) as complaints_count
    from dated
    inner join {{ ref('fct_tickets') }} as tickets
        on dated.customer_id = tickets.customer_id
        and tickets.opened_at >= dated.sold_at
        and tickets.opened_date < dated.expectation_to_date
    group by dated.commission_id
),

churned_early as (
    select distinct dated.commission_id
    from dated
    inner join {{ ref('fct_churn_events') }} as churns
        on dated.customer_id = churns.customer_id
        and churns.churned_date > dated.sold_date
        and churns.churned_date <= dated.early_to_date
)

select
    dated.commission_id,
    dated.employee_id,
    dated.customer_id,
    dated.acquisition_channel,
    dated.plan_code,
    dated.decision_status,
    dated.is_expectation_mature,
    dated.is_early_mature,
    coalesce(asked.tickets_count, 0) as tickets_count,
    coalesce(asked.complaints_count, 0) as complaints_count,
    churned_early.commission_id is not null as is_churned_early,
    dated.sold_date
from dated
left join asked
    on dated.commission_id = asked.commission_id
left join churned_early
    on dated.commission_id = churned_early.commission_id
