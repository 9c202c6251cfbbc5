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
-- A step of its own, so that the sort carries few columns.
with episodes as (
    select
        contacts.contact_id,
        coalesce(
            {{ add_time(
                'minute',
                'lag(contacts.attempted_at) over (
                    partition by contacts.customer_id, contacts.direction, contacts.channel
                    order by contacts.attempted_at, contacts.contact_id
                )',
                'policy.contact_burst_minutes'
            ) }} <= contacts.attempted_at,
            true
        ) as is_episode_start
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date <= run_context.as_of_date
    cross join {{ ref('policy') }} as policy
    where {{ rows_to_build() }}
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
    -- A contact that belongs to a ticket is an answer, whatever its purpose.
    effects.direction = 'outbound'
    and coalesce(purposes.is_proactive, true)
    and effects.ticket_id is null as is_proactive,
    episodes.is_episode_start,
    effects.duration_sec,
    effects.attempted_date,
    {{ business_date('effects.effective_at') }} as effective_date,
    effects.attempted_at,
    effects.delivered_at,
    effects.reached_at,
    effects.effective_at
from effects
inner join episodes
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
