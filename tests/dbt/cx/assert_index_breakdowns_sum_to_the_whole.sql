-- Prevents a breakdown that loses or duplicates answers: the counts of its values add up to everybody, and the monthly
-- counts of NPS are those of the responses and of the invitations.
{{ config(meta={'serves': ['DQ-10']}) }}
with breakdowns as (
    select
        metric_code,
        programme,
        period_kind,
        period_start_date,
        dimension_name,
        sum(respondents_count) as respondents_count,
        sum(coalesce(top_count, 0)) as top_count,
        sum(answers_count) as answers_count,
        sum(responded_den) as responded_den,
        sum(responded_den + pending_count) as asked_count
    from {{ ref('mart_cx_indices') }}
    group by metric_code, programme, period_kind, period_start_date, dimension_name
),

rows_of_months as (
    select
        programme,
        {{ period_start('month', 'response_date') }} as period_start_date,
        count(*) as answers_count,
        count(distinct customer_id) as respondents_count
    from {{ ref('mart_cx_responses') }}
    where metric_code = 'nps'
        and is_counted
    group by programme, {{ period_start('month', 'response_date') }}
),

nps_surveys as (
    select distinct
        survey_code,
        programme
    from {{ ref('dim_survey_questions') }}
    where metric_code = 'nps'
),

asked_in_months as (
    select
        surveys.programme,
        {{ period_start('month', 'invitations.sent_date') }} as period_start_date,
        count(*) as asked_count
    from {{ ref('fct_survey_invitations') }} as invitations
    inner join nps_surveys as surveys
        on invitations.survey_code = surveys.survey_code
    where invitations.customer_id is not null
        and invitations.response_window_days is not null
    group by surveys.programme, {{ period_start('month', 'invitations.sent_date') }}
)

select
    breakdowns.metric_code,
    breakdowns.programme,
    breakdowns.period_kind,
    breakdowns.period_start_date,
    breakdowns.dimension_name
from breakdowns
inner join breakdowns as whole
    on breakdowns.metric_code = whole.metric_code
    and breakdowns.programme = whole.programme
    and breakdowns.period_kind = whole.period_kind
    and breakdowns.period_start_date = whole.period_start_date
    and whole.dimension_name = 'all'
left join rows_of_months
    on breakdowns.programme = rows_of_months.programme
    and breakdowns.period_start_date = rows_of_months.period_start_date
    and breakdowns.metric_code = 'nps'
    and breakdowns.period_kind = 'month'
    and breakdowns.dimension_name = 'all'
left join asked_in_months
    on breakdowns.programme = asked_in_months.programme
    and breakdowns.period_start_date = asked_in_months.period_start_date
    and breakdowns.metric_code = 'nps'
    and breakdowns.period_kind = 'month'
    and breakdowns.dimension_name = 'all'
-- Anonymous answers are a breakdown outside the whole.
where breakdowns.dimension_name <> 'anonymous'
    and (
        breakdowns.respondents_count <> whole.respondents_count
        or breakdowns.top_count <> whole.top_count
        or breakdowns.answers_count <> whole.answers_count
        or breakdowns.responded_den <> whole.responded_den
        or breakdowns.answers_count <> rows_of_months.answers_count
        or breakdowns.respondents_count <> rows_of_months.respondents_count
        or breakdowns.asked_count <> asked_in_months.asked_count
    )
