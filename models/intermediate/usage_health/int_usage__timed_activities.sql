{{ config(materialized=inlined('view')) }}
-- What customers did and what was done about them in the last whole weeks, on the clock of the company: days of use by
-- their first use, contacts and tickets. Daily facts hold the moment of the first use, so no event is read.
with weeks as (
    select
        {{ add_days(period_start('week', add_days('run_context.as_of_date', 1)), '-7 * policy.heatmap_weeks') }}
            as first_date,
        {{ add_days(period_start('week', add_days('run_context.as_of_date', 1)), '-1') }} as last_date
    from {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
),

activities as (
    select
        'use_begun' as activity_code,
        uses.customer_id,
        cast(null as boolean) as is_effective,
        uses.usage_date as activity_date,
        min(uses.first_at) as activity_at
    from {{ ref('fct_component_usage_daily') }} as uses
    inner join weeks
        on uses.usage_date between weeks.first_date and weeks.last_date
    group by uses.customer_id, uses.usage_date
    union all
    select
        case contacts.direction when 'outbound' then 'contact_outbound' else 'contact_inbound' end as activity_code,
        contacts.customer_id,
        case when contacts.direction = 'outbound' then contacts.is_effective end as is_effective,
        contacts.attempted_date as activity_date,
        contacts.attempted_at as activity_at
    from {{ ref('fct_contacts') }} as contacts
    inner join weeks
        on contacts.attempted_date between weeks.first_date and weeks.last_date
    union all
    select
        'ticket_opened' as activity_code,
        tickets.customer_id,
        cast(null as boolean) as is_effective,
        tickets.opened_date as activity_date,
        tickets.opened_at as activity_at
    from {{ ref('fct_tickets') }} as tickets
    inner join weeks
        on tickets.opened_date between weeks.first_date and weeks.last_date
)

select
    activities.activity_code,
    activities.customer_id,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    coalesce(status.plan_code, 'none') as plan_code,
    coalesce(customers.region, 'unknown') as region,
    coalesce(customers.acquisition_channel, 'unknown') as acquisition_channel,
    {{ weekday_number('activities.activity_date') }} + 1 as weekday_order,
    {{ hour_of(business_clock('activities.activity_at')) }} as hour_order,
    activities.is_effective,
    weeks.first_date,
    weeks.last_date,
    activities.activity_date
from activities
cross join weeks
-- Deleted customers count nowhere from the day of their deletion.
inner join {{ ref('dim_customers') }} as customers
    on activities.customer_id = customers.customer_id
{{ attributes_as_of('activities', 'activities.activity_date', ['status', 'usage_segment']) }}
