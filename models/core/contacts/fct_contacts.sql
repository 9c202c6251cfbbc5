-- Each run rebuilds the contacts of customers with new or changed rows, or with a moment that has passed since the run
-- before.
{% set changes = [
    {'relation': 'stg_crm__contacts', 'as_of': 'attempted_date'},
    {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
    {'relation': 'stg_crm__customers', 'as_of_moment': 'deleted_at', 'only': 'passing'},
    {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
    {'relation': 'stg_crm__customer_owners', 'as_of_moment': 'valid_from'},
] %}
{% for moment in ['delivered', 'ended', 'opened', 'clicked', 'answered', 'replied', 'held'] %}
{% do changes.append({'relation': 'stg_crm__contacts', 'as_of_moment': moment ~ '_at', 'only': 'passing'}) %}
{% endfor %}
{{ changed_keys({'customer_id': 'customer_id'}, changes) }}
-- Steps of their own, so that the sorts carry few columns. We disturb a customer only with what we begin: a contact
-- that belongs to a ticket is an answer, whatever its purpose.
with proactive as (
    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.channel,
        contacts.attempted_at
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date <= run_context.as_of_date
    left join {{ ref('contact_purposes') }} as purposes
        on coalesce(contacts.purpose, 'unknown') = purposes.purpose_code
    where {{ rows_to_build() }}
        and contacts.direction = 'outbound'
        and contacts.ticket_id is null
        and coalesce(purposes.is_proactive, true)
),

followed as (
    select
        proactive.*,
        lag(proactive.attempted_at) over (
            partition by proactive.customer_id, proactive.channel order by proactive.attempted_at, proactive.contact_id
        ) as previous_at
    from proactive
),

bursts as (
    select
        followed.*,
        policy.contact_burst_minutes,
        max(
            case
                when followed.previous_at is null
                    or {{ add_time('minute', 'followed.previous_at', 'policy.contact_burst_minutes') }}
                    <= followed.attempted_at then followed.attempted_at
            end
        ) over (
            partition by followed.customer_id, followed.channel order by followed.attempted_at, followed.contact_id
            rows between unbounded preceding and current row
        ) as chain_from
    from followed
    cross join {{ ref('policy') }} as policy
),

-- Attempts that follow one another without an end are a new burst in every `contact_burst_minutes` of the chain.
episodes as (
    select
        bursts.contact_id,
        row_number() over (
            partition by
                bursts.customer_id,
                bursts.channel,
                bursts.chain_from,
                floor(
                    {{ minutes_between('bursts.chain_from', 'bursts.attempted_at') }}
                    / nullif(1.0 * bursts.contact_burst_minutes, 0)
                )
            order by bursts.attempted_at, bursts.contact_id
        ) = 1 as is_episode_start
    from bursts
),

effects as (
    select * from {{ ref('fct_contact_effects') }}
    where {{ rows_to_build() }}
)

select
    effects.contact_id,
    effects.customer_id,
    effects.employee_id,
    owners.employee_id as owner_employee_id,
    effects.ticket_id,
    effects.trigger_response_id,
    effects.direction,
    effects.channel,
    effects.purpose,
    effects.reason_code,
    effects.component_code,
    effects.campaign_code,
    effects.comm_rule_code,
    effects.outcome_code,
    effects.outcome_role,
    effects.ineffective_reason,
    effects.effectiveness_rule,
    segments.segment_code as value_segment_code,
    purposes.consent_purpose,
    purposes.role as purpose_role,
    effects.is_automated,
    effects.is_personalised,
    effects.effective_at is not null as is_effective,
    coalesce(purposes.is_consent_required, false) as is_consent_required,
    episodes.contact_id is not null as is_proactive,
    coalesce(episodes.is_episode_start, false) as is_episode_start,
    effects.duration_sec,
    effects.attempted_date,
    {{ business_date('effects.effective_at') }} as effective_date,
    effects.attempted_at,
    effects.delivered_at,
    effects.reached_at,
    effects.effective_at
from effects
left join episodes
    on effects.contact_id = episodes.contact_id
inner join {{ ref('customer_registrations') }} as registration
    on effects.customer_id = registration.customer_id
left join {{ ref('contact_purposes') }} as purposes
    on coalesce(effects.purpose, 'unknown') = purposes.purpose_code
left join {{ ref('dim_customer_segments') }} as segments
    on effects.customer_id = segments.customer_id
    and segments.scheme = 'value'
    and {{ holds_at('segments', 'effects.attempted_date') }}
left join {{ ref('dim_customer_owners') }} as owners
    on effects.customer_id = owners.customer_id
    and owners.role = 'account_manager'
    and {{ holds_at('owners', 'effects.attempted_at') }}
