-- Prevents a sent survey that counts as unsent in the schedule, and a coverage that counts other questions.
with sent as (
    select
        reached.customer_id,
        reached.trigger_type,
        reached.schedule_key,
        count(invitations.invitation_id) as invitations_count
    from {{ ref('fct_survey_triggers') }} as reached
    left join {{ ref('fct_survey_invitations') }} as invitations
        on reached.customer_id = invitations.customer_id
        and reached.trigger_type = invitations.trigger_type
        and reached.schedule_key = case
            when invitations.trigger_type = 'service' then coalesce(invitations.ticket_id, invitations.trigger_key)
            else invitations.trigger_key
        end
    group by reached.customer_id, reached.trigger_type, reached.schedule_key
)

select
    'state' as fault,
    sent.schedule_key as fault_key
from sent
left join {{ ref('mart_survey_schedule') }} as schedule
    on sent.customer_id = schedule.customer_id
    and sent.trigger_type = schedule.trigger_kind
    and sent.schedule_key = schedule.schedule_key
where schedule.customer_id is null
    or (sent.invitations_count > 0) <> (schedule.schedule_state in ('asked', 'answered'))
union all
select
    'coverage' as fault,
    cast(counted.asked_count as {{ dbt.type_string() }}) as fault_key
from (
    select
        (
            select count(*)
            from {{ ref('mart_survey_schedule') }} as due
            where due.schedule_state <> 'upcoming'
                and due.due_month >= {{ period_start('month', observed_from('surveys')) }}
        ) as asked_count,
        (
            select coalesce(sum(places.asked_den), 0)
            from {{ ref('mart_survey_programme') }} as places
            where places.dimension_name = 'touchpoint'
        ) as covered_count
) as counted
where counted.asked_count <> counted.covered_count
