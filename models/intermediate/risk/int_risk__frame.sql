-- Observations with their outcomes. Whether a customer churned within a window is known when the grace after it is
-- over: until then early churns would be too high a share.
with observed as (
    select * from {{ ref('state_customer_month_features') }}
    union all
    select * from {{ ref('int_risk__current_features') }}
),

followed as (
    select
        observed.*,
        coalesce({{ days_between('observed.observed_date', 'churns.churned_date') }}, 1000000) as left_after_days,
        {{ days_between('observed.observed_date', 'run_context.as_of_date') }} - policy.churn_grace_days as seen_days,
        run_context.as_of_date,
        churns.churned_date
    from observed
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('fct_churn_events') }} as churns
        on observed.customer_id = churns.customer_id
        and observed.tenure_number = churns.tenure_number
)

select
    followed.customer_id,
    followed.month_date,
    followed.observed_date,
    coalesce(followed.segment_code, 'unassigned') as segment_code,
    followed.tenure_number,
    followed.mrr,
    {%- for precursor in risk_precursors() %}
    followed.{{ precursor }},
    {%- endfor %}
    {%- for window in ['short', 'medium', 'long'] %}
    case
        when followed.seen_days >= policy.risk_horizon_{{ window }}_days
            then followed.left_after_days <= policy.risk_horizon_{{ window }}_days
    end as is_churned_{{ window }},
    {%- endfor %}
    followed.observed_date = followed.as_of_date as is_current,
    followed.churned_date
from followed
cross join {{ ref('policy') }} as policy
