{{ config(materialized='view') }}
-- The one home of "was this customer active on that day?", by each scope of the policy.
with found as (
    select
        named.scope_code,
        uses.customer_id,
        uses.usage_date as active_date
    from {{ ref('activity_scopes') }} as named
    cross join {{ ref('fct_customer_usage_daily') }} as uses
    where named.scope_kind = 'any_use'
    union all
    select distinct
        named.scope_code,
        uses.customer_id,
        uses.usage_date as active_date
    from {{ ref('activity_scopes') }} as named
    inner join {{ ref('fct_component_usage_daily') }} as uses
        on {{ is_listed_in('uses.component_code', 'named.component_codes') }}
    where named.scope_kind = 'components'
    union all
    select distinct
        named.scope_code,
        events.customer_id,
        events.event_date as active_date
    from {{ ref('activity_scopes') }} as named
    inner join {{ ref('fct_scope_events_daily') }} as events
        on {{ is_listed_in('events.event_name', 'named.event_names') }}
    where named.scope_kind = 'events'
    union all
    select distinct
        named.scope_code,
        purchases.customer_id,
        purchases.purchased_date as active_date
    from {{ ref('activity_scopes') }} as named
    cross join {{ ref('fct_purchases') }} as purchases
    where named.scope_kind = 'purchases'
    union all
    select
        named.scope_code,
        activation.customer_id,
        {{ business_date('activation.activated_at') }} as active_date
    from {{ ref('activity_scopes') }} as named
    cross join {{ ref('dim_customer_activation') }} as activation
    where named.scope_kind = 'activations'
        and activation.is_activated
    union all
    select
        named.scope_code,
        registrations.customer_id,
        registrations.registered_date as active_date
    from {{ ref('activity_scopes') }} as named
    cross join {{ ref('customer_registrations') }} as registrations
    where named.scope_kind = 'registrations'
)

select
    found.scope_code,
    found.customer_id,
    found.active_date
from found
inner join {{ ref('run_context') }} as run_context
    on found.active_date <= run_context.as_of_date
-- Deleted customers count nowhere from the day of their deletion.
inner join {{ ref('customer_registrations') }} as registrations
    on found.customer_id = registrations.customer_id
