-- The stage of the journey on a day: of every customer when a month begins, and of churned customers when they decided.
-- Stages are revisited (a renewal comes every year), so it is the stage of the day, not the furthest ever reached.
with first_uses as (
    select
        events.customer_id,
        min({{ business_date('events.first_at') }}) as first_use_date
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_usage
    group by events.customer_id
),

-- What customers who registered before use is recorded had used by then is not known.
sources as (
    select min(measured_from) as measured_from
    from {{ ref('dim_observation_starts') }}
    where source_code = 'events'
),

renewals as (
    select distinct
        customer_id,
        renewal_date
    from {{ ref('subscription_status_periods') }}
    where renewal_date is not null
        and is_coverage
),

moments as (
    select
        ends.customer_id,
        ends.source_customer_id,
        'opening' as moment,
        cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) as month_date,
        {{ add_days('ends.month_end_date', 1) }} as stage_date,
        ends.tenure_number
    from {{ ref('dim_customer_month_end') }} as ends
    inner join {{ ref('dim_months') }} as months
        on cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) = months.month_date
    union all
    select
        events.customer_id,
        events.source_customer_id,
        'churn' as moment,
        events.churned_month as month_date,
        {{ business_date('events.decided_at') }} as stage_date,
        events.tenure_number
    from {{ ref('fct_churn_events') }} as events
),

renewing as (
    select distinct
        moments.customer_id,
        moments.moment,
        moments.tenure_number,
        moments.stage_date
    from moments
    cross join {{ ref('policy') }} as policy
    inner join renewals
        on moments.customer_id = renewals.customer_id
        and abs({{ days_between('moments.stage_date', 'renewals.renewal_date') }})
        <= policy.renewal_notice_days
)

select
    moments.customer_id,
    moments.tenure_number,
    moments.moment,
    case
        when
            (sources.measured_from is null or customer_accounts.registered_date < sources.measured_from)
            and coalesce(
                {{ days_between('first_uses.first_use_date', 'moments.stage_date') }} < policy.stage_onboarding_days,
                true
            ) then 'unknown'
        when first_uses.first_use_date is null or first_uses.first_use_date > moments.stage_date then 'not_started'
        when {{ days_between('first_uses.first_use_date', 'moments.stage_date') }}
            < policy.stage_onboarding_days then 'onboarding'
        when renewing.customer_id is not null then 'renewal'
        else 'usage'
    end as stage_code,
    moments.month_date
from moments
left join {{ ref('customer_accounts') }} as customer_accounts
    on moments.source_customer_id = customer_accounts.source_customer_id
left join first_uses
    on moments.source_customer_id = first_uses.customer_id
left join renewing
    on moments.customer_id = renewing.customer_id
    and moments.moment = renewing.moment
    and moments.tenure_number = renewing.tenure_number
    and moments.stage_date = renewing.stage_date
cross join {{ ref('policy') }} as policy
cross join sources
