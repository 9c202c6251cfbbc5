{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status', 'basis': 'basis'} %}
-- Churn that a rule could have warned about, and how much of it had a warning in time. A churn counts from a whole
-- window after the rule could speak, so that a short history neither flatters nor blames it.
with warnable as (
    select
        codes.warning_kind,
        codes.warning_code,
        churns.customer_id,
        churns.tenure_number,
        churns.segment_code,
        churns.customer_status,
        churns.basis,
        churns.churned_date,
        {{ add_days('churns.churned_date', -1) }} as last_date
    from {{ ref('int_alerts__churns') }} as churns
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_alerts__warning_codes') }} as codes
        on churns.churned_date >= {{ add_days('codes.speaks_from', 'policy.alert_outcome_days') }}
        and churns.churned_date <= coalesce(codes.speaks_to, {{ end_of_time('date') }})
),

-- A warning before the churn, but not so long before it that the two are unrelated.
first_warnings as (
    select
        churns.customer_id,
        churns.tenure_number,
        warnings.warning_kind,
        warnings.warning_code,
        max({{ days_between('warnings.warned_date', 'churns.churned_date') }}) as lead_days
    from {{ ref('int_alerts__churns') }} as churns
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_alerts__warnings') }} as warnings
        on churns.customer_id = warnings.customer_id
        and {{ days_between('warnings.warned_date', 'churns.churned_date') }}
        between 1 and policy.alert_outcome_days
    group by churns.customer_id, churns.tenure_number, warnings.warning_kind, warnings.warning_code
),

caught as (
    select
        warnable.*,
        first_warnings.lead_days
    from warnable
    left join first_warnings
        on warnable.customer_id = first_warnings.customer_id
        and warnable.tenure_number = first_warnings.tenure_number
        and warnable.warning_kind = first_warnings.warning_kind
        and warnable.warning_code = first_warnings.warning_code
),

broken_down as (
    {{ breakdowns_with_attributes('caught', dimensions, day='last_date') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by warning_kind, warning_code, dimension_name, dimension_value
            order by lead_days asc nulls last, customer_id asc, tenure_number asc
        ) as place,
        count(lead_days) over (
            partition by warning_kind, warning_code, dimension_name, dimension_value
        ) as caught_count
    from broken_down
)

select
    warning_kind,
    warning_code,
    dimension_name,
    dimension_value,
    count(*) as recall_den,
    count(lead_days) as recall_num,
    percentile_cont(0.5) within group (order by lead_days) as median_lead_days,
    max(case when place = {{ median_place('caught_count', 'lo') }} then lead_days end) as median_lead_ci_lo,
    max(case when place = {{ median_place('caught_count', 'hi') }} then lead_days end) as median_lead_ci_hi
from ranked
group by warning_kind, warning_code, dimension_name, dimension_value
