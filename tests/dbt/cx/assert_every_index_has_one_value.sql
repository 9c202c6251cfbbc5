-- Prevents two different indices of one period: anonymous and earlier answers once changed the sign of the NPS in the
-- process report, and the CSI of segments mixed two programmes.
with indices as (
    select
        metric_code,
        period_kind,
        period_start_date,
        case dimension_name when 'all' then 'all' else dimension_value end as segment_code,
        respondents_count,
        top_count,
        bottom_count
    from {{ ref('mart_cx_indices') }}
    where is_headline
        and dimension_name in ('all', 'usage_segment')
        and respondents_count > 0
),

shown as (
    select
        'mart_voc_process' as mart_name,
        'nps' as metric_code,
        'month' as period_kind,
        feedback_month as period_start_date,
        'all' as segment_code,
        nps_answers_count as answers_count,
        promoters_count as top_count,
        detractors_count as bottom_count,
        nps_points
    from {{ ref('mart_voc_process') }}
    where nps_answers_count > 0
    union all
    select
        'mart_segment_satisfaction' as mart_name,
        metric_code,
        'quarter' as period_kind,
        answer_quarter as period_start_date,
        segment_code,
        max(group_den) as answers_count,
        sum(case when answer_group_code = 'top' then group_num end) as top_count,
        sum(case when answer_group_code = 'bottom' then group_num end) as bottom_count,
        null as nps_points
    from {{ ref('mart_segment_satisfaction') }}
    where metric_code <> 'cli'
        and topic_code = 'all'
    group by metric_code, answer_quarter, segment_code
)

select shown.*
from shown
left join indices
    on shown.metric_code = indices.metric_code
    and shown.period_kind = indices.period_kind
    and shown.period_start_date = indices.period_start_date
    and shown.segment_code = indices.segment_code
where not coalesce(
        shown.answers_count = indices.respondents_count
        and shown.top_count = indices.top_count
        and shown.bottom_count = indices.bottom_count
        and abs(coalesce(shown.nps_points, 0) - case
            when shown.nps_points is null then 0
            else 100.0 * (indices.top_count - indices.bottom_count) / indices.respondents_count
        end) < 1e-9,
        false
    )
