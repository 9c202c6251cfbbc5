-- Everything that warned of a leaving, and whether the customer then left. What was known on the day of the warning
-- is held against what came after it; a warning counts for the customers of that day only, and when its time is
-- over.
{% set warning_statuses = "('stopped', 'at_risk', 'to_verify', 'watch')" %}
with statuses as (
    select
        history.customer_id,
        history.health_status,
        history.valid_from,
        history.valid_to,
        lead(history.health_status) over (partition by history.customer_id order by history.valid_from) as next_status
    from {{ ref('mart_usage_health_history') }} as history
),

-- The first contact of a person that got through while the status held.
answers as (
    select
        statuses.customer_id,
        statuses.valid_from,
        touches.effective_at,
        touches.channel,
        row_number() over (
            partition by statuses.customer_id, statuses.valid_from
            order by touches.effective_at asc, touches.contact_id asc
        ) as choice
    from statuses
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_alerts__touches') }} as touches
        on statuses.customer_id = touches.customer_id
        and {{ business_date('touches.effective_at') }} > statuses.valid_from
        and {{ business_date('touches.effective_at') }} <= coalesce(statuses.valid_to, run_context.as_of_date)
    where statuses.health_status in {{ warning_statuses }}
),

warnings as (
    select
        alerts.alert_id as warning_key,
        'rule' as warning_kind,
        alerts.rule_code as warning_code,
        alerts.customer_id,
        alerts.segment_code,
        alerts.customer_status,
        alerts.acted_channel_code,
        alerts.opened_date as warned_date,
        alerts.acted_at,
        alerts.closed_at,
        alerts.close_reason = 'resolved' as is_resolved
    from {{ ref('mart_alerts') }} as alerts
    union all
    select
        statuses.customer_id || '|' || cast(statuses.valid_from as {{ dbt.type_string() }}) as warning_key,
        'health_status' as warning_kind,
        statuses.health_status as warning_code,
        statuses.customer_id,
        segments.segment_code,
        status.status as customer_status,
        answers.channel as acted_channel_code,
        statuses.valid_from as warned_date,
        answers.effective_at as acted_at,
        {{ day_start_at('statuses.valid_to') }} as closed_at,
        statuses.next_status not in {{ warning_statuses }} as is_resolved
    from statuses
    left join answers
        on statuses.customer_id = answers.customer_id
        and statuses.valid_from = answers.valid_from
        and answers.choice = 1
    left join {{ ref('dim_customer_segments') }} as segments
        on statuses.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and {{ holds_at('segments', 'statuses.valid_from') }}
    {{ attributes_as_of('statuses', 'statuses.valid_from', ['status']) }}
    where statuses.health_status in {{ warning_statuses }}
),

spelled as (
    select
        warnings.*,
        spells.churned_date,
        run_context.as_of_date,
        {{ days_between('warnings.warned_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days as is_mature,
        row_number() over (partition by warnings.warning_key order by spells.started_date desc) as choice
    from warnings
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('customer_tenures') }} as spells
        on warnings.customer_id = spells.customer_id
        and spells.started_date <= warnings.warned_date
        and coalesce(spells.recognised_date, {{ end_of_time('timestamp') }}) > warnings.warned_date
    cross join {{ ref('policy') }} as policy
)

select
    spelled.warning_key,
    spelled.warning_kind,
    spelled.warning_code,
    spelled.customer_id,
    spelled.segment_code,
    spelled.customer_status,
    spelled.acted_channel_code,
    spelled.is_mature,
    coalesce(
        {{ days_between('spelled.warned_date', 'churned_date') }} <= policy.alert_outcome_days, false
    ) as is_followed,
    -- Days that were left to act; not positive when the customer had gone, and nobody knew it yet.
    {{ days_between('spelled.warned_date', 'churned_date') }} as lead_days,
    spelled.acted_at is not null as is_acted,
    {{ days_between(business_date('spelled.acted_at'), 'as_of_date') }} >= policy.alert_recovery_days
        as is_recovery_mature,
    coalesce(
        spelled.is_resolved
        and spelled.closed_at >= spelled.acted_at
        and {{ days_between(business_date('spelled.acted_at'), business_date('spelled.closed_at')) }}
        <= policy.alert_recovery_days,
        false
    ) as is_recovered,
    spelled.warned_date
from spelled
cross join {{ ref('policy') }} as policy
where spelled.choice = 1
