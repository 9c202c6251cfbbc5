with counted as (
    select
        rule_code,
        customer_status,
        segment_code,
        {{ period_start('month', business_date('due_to')) }} as due_month,
        count(*) as planned_count,
        count(case when touch_status = 'done' then 1 end) as done_count,
        count(case when touch_status = 'done_late' then 1 end) as done_late_count,
        count(case when touch_status = 'missed' then 1 end) as missed_count,
        count(case when touch_status = 'missed' and is_attempted then 1 end) as missed_attempted_count,
        count(case when touch_status = 'excused' then 1 end) as excused_count,
        count(case when touch_status in ('upcoming', 'due') then 1 end) as pending_count
    from {{ ref('mart_contact_plan') }}
    group by rule_code, customer_status, segment_code, {{ period_start('month', business_date('due_to')) }}
)

select
    rule_code,
    customer_status,
    segment_code,
    cast(planned_count as bigint) as planned_count,
    cast(done_count as bigint) as done_num,
    cast(done_count + done_late_count + missed_count as bigint) as done_den,
    {{ pct('done_count', '(done_count + done_late_count + missed_count)') }} as done_pct,
    cast(done_late_count as bigint) as done_late_count,
    cast(missed_count as bigint) as missed_count,
    cast(missed_attempted_count as bigint) as missed_attempted_count,
    cast(excused_count as bigint) as excused_count,
    cast(pending_count as bigint) as pending_count,
    pending_count = 0 as is_complete,
    {{ is_reliable('done_count + done_late_count + missed_count') }} as is_reliable,
    due_month
from counted
