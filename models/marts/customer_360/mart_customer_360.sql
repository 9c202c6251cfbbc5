{% set text = dbt.type_string() %}
{% set months_ago -%}
{{ period_number('month', 'run_context.as_of_date') }} - {{ period_number('month', 'months.month_date') }}
{%- endset %}
with owners as (
    select
        owners.customer_id,
        max(case when owners.role = 'account_manager' then owners.employee_id end) as account_manager_id,
        max(case when owners.role = 'onboarding_manager' then owners.employee_id end) as onboarding_manager_id
    from {{ ref('dim_customer_owners') }} as owners
    inner join {{ ref('run_context') }} as run_context
        on owners.valid_from < run_context.as_of_end_at
        and coalesce(owners.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
    group by owners.customer_id
),

contracts as (
    select
        months.customer_id,
        months.mrr,
        months.is_unconverted,
        case when months.mrr > 0 then months.mrr >= value_limits.top_from_mrr end as is_top_value
    from {{ ref('dim_customer_month_end') }} as months
    inner join {{ ref('run_context') }} as run_context
        on months.month_date = {{ period_start('month', 'run_context.as_of_date') }}
    left join {{ ref('dim_value_limits') }} as value_limits
        on months.month_date = value_limits.month_date
),

mrr_lines as (
    select
        months.customer_id,
        {{ sorted_list(
            "lpad(cast(" ~ months_ago ~ " as " ~ text ~ "), 2, '0') || ':'"
            ~ " || cast(cast(months.mrr as decimal(18, 2)) as " ~ text ~ ")"
        ) }} as mrr_series
    from {{ ref('dim_customer_month_end') }} as months
    inner join {{ ref('run_context') }} as run_context
        on months.month_date <= run_context.as_of_date
    cross join {{ ref('policy') }} as policy
    where months.mrr is not null
        and {{ months_ago }} < policy.card_months
    group by months.customer_id
),

coupons as (
    select
        customer_id,
        count(case when coupon_state = 'open' then 1 end) as open_count,
        min(case when coupon_state = 'open' then last_valid_date end) as open_until_date
    from {{ ref('mart_coupons') }}
    group by customer_id
),

accounts as (
    select
        customer_id,
        sum(balance_points) as balance_points
    from {{ ref('mart_loyalty_balances') }}
    where program_kind = 'points'
    group by customer_id
),

ranked_alerts as (
    select
        customer_id,
        alert_id,
        rule_code,
        playbook_code,
        severity,
        due_at,
        row_number() over (
            partition by customer_id
            order by
                {{ severity_rank('severity') }} desc,
                case when due_at is null then 1 else 0 end,
                due_at,
                alert_id asc
        ) as place
    from {{ ref('mart_alerts') }}
    where is_open
        and not is_spared
),

alerts as (
    select
        customer_id,
        count(*) as open_count,
        max(case when place = 1 then alert_id end) as top_alert_id,
        max(case when place = 1 then rule_code end) as top_rule_code,
        max(case when place = 1 then playbook_code end) as top_playbook_code,
        max(case when place = 1 then severity end) as top_severity,
        min(due_at) as first_due_at
    from ranked_alerts
    group by customer_id
)

select
    customers.customer_id,
    customers.display_name as customer_display_name,
    customers.customer_type as customer_kind,
    customers.region,
    customers.acquisition_channel,
    customers.usage_segment_code,
    customers.value_segment_code,
    customers.customer_status,
    customers.plan_code,
    owners.account_manager_id,
    account_managers.display_name as account_manager_display_name,
    owners.onboarding_manager_id,
    onboarding_managers.display_name as onboarding_manager_display_name,
    activation.activation_status,
    health.health_status,
    health.health_reasons,
    health.recency_band,
    contacts.contact_recency_band,
    contacts.best_channel_code,
    scores.nps_group as nps_group_code,
    scores.loyalty_state,
    use_lines.use_days_series,
    mrr_lines.mrr_series,
    alerts.top_alert_id,
    alerts.top_rule_code,
    alerts.top_playbook_code,
    alerts.top_severity as top_severity_code,
    risks.risk_band,
    risks.first_reason as risk_reason,
    worth.rfm_segment_code,
    worth.purchase_state,
    cast(customers.tenure_days as bigint) as tenure_days,
    cast(contracts.mrr as decimal(18, 2)) as mrr_amount,
    risks.mrr_at_risk_amount,
    worth.revenue_12m_amount,
    worth.revenue_amount,
    worth.value_quintile_order,
    cast(coalesce(worth.unconverted_count, 0) + case when contracts.is_unconverted then 1 else 0 end as bigint)
        as unconverted_count,
    activation.activation_pct,
    activation.done_required_count,
    activation.required_actions_count,
    health.usage_level_pct,
    risks.risk_medium_pct as churn_risk_pct,
    contacts.days_from_effective as effective_contact_age_days,
    scores.nps_score,
    scores.csi_score,
    scores.csat_score,
    scores.cli_points,
    cast(coalesce(alerts.open_count, 0) as bigint) as open_alerts_count,
    accounts.balance_points,
    cast(coupons.open_count as bigint) as open_coupons_count,
    customers.is_paying,
    customers.has_access,
    contracts.is_top_value,
    coalesce(contacts.is_dnd, false) as is_do_not_disturb,
    coalesce(contacts.is_contactable, false) as is_contactable,
    coalesce(contacts.is_overdue, false) as is_contact_overdue,
    coalesce(health.is_in_risk_group, false) as is_in_risk_group,
    customers.registered_date,
    customers.churned_date,
    uses.last_use_date,
    contacts.last_effective_at,
    scores.nps_at,
    alerts.first_due_at as first_alert_due_at,
    worth.next_purchase_due_date,
    coupons.open_until_date as open_coupon_until_date
from {{ ref('dim_customers') }} as customers
left join owners
    on customers.customer_id = owners.customer_id
left join {{ ref('dim_employee_names') }} as account_managers
    on owners.account_manager_id = account_managers.employee_id
left join {{ ref('dim_employee_names') }} as onboarding_managers
    on owners.onboarding_manager_id = onboarding_managers.employee_id
left join contracts
    on customers.customer_id = contracts.customer_id
left join {{ ref('mart_activation_customer') }} as activation
    on customers.customer_id = activation.customer_id
left join {{ ref('mart_usage_health') }} as health
    on customers.customer_id = health.customer_id
left join {{ ref('state_customer_usage') }} as uses
    on customers.customer_id = uses.customer_id
left join {{ ref('mart_customer_contact_status') }} as contacts
    on customers.customer_id = contacts.customer_id
left join {{ ref('mart_customer_cx') }} as scores
    on customers.customer_id = scores.customer_id
left join {{ ref('mart_customer_value') }} as worth
    on customers.customer_id = worth.customer_id
left join {{ ref('mart_churn_risk') }} as risks
    on customers.customer_id = risks.customer_id
left join {{ ref('int_cards__use_lines') }} as use_lines
    on customers.customer_id = use_lines.customer_id
left join mrr_lines
    on customers.customer_id = mrr_lines.customer_id
left join alerts
    on customers.customer_id = alerts.customer_id
left join coupons
    on customers.customer_id = coupons.customer_id
left join accounts
    on customers.customer_id = accounts.customer_id
