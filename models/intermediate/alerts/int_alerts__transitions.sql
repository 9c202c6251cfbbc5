-- What happened to an alert, in order: it is open while one of its members is. A later member joins it, and only the
-- ending of the last open one ends it.
with member_transitions as (
    select
        members.alert_id,
        members.customer_id,
        members.rule_code,
        members.member_order,
        transitions.transition_kind,
        transitions.evidence_id,
        transitions.channel_code,
        transitions.episode_order as member_episode,
        transitions.transition_at,
        members.member_id
    from {{ ref('int_alerts__rule_transitions') }} as transitions
    inner join {{ ref('int_alerts__members') }} as members
        on transitions.alert_id = members.member_id
),

open_periods as (
    select
        alert_id,
        member_id,
        min(case when transition_kind in ('opened', 'reopened') then transition_at end) as valid_from,
        max(case when transition_kind in {{ alert_endings() }} then transition_at end) as valid_to
    from member_transitions
    group by alert_id, member_id, member_episode
),

episodes as (
    {{ merged_periods('open_periods', ['alert_id']) }}
),

numbered as (
    select
        *,
        row_number() over (partition by alert_id order by valid_from) as episode_order
    from episodes
),

placed as (
    select
        member_transitions.alert_id,
        member_transitions.customer_id,
        member_transitions.rule_code,
        member_transitions.member_order,
        member_transitions.transition_kind,
        member_transitions.evidence_id,
        member_transitions.channel_code,
        member_transitions.transition_at,
        numbered.episode_order,
        numbered.valid_from,
        numbered.valid_to,
        case
            when member_transitions.transition_kind in ('acknowledged', 'acted') then member_transitions.transition_kind
            when member_transitions.transition_kind in {{ alert_endings() }} then 'ended'
            else 'opened'
        end as part
    from member_transitions
    inner join numbered
        on member_transitions.alert_id = numbered.alert_id
        and member_transitions.transition_at >= numbered.valid_from
        and member_transitions.transition_at <= coalesce(numbered.valid_to, {{ end_of_time('timestamp') }})
),

-- A member that joins may reopen the alert, too.
parts as (
    select * from placed
    union all
    select
        {% for column in [
            'alert_id', 'customer_id', 'rule_code', 'member_order', 'transition_kind', 'evidence_id', 'channel_code',
            'transition_at', 'episode_order', 'valid_from', 'valid_to',
        ] -%}
        {{ column }},
        {% endfor -%}
        'joined' as part
    from placed
    where transition_kind = 'opened'
        and member_order > 1
),

ranked as (
    select
        *,
        row_number() over (
            -- Each member joins once; everything else happens once in an episode.
            partition by alert_id, episode_order, part, case when part = 'joined' then member_order else 0 end
            order by
                transition_at asc,
                {{ alert_ending_order('transition_kind') }} asc,
                evidence_id asc,
                member_order asc
        ) as choice
    from parts
    where part in ('acknowledged', 'acted', 'joined')
        or (part = 'opened' and transition_at = valid_from)
        or (part = 'ended' and transition_at = valid_to)
),

first_rules as (
    select
        alert_id,
        rule_code
    from {{ ref('int_alerts__members') }}
    where member_order = 1
),

kept as (
    select
        ranked.alert_id,
        ranked.customer_id,
        case when ranked.part = 'joined' then ranked.rule_code else first_rules.rule_code end as rule_code,
        case
            when ranked.part = 'joined' then 'joined'
            when ranked.part = 'opened' and ranked.episode_order > 1 then 'reopened'
            when ranked.part = 'opened' then 'opened'
            else ranked.transition_kind
        end as transition_kind,
        ranked.evidence_id,
        ranked.channel_code,
        ranked.episode_order,
        case ranked.part
            when 'opened' then 1 when 'joined' then 2 when 'acknowledged' then 3 when 'acted' then 4 else 5
        end as rank_in_moment,
        ranked.member_order,
        ranked.transition_at
    from ranked
    inner join first_rules
        on ranked.alert_id = first_rules.alert_id
    where ranked.choice = 1
)

select
    alert_id,
    customer_id,
    rule_code,
    transition_kind,
    evidence_id,
    channel_code,
    episode_order,
    row_number() over (
        partition by alert_id order by transition_at, episode_order, rank_in_moment, member_order
    ) as transition_order,
    transition_at
from kept
