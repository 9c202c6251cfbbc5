-- Anchors of the communication plan (CON-08): each registration, first use, period of inactivity, upcoming renewal and
-- completed renewal. From `void_date` on the contact has no purpose any more: the customer uses the product again, or
-- the term was replaced or cancelled.
with rules as (
    select * from {{ ref('comm_plan_rules') }}
),

first_uses as (
    select
        events.customer_id,
        min(events.first_at) as first_use_at
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_usage
    group by events.customer_id
),

use_days as (
    select
        usage_days.customer_id,
        usage_days.usage_date
    from {{ ref('fct_customer_usage_daily') }} as usage_days
    inner join {{ ref('run_context') }} as run_context
        on usage_days.usage_date <= run_context.as_of_date
),

gaps as (
    select
        use_days.customer_id,
        use_days.usage_date,
        lead(use_days.usage_date)
            over (partition by use_days.customer_id order by use_days.usage_date)
            as next_usage_date
    from use_days
),

-- Only days with access count as inactive; after a reactivation they count from its first day.
inactive as (
    select
        gaps.customer_id,
        greatest(gaps.usage_date, access_periods.valid_from) as inactive_from,
        gaps.next_usage_date,
        least(
            coalesce(gaps.next_usage_date, {{ end_of_time('date') }}),
            coalesce(access_periods.valid_to, {{ end_of_time('date') }})
        ) as inactive_to
    from gaps
    inner join {{ ref('customer_access_periods') }} as access_periods
        on gaps.customer_id = access_periods.customer_id
        and access_periods.has_access
        and gaps.usage_date < coalesce(access_periods.valid_to, {{ end_of_time('date') }})
        and coalesce(gaps.next_usage_date, {{ end_of_time('date') }}) > access_periods.valid_from
),

terms as (
    select
        periods.subscription_id,
        periods.customer_id,
        periods.renewal_date,
        min(periods.valid_from) as term_from,
        max(coalesce(periods.valid_to, {{ end_of_time('date') }})) as term_to
    from {{ ref('stg_billing__subscription_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on periods.valid_from <= run_context.as_of_date
    where periods.renewal_date is not null
    group by periods.subscription_id, periods.customer_id, periods.renewal_date
),

renewed_terms as (
    select distinct
        terms.subscription_id,
        terms.customer_id,
        terms.renewal_date
    from terms
    inner join {{ ref('stg_billing__subscription_periods') }} as next_periods
        on terms.subscription_id = next_periods.subscription_id
        and terms.renewal_date = next_periods.valid_from
    inner join {{ ref('run_context') }} as run_context
        on next_periods.valid_from <= run_context.as_of_date
    where terms.term_to = terms.renewal_date
),

anchors as (
    select
        rules.rule_code,
        registration.customer_id,
        '' as anchor_key,
        registration.registered_at as anchor_at,
        cast(null as date) as void_date
    from {{ ref('customer_registrations') }} as registration
    inner join rules
        on rules.anchor = 'registration'
    union all
    select
        rules.rule_code,
        first_uses.customer_id,
        '' as anchor_key,
        first_uses.first_use_at as anchor_at,
        cast(null as date) as void_date
    from first_uses
    inner join rules
        on rules.anchor = 'first_use'
    union all
    select
        rules.rule_code,
        inactive.customer_id,
        '' as anchor_key,
        {{ day_start_at(add_days('inactive.inactive_from', 'rules.anchor_inactive_days')) }} as anchor_at,
        inactive.next_usage_date as void_date
    from inactive
    cross join {{ ref('run_context') }} as run_context
    inner join rules
        on rules.anchor = 'idle'
        and {{ add_days('inactive.inactive_from', 'rules.anchor_inactive_days') }} <= run_context.as_of_date
        -- Customers who use the product again, or churn, on the anchor's day did not reach this many inactive days.
        and {{ add_days('inactive.inactive_from', 'rules.anchor_inactive_days') }} < inactive.inactive_to
    union all
    select
        rules.rule_code,
        terms.customer_id,
        terms.subscription_id as anchor_key,
        {{ day_start_at('terms.renewal_date') }} as anchor_at,
        case when terms.term_to < terms.renewal_date then terms.term_to end as void_date
    from terms
    inner join rules
        on rules.anchor = 'renewal_due'
        -- A term shorter than the notice (a monthly plan) has no such contact.
        and {{ day_start_at('terms.term_from') }}
        <= {{ add_time('hour', day_start_at('terms.renewal_date'), 'rules.due_from_hours') }}
    union all
    select
        rules.rule_code,
        renewed_terms.customer_id,
        renewed_terms.subscription_id as anchor_key,
        {{ day_start_at('renewed_terms.renewal_date') }} as anchor_at,
        cast(null as date) as void_date
    from renewed_terms
    inner join rules
        on rules.anchor = 'renewed'
)

select
    anchors.rule_code,
    anchors.customer_id,
    anchors.anchor_key,
    {{ add_time('hour', 'anchors.anchor_at', 'rules.due_from_hours') }} as due_from,
    {{ add_time('hour', 'anchors.anchor_at', 'rules.due_to_hours') }} as due_to,
    {{ add_time('hour', 'anchors.anchor_at', 'rules.due_to_hours + rules.late_hours') }} as late_to,
    anchors.void_date,
    anchors.anchor_at
from anchors
inner join rules
    on anchors.rule_code = rules.rule_code
inner join {{ ref('customer_registrations') }} as registration
    on anchors.customer_id = registration.customer_id
