-- What happened to an alert of one rule, in order; read off its signal, the contacts and the reviews, never remembered.
{% set is_ended = 'endings.ended_at <= coalesce(episodes.resolved_at, endings.ended_at)' %}
with episodes as (
    select
        episodes.alert_id,
        episodes.customer_id,
        episodes.rule_code,
        episodes.signal_code,
        episodes.episode_order,
        episodes.alert_opened_date,
        rules.cause_code,
        rules.window_to,
        {{ add_days('episodes.alert_opened_date', 'rules.expires_after_days') }} as expires_date,
        {{ day_start_at(add_days('episodes.opened_date', 1)) }} as opened_at,
        {{ day_start_at(add_days('episodes.resolved_date', 1)) }} as resolved_at
    from {{ ref('int_alerts__episodes') }} as episodes
    inner join {{ ref('dim_alert_rules') }} as rules
        on episodes.rule_code = rules.rule_code
        and episodes.rule_valid_from = rules.valid_from
),

alerts as (
    select * from episodes
    where episode_order = 1
),

-- A review names an alert, or the customer with the rule or the signal. It is about all rules of the cause that are
-- open then, because people see them as one alert.
related as (
    select
        alerts.alert_id,
        related.alert_id as alert_key,
        related.customer_id || ':' || related.rule_code as rule_key,
        related.customer_id || ':' || related.signal_code as signal_key,
        greatest(alerts.opened_at, related.opened_at) as opened_at
    from alerts
    inner join alerts as related
        on alerts.customer_id = related.customer_id
        and alerts.cause_code = related.cause_code
        and (alerts.rule_code <> related.rule_code or alerts.alert_id = related.alert_id)
        and alerts.alert_opened_date < related.expires_date
        and alerts.expires_date > related.alert_opened_date
),

subjects as (
    {% for key in ['alert_key', 'rule_key', 'signal_key'] %}
    select
        alert_id,
        {{ key }} as subject_key,
        min(opened_at) as opened_at
    from related
    group by alert_id, {{ key }}
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

matched_reviews as (
    select
        subjects.alert_id,
        reviews.*
    from subjects
    inner join {{ ref('fct_alert_reviews') }} as reviews
        on subjects.subject_key = reviews.subject_key
        and subjects.opened_at <= reviews.reviewed_at
),

-- What ends an alert for good, whatever the signal does afterwards.
endings as (
    select
        alerts.alert_id,
        'churned' as transition_kind,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        {{ day_start_at(add_days('ends.recognised_date', 1)) }} as ended_at
    from alerts
    inner join {{ ref('int_alerts__access_ends') }} as ends
        on alerts.customer_id = ends.customer_id
        and ends.recognised_date > alerts.alert_opened_date
    union all
    select
        alert_id,
        'dismissed' as transition_kind,
        review_id as evidence_id,
        reviewed_at as ended_at
    from matched_reviews
    where is_dismissal
    {% for kind, day in {'rule_off': 'window_to', 'expired': 'expires_date'}.items() %}
    union all
    select
        alert_id,
        '{{ kind }}' as transition_kind,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        {{ day_start_at(add_days(day, 1)) }} as ended_at
    from alerts
    where {{ day }} is not null
    {% endfor %}
),

first_endings as (
    select
        *,
        row_number() over (
            partition by alert_id order by ended_at, {{ alert_ending_order('transition_kind') }}, evidence_id
        ) as choice
    from endings
    -- Midnight after the business day still belongs to it: that is when its close is known.
    where ended_at <= (select run_context.as_of_end_at from {{ ref('run_context') }} as run_context)
),

lives as (
    select
        episodes.*,
        case when {{ is_ended }} then endings.transition_kind else 'resolved' end as closing_kind,
        case when {{ is_ended }} then endings.evidence_id end as evidence_id,
        least(endings.ended_at, episodes.resolved_at) as closed_at
    from episodes
    left join first_endings as endings
        on episodes.alert_id = endings.alert_id
        and endings.choice = 1
    where episodes.opened_at < coalesce(endings.ended_at, {{ end_of_time('timestamp') }})
),

responses as (
    {% for kind, moment in {'acknowledged': 'attempted_at', 'acted': 'effective_at'}.items() %}
    select
        lives.alert_id,
        lives.episode_order,
        '{{ kind }}' as transition_kind,
        attempts.contact_id as evidence_id,
        attempts.channel as channel_code,
        attempts.{{ moment }} as responded_at
    from lives
    inner join {{ ref('int_alerts__attempts') }} as attempts
        on lives.customer_id = attempts.customer_id
        and lives.opened_at <= attempts.attempted_at
        and attempts.{{ moment }} < coalesce(lives.closed_at, {{ end_of_time('timestamp') }})
    union all
    {% endfor %}
    select
        lives.alert_id,
        lives.episode_order,
        case when matched_reviews.is_action then 'acted' else 'acknowledged' end as transition_kind,
        matched_reviews.review_id as evidence_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        matched_reviews.reviewed_at as responded_at
    from lives
    inner join matched_reviews
        on lives.alert_id = matched_reviews.alert_id
        and matched_reviews.reviewed_at >= lives.opened_at
        and matched_reviews.reviewed_at < coalesce(lives.closed_at, {{ end_of_time('timestamp') }})
    where not matched_reviews.is_dismissal
),

first_responses as (
    select
        *,
        row_number() over (
            partition by alert_id, episode_order, transition_kind order by responded_at, evidence_id
        ) as choice
    from responses
    where responded_at < (select run_context.as_of_end_at from {{ ref('run_context') }} as run_context)
),

transitions as (
    {% for kind, rank, evidence, moment in [
        ("case when episode_order = 1 then 'opened' else 'reopened' end", 1, 'null', 'opened_at'),
        ('closing_kind', 4, 'evidence_id', 'closed_at'),
    ] %}
    select
        alert_id,
        episode_order,
        {{ kind }} as transition_kind,
        {{ rank }} as rank_in_moment,
        cast({{ evidence }} as {{ dbt.type_string() }}) as evidence_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        {{ moment }} as transition_at
    from lives
    where {{ moment }} is not null
    union all
    {% endfor %}
    select
        alert_id,
        episode_order,
        transition_kind,
        case transition_kind when 'acknowledged' then 2 else 3 end as rank_in_moment,
        evidence_id,
        channel_code,
        responded_at as transition_at
    from first_responses
    where choice = 1
)

select
    alert_id,
    transition_kind,
    evidence_id,
    channel_code,
    episode_order,
    row_number() over (partition by alert_id order by transition_at, episode_order, rank_in_moment) as transition_order,
    transition_at
from transitions
