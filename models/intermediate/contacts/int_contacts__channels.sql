{{ config(materialized=inlined('view')) }}
-- What is known about each addressable channel of a customer: contact points, consents and the attempts made.
{% set purposes = ['service', 'marketing', 'sales', 'survey'] %}
with customers as (
    select
        customers.customer_id,
        coalesce(customers.value_segment_code, 'unassigned') as segment_code,
        segments.required_contact_channels,
        segments.channel_policy,
        dnd.customer_id is not null as is_dnd,
        customers.customer_status,
        customers.is_paying,
        customers.has_access
    from {{ ref('dim_customers') }} as customers
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('segments') }} as segments
        on customers.value_segment_code = segments.segment_code
    left join {{ ref('dim_customer_dnd') }} as dnd
        on customers.customer_id = dnd.customer_id
        and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
),

channels as (
    select
        channel_code,
        is_personal,
        quiet_from_hour is not null as is_ringing
    from {{ ref('contact_channels') }}
    where is_addressable
),

-- Without any consent or contact point on record, a company keeps no register and nothing is missing or forbidden.
registers as (
    select
        (select count(*) from {{ ref('customer_consent_periods') }}) > 0 as has_consents,
        (select count(*) from {{ ref('dim_contact_points') }}) > 0 as has_points
),

consents as (
    select
        customer_id,
        {%- for purpose in purposes %}
        count(case when is_granted and valid_to is null and purpose_code = '{{ purpose }}' then 1 end) > 0
            as has_{{ purpose }}_consent,
        count(case when not is_granted and purpose_code = '{{ purpose }}' then 1 end) > 0 as has_denied_{{ purpose }},
        {%- endfor %}
        channel_code
    from {{ ref('customer_consent_periods') }}
    group by customer_id, channel_code
),

points as (
    select
        customer_id,
        channel_code,
        count(*) as points_count,
        count(case when unusable_reason is null then 1 end) as usable_points_count,
        max(unusable_reason) as unusable_reason,
        max(added_at) as last_added_at
    from {{ ref('dim_contact_points') }}
    group by customer_id, channel_code
),

attempts as (
    select
        contacts.customer_id,
        contacts.channel as channel_code,
        contacts.outcome_role,
        contacts.is_effective,
        contacts.consent_purpose = 'marketing' and not contacts.is_effective as is_unengaged_promotion,
        contacts.attempted_at,
        contacts.attempted_date > {{ add_days(
            'run_context.as_of_date', '-policy.best_channel_days'
        ) }} as is_recent,
        max(case when contacts.delivered_at is not null and coalesce(contacts.outcome_role, '') <> 'wrong_number'
                then contacts.attempted_at
        end) over (
            partition by contacts.customer_id, contacts.channel
        ) as last_delivered_at,
        max(case when contacts.consent_purpose = 'marketing' and contacts.is_effective then contacts.attempted_at end)
            over (partition by contacts.customer_id, contacts.channel) as last_engaged_at
    from {{ ref('fct_contacts') }} as contacts
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where contacts.direction = 'outbound'
),

experience as (
    select
        customer_id,
        channel_code,
        count(case when is_recent then 1 end) as attempts_count,
        count(case when is_recent and is_effective then 1 end) as effective_count,
        count(
            case
                when is_unengaged_promotion
                    and attempted_at > coalesce(last_engaged_at, timestamp '1900-01-01 00:00:00') then 1
            end
        ) as unengaged_promotions_count,
        count(
            case
                when outcome_role in ('bounced', 'wrong_number')
                    and attempted_at > coalesce(last_delivered_at, timestamp '1900-01-01 00:00:00') then 1
            end
        ) as failures_in_a_row_count,
        max(case when outcome_role in ('bounced', 'wrong_number') then attempted_at end) as last_failure_at
    from attempts
    group by customer_id, channel_code
)

select
    customers.customer_id,
    channels.channel_code,
    customers.segment_code,
    customers.is_dnd,
    customers.customer_status,
    customers.is_paying,
    customers.has_access,
    {{ is_named('channels.channel_code', 'customers.required_contact_channels') }} as is_required,
    (coalesce(customers.channel_policy, 'personal') = 'personal' or not channels.is_personal)
    and (not customers.is_dnd or not channels.is_ringing) as is_suitable,
    coalesce(points.points_count, 0) as points_count,
    case
        when not registers.has_points then null
        when points.points_count is null then 'missing'
        when points.usable_points_count = 0 then points.unusable_reason
        when experience.failures_in_a_row_count >= policy.contact_point_dead_failures
            and experience.last_failure_at >= coalesce(points.last_added_at, experience.last_failure_at) then 'dead'
    end as missing_reason,
    {% for purpose in purposes %}
    case when registers.has_consents then coalesce(consents.has_{{ purpose }}_consent, false) end
        as has_{{ purpose }}_consent,
    {% endfor %}
    coalesce(consents.has_denied_marketing, false) as has_denied_marketing,
    registers.has_points,
    coalesce(experience.attempts_count, 0) as attempts_count,
    coalesce(experience.effective_count, 0) as effective_count,
    coalesce(experience.unengaged_promotions_count, 0) as unengaged_promotions_count
from customers
cross join channels
cross join registers
cross join {{ ref('policy') }} as policy
left join points
    on customers.customer_id = points.customer_id
    and channels.channel_code = points.channel_code
left join consents
    on customers.customer_id = consents.customer_id
    and channels.channel_code = consents.channel_code
left join experience
    on customers.customer_id = experience.customer_id
    and channels.channel_code = experience.channel_code
