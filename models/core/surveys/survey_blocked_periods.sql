-- Periods in which a customer must not be asked, and why. `is_absolute`: also for surveys that negative feedback does
-- not postpone.
with responses as (
    select
        responses.response_id,
        count(routes.route_code) > 0 as is_low
    from {{ ref('fct_survey_responses') }} as responses
    left join {{ ref('fct_survey_scores') }} as scores
        on responses.response_id = scores.response_id
    left join {{ ref('score_routes') }} as routes
        on scores.metric_code = routes.metric_code
        and scores.score between routes.score_from and routes.score_to
        and routes.is_followup
    group by responses.response_id
)

select
    flags.customer_id,
    'do_not_disturb' as block_reason,
    flags.dnd_id as source_id,
    true as is_absolute,
    flags.valid_from as blocked_from,
    {{ known('flags.valid_to') }} as blocked_to
from {{ ref('stg_crm__dnd_flags') }} as flags
inner join {{ ref('run_context') }} as run_context
    on flags.valid_from < run_context.as_of_end_at
union all
select
    tickets.customer_id,
    'open_complaint' as block_reason,
    tickets.ticket_id as source_id,
    false as is_absolute,
    tickets.opened_at as blocked_from,
    {{ dbt.dateadd(
        'day', 'policy.suppress_after_close_days', 'coalesce(resolved_at, closed_at)'
    ) }} as blocked_to
from {{ ref('fct_tickets') }} as tickets
cross join {{ ref('policy') }} as policy
where tickets.is_complaint
union all
-- Only negative cases postpone surveys: an unanswered thank-you does not.
select
    cases.customer_id,
    'open_case' as block_reason,
    cases.case_id as source_id,
    false as is_absolute,
    cases.opened_at as blocked_from,
    {{ dbt.dateadd(
        'day',
        'policy.suppress_after_close_days',
        'coalesce(cases.informed_at, cases.resolved_at, case when not cases.is_callback_required then cases.decided_at end)'
    ) }} as blocked_to
from {{ ref('fct_feedback_cases') }} as cases
left join responses
    on case when cases.source_type = 'response' then cases.source_id end = responses.response_id
cross join {{ ref('policy') }} as policy
where cases.customer_id is not null
    and coalesce(responses.is_low, true)
union all
select
    customer_id,
    'churned' as block_reason,
    customer_id || ':' || cast(valid_from as {{ dbt.type_string() }}) as source_id,
    false as is_absolute,
    {{ day_start_at('valid_from') }} as blocked_from,
    {{ day_start_at('valid_to') }} as blocked_to
from {{ ref('customer_access_periods') }}
where not has_access
