-- Prevents topic shares of a group that do not add up to all of its wishes (FBK-16).
select
    answer_quarter,
    segment_code,
    metric_code,
    answer_group_code,
    sum(wishes_pct) as wishes_pct,
    max(cumulative_pct) as cumulative_pct
from {{ ref('mart_segment_satisfaction') }}
where wishes_den > 0
group by answer_quarter, segment_code, metric_code, answer_group_code
having abs(sum(wishes_pct) - 100) > 1e-6
    or abs(max(cumulative_pct) - 100) > 1e-6
