-- The whole history of every signal as periods (USE-03 to USE-07, USE-17): conditions, split where a reason to suppress
-- them begins or ends.
{% set shown = dbt.type_string() %}
{% set keys = ['customer_id', 'signal_code', 'own_reason', 'since_date'] %}
with conditions as (
    select
        *,
        valid_from as since_date
    from {{ ref('int_usage__signal_conditions') }}
),

suppressions as (
    select * from {{ ref('int_usage__signal_suppressions') }}
),

slices as (
    {{ split_periods(keys, [['conditions', ['since_date']], ['suppressions', ['valid_from', 'valid_to']]]) }}
),

-- Of several reasons the first in alphabetical order is shown.
suppressed as (
    select
        slices.customer_id,
        slices.signal_code,
        slices.own_reason,
        slices.since_date,
        slices.valid_from,
        min(suppressions.quiet_reason) as quiet_reason
    from slices
    inner join suppressions
        on slices.customer_id = suppressions.customer_id
        and slices.signal_code = suppressions.signal_code
        and slices.own_reason = suppressions.own_reason
        and slices.since_date = suppressions.since_date
        and slices.valid_from >= suppressions.valid_from
        and slices.valid_from < suppressions.valid_to
    group by slices.customer_id, slices.signal_code, slices.own_reason, slices.since_date, slices.valid_from
),

described as (
    select
        conditions.*,
        case conditions.signal_code
            when 'dormant'
                then 'No use since ' || conditions.subject || '; up to '
                    || {{ shown_whole('conditions.expected_value') }} || ' days without use are usual in the segment'
            when 'component_abandoned'
                then 'No longer uses ' || conditions.subject
                    || case
                        when conditions.subjects_count > 1
                            then ' and ' || cast(conditions.subjects_count - 1 as {{ shown }}) || ' more'
                        else ''
                    end || ', while other components are in use'
            when 'low_start'
                then 'Used on ' || {{ shown_whole('conditions.observed_value') }} || ' of the first '
                    || cast(conditions.window_days as {{ shown }}) || ' days; the median of the segment is '
                    || {{ shown_number('conditions.expected_value') }}
            when 'below_segment'
                then 'Uses ' || {{ shown_number('conditions.observed_value') }}
                    || ' % of what it could; the segment uses '
                    || {{ shown_number('conditions.expected_value') }} || ' %'
            when 'excessive'
                then conditions.subject || ': ' || {{ shown_number('conditions.observed_value') }}
                    || ' where the segment has ' || {{ shown_number('conditions.expected_value') }}
                    || '; to be verified'
            else 'Used on ' || {{ shown_whole('conditions.observed_value') }} || ' of '
                || cast(conditions.window_days as {{ shown }}) || ' days; '
                || {{ shown_number('conditions.expected_value') }} || ' would be as before'
        end as reason
    from conditions
),

split as (
    select
        described.customer_id,
        described.signal_code,
        described.segment_code,
        described.observed_value,
        described.expected_value,
        described.window_days,
        described.peers_count,
        {{ ranked_severity('described.severity_rank') }} as severity,
        described.reason,
        coalesce(
            case when described.own_reason <> '(none)' then described.own_reason end, suppressed.quiet_reason
        ) as suppressed_by,
        described.since_date,
        slices.valid_from,
        least(slices.valid_to, described.valid_to) as valid_to
    from described
    inner join slices
        on described.customer_id = slices.customer_id
        and described.signal_code = slices.signal_code
        and described.own_reason = slices.own_reason
        and described.since_date = slices.since_date
    left join suppressed
        on slices.customer_id = suppressed.customer_id
        and slices.signal_code = suppressed.signal_code
        and slices.own_reason = suppressed.own_reason
        and slices.since_date = suppressed.since_date
        and slices.valid_from = suppressed.valid_from
)

select
    split.customer_id,
    split.signal_code,
    split.segment_code,
    split.observed_value,
    split.expected_value,
    split.window_days,
    split.peers_count,
    split.severity,
    split.reason,
    split.suppressed_by,
    split.since_date,
    split.valid_from,
    case when split.valid_to <= run_context.as_of_date then split.valid_to end as valid_to
from split
cross join {{ ref('run_context') }} as run_context
where split.valid_from < split.valid_to
