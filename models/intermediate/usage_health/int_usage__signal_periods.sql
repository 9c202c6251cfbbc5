-- The whole history of every signal as periods: a pure function of the raw rows up to the business day (USE-03 to
-- USE-07, USE-17). Steps: find the days on which a condition holds, merge them, and split them where a person would not
-- be alarmed.
{% set shown = dbt.type_string() %}
{% set usual_days %}
cast(ceil(
    ln(policy.usage_dormant_chance_pct / 100.0)
    / ln(1.0 - (risks.uses_count - 1.0) / {{ days_between('uses.first_use_date', 'risks.last_use_date') }})
) as integer)
{% endset %}
with as_of as (
    select
        as_of_date,
        {{ add_days('as_of_date', 1) }} as next_date
    from {{ ref('run_context') }}
),

periods as (
    select
        usage_periods.customer_id,
        usage_periods.segment_code,
        usage_periods.registered_date,
        usage_periods.observed_date,
        usage_periods.comparable_date,
        usage_periods.present_from,
        usage_periods.valid_from,
        coalesce(usage_periods.valid_to, {{ end_of_time('date') }}) as valid_to,
        norms.window_days
    from {{ ref('customer_usage_periods') }} as usage_periods
    inner join {{ ref('dim_segment_policy') }} as norms
        on usage_periods.segment_code = norms.segment_code
),

-- USE-03: against the own past.
falling as (
    select
        falls.customer_id,
        falls.segment_code,
        falls.window_days,
        falls.expected_days,
        falls.trend_ratio,
        cast(falls.recent_days_count as double) as recent_days_count,
        greatest(falls.valid_from, periods.valid_from) as valid_from,
        least(falls.valid_to, periods.valid_to) as valid_to
    from {{ ref('state_usage_falls') }} as falls
    inner join periods
        on falls.customer_id = periods.customer_id
        and falls.segment_code = periods.segment_code
        and falls.valid_from < periods.valid_to
        and falls.valid_to > periods.valid_from
    where falls.valid_from <= (select as_of.as_of_date from as_of)
),

falls as (
    {% for signal, ratio, severity in [
        ('decline', 'policy.usage_decline_ratio', 2), ('sharp_decline', 'policy.usage_sharp_decline_ratio', 3)
    ] %}
    select
        falling.customer_id,
        '{{ signal }}' as signal_code,
        falling.segment_code,
        falling.recent_days_count as observed_value,
        falling.expected_days as expected_value,
        falling.window_days,
        cast(null as bigint) as peers_count,
        {{ severity }} as severity_rank,
        cast(null as {{ shown }}) as subject,
        cast(null as integer) as incident_days,
        cast(null as {{ shown }}) as own_reason,
        falling.valid_from,
        falling.valid_to
    from falling
    cross join {{ ref('policy') }} as policy
    where falling.trend_ratio <= {{ ratio }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- USE-07: inactivity beyond the bands that the segment calls normal, of those who used the product before.
-- A customer who used the product on one day in ten is inactive for 28 days by chance once in twenty times: inactivity
-- is unusual for the customer when chance is out of the question at the share of days of use up to its beginning. Not
-- for customers of every single day: there the first missing one is news.
silences as (
    select
        risks.customer_id,
        'dormant' as signal_code,
        risks.segment_code,
        cast(risks.risk_after_days + 1 as double) as observed_value,
        cast(risks.risk_after_days as double) as expected_value,
        risks.risk_after_days as window_days,
        cast(null as bigint) as peers_count,
        case
            when {{ days_between('risks.inactive_from', 'least(as_of.as_of_date, risks.valid_to)') }}
                > 3 * risks.recency_unit_days then 3
            else 2
        end as severity_rank,
        cast(risks.last_use_date as {{ shown }}) as subject,
        cast(null as integer) as incident_days,
        cast(null as {{ shown }}) as own_reason,
        risks.valid_from,
        risks.valid_to,
        case
            when risks.uses_count >= policy.usage_dormant_min_uses
                and risks.uses_count - 1 < {{ days_between('uses.first_use_date', 'risks.last_use_date') }}
                then {{ add_days(
                    'risks.inactive_from',
                    'least(' ~ usual_days ~ ', risks.recency_unit_days * policy.usage_dormant_own_units) + 1'
                ) }}
        end as unusual_from
    from {{ ref('int_usage__risk_periods') }} as risks
    cross join as_of
    left join {{ ref('state_customer_usage') }} as uses
        on risks.customer_id = uses.customer_id
    cross join {{ ref('policy') }} as policy
    where risks.last_use_date is not null
),

-- USE-17: silence of one component while others go on.
abandonments as (
    select
        customer_id,
        'component_abandoned' as signal_code,
        segment_code,
        cast({{ days_between('gap_from', 'valid_from') }} as double) as observed_value,
        cast(inactive_days as double) as expected_value,
        inactive_days as window_days,
        cast(null as bigint) as peers_count,
        case when is_critical then 2 else 1 end as severity_rank,
        title as subject,
        incident_days,
        cast(null as {{ shown }}) as own_reason,
        valid_from,
        valid_to
    from {{ ref('int_usage__component_inactivity') }}
),

-- USE-04: judged once, when the first four weeks are over, against those of the segment whose first weeks were over
-- before the month began.
newcomers as (
    select
        periods.customer_id,
        periods.segment_code,
        coalesce(uses.first_use_days_count, 0) as first_use_days_count,
        periods.valid_to,
        {{ add_days('periods.registered_date', 'policy.usage_first_days - 1') }}
            as evaluated_date
    from periods
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    cross join {{ ref('policy') }} as policy
    where periods.registered_date = periods.observed_date
        and {{ add_days('periods.registered_date', 'policy.usage_first_days - 1') }}
        >= periods.valid_from
        and {{ add_days('periods.registered_date', 'policy.usage_first_days - 1') }}
        < periods.valid_to
        and {{ add_days('periods.registered_date', 'policy.usage_first_days - 1') }}
        <= (select as_of.as_of_date from as_of)
),

first_days_by_month as (
    select
        segment_code,
        {{ period_start('month', 'evaluated_date') }} as evaluated_month,
        first_use_days_count,
        count(*) as customers_count
    from newcomers
    group by segment_code, {{ period_start('month', 'evaluated_date') }}, first_use_days_count
),

first_days_before as (
    select
        months.segment_code,
        months.evaluated_month,
        earlier.first_use_days_count,
        sum(earlier.customers_count) as customers_count
    from (
        select distinct
            segment_code,
            evaluated_month
        from first_days_by_month
    ) as months
    inner join first_days_by_month as earlier
        on months.segment_code = earlier.segment_code
        and months.evaluated_month > earlier.evaluated_month
    group by months.segment_code, months.evaluated_month, earlier.first_use_days_count
),

first_days_ranked as (
    select
        *,
        sum(customers_count) over (partition by segment_code, evaluated_month) as peers_count,
        sum(customers_count) over (
            partition by segment_code, evaluated_month order by first_use_days_count
            rows between unbounded preceding and current row
        ) as so_far_count
    from first_days_before
),

first_days_norms as (
    select
        segment_code,
        evaluated_month,
        max(peers_count) as peers_count,
        min(case when 2 * so_far_count >= peers_count then first_use_days_count end) as median_days
    from first_days_ranked
    group by segment_code, evaluated_month
),

low_starts as (
    select
        newcomers.customer_id,
        'low_start' as signal_code,
        newcomers.segment_code,
        cast(newcomers.first_use_days_count as double) as observed_value,
        cast(norms.median_days as double) as expected_value,
        policy.usage_first_days as window_days,
        cast(norms.peers_count as bigint) as peers_count,
        case when newcomers.first_use_days_count = 0 then 3 else 2 end as severity_rank,
        cast(null as {{ shown }}) as subject,
        cast(null as integer) as incident_days,
        case when norms.peers_count < policy.usage_min_peers then 'small_segment' end as own_reason,
        newcomers.evaluated_date as valid_from,
        {{ add_days('newcomers.evaluated_date', 'policy.usage_low_start_signal_days') }}
            as valid_to
    from newcomers
    inner join first_days_norms as norms
        on newcomers.segment_code = norms.segment_code
        and {{ period_start('month', 'newcomers.evaluated_date') }} = norms.evaluated_month
    cross join {{ ref('policy') }} as policy
    where newcomers.first_use_days_count < policy.usage_low_start_ratio * norms.median_days
),

-- USE-05: against the average of the segment on the same Sunday. Levels end at 100, so no outlier can carry it away.
levels as (
    select
        *,
        -- Summed as decimals: an average of doubles depends on the order of the rows.
        cast(sum(case when has_history then cast(usage_level_pct as decimal(18, 6)) end) over (
            partition by segment_code, week_end_date
        ) as double) as level_sum,
        count(case when has_history then usage_level_pct end) over (
            partition by segment_code, week_end_date
        ) as peers_count
    from {{ ref('int_usage__weekly') }}
),

below as (
    select
        levels.customer_id,
        'below_segment' as signal_code,
        levels.segment_code,
        levels.usage_level_pct as observed_value,
        levels.level_sum / levels.peers_count as expected_value,
        {{ usage_current_days() }} as window_days,
        levels.peers_count,
        case when levels.usage_level_pct = 0 then 3 else 2 end as severity_rank,
        cast(null as {{ shown }}) as subject,
        cast(null as integer) as incident_days,
        case when levels.peers_count < policy.usage_min_peers then 'small_segment' end as own_reason,
        levels.week_end_date as valid_from,
        {{ add_days('levels.week_end_date', 7) }} as valid_to
    from levels
    cross join {{ ref('policy') }} as policy
    where levels.has_history
        and levels.usage_level_pct <= policy.usage_below_segment_ratio * levels.level_sum / levels.peers_count
        -- Where nobody uses anything, nobody uses less.
        and levels.level_sum > 0
),

-- USE-06.
excesses as (
    select
        anomalies.customer_id,
        'excessive' as signal_code,
        max(anomalies.segment_code) as segment_code,
        max(anomalies.observed_value) as observed_value,
        max(anomalies.median_value) as expected_value,
        {{ usage_current_days() }} as window_days,
        max(anomalies.peers_count) as peers_count,
        2 as severity_rank,
        min(anomalies.title) as subject,
        cast(null as integer) as incident_days,
        case
            when count(case when reviewed.customer_id is null then 1 end) = 0 then 'reviewed'
            when max(anomalies.peers_count) < policy.usage_min_peers then 'small_segment'
        end as own_reason,
        anomalies.week_end_date as valid_from,
        {{ add_days('anomalies.week_end_date', 7) }} as valid_to
    from {{ ref('int_usage__anomalies') }} as anomalies
    left join {{ ref('signal_pause_periods') }} as reviewed
        on anomalies.customer_id = reviewed.customer_id
        and reviewed.quiet_reason = 'reviewed'
        and anomalies.anomaly_code = reviewed.signal_code
        and anomalies.week_end_date >= reviewed.valid_from
        and anomalies.week_end_date < reviewed.valid_to
    cross join {{ ref('policy') }} as policy
    group by
        anomalies.customer_id, anomalies.week_end_date, policy.usage_current_weeks, policy.usage_min_peers
),

found as (
    {% for relation in ['falls', 'silences', 'abandonments', 'low_starts', 'below', 'excesses'] %}
    select
        customer_id,
        signal_code,
        segment_code,
        observed_value,
        expected_value,
        window_days,
        peers_count,
        severity_rank,
        subject,
        incident_days,
        coalesce(own_reason, '(none)') as own_reason,
        valid_from,
        valid_to
    from {{ relation }}
    where valid_from < valid_to
        -- What lies ahead is what would come if the customer did nothing more.
        and valid_from <= (select as_of.as_of_date from as_of)
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- From a registration or a return to a leaving.
lives as (
    select
        customer_id,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from periods
    group by customer_id, present_from
),

-- Nothing holds of a customer who is away.
bounded as (
    select
        found.customer_id,
        found.signal_code,
        found.segment_code,
        found.observed_value,
        found.expected_value,
        found.window_days,
        found.peers_count,
        found.severity_rank,
        found.subject,
        found.incident_days,
        found.own_reason,
        greatest(found.valid_from, lives.valid_from) as valid_from,
        least(found.valid_to, lives.valid_to) as valid_to
    from found
    inner join lives
        on found.customer_id = lives.customer_id
        and found.valid_from < lives.valid_to
        and found.valid_to > lives.valid_from
),

held as (
    {{ merged_periods('bounded', ['customer_id', 'signal_code', 'own_reason'], {
        'observed_value': 'max(case when valid_from = island_from then observed_value end)',
        'expected_value': 'max(case when valid_from = island_from then expected_value end)',
        'segment_code': 'max(case when valid_from = island_from then segment_code end)',
        'window_days': 'max(case when valid_from = island_from then window_days end)',
        'peers_count': 'max(case when valid_from = island_from then peers_count end)',
        'subject': 'min(subject)',
        'incident_days': 'min(case when valid_from = island_from then incident_days end)',
        'subjects_count': "count(distinct case when signal_code = 'component_abandoned' then subject end)",
        'severity_rank': 'max(severity_rank)',
    }) }}
),

-- Who uses the product once a week misses some in a row by chance: that a decline is sharp is told when it has lasted.
merged as (
    select
        held.customer_id,
        held.signal_code,
        held.own_reason,
        held.observed_value,
        held.expected_value,
        held.segment_code,
        held.window_days,
        held.peers_count,
        held.subject,
        held.incident_days,
        held.subjects_count,
        held.severity_rank,
        case
            when held.signal_code = 'sharp_decline'
                then {{ add_days('held.valid_from', 'policy.usage_sharp_decline_days') }}
            else held.valid_from
        end as valid_from,
        held.valid_to
    from held
    cross join {{ ref('policy') }} as policy
    where held.signal_code <> 'sharp_decline'
        or {{ days_between('held.valid_from', 'held.valid_to') }} > policy.usage_sharp_decline_days
),

-- A signal whose window holds days on which customers could not work waits for as many days (USE-18).
interrupted as (
    select
        customer_id,
        signal_code,
        valid_from,
        incident_days
    from merged
    where incident_days > 0
    union all
    select
        merged.customer_id,
        merged.signal_code,
        merged.valid_from,
        cast(sum({{ days_between(
            'greatest(incidents.valid_from, ' ~ add_days('merged.valid_from', '-merged.window_days') ~ ')',
            'least(incidents.valid_to, merged.valid_from)'
        ) }}) as integer) as incident_days
    from merged
    inner join {{ ref('int_usage__incidents') }} as incidents
        on incidents.component_code = '*'
        and incidents.valid_from < merged.valid_from
        and incidents.valid_to > {{ add_days('merged.valid_from', '-merged.window_days') }}
    where merged.signal_code in ('decline', 'sharp_decline', 'dormant', 'low_start')
    group by merged.customer_id, merged.signal_code, merged.valid_from
),

-- A silence of everything says what that of a component would.
quiet as (
    select
        customer_id,
        quiet_reason,
        signal_code,
        valid_from,
        valid_to
    from {{ ref('signal_pause_periods') }}
    where valid_from <= (select as_of.as_of_date from as_of)
    union all
    select
        customer_id,
        'dormant' as quiet_reason,
        'component_abandoned' as signal_code,
        valid_from,
        valid_to
    from merged
    where signal_code = 'dormant'
    union all
    select
        customer_id,
        'incident' as quiet_reason,
        signal_code,
        valid_from,
        {{ add_days('valid_from', 'incident_days') }} as valid_to
    from interrupted
    union all
    select
        customer_id,
        'own_rhythm' as quiet_reason,
        'dormant' as signal_code,
        valid_from,
        unusual_from as valid_to
    from silences
    where valid_from < unusual_from
    union all
    select
        periods.customer_id,
        'too_new' as quiet_reason,
        '*fall' as signal_code,
        periods.valid_from,
        least(
            periods.valid_to,
            {{ add_days(
                'periods.comparable_date', 'periods.window_days + policy.usage_baseline_days - 1'
            ) }}
        ) as valid_to
    from periods
    cross join {{ ref('policy') }} as policy
),

covering as (
    select
        merged.customer_id,
        merged.signal_code,
        merged.own_reason,
        merged.valid_from as since_date,
        quiet.quiet_reason,
        greatest(quiet.valid_from, merged.valid_from) as valid_from,
        least(quiet.valid_to, merged.valid_to) as valid_to
    from merged
    inner join quiet
        on merged.customer_id = quiet.customer_id
        and quiet.valid_from < merged.valid_to
        and quiet.valid_to > merged.valid_from
        and quiet.valid_from < quiet.valid_to
        and (
            quiet.signal_code in ('*', merged.signal_code)
            or (quiet.signal_code in ('*fall', 'usage_decline') and merged.signal_code in ('decline', 'sharp_decline'))
        )
),

-- A day that cuts twice leaves a piece of no day, which falls out at the end.
cuts as (
    select
        customer_id,
        signal_code,
        own_reason,
        valid_from as since_date,
        valid_from as cut_date
    from merged
    union all
    select
        customer_id,
        signal_code,
        own_reason,
        since_date,
        valid_from as cut_date
    from covering
    union all
    select
        customer_id,
        signal_code,
        own_reason,
        since_date,
        valid_to as cut_date
    from covering
),

pieces as (
    select
        *,
        lead(cut_date) over (
            partition by customer_id, signal_code, own_reason, since_date order by cut_date
        ) as next_date
    from cuts
),

split as (
    select
        merged.customer_id,
        merged.signal_code,
        merged.segment_code,
        merged.observed_value,
        merged.expected_value,
        merged.window_days,
        merged.peers_count,
        merged.severity_rank,
        merged.subject,
        merged.subjects_count,
        merged.own_reason,
        merged.valid_from as since_date,
        merged.valid_to as condition_to,
        pieces.cut_date as valid_from,
        coalesce(pieces.next_date, merged.valid_to) as valid_to
    from merged
    inner join pieces
        on merged.customer_id = pieces.customer_id
        and merged.signal_code = pieces.signal_code
        and merged.own_reason = pieces.own_reason
        and merged.valid_from = pieces.since_date
),

excused as (
    select
        split.customer_id,
        split.signal_code,
        split.own_reason,
        split.valid_from,
        min(covering.quiet_reason) as quiet_reason
    from split
    inner join covering
        on split.customer_id = covering.customer_id
        and split.signal_code = covering.signal_code
        and split.own_reason = covering.own_reason
        and split.since_date = covering.since_date
        and split.valid_from >= covering.valid_from
        and split.valid_from < covering.valid_to
    group by split.customer_id, split.signal_code, split.own_reason, split.valid_from
)

select
    split.customer_id,
    split.signal_code,
    split.segment_code,
    split.observed_value,
    split.expected_value,
    split.window_days,
    split.peers_count,
    {{ ranked_severity('split.severity_rank') }} as severity,
    case split.signal_code
        when 'dormant'
            then 'No use since ' || split.subject || '; up to ' || {{ shown_whole('split.expected_value') }}
                || ' days of silence are usual in the segment'
        when 'component_abandoned'
            then 'No longer uses ' || split.subject
                || case
                    when split.subjects_count > 1
                        then ' and ' || cast(split.subjects_count - 1 as {{ shown }}) || ' more'
                    else ''
                end || ', while other components are in use'
        when 'low_start'
            then 'Used on ' || {{ shown_whole('split.observed_value') }} || ' of the first '
                || cast(split.window_days as {{ shown }}) || ' days; the median of the segment is '
                || {{ shown_number('split.expected_value') }}
        when 'below_segment'
            then 'Uses ' || {{ shown_number('split.observed_value') }}
                || ' % of what it could; the segment uses ' || {{ shown_number('split.expected_value') }} || ' %'
        when 'excessive'
            then split.subject || ': ' || {{ shown_number('split.observed_value') }}
                || ' where the segment has ' || {{ shown_number('split.expected_value') }} || '; to be verified'
        else 'Used on ' || {{ shown_whole('split.observed_value') }} || ' of ' || cast(split.window_days as {{ shown }})
            || ' days; ' || {{ shown_number('split.expected_value') }} || ' would be as before'
    end as reason,
    coalesce(case when split.own_reason <> '(none)' then split.own_reason end, excused.quiet_reason) as suppressed_by,
    split.since_date,
    split.valid_from,
    case when split.valid_to <= as_of.as_of_date then split.valid_to end as valid_to
from split
cross join as_of
left join excused
    on split.customer_id = excused.customer_id
    and split.signal_code = excused.signal_code
    and split.own_reason = excused.own_reason
    and split.valid_from = excused.valid_from
where split.valid_from <= as_of.as_of_date
    and split.valid_from < split.valid_to
