-- Every warning about a customer, and whether the customer churned afterwards. It says what was known on its day, and
-- counts when the customer was one on that day, in rates when its window is over.
{% set warning_statuses = "('stopped', 'at_risk', 'to_verify', 'watch')" %}
with statuses as (
    select
        history.customer_id,
        history.health_status,
        history.valid_from,
        history.valid_to,
        lead(history.health_status) over (partition by history.customer_id order by history.valid_from) as next_status
    from {{ ref('int_usage__status_periods') }} as history
),

-- The first effective contact by a person while the status held.
responses as (
    select
        statuses.customer_id,
        statuses.valid_from,
        attempts.effective_at,
        attempts.channel,
        row_number() over (
            partition by statuses.customer_id, statuses.valid_from
            order by attempts.effective_at asc, attempts.contact_id asc
        ) as choice
    from statuses
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_alerts__attempts') }} as attempts
        on statuses.customer_id = attempts.customer_id
        and {{ business_date('attempts.effective_at') }} > statuses.valid_from
        and {{ business_date('attempts.effective_at') }} <= coalesce(statuses.valid_to, run_context.as_of_date)
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
    from {{ ref('int_alerts__outcomes') }} as alerts
    union all
    select
        statuses.customer_id || '|' || cast(statuses.valid_from as {{ dbt.type_string() }}) as warning_key,
        'health_status' as warning_kind,
        statuses.health_status as warning_code,
        statuses.customer_id,
        segments.segment_code,
        status.status as customer_status,
        responses.channel as acted_channel_code,
        statuses.valid_from as warned_date,
        responses.effective_at as acted_at,
        {{ day_start_at('statuses.valid_to') }} as closed_at,
        statuses.next_status not in {{ warning_statuses }} as is_resolved
    from statuses
    left join responses
        on statuses.customer_id = responses.customer_id
        and statuses.valid_from = responses.valid_from
        and responses.choice = 1
    left join {{ ref('dim_customer_segments') }} as segments
        on statuses.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and {{ holds_at('segments', 'statuses.valid_from') }}
    {{ attributes_as_of('statuses', 'statuses.valid_from', ['status']) }}
    where statuses.health_status in {{ warning_statuses }}
),

dated as (
    select
        warnings.*,
        tenures.churned_date,
        run_context.as_of_date,
        {{ days_between('warnings.warned_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days as is_mature,
        row_number() over (partition by warnings.warning_key order by tenures.started_date desc) as choice
    from warnings
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('customer_tenures') }} as tenures
        on warnings.customer_id = tenures.customer_id
        and tenures.started_date <= warnings.warned_date
        and coalesce(tenures.recognised_date, {{ end_of_time('timestamp') }}) > warnings.warned_date
    cross join {{ ref('policy') }} as policy
)

select
    dated.warning_key,
    dated.warning_kind,
    dated.warning_code,
    dated.customer_id,
    dated.segment_code,
    dated.customer_status,
    dated.acted_channel_code,
    dated.is_mature,
    coalesce(
        {{ days_between('dated.warned_date', 'dated.churned_date') }} <= policy.alert_outcome_days, false
    ) as is_followed,
    -- Days left to act; not positive when the churn was not yet known on the day of the warning.
    {{ days_between('dated.warned_date', 'dated.churned_date') }} as lead_days,
    dated.acted_at is not null as is_acted,
    {{ days_between(business_date('dated.acted_at'), 'dated.as_of_date') }} >= policy.alert_recovery_days
        as is_recovery_mature,
    coalesce(
        dated.is_resolved
        and dated.closed_at >= dated.acted_at
        and {{ days_between(business_date('dated.acted_at'), business_date('dated.closed_at')) }}
        <= policy.alert_recovery_days,
        false
    ) as is_recovered,
    dated.warned_date
from dated
cross join {{ ref('policy') }} as policy
where dated.choice = 1
