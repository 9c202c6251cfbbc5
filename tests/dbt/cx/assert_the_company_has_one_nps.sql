-- Prevents two different NPS of one month: anonymous and earlier answers once changed the sign of the process report.
with indices as (
    select
        period_kind,
        period_start_date,
        case dimension_name when 'all' then 'all' else dimension_value end as segment_code,
        respondents_count,
        top_count,
        index_points
    from {{ ref('mart_cx_indices') }}
    where metric_code = 'nps'
        and is_headline
        and dimension_name in ('all', 'usage_segment')
        and respondents_count > 0
),

shown as (
    select
        'mart_voc_process' as mart_name,
        'month' as period_kind,
        feedback_month as period_start_date,
        'all' as segment_code,
        nps_answers_count,
        promoters_count,
        nps_points
    from {{ ref('mart_voc_process') }}
    where nps_answers_count > 0
    union all
    select
        'mart_segment_satisfaction' as mart_name,
        'quarter' as period_kind,
        answer_quarter as period_start_date,
        segment_code,
        max(group_den) as nps_answers_count,
        sum(case when answer_group_code = 'top' then group_num end) as promoters_count,
        100.0 * (
            sum(case when answer_group_code = 'top' then group_num end)
            - sum(case when answer_group_code = 'bottom' then group_num end)
        ) / max(group_den) as nps_points
    from {{ ref('mart_segment_satisfaction') }}
    where metric_code = 'nps'
        and topic_code = 'all'
    group by answer_quarter, segment_code
)

select
    shown.*,
    indices.index_points
from shown
left join indices
    on shown.period_kind = indices.period_kind
    and shown.period_start_date = indices.period_start_date
    and shown.segment_code = indices.segment_code
where not coalesce(
        shown.nps_answers_count = indices.respondents_count
        and shown.promoters_count = indices.top_count
        and abs(shown.nps_points - indices.index_points) < 1e-9,
        false
    )
