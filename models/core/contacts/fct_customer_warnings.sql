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
    responses.customer_id,
    'low_nps' as warning_kind,
    responses.submitted_at as warned_at
from {{ ref('fct_survey_responses') }} as responses
inner join {{ ref('dim_survey_metrics') }} as metrics
    on responses.programme = metrics.headline_programme
    and metrics.metric_code = 'nps'
cross join {{ ref('policy') }} as policy
where responses.nps_score <= policy.surprise_low_nps_score
    and responses.customer_id is not null
