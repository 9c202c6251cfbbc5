with cells as (
    select
        *,
        {{ cx_estimate('index_kind') }} as estimate,
        {{ student_975("case when index_kind = 'mean' then nullif(respondents_count - 1.0, 0) end") }}
        * sqrt({{ cx_variance('index_kind') }}) as margin
    from {{ ref('int_cx__cells') }}
),

compared as (
    select
        cells.*,
        previous.index_points as previous_index_points,
        cells.index_points - previous.index_points as change_points,
        -- The adjusted estimates lean towards 0: where few respondents all agree, the change itself is the bound.
        case when changes.points_ci_lo is not null
                then least(changes.points_ci_lo, cells.index_points - previous.index_points)
        end as change_points_ci_lo,
        case when changes.points_ci_hi is not null
                then greatest(changes.points_ci_hi, cells.index_points - previous.index_points)
        end as change_points_ci_hi,
        changes.by_chance_pct as change_by_chance_pct,
        whole.index_points as overall_index_points,
        case
            when cells.dimension_name not in ('all', 'anonymous') then cells.index_points - whole.index_points
        end as gap_points,
        gaps.by_chance_pct as gap_by_chance_pct,
        coalesce(own_targets.target_value, targets.target_value) as target_points,
        coalesce(own_targets.comparator, targets.comparator) as comparator
    from cells
    inner join cells as whole
        on cells.metric_code = whole.metric_code
        and cells.programme = whole.programme
        and cells.period_kind = whole.period_kind
        and cells.period_start_date = whole.period_start_date
        and whole.dimension_name = 'all'
    left join cells as previous
        on cells.metric_code = previous.metric_code
        and cells.programme = previous.programme
        and cells.period_kind = previous.period_kind
        and cells.previous_start_date = previous.period_start_date
        and cells.dimension_name = previous.dimension_name
        and cells.dimension_value = previous.dimension_value
    left join {{ ref('int_cx__comparisons') }} as changes
        on cells.metric_code = changes.metric_code
        and cells.programme = changes.programme
        and cells.period_kind = changes.period_kind
        and cells.period_start_date = changes.period_start_date
        and cells.dimension_name = changes.dimension_name
        and cells.dimension_value = changes.dimension_value
        and changes.comparison = 'change'
    left join {{ ref('int_cx__comparisons') }} as gaps
        on cells.metric_code = gaps.metric_code
        and cells.programme = gaps.programme
        and cells.period_kind = gaps.period_kind
        and cells.period_start_date = gaps.period_start_date
        and cells.dimension_name = gaps.dimension_name
        and cells.dimension_value = gaps.dimension_value
        and gaps.comparison = 'gap'
    left join {{ ref('metric_targets') }} as targets
        on cells.metric_code = targets.metric_code
        and targets.segment_code = '*'
        and {{ holds_at('targets', 'cells.period_start_date') }}
    left join {{ ref('metric_targets') }} as own_targets
        on cells.metric_code = own_targets.metric_code
        and case when cells.dimension_name in ('usage_segment', 'value_segment') then cells.dimension_value end
        = own_targets.segment_code
        and {{ holds_at('own_targets', 'cells.period_start_date') }}
)

select
    compared.metric_code,
    compared.programme,
    compared.period_kind,
    compared.dimension_name,
    compared.dimension_value,
    compared.index_kind,
    cast(compared.respondents_count as bigint) as respondents_count,
    -- Nobody falls into a group where a metric has none.
    case when compared.has_boxes then cast(compared.top_count as bigint) end as top_count,
    case when compared.has_boxes then cast(compared.middle_count as bigint) end as middle_count,
    case when compared.has_boxes then cast(compared.bottom_count as bigint) end as bottom_count,
    cast(compared.score_points as {{ type_double() }}) as score_points,
    cast(1.0 * compared.score_points / nullif(compared.respondents_count, 0) as {{ type_double() }}) as score_avg,
    compared.index_points,
    cast(case
        when compared.respondents_count = 0 then null
        -- The estimate leans towards 0: where few respondents all agree, the index itself is the bound.
        when compared.index_kind = 'net'
            then least(greatest(compared.estimate - compared.margin, -100.0), compared.index_points)
        when compared.index_kind = 'share'
            then least(
                    {{ wilson_pct('compared.top_count', 'compared.respondents_count', 'lo') }},
                    compared.index_points
                )
        else compared.estimate - compared.margin
    end as {{ type_double() }}) as index_points_ci_lo,
    cast(case
        when compared.respondents_count = 0 then null
        when compared.index_kind = 'net'
            then greatest(least(compared.estimate + compared.margin, 100.0), compared.index_points)
        when compared.index_kind = 'share'
            then greatest(
                    {{ wilson_pct('compared.top_count', 'compared.respondents_count', 'hi') }},
                    compared.index_points
                )
        else compared.estimate + compared.margin
    end as {{ type_double() }}) as index_points_ci_hi,
    case when compared.has_boxes then {{ pct('compared.top_count', 'compared.respondents_count') }} end as top_pct,
    case when compared.has_boxes then {{ wilson_pct('compared.top_count', 'compared.respondents_count', 'lo') }} end
        as top_ci_lo,
    case when compared.has_boxes then {{ wilson_pct('compared.top_count', 'compared.respondents_count', 'hi') }} end
        as top_ci_hi,
    case when compared.has_boxes then {{ pct('compared.bottom_count', 'compared.respondents_count') }} end
        as bottom_pct,
    cast(compared.answers_count as bigint) as answers_count,
    {{ cx_index(
        'compared.index_kind', 'compared.answers_count', 'compared.answers_top_count', 'compared.answers_bottom_count',
        'compared.answers_score_points'
    ) }} as answers_index_points,
    cast(compared.mrr_amount as decimal(18, 2)) as mrr_amount,
    {{ cx_index(
        'compared.index_kind', 'compared.mrr_amount', 'compared.mrr_top_amount', 'compared.mrr_bottom_amount',
        'compared.mrr_score_amount'
    ) }} as mrr_index_points,
    cast(compared.responded_num as bigint) as responded_num,
    cast(compared.responded_den as bigint) as responded_den,
    {{ pct('compared.responded_num', 'compared.responded_den') }} as responded_pct,
    cast(compared.reached_responded_num as bigint) as reached_responded_num,
    cast(compared.reached_responded_den as bigint) as reached_responded_den,
    {{ pct('compared.reached_responded_num', 'compared.reached_responded_den') }} as reached_responded_pct,
    cast(compared.pending_count as bigint) as pending_count,
    cast(compared.completed_num as bigint) as completed_num,
    cast(compared.completed_den as bigint) as completed_den,
    {{ pct('compared.completed_num', 'compared.completed_den') }} as completed_pct,
    compared.previous_index_points,
    compared.change_points,
    cast(compared.change_points_ci_lo as {{ type_double() }}) as change_points_ci_lo,
    cast(compared.change_points_ci_hi as {{ type_double() }}) as change_points_ci_hi,
    cast(compared.change_by_chance_pct as {{ type_double() }}) as change_by_chance_pct,
    compared.change_by_chance_pct <= policy.cx_noise_error_pct as is_beyond_noise,
    compared.change_points > 0 as is_growing,
    compared.overall_index_points,
    compared.gap_points,
    cast(compared.gap_by_chance_pct as {{ type_double() }}) as gap_by_chance_pct,
    compared.gap_by_chance_pct <= policy.cx_noise_error_pct as is_gap_beyond_noise,
    case
        when compared.dimension_name <> 'all' and compared.index_kind in ('net', 'share')
            then coalesce(
                    compared.gap_points <= -1 * policy.sagging_gap_points
                    and compared.gap_by_chance_pct <= policy.cx_noise_error_pct,
                    false
                )
    end as is_sagging,
    compared.target_points,
    case compared.comparator
        when '>=' then compared.index_points >= compared.target_points
        when '>' then compared.index_points > compared.target_points
        when '<=' then compared.index_points <= compared.target_points
        when '<' then compared.index_points < compared.target_points
        when '=' then compared.index_points = compared.target_points
    end as is_target_met,
    case when compared.index_kind = 'net' then
            coalesce(compared.index_points < 0 and compared.respondents_count >= policy.min_reliable_count, false)
    end as is_negative,
    compared.is_headline,
    compared.respondents_count >= policy.min_reliable_count as is_reliable,
    compared.is_complete,
    compared.period_start_date,
    compared.period_end_date
from compared
cross join {{ ref('policy') }} as policy
