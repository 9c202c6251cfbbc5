{{ config(materialized='view') }}
-- Moments at which a customer reported a problem: complaints and low recommendation scores.
select
    tickets.customer_id,
    'complaint' as warning_kind,
    tickets.opened_at as warned_at
from {{ ref('stg_support__tickets') }} as tickets
inner join {{ ref('run_context') }} as run_context
    on tickets.opened_date <= run_context.as_of_date
where tickets.is_complaint
union all
select
    scores.customer_id,
    'low_nps' as warning_kind,
    scores.submitted_at as warned_at
from {{ ref('fct_survey_scores') }} as scores
cross join {{ ref('policy') }} as policy
where scores.metric_code = 'nps'
    and scores.is_headline
    and scores.score <= policy.surprise_low_nps_score
    and scores.customer_id is not null
