{{ config(materialized=inlined('view')) }}
-- What the customer felt before a ticket and after the reaction to it (SVC-05): the latest signal up to the opening,
-- and the first after the reaction. A comment on several topics has several signals of one moment: their mean counts.
with tickets as (
    select
        tickets.ticket_id,
        tickets.customer_id,
        tickets.opened_at,
        coalesce(tickets.answered_at, tickets.opened_at) as reacted_at,
        {{ dbt.dateadd('day', '-policy.problem_sentiment_days', 'tickets.opened_at') }} as before_from_at,
        {{ dbt.dateadd('day', 'policy.problem_sentiment_days', 'coalesce(tickets.answered_at, tickets.opened_at)') }}
            as after_until_at
    from {{ ref('fct_tickets') }} as tickets
    cross join {{ ref('policy') }} as policy
),

signals as (
    select
        tickets.ticket_id,
        signals.sentiment,
        signals.occurred_at <= tickets.opened_at as is_before,
        rank() over (
            partition by tickets.ticket_id, signals.occurred_at <= tickets.opened_at
            order by
                case when signals.occurred_at <= tickets.opened_at then signals.occurred_at end desc,
                signals.occurred_at asc
        ) as choice
    from tickets
    inner join {{ ref('fct_feedback_signals') }} as signals
        on tickets.customer_id = signals.customer_id
        and signals.occurred_at >= tickets.before_from_at
        and signals.occurred_at < tickets.after_until_at
    where signals.sentiment is not null
        and (signals.occurred_at <= tickets.opened_at or signals.occurred_at > tickets.reacted_at)
)

select
    ticket_id,
    avg(case when is_before then cast(sentiment as decimal(18, 9)) end) as sentiment_before,
    avg(case when not is_before then cast(sentiment as decimal(18, 9)) end) as sentiment_after
from signals
where choice = 1
group by ticket_id
