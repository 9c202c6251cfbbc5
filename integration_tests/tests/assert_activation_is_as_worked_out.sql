-- By hand: 0101 shared a report after two days; 0102 never did; 0103 did after 43 days; 0104 registered a week ago, so
-- nobody knows yet; 0900 is a tester. Within 30 days 1 of 3 became active.
with worked_out as (
    select
        'all' as cohort_label,
        1 as activated_count,
        3 as customers_count
    union all
    select
        '2025-03' as cohort_label,
        1 as activated_count,
        2 as customers_count
    union all
    select
        '2025-04' as cohort_label,
        0 as activated_count,
        1 as customers_count
    union all
    select
        '2025-06' as cohort_label,
        0 as activated_count,
        0 as customers_count
)

select
    worked_out.*,
    cohorts.activated_long_num,
    cohorts.activated_long_den
from worked_out
left join {{ ref('stayhouse', 'mart_activation_cohort') }} as cohorts
    on worked_out.cohort_label = cohorts.cohort_label
    and cohorts.dimension_name = 'all'
where worked_out.activated_count is distinct from cohorts.activated_long_num
    or worked_out.customers_count is distinct from cohorts.activated_long_den
