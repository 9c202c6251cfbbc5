-- Everything that warned of a leaving, and whether the customer then left. What was known on the day of the warning is
-- held against what came after it; a warning counts for the customers of that day only, and when its time is over.
with warnings as (
    select
        alerts.alert_id as warning_key,
        'rule' as warning_kind,
        alerts.rule_code as warning_code,
        alerts.customer_id,
        alerts.segment_code,
        alerts.acted_channel_code,
        alerts.opened_date as warned_date,
        alerts.acted_at,
        alerts.closed_at,
        alerts.close_reason
    from {{ ref('mart_alerts') }} as alerts
),

spelled as (
    select
        warnings.*,
        spells.left_date,
        run_context.as_of_date,
        {{ days_between('warnings.warned_date', 'run_context.as_of_date') }}
        >= {{ threshold('alert_outcome_days') }} + {{ threshold('churn_grace_days') }} as is_mature,
        row_number() over (partition by warnings.warning_key order by spells.started_date desc) as choice
    from warnings
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_customers__spells') }} as spells
        on warnings.customer_id = spells.customer_id
        and spells.started_date <= warnings.warned_date
        and (spells.recognised_date is null or spells.recognised_date > warnings.warned_date)
)

select
    warning_key,
    warning_kind,
    warning_code,
    customer_id,
    segment_code,
    acted_channel_code,
    is_mature,
    coalesce(
        {{ days_between('warned_date', 'left_date') }} <= {{ threshold('alert_outcome_days') }}, false
    ) as is_followed,
    -- Days that were left to act; not positive when the customer had gone, and nobody knew it yet.
    {{ days_between('warned_date', 'left_date') }} as lead_days,
    acted_at is not null as is_acted,
    {{ days_between('cast(acted_at as date)', 'as_of_date') }} >= {{ threshold('alert_recovery_days') }}
        as is_recovery_mature,
    coalesce(
        close_reason = 'resolved'
        and closed_at >= acted_at
        and {{ days_between('cast(acted_at as date)', 'cast(closed_at as date)') }}
        <= {{ threshold('alert_recovery_days') }},
        false
    ) as is_recovered,
    warned_date
from spelled
where choice = 1
