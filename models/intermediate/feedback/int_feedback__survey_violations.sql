-- Invitations that broke a rule of policy when they were sent.
with invitations as (
    select
        *,
        {{ percent_bucket('customer_id') }} as rollout_bucket,
        lag(sent_at) over (
            partition by customer_id, coalesce(trigger_type, 'campaign') = 'service' order by sent_at, invitation_id
        ) as previous_sent_at,
        lag(invitation_id) over (
            partition by customer_id, coalesce(trigger_type, 'campaign') = 'service' order by sent_at, invitation_id
        ) as previous_invitation_id
    from {{ ref('fct_survey_invitation_outcomes') }}
    where customer_id is not null
)

select
    invitations.invitation_id,
    periods.block_reason as rule_code,
    min(periods.source_id) as source_id,
    cast(null as bigint) as distance_days
from invitations
inner join {{ ref('survey_blocked_periods') }} as periods
    on invitations.customer_id = periods.customer_id
    and (periods.is_absolute or invitations.is_suppressible)
    and periods.blocked_from < invitations.sent_at
    and coalesce(periods.blocked_to, {{ end_of_time('timestamp') }}) > invitations.sent_at
group by invitations.invitation_id, periods.block_reason
union all
select
    invitation_id,
    'quiet_period' as rule_code,
    previous_invitation_id as source_id,
    cast({{ days_between(business_date('previous_sent_at'), 'sent_date') }} as bigint) as distance_days
from invitations
where {{ dbt.dateadd('day', 'quiet_days', 'previous_sent_at') }} > sent_at
union all
select
    invitation_id,
    'asked_twice' as rule_code,
    schedule_key as source_id,
    cast(null as bigint) as distance_days
from invitations
where asking_order > 1
    and schedule_key is not null
    and trigger_type in ('tenure', 'event', 'service')
union all
select
    invitations.invitation_id,
    'too_early' as rule_code,
    reached.schedule_key as source_id,
    cast(null as bigint) as distance_days
from invitations
inner join {{ ref('fct_survey_triggers') }} as reached
    on invitations.customer_id = reached.customer_id
    and invitations.trigger_type = reached.trigger_type
    and invitations.schedule_key = reached.schedule_key
    and reached.reached_at > invitations.sent_at
union all
select
    invitations.invitation_id,
    'outside_rollout' as rule_code,
    cast(null as {{ dbt.type_string() }}) as source_id,
    cast(null as bigint) as distance_days
from invitations
inner join {{ ref('dim_customers') }} as customers
    on invitations.customer_id = customers.customer_id
left join {{ ref('survey_rollout') }} as waves
    on waves.start_date <= invitations.sent_date
    and (
        waves.max_tenure_months is null
        or invitations.sent_date < {{ add_months('customers.registered_date', 'waves.max_tenure_months + 1') }}
    )
    and invitations.rollout_bucket < waves.share_pct
where invitations.is_suppressible
    and waves.wave is null
    -- Without waves there is no roll-out to be outside of.
    and exists (select 1 from {{ ref('survey_rollout') }})
