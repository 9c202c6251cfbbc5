-- Customers who were promoters once: did they remain promoters through half a year of new experience?
with answers as (
    select
        customer_id,
        score_box,
        response_date,
        submitted_at,
        min(case when score_box = 'top' then submitted_at end) over (partition by customer_id) as first_promoter_at
    from {{ ref('int_cx__answers') }}
    where metric_code = 'nps'
        and is_headline
),

later as (
    select
        answers.customer_id,
        answers.first_promoter_at,
        {{ business_date('answers.first_promoter_at') }} as first_promoter_date,
        min(case when answers.score_box <> 'top' then answers.submitted_at end) as dropped_at,
        max(case when answers.score_box = 'top' then answers.response_date end) as last_promoter_date,
        -- The survey at the end of the half-year may come a little early.
        count(case
            when {{ add_days('answers.response_date', 'policy.promoter_hold_grace_days') }}
                >= {{ add_months(business_date('answers.first_promoter_at'), 'policy.promoter_hold_months') }} then 1
        end) as answers_after_hold_count
    from answers
    cross join {{ ref('policy') }} as policy
    where answers.submitted_at >= answers.first_promoter_at
    group by answers.customer_id, answers.first_promoter_at
),

-- Churn at any time, so that a later reactivation does not change the result.
churns as (
    select
        customer_id,
        max(churned_date) as last_churned_date
    from {{ ref('customer_tenures') }}
    group by customer_id
)

select
    later.customer_id,
    later.first_promoter_at,
    later.dropped_at,
    {{ days_between(
        'later.first_promoter_date', 'coalesce(' ~ business_date('later.dropped_at') ~ ', later.last_promoter_date)'
    ) }} as promoter_days,
    -- A drop shows at once and staying only after half a year, so shares cover promoters who had time for both.
    cast({{ dbt.dateadd('month', 'policy.promoter_hold_months', 'later.first_promoter_date') }} as date)
    <= run_context.as_of_date as is_mature,
    case
        when later.dropped_at is not null then false
        when later.answers_after_hold_count > 0 then true
        -- Churned customers are not promoters any more, whatever they would have said.
        when churns.last_churned_date >= later.first_promoter_date then false
    end as is_promoter_kept
from later
cross join {{ ref('run_context') }} as run_context
inner join {{ ref('dim_customers') }} as customers
    on later.customer_id = customers.customer_id
left join churns
    on later.customer_id = churns.customer_id
cross join {{ ref('policy') }} as policy
