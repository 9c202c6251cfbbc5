-- Alerts follow from the history of their signal, never from what an earlier run wrote. Three steps of gaps and
-- islands: periods of the signal under a rule; episodes, which bridge gaps shorter than `resolve_after_days`; alerts,
-- which bridge resolutions shorter than `cooldown_days`.
{% set never = end_of_time('date') %}
with pieces as (
    select
        signals.customer_id,
        rules.rule_code,
        rules.signal_code,
        rules.window_from,
        rules.open_after_days,
        rules.resolve_after_days,
        rules.cooldown_days,
        run_context.as_of_date,
        greatest(signals.valid_from, rules.valid_from) as starts_date,
        -- What ends after the business day has not ended yet.
        case
            when least(signals.valid_to, rules.valid_to) <= run_context.as_of_date
                then least(signals.valid_to, rules.valid_to)
            else {{ never }}
        end as ends_date
    from {{ ref('int_signals__unioned') }} as signals
    inner join {{ ref('dim_alert_rules') }} as rules
        on signals.signal_code = rules.signal_code
        and coalesce(signals.valid_to, {{ end_of_time('timestamp') }}) > rules.valid_from
        and coalesce(rules.valid_to, {{ end_of_time('timestamp') }}) > signals.valid_from
        and {{ severity_rank('signals.severity') }} >= {{ severity_rank('rules.min_severity') }}
    inner join {{ ref('run_context') }} as run_context
        on signals.valid_from <= run_context.as_of_date
        and rules.valid_from <= run_context.as_of_date
    where signals.suppressed_by is null
),

bounded as (
    select
        *,
        case
            when ends_date < {{ never }} then {{ add_days('ends_date', 'resolve_after_days - 1') }}
            else {{ never }}
        end as resolves_date
    from pieces
),

chained_pieces as (
    select
        *,
        max(resolves_date) over (
            partition by customer_id, rule_code, window_from order by starts_date, ends_date, signal_code
            rows between unbounded preceding and 1 preceding
        ) as held_until
    from bounded
),

islanded as (
    select
        *,
        sum(case when held_until is null or starts_date > held_until then 1 else 0 end) over (
            partition by customer_id, rule_code, window_from order by starts_date, ends_date, signal_code
            rows between unbounded preceding and current row
        ) as island
    from chained_pieces
),

ordered as (
    select
        *,
        row_number() over (
            partition by customer_id, rule_code, window_from, island order by starts_date, ends_date, signal_code
        ) as piece
    from islanded
),

islands as (
    select
        customer_id,
        rule_code,
        signal_code,
        window_from,
        island,
        as_of_date,
        -- The numbers in force when it began.
        {{ add_days('min(starts_date)', 'max(case when piece = 1 then open_after_days end) - 1') }} as opened_date,
        max(case when piece = 1 then cooldown_days end) as cooldown_days,
        max(ends_date) as ends_date,
        max(resolves_date) as resolves_date
    from ordered
    group by customer_id, rule_code, signal_code, window_from, island, as_of_date
),

opened as (
    select
        islands.customer_id,
        islands.rule_code,
        islands.signal_code,
        islands.window_from,
        islands.island,
        islands.opened_date,
        case when islands.resolves_date <= islands.as_of_date then islands.resolves_date end as resolved_date,
        case
            when islands.resolves_date < {{ never }}
                then {{ add_days('islands.resolves_date', 'islands.cooldown_days') }}
            else {{ never }}
        end as warm_until
    from islands
    left join {{ ref('int_alerts__access_ends') }} as ends
        on islands.customer_id = ends.customer_id
        and ends.recognised_date <= islands.opened_date
        and coalesce(ends.reactivated_date, {{ end_of_time('timestamp') }}) > islands.opened_date
    -- Long enough to open, and not about customers whose churn is known.
    where islands.ends_date > islands.opened_date
        and islands.opened_date <= islands.as_of_date
        and ends.customer_id is null
),

chained as (
    select
        *,
        max(warm_until) over (
            partition by customer_id, rule_code, window_from order by island
            rows between unbounded preceding and 1 preceding
        ) as warm_before
    from opened
),

alerts as (
    select
        *,
        sum(case when warm_before is null or opened_date >= warm_before then 1 else 0 end) over (
            partition by customer_id, rule_code, window_from order by island
            rows between unbounded preceding and current row
        ) as life
    from chained
),

dated as (
    select
        *,
        min(opened_date) over (partition by customer_id, rule_code, window_from, life) as alert_opened_date,
        row_number() over (partition by customer_id, rule_code, window_from, life order by island) as episode_order
    from alerts
)

select
    md5(dated.customer_id || '|' || dated.rule_code || '|' || cast(dated.alert_opened_date as {{ dbt.type_string() }}))
        as alert_id,
    dated.customer_id,
    dated.rule_code,
    dated.signal_code,
    cast(dated.episode_order as bigint) as episode_order,
    dated.window_from,
    -- An alert keeps the row of its opening.
    rules.valid_from as rule_valid_from,
    dated.alert_opened_date,
    dated.opened_date,
    dated.resolved_date
from dated
inner join {{ ref('dim_alert_rules') }} as rules
    on dated.rule_code = rules.rule_code
    and {{ holds_at('rules', 'dated.alert_opened_date') }}
