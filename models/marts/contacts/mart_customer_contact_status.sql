with last_contacts as (
    select
        customer_id,
        max(case when direction = 'outbound' then attempted_at end) as last_attempt_at,
        max(case when direction = 'outbound' then effective_at end) as last_effective_at,
        max(case when direction = 'outbound' then reached_at end) as last_reached_at,
        max(case when direction = 'inbound' then attempted_at end) as last_inbound_at,
        count(case when direction = 'outbound' then 1 end) as attempts_count,
        count(case when direction = 'outbound' and is_effective then 1 end) as effective_count
    from {{ ref('fct_contacts') }}
    group by customer_id
),

-- Recent attempts may still reach the customer.
tried as (
    select
        contacts.customer_id,
        contacts.channel,
        count(*) as attempts_count,
        count(contacts.reached_at) as reached_count
    from {{ ref('fct_contacts') }} as contacts
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date
        < {{ add_days('run_context.as_of_date', '1 - policy.contact_settling_days') }}
    where contacts.direction = 'outbound'
    group by contacts.customer_id, contacts.channel
),

-- One attempt is added so that the chance of a miss stays above zero.
misses as (
    select
        channel,
        cast(ln(1.0 - 1.0 * sum(reached_count) / (sum(attempts_count) + 1)) as decimal(18, 9)) as log_miss
    from tried
    group by channel
),

-- Assumes that an attempt on a channel reaches every customer equally often; decimals sum alike in any order.
chances as (
    select
        tried.customer_id,
        {{ rounded('100.0 * exp(cast(sum(tried.attempts_count * misses.log_miss) as ' ~ type_double() ~ '))', 6) }}
            as unreached_chance_pct
    from tried
    inner join misses
        on tried.channel = misses.channel
    group by tried.customer_id
),

channels as (
    select
        customer_id,
        max(case when is_best_channel then channel_code end) as best_channel_code,
        max(case when is_best_channel then effective_num end) as best_channel_num,
        max(case when is_best_channel then effective_den end) as best_channel_den,
        count(case when is_service_allowed then 1 end) as reachable_channels_count,
        count(case when is_marketing_allowed then 1 end) as marketing_channels_count,
        count(case when is_missing then 1 end) as missing_channels_count,
        count(case when is_required then 1 end) as required_channels_count,
        count(case when contact_points_count > 0 then 1 end) as filled_channels_count,
        count(case when contact_points_count > 0 and has_usable_point then 1 end) as usable_channels_count,
        count(case when channel_code = 'call' and has_usable_point then 1 end) > 0 as has_usable_phone,
        count(case when channel_code = 'email' and has_usable_point then 1 end) > 0 as has_usable_email,
        -- Without any contact points on record, completeness is unknown.
        count(has_usable_point) > 0 as has_register
    from {{ ref('mart_customer_channels') }}
    group by customer_id
),

customers as (
    select
        customers.customer_id,
        customers.region,
        customers.value_segment_code,
        owners.employee_id as owner_employee_id,
        employees.team as owner_team_code,
        employees.unit as owner_unit_name,
        segments.contact_interval_days,
        segments.max_contacts_per_week,
        coalesce(segments.is_priority, false) as is_priority,
        customers.customer_status,
        customers.is_paying,
        coalesce(month_ends.is_customer, false) as is_customer,
        customers.has_access,
        dnd.customer_id is not null as is_dnd,
        customers.registered_date,
        dnd.valid_from as dnd_from,
        last_contacts.last_attempt_at,
        last_contacts.last_effective_at,
        last_contacts.last_inbound_at,
        case when last_contacts.last_reached_at is null then chances.unreached_chance_pct end as unreached_chance_pct,
        coalesce(last_contacts.attempts_count, 0) as attempts_count,
        coalesce(last_contacts.effective_count, 0) as effective_count,
        {{ days_between(business_date('last_contacts.last_effective_at'), 'run_context.as_of_date') }}
            as since_effective_days,
        {{ days_between(business_date('last_contacts.last_attempt_at'), 'run_context.as_of_date') }}
            as since_attempt_days,
    -- For customers who were never reached, waiting time starts at registration.
        {{ days_between(
            'coalesce(' ~ business_date('last_contacts.last_effective_at') ~ ', customers.registered_date)', 'run_context.as_of_date'
        ) }} as waiting_days
    from {{ ref('dim_customers') }} as customers
    cross join {{ ref('run_context') }} as run_context
    left join last_contacts
        on customers.customer_id = last_contacts.customer_id
    left join chances
        on customers.customer_id = chances.customer_id
    left join {{ ref('segments') }} as segments
        on customers.value_segment_code = segments.segment_code
    left join {{ ref('dim_customer_owners') }} as owners
        on customers.customer_id = owners.customer_id
        and owners.role = 'account_manager'
        and coalesce(owners.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
    left join {{ ref('dim_employees') }} as employees
        on owners.employee_id = employees.employee_id
        and coalesce(employees.valid_to, {{ end_of_time('timestamp') }}) > run_context.as_of_date
    left join {{ ref('dim_customer_dnd') }} as dnd
        on customers.customer_id = dnd.customer_id
        and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
    left join {{ ref('int_contacts__month_ends') }} as month_ends
        on customers.customer_id = month_ends.customer_id
        and run_context.as_of_date = month_ends.period_end_date
        and month_ends.is_at_month_end
)

select
    customers.customer_id,
    customers.region,
    coalesce(customers.value_segment_code, 'unassigned') as segment_code,
    customers.customer_status,
    coalesce(customers.owner_employee_id, 'unassigned') as owner_employee_id,
    coalesce(customers.owner_team_code, 'unassigned') as team_code,
    coalesce(customers.owner_unit_name, 'unassigned') as unit_name,
    case
        when customers.last_effective_at is null then 'never'
        when customers.contact_interval_days is null then 'no_interval'
        when customers.waiting_days <= customers.contact_interval_days then 'within_1x'
        when customers.waiting_days <= 2 * customers.contact_interval_days then '1x_to_2x'
        when customers.waiting_days <= 3 * customers.contact_interval_days then '2x_to_3x'
        else 'over_3x'
    end as contact_recency_band,
    channels.best_channel_code,
    hours.hour_band as best_hour_band,
    cast(customers.contact_interval_days as bigint) as contact_interval_days,
    cast(customers.since_attempt_days as bigint) as days_from_attempt,
    cast(customers.since_effective_days as bigint) as days_from_effective,
    cast(customers.waiting_days as bigint) as waiting_days,
    cast(customers.attempts_count as bigint) as attempts_count,
    cast(customers.effective_count as bigint) as effective_count,
    cast(customers.unreached_chance_pct as {{ type_double() }}) as unreached_chance_pct,
    cast(channels.best_channel_num as bigint) as best_channel_num,
    cast(channels.best_channel_den as bigint) as best_channel_den,
    {{ pct('channels.best_channel_num', 'channels.best_channel_den') }} as best_channel_pct,
    {{ wilson_pct('channels.best_channel_num', 'channels.best_channel_den', 'lo') }} as best_channel_ci_lo,
    {{ wilson_pct('channels.best_channel_num', 'channels.best_channel_den', 'hi') }} as best_channel_ci_hi,
    cast(hours.effective_count as bigint) as best_hour_num,
    cast(hours.attempts_count as bigint) as best_hour_den,
    {{ pct('hours.effective_count', 'hours.attempts_count') }} as best_hour_pct,
    {{ wilson_pct('hours.effective_count', 'hours.attempts_count', 'lo') }} as best_hour_ci_lo,
    {{ wilson_pct('hours.effective_count', 'hours.attempts_count', 'hi') }} as best_hour_ci_hi,
    cast(coalesce(channels.reachable_channels_count, 0) as bigint) as reachable_channels_count,
    cast(coalesce(channels.marketing_channels_count, 0) as bigint) as marketing_channels_count,
    cast(coalesce(channels.missing_channels_count, 0) as bigint) as missing_channels_count,
    cast(coalesce(channels.filled_channels_count, 0) as bigint) as filled_channels_count,
    cast(coalesce(channels.usable_channels_count, 0) as bigint) as usable_channels_count,
    customers.is_priority,
    customers.is_paying,
    customers.is_customer,
    customers.has_access,
    customers.is_dnd,
    coalesce(channels.reachable_channels_count, 0) > 0 as is_contactable,
    coalesce(channels.has_usable_phone, false) as has_usable_phone,
    coalesce(channels.has_usable_email, false) as has_usable_email,
    case
        when channels.has_register and channels.required_channels_count > 0 then channels.missing_channels_count = 0
    end as is_contact_data_complete,
    customers.last_effective_at is null as is_never_reached,
    coalesce(customers.unreached_chance_pct <= policy.unreachable_chance_pct, false) as is_unreachable,
    customers.has_access
    and coalesce(customers.waiting_days > customers.contact_interval_days, false) as is_overdue,
    customers.has_access
    and not customers.is_dnd
    and coalesce(customers.waiting_days > customers.contact_interval_days, false) as is_in_contact_risk_group,
    customers.registered_date,
    customers.dnd_from,
    customers.last_attempt_at,
    customers.last_effective_at,
    customers.last_inbound_at
from customers
left join channels
    on customers.customer_id = channels.customer_id
left join {{ ref('int_contacts__best_hours') }} as hours
    on customers.customer_id = hours.customer_id
cross join {{ ref('policy') }} as policy
