{% set cuts = {'all': "'all'", 'segment': "coalesce(segment_code, 'unassigned')", 'status': 'customer_status'} %}
with horizon as (
    select
        run_context.as_of_date,
        policy.alert_outcome_days as outcome_days,
        policy.alert_outcome_days + policy.churn_grace_days as known_days,
        -- Before events begin nothing could warn, so what happened then says nothing of a rule.
        {{ observed_from('events') }} as first_date
    from {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
),

warnings as (
    select warnings.*
    from {{ ref('int_alerts__warnings') }} as warnings
    inner join horizon
        on warnings.warned_date >= horizon.first_date
),

leavings as (
    select
        events.customer_id,
        events.tenure_number,
        events.churned_date,
        horizon.outcome_days,
        segments.segment_code,
        status.status as customer_status
    from {{ ref('fct_churn_events') }} as events
    -- The alerts of deleted accounts went with them, so their churns can be neither caught nor missed.
    inner join {{ ref('dim_customers') }} as customers
        on events.customer_id = customers.customer_id
    inner join horizon
        on {{ days_between('horizon.first_date', 'events.churned_date') }} >= horizon.outcome_days
    left join {{ ref('dim_customer_segments') }} as segments
        on events.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and segments.valid_from < events.churned_date
        and coalesce(segments.valid_to, {{ end_of_time('timestamp') }}) >= events.churned_date
    {{ attributes_as_of('events', add_days('events.churned_date', -1), ['status']) }}
),

codes as (
    select distinct
        warning_kind,
        warning_code
    from warnings
    union
    select distinct
        'rule' as warning_kind,
        rule_code as warning_code
    from {{ ref('dim_alert_rules') }}
),

-- Who was told of in time: a warning before the leaving, and not so long before it that nobody would connect the two.
caught as (
    select
        warnings.warning_kind,
        warnings.warning_code,
        leavings.customer_id,
        leavings.tenure_number,
        leavings.segment_code,
        leavings.customer_status,
        max({{ days_between('warnings.warned_date', 'leavings.churned_date') }}) as lead_days
    from leavings
    inner join warnings
        on leavings.customer_id = warnings.customer_id
        and leavings.churned_date > warnings.warned_date
    where {{ days_between('warnings.warned_date', 'leavings.churned_date') }} <= leavings.outcome_days
    group by
        warnings.warning_kind, warnings.warning_code,
        leavings.customer_id, leavings.tenure_number, leavings.segment_code, leavings.customer_status
),

-- What one would be right about by warning of everybody: customers at the end of each month, and who of them left.
exposed as (
    select
        months.customer_id,
        months.month_end_date,
        months.segment_code,
        months.customer_status,
        max(case
            when {{ days_between('months.month_end_date', 'events.churned_date') }}
                between 1 and horizon.outcome_days then 1
            else 0
        end) as left_after
    from {{ ref('dim_customer_month_end') }} as months
    inner join {{ ref('dim_customers') }} as customers
        on months.customer_id = customers.customer_id
    inner join horizon
        on months.month_end_date >= horizon.first_date
        and {{ days_between('months.month_end_date', 'horizon.as_of_date') }} >= horizon.known_days
    left join {{ ref('fct_churn_events') }} as events
        on months.customer_id = events.customer_id
        and events.churned_date > months.month_end_date
    group by months.customer_id, months.month_end_date, months.segment_code, months.customer_status
),

warned_cuts as (
    {% for cut, member in cuts.items() %}
    select
        warning_kind,
        warning_code,
        '{{ cut }}' as dimension_name,
        {{ member }} as dimension_value,
        count(*) as warnings_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as precision_den,
        count(case when is_mature and is_followed then 1 end) as precision_num,
        count(case when is_mature and is_acted then 1 end) as churn_acted_den,
        count(case when is_mature and is_acted and is_followed then 1 end) as churn_acted_num,
        count(case when is_mature and not is_acted then 1 end) as churn_not_acted_den,
        count(case when is_mature and not is_acted and is_followed then 1 end) as churn_not_acted_num,
        count(case when is_acted and is_recovery_mature then 1 end) as recovered_den,
        count(case when is_acted and is_recovery_mature and is_recovered then 1 end) as recovered_num
    from warnings
    group by warning_kind, warning_code, {{ member }}
    union all
    {% endfor %}
    select
        warning_kind,
        warning_code,
        'channel' as dimension_name,
        acted_channel_code as dimension_value,
        count(*) as warnings_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as precision_den,
        count(case when is_mature and is_followed then 1 end) as precision_num,
        count(case when is_mature then 1 end) as churn_acted_den,
        count(case when is_mature and is_followed then 1 end) as churn_acted_num,
        cast(0 as bigint) as churn_not_acted_den,
        cast(0 as bigint) as churn_not_acted_num,
        count(case when is_recovery_mature then 1 end) as recovered_den,
        count(case when is_recovery_mature and is_recovered then 1 end) as recovered_num
    from warnings
    where acted_channel_code is not null
    group by warning_kind, warning_code, acted_channel_code
),

caught_cuts as (
    {% for cut, member in cuts.items() %}
    select
        warning_kind,
        warning_code,
        '{{ cut }}' as dimension_name,
        {{ member }} as dimension_value,
        count(*) as recall_num,
        percentile_cont(0.5) within group (order by lead_days) as median_lead_days
    from caught
    group by warning_kind, warning_code, {{ member }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

leaving_cuts as (
    {% for cut, member in cuts.items() %}
    select
        '{{ cut }}' as dimension_name,
        {{ member }} as dimension_value,
        count(*) as recall_den
    from leavings
    group by {{ member }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

base_cuts as (
    {% for cut, member in cuts.items() %}
    select
        '{{ cut }}' as dimension_name,
        {{ member }} as dimension_value,
        count(*) as base_den,
        sum(left_after) as base_num
    from exposed
    group by {{ member }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

cells as (
    select
        warning_kind,
        warning_code,
        dimension_name,
        dimension_value
    from warned_cuts
    union
    select
        codes.warning_kind,
        codes.warning_code,
        leaving_cuts.dimension_name,
        leaving_cuts.dimension_value
    from codes
    cross join leaving_cuts
    union
    -- A rule that never spoke has its row.
    select
        warning_kind,
        warning_code,
        'all' as dimension_name,
        'all' as dimension_value
    from codes
),

joined as (
    select
        cells.*,
        coalesce(warned_cuts.warnings_count, 0) as warnings_count,
        coalesce(warned_cuts.pending_count, 0) as pending_count,
        {%- for part in ['precision', 'churn_acted', 'churn_not_acted', 'recovered'] %}
        coalesce(warned_cuts.{{ part }}_num, 0) as {{ part }}_num,
        coalesce(warned_cuts.{{ part }}_den, 0) as {{ part }}_den,
        {%- endfor %}
        coalesce(caught_cuts.recall_num, 0) as recall_num,
        coalesce(leaving_cuts.recall_den, 0) as recall_den,
        coalesce(base_cuts.base_num, 0) as base_num,
        coalesce(base_cuts.base_den, 0) as base_den,
        caught_cuts.median_lead_days
    from cells
    left join warned_cuts
        on cells.warning_kind = warned_cuts.warning_kind
        and cells.warning_code = warned_cuts.warning_code
        and cells.dimension_name = warned_cuts.dimension_name
        and cells.dimension_value = warned_cuts.dimension_value
    left join caught_cuts
        on cells.warning_kind = caught_cuts.warning_kind
        and cells.warning_code = caught_cuts.warning_code
        and cells.dimension_name = caught_cuts.dimension_name
        and cells.dimension_value = caught_cuts.dimension_value
    left join leaving_cuts
        on cells.dimension_name = leaving_cuts.dimension_name
        and cells.dimension_value = leaving_cuts.dimension_value
    left join base_cuts
        on cells.dimension_name = base_cuts.dimension_name
        and cells.dimension_value = base_cuts.dimension_value
)

select
    warning_kind,
    warning_code,
    dimension_name,
    dimension_value,
    cast(warnings_count as bigint) as warnings_count,
    cast(pending_count as bigint) as pending_count,
    {%- for part in ['precision', 'recall', 'base'] %}
    cast({{ part }}_num as bigint) as {{ part }}_num,
    cast({{ part }}_den as bigint) as {{ part }}_den,
    {{ pct(part ~ '_num', part ~ '_den') }} as {{ part }}_pct,
    cast({{ wilson_pct(part ~ '_num', part ~ '_den', 'lo') }} as double) as {{ part }}_ci_lo,
    cast({{ wilson_pct(part ~ '_num', part ~ '_den', 'hi') }} as double) as {{ part }}_ci_hi,
    {%- endfor %}
    cast(1.0 * precision_num * base_den / nullif(precision_den * base_num, 0) as double) as lift_avg,
    cast(median_lead_days as double) as median_lead_days,
    {%- for part in ['churn_acted', 'churn_not_acted', 'recovered'] %}
    cast({{ part }}_num as bigint) as {{ part }}_num,
    cast({{ part }}_den as bigint) as {{ part }}_den,
    {{ pct(part ~ '_num', part ~ '_den') }} as {{ part }}_pct,
    {%- endfor %}
    pending_count = 0 as is_complete,
    {{ is_reliable('precision_den') }} as is_reliable
from joined
