-- Prevents topic shares of a group that do not add up to all of its wishes (FBK-16).
select
    feedback_quarter,
    nps_group_code,
    sum(wishes_pct) as wishes_pct,
    max(cumulative_pct) as cumulative_pct
from {{ ref('mart_feedback_themes') }}
where topic_code <> 'untagged'
group by feedback_quarter, nps_group_code
having abs(sum(wishes_pct) - 100) > 1e-6
    or abs(max(cumulative_pct) - 100) > 1e-6
