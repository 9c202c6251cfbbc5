-- Every warning about a customer, and whether the customer churned afterwards. It says what was known on its day, and
-- counts when the customer was one on that day, in rates when its window is over.
with warning_statuses as (
    {{ warning_statuses() }}
),

statuses as (
    select
        history.customer_id,
        history.health_status,
        history.valid_from,
        history.valid_to,
        lead(history.health_status) over (partition by history.customer_id order by history.valid_from) as next_status
    from {{ ref('int_usage__status_periods') }} as history
),

warned as (
    select
        statuses.*,
        coalesce(next_ones.health_status is null and statuses.next_status is not null, false) as is_resolved
    from statuses
    inner join warning_statuses
        on statuses.health_status = warning_statuses.health_status
    left join warning_statuses as next_ones
        on statuses.next_status = next_ones.health_status
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
    from warned as statuses
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_alerts__attempts') }} as attempts
        on statuses.customer_id = attempts.customer_id
        and {{ business_date('attempts.effective_at') }} > statuses.valid_from
        and {{ business_date('attempts.effective_at') }} <= coalesce(statuses.valid_to, run_context.as_of_date)
),

-- Each rule is evaluated on its own, also where rules with one cause are one alert.
rule_lives as (
    select
        alert_id as member_id,
        min(case when transition_kind = 'acted' then transition_at end) as acted_at,
        max(transition_at) as last_at,
        max(case when transition_kind = 'resolved' then transition_at end) as resolved_at
    from {{ ref('int_alerts__rule_transitions') }}
    group by alert_id
),

found as (
    select
        members.member_id as warning_key,
        members.alert_id,
        'rule' as warning_kind,
        members.rule_code as warning_code,
        members.customer_id,
        acts.channel_code as acted_channel_code,
        members.opened_date as warned_date,
        rule_lives.acted_at,
        rule_lives.last_at as closed_at,
        coalesce(rule_lives.resolved_at = rule_lives.last_at, false) as is_resolved
    from {{ ref('int_alerts__members') }} as members
    inner join rule_lives
        on members.member_id = rule_lives.member_id
    left join {{ ref('int_alerts__rule_transitions') }} as acts
        on rule_lives.member_id = acts.alert_id
        and rule_lives.acted_at = acts.transition_at
        and acts.transition_kind = 'acted'
    union all
    select
        statuses.customer_id || '|' || cast(statuses.valid_from as {{ dbt.type_string() }}) as warning_key,
        cast(null as {{ dbt.type_string() }}) as alert_id,
        'health_status' as warning_kind,
        statuses.health_status as warning_code,
        statuses.customer_id,
        responses.channel as acted_channel_code,
        statuses.valid_from as warned_date,
        responses.effective_at as acted_at,
        {{ day_start_at('statuses.valid_to') }} as closed_at,
        statuses.is_resolved
    from warned as statuses
    left join responses
        on statuses.customer_id = responses.customer_id
        and statuses.valid_from = responses.valid_from
        and responses.choice = 1
),

warnings as (
    select
        found.*,
        coalesce(alerts.is_spared, false) as is_spared,
        segments.segment_code,
        status.status as customer_status
    from found
    left join {{ ref('int_alerts__assigned') }} as alerts
        on found.alert_id = alerts.alert_id
    left join {{ ref('dim_customer_segments') }} as segments
        on found.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and {{ holds_at('segments', 'found.warned_date') }}
    {{ attributes_as_of('found', 'found.warned_date', ['status']) }}
),

dated as (
    select
        warnings.*,
        codes.warning_class,
        tenures.basis,
        codes.measures_inactivity and tenures.basis = 'activity' as is_circular,
        tenures.churned_date,
        run_context.as_of_date,
        -- Days left to act; not positive when the customer had churned, though nobody knew yet.
        {{ days_between('warnings.warned_date', 'tenures.churned_date') }} as lead_days,
        policy.alert_outcome_days,
        policy.alert_recovery_days,
        {{ days_between('warnings.warned_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days as is_mature,
        row_number() over (partition by warnings.warning_key order by tenures.started_date desc) as choice
    from warnings
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_alerts__warning_codes') }} as codes
        on warnings.warning_kind = codes.warning_kind
        and warnings.warning_code = codes.warning_code
        and warnings.warned_date >= codes.speaks_from
        and warnings.warned_date < coalesce(codes.speaks_to, {{ end_of_time('date') }})
    inner join {{ ref('customer_tenures') }} as tenures
        on warnings.customer_id = tenures.customer_id
        and tenures.started_date <= warnings.warned_date
        and coalesce(tenures.recognised_date, {{ end_of_time('timestamp') }}) > warnings.warned_date
    cross join {{ ref('policy') }} as policy
)

select
    warning_key,
    warning_kind,
    warning_code,
    warning_class,
    customer_id,
    segment_code,
    customer_status,
    basis,
    acted_channel_code,
    alert_id,
    is_spared,
    is_mature,
    is_circular,
    coalesce(lead_days between 1 and alert_outcome_days, false) as is_followed,
    coalesce(lead_days <= 0, false) as is_late,
    coalesce(lead_days <= alert_outcome_days, false) as is_confirmed,
    lead_days,
    acted_at is not null as is_acted,
    {{ business_date('acted_at') }} as acted_date,
    churned_date,
    {{ days_between(business_date('acted_at'), 'as_of_date') }} >= alert_recovery_days as is_recovery_mature,
    coalesce(
        is_resolved
        and closed_at >= acted_at
        and {{ days_between(business_date('acted_at'), business_date('closed_at')) }} <= alert_recovery_days,
        false
    ) as is_recovered,
    warned_date
from dated
where choice = 1
