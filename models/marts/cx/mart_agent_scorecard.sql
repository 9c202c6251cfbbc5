{%- set dimensions = {'unit': 'unit_value', 'employee': 'employee_id'} -%}
-- First answers belong to the employee first in charge, closings and ratings to the one who closed the ticket.
with ratings as (
    select
        responses.subject_employee_id as employee_id,
        responses.customer_id,
        responses.response_date as rated_date,
        scores.score as csat_score,
        scores.score_box = 'top' as is_top,
        coalesce(tickets.is_complaint, false) as is_complaint,
        -- One rating per ticket, the latest; a rating without a ticket counts alone.
        row_number() over (
            partition by coalesce(responses.ticket_id, responses.response_id)
            order by responses.submitted_at desc, responses.response_id desc
        ) as choice
    from {{ ref('fct_survey_scores') }} as scores
    inner join {{ ref('fct_survey_responses') }} as responses
        on scores.response_id = responses.response_id
    left join {{ ref('fct_tickets') }} as tickets
        on responses.ticket_id = tickets.ticket_id
    where scores.metric_code = 'csat'
        and responses.subject_employee_id is not null
),

work as (
    select
        'opening' as work_kind,
        first_assigned_employee_id as employee_id,
        customer_id,
        opened_date as work_date,
        is_complaint,
        answered_at is not null as is_answered,
        {{ elapsed_seconds('opened_at', 'person_response_at') }} as first_response_seconds,
        false as is_resolved,
        false as is_reopened,
        cast(null as {{ dbt.type_string() }}) as topic_code,
        false as is_top,
        cast(null as {{ type_double() }}) as csat_score
    from {{ ref('fct_tickets') }}
    where first_assigned_employee_id is not null
    union all
    select
        'closing' as work_kind,
        closing_employee_id as employee_id,
        customer_id,
        {{ business_date('closed_at') }} as work_date,
        is_complaint,
        false as is_answered,
        cast(null as {{ type_double() }}) as first_response_seconds,
        resolved_at is not null as is_resolved,
        coalesce(reopened_count > 0, false) as is_reopened,
        topic_code,
        false as is_top,
        cast(null as {{ type_double() }}) as csat_score
    from {{ ref('fct_tickets') }}
    where closing_employee_id is not null
    union all
    select
        'rating' as work_kind,
        employee_id,
        customer_id,
        rated_date as work_date,
        is_complaint,
        false as is_answered,
        cast(null as {{ type_double() }}) as first_response_seconds,
        false as is_resolved,
        false as is_reopened,
        cast(null as {{ dbt.type_string() }}) as topic_code,
        coalesce(is_top, false) as is_top,
        csat_score
    from ratings
    where choice = 1
),

in_periods as (
    {%- for grain in ['month', 'quarter'] %}
    select
        work.*,
        '{{ grain }}' as period_kind,
        {{ period_start(grain, 'work.work_date') }} as period_start_date
    from work
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Seniors get the hard cases, so ratings are compared with those that all employees get for as many complaints.
compared as (
    select
        in_periods.*,
        avg(case when in_periods.is_top then 1.0 else 0.0 end) over (
            partition by
                in_periods.work_kind, in_periods.period_kind, in_periods.period_start_date, in_periods.is_complaint
        ) as expected_share
    from in_periods
),

employee_periods as (
    select distinct
        employee_id,
        period_kind,
        period_start_date
    from in_periods
),

-- The last position that began before the end of the period.
positions as (
    select
        periods.employee_id,
        periods.period_kind,
        periods.period_start_date,
        employees.team,
        employees.unit,
        row_number() over (
            partition by periods.employee_id, periods.period_kind, periods.period_start_date
            order by employees.valid_from desc
        ) as choice
    from employee_periods as periods
    inner join {{ ref('dim_employees') }} as employees
        on periods.employee_id = employees.employee_id
        and {{ next_period_start('periods.period_kind', 'periods.period_start_date') }} > employees.valid_from
),

placed as (
    select
        compared.*,
        positions.team,
        positions.unit,
        coalesce(positions.unit, 'unassigned') as unit_value
    from compared
    left join positions
        on compared.employee_id = positions.employee_id
        and compared.period_kind = positions.period_kind
        and compared.period_start_date = positions.period_start_date
        and positions.choice = 1
),

broken_down as (
    {{ breakdowns_with_attributes('placed', dimensions, 'work_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        case when dimension_name = 'employee' then max(team) end as team_code,
        case when dimension_name = 'employee' then max(unit) end as unit_code,
        period_kind,
        period_start_date,
        count(case when work_kind = 'opening' then 1 end) as assigned_count,
        count(case when is_answered then 1 end) as answered_count,
        avg(first_response_seconds) as first_response_seconds,
        count(case when work_kind = 'closing' then 1 end) as closed_count,
        count(case when work_kind = 'closing' and is_complaint then 1 end) as complaints_count,
        count(distinct topic_code) as topics_count,
        count(case when is_resolved then 1 end) as resolved_count,
        count(case when is_reopened then 1 end) as reopened_count,
        count(case when work_kind = 'rating' then 1 end) as rated_count,
        count(case when is_top then 1 end) as top_count,
        avg(csat_score) as csat_avg,
        avg(case when work_kind = 'rating' then expected_share end) as expected_share
    from broken_down
    group by period_kind, period_start_date, dimension_name, dimension_value
)

select
    counted.dimension_name,
    counted.dimension_value,
    counted.team_code,
    counted.unit_code,
    counted.period_kind,
    cast(counted.assigned_count as bigint) as assigned_tickets_count,
    cast(counted.answered_count as bigint) as answered_tickets_count,
    cast(counted.first_response_seconds as {{ type_double() }}) as first_response_seconds,
    cast(counted.closed_count as bigint) as closed_tickets_count,
    cast(counted.complaints_count as bigint) as closed_complaints_count,
    cast(counted.topics_count as bigint) as topics_count,
    cast(counted.resolved_count as bigint) as resolved_num,
    cast(counted.closed_count as bigint) as resolved_den,
    {{ pct('counted.resolved_count', 'counted.closed_count') }} as resolved_pct,
    cast(counted.reopened_count as bigint) as reopened_num,
    cast(counted.closed_count as bigint) as reopened_den,
    {{ pct('counted.reopened_count', 'counted.closed_count') }} as reopened_pct,
    cast(counted.top_count as bigint) as csat_num,
    cast(counted.rated_count as bigint) as csat_den,
    {{ pct('counted.top_count', 'counted.rated_count') }} as csat_pct,
    {{ wilson_pct('counted.top_count', 'counted.rated_count', 'lo') }} as csat_ci_lo,
    {{ wilson_pct('counted.top_count', 'counted.rated_count', 'hi') }} as csat_ci_hi,
    cast(counted.csat_avg as {{ type_double() }}) as csat_avg,
    cast(round(100.0 * counted.expected_share, 9) as {{ type_double() }}) as csat_expected_pct,
    {{ is_reliable('counted.rated_count') }} as is_reliable,
    {{ is_over('counted.period_kind', 'counted.period_start_date') }} as is_complete,
    counted.period_start_date
from counted
cross join {{ ref('run_context') }} as run_context
