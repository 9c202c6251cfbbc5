-- CON-10: the rules are those at the moment of the attempt, whether it was effective or not. An attempt that breaks two
-- rules has two rows.
with outbound as (
    select * from {{ ref('int_contacts__attempts') }}
),

register as (
    select count(*) > 0 as has_consents
    from {{ ref('customer_consent_periods') }}
),

-- Consents for another purpose that the customer had given by then.
other_purposes as (
    select distinct outbound.contact_id
    from outbound
    inner join {{ ref('customer_consent_periods') }} as consents
        on outbound.customer_id = consents.customer_id
        and outbound.channel_code = consents.channel_code
        and consents.is_granted
        and consents.valid_from <= outbound.attempted_at
    where outbound.is_consent_required
),

consent_faults as (
    select
        outbound.contact_id,
        case
            when consents.consent_state = 'revoked' then 'revoked'
            when consents.consent_state = 'unsubscribed' then 'unsubscribed_channel'
            when other_purposes.contact_id is not null then 'wrong_purpose'
            else 'no_consent'
        end as broken_rule,
        consents.valid_from as decided_at
    from outbound
    inner join register
        on register.has_consents
    left join {{ ref('customer_consent_periods') }} as consents
        on outbound.customer_id = consents.customer_id
        and outbound.channel_code = consents.channel_code
        and outbound.consent_purpose = consents.purpose_code
        and {{ holds_at('consents', 'outbound.attempted_at') }}
    left join other_purposes
        on outbound.contact_id = other_purposes.contact_id
    where outbound.is_consent_required
        and not coalesce(consents.is_granted, false)
),

-- CON-15: a sales call within a day of advertising, while the customer waits for an answer.
collisions as (
    select
        calls.contact_id,
        min(inbound.opened_at) as decided_at
    from outbound as calls
    inner join outbound as promotions
        on calls.customer_id = promotions.customer_id
        and promotions.consent_purpose = 'marketing'
        and promotions.attempted_at > {{ add_time('hour', 'calls.attempted_at', -24) }}
        and promotions.attempted_at < {{ add_time('hour', 'calls.attempted_at', 24) }}
    inner join {{ ref('fct_inbound_answers') }} as inbound
        on calls.customer_id = inbound.customer_id
        and inbound.opened_at <= calls.attempted_at
        and coalesce(inbound.answered_at, {{ end_of_time('timestamp') }}) > calls.attempted_at
        and coalesce(inbound.closed_at, {{ end_of_time('timestamp') }}) > calls.attempted_at
    where calls.consent_purpose = 'sales'
        and calls.channel_code = 'call'
    group by calls.contact_id
),

faults as (
    select
        contact_id,
        broken_rule,
        cast(null as bigint) as observed_count,
        cast(null as bigint) as allowed_count,
        decided_at
    from consent_faults
    union all
    select
        outbound.contact_id,
        'contact_during_dnd' as broken_rule,
        cast(null as bigint) as observed_count,
        cast(null as bigint) as allowed_count,
        dnd.valid_from as decided_at
    from outbound
    inner join {{ ref('dim_customer_dnd') }} as dnd
        on outbound.customer_id = dnd.customer_id
        and {{ holds_at('dnd', 'outbound.attempted_at') }}
    where outbound.is_proactive
    union all
    select
        contact_id,
        'channel_collision' as broken_rule,
        cast(null as bigint) as observed_count,
        cast(null as bigint) as allowed_count,
        decided_at
    from collisions
    union all
    select
        contact_id,
        'over_frequency_day' as broken_rule,
        day_count as observed_count,
        cast(max_contacts_per_day as bigint) as allowed_count,
        cast(null as timestamp) as decided_at
    from {{ ref('int_contacts__pressure') }}
    where is_over_day_cap
    union all
    select
        contact_id,
        'over_frequency_week' as broken_rule,
        week_count as observed_count,
        cast(max_contacts_per_week as bigint) as allowed_count,
        cast(null as timestamp) as decided_at
    from {{ ref('int_contacts__pressure') }}
    where is_over_week_cap
    union all
    select
        contact_id,
        'quiet_hours' as broken_rule,
        cast(null as bigint) as observed_count,
        cast(null as bigint) as allowed_count,
        local_at as decided_at
    from {{ ref('int_contacts__local_hours') }}
    where is_in_quiet_hours
)

select
    faults.contact_id,
    outbound.customer_id,
    outbound.employee_id,
    faults.broken_rule,
    outbound.customer_status,
    outbound.team_code,
    outbound.channel_code,
    outbound.purpose_code,
    nullif(outbound.campaign_code, 'none') as campaign_code,
    outbound.segment_code,
    faults.observed_count,
    faults.allowed_count,
    outbound.is_paying,
    outbound.is_automated,
    outbound.is_effective,
    outbound.attempted_date,
    outbound.attempted_at,
    case when faults.broken_rule <> 'quiet_hours' then faults.decided_at end as rule_decided_at,
    case when faults.broken_rule = 'quiet_hours' then faults.decided_at end as local_attempted_at
from faults
inner join outbound
    on faults.contact_id = outbound.contact_id
