with alerts as (
    select * from {{ ref('int_alerts__opened') }}
),

episodes as (
    select
        alert_id,
        customer_id,
        episode_order,
        {{ day_start_at(add_days('opened_date', 1)) }} as opened_at,
        {{ day_start_at(add_days('resolved_date', 1)) }} as resolved_at
    from {{ ref('int_alerts__episodes') }}
),

-- A review names the alert itself, or the customer with the rule or the signal.
subjects as (
    {% for key in [
        'alert_id', "customer_id || ':' || rule_code", "customer_id || ':' || signal_code"
    ] %}
    select
        alert_id,
        opened_at,
        {{ key }} as subject_key
    from alerts
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

verdicts as (
    select
        subjects.alert_id,
        reviews.review_id,
        reviews.employee_id,
        reviews.is_dismissal,
        reviews.is_action,
        reviews.reviewed_at
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
        1 as priority,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        {{ day_start_at(add_days('departures.recognised_date', 1)) }} as ended_at
    from alerts
    inner join {{ ref('int_alerts__departures') }} as departures
        on alerts.customer_id = departures.customer_id
        and departures.recognised_date > alerts.opened_date
    union all
    select
        alert_id,
        'dismissed' as transition_kind,
        2 as priority,
        review_id as evidence_id,
        reviewed_at as ended_at
    from verdicts
    where is_dismissal
    union all
    select
        alert_id,
        'rule_off' as transition_kind,
        3 as priority,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        {{ day_start_at(add_days('window_to', 1)) }} as ended_at
    from alerts
    where window_to is not null
    union all
    select
        alert_id,
        'expired' as transition_kind,
        4 as priority,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        {{ day_start_at(add_days('opened_date', 'expires_after_days + 1')) }} as ended_at
    from alerts
),

first_endings as (
    select
        endings.*,
        row_number() over (
            partition by endings.alert_id order by endings.ended_at, endings.priority, endings.evidence_id
        ) as choice
    from endings
    inner join {{ ref('run_context') }} as run_context
        -- Midnight after the business day still belongs to it: that is when its close is known.
        on endings.ended_at <= run_context.as_of_end_at
),

lived as (
    select
        episodes.*,
        case
            when endings.ended_at <= episodes.resolved_at or episodes.resolved_at is null then endings.transition_kind
            else 'resolved'
        end as closing_kind,
        case
            when endings.ended_at <= episodes.resolved_at or episodes.resolved_at is null then endings.evidence_id
        end as evidence_id,
        least(endings.ended_at, episodes.resolved_at) as closed_at
    from episodes
    left join first_endings as endings
        on episodes.alert_id = endings.alert_id
        and endings.choice = 1
    where endings.ended_at is null
        or episodes.opened_at < endings.ended_at
),

answers as (
    select
        lived.alert_id,
        lived.episode_order,
        'acknowledged' as transition_kind,
        touches.contact_id as evidence_id,
        touches.channel as channel_code,
        touches.attempted_at as answered_at
    from lived
    inner join {{ ref('int_alerts__touches') }} as touches
        on lived.customer_id = touches.customer_id
        and touches.attempted_at >= lived.opened_at
        and touches.attempted_at < coalesce(lived.closed_at, {{ end_of_time('timestamp') }})
    union all
    select
        lived.alert_id,
        lived.episode_order,
        'acted' as transition_kind,
        touches.contact_id as evidence_id,
        touches.channel as channel_code,
        touches.effective_at as answered_at
    from lived
    inner join {{ ref('int_alerts__touches') }} as touches
        on lived.customer_id = touches.customer_id
        and touches.attempted_at >= lived.opened_at
        and touches.effective_at < coalesce(lived.closed_at, {{ end_of_time('timestamp') }})
    where touches.effective_at is not null
    union all
    select
        lived.alert_id,
        lived.episode_order,
        case when verdicts.is_action then 'acted' else 'acknowledged' end as transition_kind,
        verdicts.review_id as evidence_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        verdicts.reviewed_at as answered_at
    from lived
    inner join verdicts
        on lived.alert_id = verdicts.alert_id
        and verdicts.reviewed_at >= lived.opened_at
        and verdicts.reviewed_at < coalesce(lived.closed_at, {{ end_of_time('timestamp') }})
    where not verdicts.is_dismissal
),

first_answers as (
    select
        answers.*,
        row_number() over (
            partition by answers.alert_id, answers.episode_order, answers.transition_kind
            order by answers.answered_at, answers.evidence_id
        ) as choice
    from answers
    inner join {{ ref('run_context') }} as run_context
        on answers.answered_at < run_context.as_of_end_at
),

transitions as (
    select
        alert_id,
        episode_order,
        case when episode_order = 1 then 'opened' else 'reopened' end as transition_kind,
        1 as rank_in_moment,
        cast(null as {{ dbt.type_string() }}) as evidence_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        opened_at as transition_at
    from lived
    union all
    select
        alert_id,
        episode_order,
        transition_kind,
        case transition_kind when 'acknowledged' then 2 else 3 end as rank_in_moment,
        evidence_id,
        channel_code,
        answered_at as transition_at
    from first_answers
    where choice = 1
    union all
    select
        alert_id,
        episode_order,
        closing_kind as transition_kind,
        4 as rank_in_moment,
        evidence_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        closed_at as transition_at
    from lived
    where closed_at is not null
)

select
    transitions.alert_id,
    alerts.customer_id,
    status.status as customer_status,
    alerts.rule_code,
    transitions.transition_kind,
    transitions.evidence_id,
    transitions.channel_code,
    cast(transitions.episode_order as bigint) as episode_order,
    cast(row_number() over (
        partition by transitions.alert_id
        order by transitions.transition_at, transitions.episode_order, transitions.rank_in_moment
    ) as bigint) as transition_order,
    status.is_paying,
    transitions.transition_at
from transitions
inner join alerts
    on transitions.alert_id = alerts.alert_id
{{ attributes_as_of('alerts', business_date('transitions.transition_at'), ['status']) }}
