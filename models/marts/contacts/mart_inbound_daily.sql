with counted as (
    select
        opened_date,
        case when grouping(customer_status) = 0 then 'status' else 'channel' end as dimension_name,
        coalesce(customer_status, 'all') as customer_status,
        coalesce(channel_code, 'all') as channel_code,
        count(*) as inbound_count,
        count(case when answer_state = 'answered_in_time' then 1 end) as in_time_count,
        count(case when answer_state = 'answered_late' then 1 end) as late_count,
        count(case when answer_state = 'unanswered' then 1 end) as unanswered_count,
        count(case when answer_state = 'closed_without_answer' then 1 end) as closed_unanswered_count,
        count(case when answer_state = 'pending' then 1 end) as pending_count,
        count(case when answer_state = 'no_target' then 1 end) as no_target_count
    from {{ ref('mart_inbound_answers') }}
    group by grouping sets ((opened_date, channel_code), (opened_date, customer_status))
)

select
    dimension_name,
    customer_status,
    channel_code,
    cast(inbound_count as bigint) as inbound_count,
    cast(in_time_count as bigint) as answered_in_time_num,
    cast(inbound_count - pending_count - no_target_count as bigint) as answered_in_time_den,
    {{ pct('in_time_count', '(inbound_count - pending_count - no_target_count)') }} as answered_in_time_pct,
    cast(late_count as bigint) as answered_late_count,
    cast(unanswered_count as bigint) as unanswered_count,
    cast(closed_unanswered_count as bigint) as closed_without_answer_count,
    cast(no_target_count as bigint) as no_target_count,
    cast(pending_count as bigint) as pending_count,
    pending_count = 0 as is_complete,
    {{ is_reliable('inbound_count - pending_count - no_target_count') }} as is_reliable,
    opened_date
from counted
