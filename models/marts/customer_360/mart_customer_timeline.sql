{#- source code, relation, id, moment, kind, channel, title, points, milestone; expressions over the relation. -#}
{% set text = dbt.type_string() %}
{% set tenure = 'cast(tenure_number as ' ~ text ~ ')' %}
{% set sources = [
    ('account', 'dim_customers', 'customer_id', 'registered_at', "'registered'", none, "'Registered'", none, true),
    (
        'key_action', 'mart_activation_actions', 'key_action_code', 'first_done_at',
        "'key_action_done'", none, 'title', none, true,
    ),
    ('churn', 'fct_churn_events', tenure, day_start_at('churned_date'), "'churned'", none, "'Churned'", none, true),
    ('churn', 'fct_churn_events', tenure, day_start_at('reactivated_date'), "'reactivated'", none, "'Reactivated'", none, true),
    (
        'contact', 'fct_contacts', 'contact_id', 'attempted_at',
        "direction || '_contact'", 'channel', "coalesce(purpose, 'contact')", none, false,
    ),
    (
        'contact', 'fct_contacts', 'contact_id', 'effective_at',
        "'contact_effective'", 'channel', 'effectiveness_rule', none, false,
    ),
    (
        'ticket', 'fct_tickets', 'ticket_id', 'opened_at',
        "case when is_complaint then 'complaint_opened' else 'ticket_opened' end", 'channel',
        "coalesce(topic_code, 'ticket')", none, false,
    ),
    (
        'ticket', 'fct_tickets', 'ticket_id', 'resolved_at',
        "'ticket_resolved'", 'channel', "coalesce(topic_code, 'ticket')", none, false,
    ),
    (
        'promise', 'fct_promises', 'promise_id', 'made_at', "'promise_made'", none,
        "coalesce(promise_type, 'promise')", none, false,
    ),
    (
        'promise', 'fct_promises', 'promise_id', 'fulfilled_at', "'promise_' || promise_state", none,
        "coalesce(promise_type, 'promise')", none, false,
    ),
    (
        'promise', 'fct_promises', 'promise_id', "case when fulfilled_at is null then missed_at end",
        "'promise_broken'", none, "coalesce(promise_type, 'promise')", none, false,
    ),
    (
        'incident', 'fct_incident_customers', 'incident_id', 'hit_at', "'incident_hit'", none,
        "'incident'", none, false,
    ),
    (
        'incident', 'fct_incident_customers', 'incident_id', 'notified_at', "'incident_notified'", 'channel_code',
        "'incident'", none, false,
    ),
    (
        'compensation', 'fct_compensations', 'compensation_id', 'offered_at', "'compensation_offered'", none,
        "coalesce(compensation_kind, 'compensation')", 'reporting_amount', false,
    ),
    (
        'survey', 'fct_survey_responses', 'response_id', 'submitted_at',
        "'survey_answered'", 'channel', 'survey_code', 'main_score', false,
    ),
    (
        'payment', 'fct_payments', 'payment_id', 'paid_at',
        "case when is_refund then 'refunded' else 'paid' end", none,
        "case when is_refund then 'Refund' else 'Payment' end", 'amount', false,
    ),
    ('coupon', 'mart_coupons', 'coupon_id', 'issued_at', "'coupon_issued'", none, 'program_code', none, false),
    ('coupon', 'mart_coupons', 'coupon_id', 'reminded_at', "'coupon_reminded'", none, 'program_code', none, false),
    ('coupon', 'mart_coupons', 'coupon_id', 'redeemed_at', "'coupon_redeemed'", none, 'program_code', none, false),
    (
        'loyalty', 'fct_loyalty_entries', 'entry_id', 'occurred_at',
        "'loyalty_' || entry_kind", none, 'program_code', 'signed_points', false,
    ),
    (
        'alert', 'mart_alert_transitions', "alert_id || ':' || cast(transition_order as " ~ text ~ ')',
        'case when not is_spared then transition_at end',
        "'alert_' || transition_kind", 'channel_code', 'rule_code', none, false,
    ),
] %}
with entries as (
    {% for source, relation, id, moment, kind, channel, title, points, is_milestone in sources %}
    select
        customer_id,
        '{{ source }}' as source_code,
        {{ loop.index }} as source_order,
        cast({{ id }} as {{ dbt.type_string() }}) as source_id,
        {{ kind }} as event_kind,
        cast({{ channel or 'null' }} as {{ dbt.type_string() }}) as channel_code,
        {{ title }} as title,
        cast({{ points or 'null' }} as {{ type_double() }}) as event_points,
        {{ is_milestone | lower }} as is_milestone,
        {{ moment }} as occurred_at
    from {{ ref(relation) }}
    where {{ moment }} is not null
        and customer_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

recent as (
    select entries.*
    from entries
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where entries.occurred_at < run_context.as_of_end_at
        and (
            entries.is_milestone
            or {{ days_between(business_date('entries.occurred_at'), 'run_context.as_of_date') }}
            < policy.timeline_days
        )
),

visible as (
    select
        recent.*,
        status.status as customer_status,
        status.is_paying
    from recent
    -- Only counted customers have a card.
    inner join {{ ref('dim_customers') }} as customers
        on recent.customer_id = customers.customer_id
    {{ attributes_as_of('recent', business_date('recent.occurred_at'), ['status']) }}
),

gapped as (
    select
        *,
        {{ dbt.datediff(
            'lag(occurred_at) over (partition by customer_id order by occurred_at, source_order, source_id)',
            'occurred_at', 'second'
        ) }} as gap_seconds,
        row_number() over (
            partition by customer_id order by occurred_at, source_order, source_id
        ) as event_order
    from visible
)

select
    gapped.customer_id,
    gapped.source_code,
    gapped.source_id,
    gapped.event_kind,
    gapped.channel_code,
    gapped.title,
    gapped.customer_status,
    gapped.event_points,
    cast(gapped.event_order as bigint) as event_order,
    cast(gapped.gap_seconds as bigint) as gap_seconds,
    cast(sum(case
        when gapped.gap_seconds is null or gapped.gap_seconds > 60 * policy.timeline_episode_minutes then 1
        else 0
    end) over (
        partition by gapped.customer_id order by gapped.event_order rows between unbounded preceding and current row
    ) as bigint) as episode_order,
    gapped.is_milestone,
    gapped.is_paying,
    gapped.occurred_at
from gapped
cross join {{ ref('policy') }} as policy
