-- Every counted score once per metric, with the day of the customer's next answer to the same metric of the programme:
-- an answer is the latest of a period exactly when the next one lies outside of it.
{% set metrics = {
    'nps': ('nps_score', "case nps_group when 'promoter' then 'top' when 'passive' then 'middle' when 'detractor' then 'bottom' end"),
    'csi': ('csi_score', 'csi_box'),
    'csat': ('csat_score', 'csat_box'),
    'ces': ('ces_score', 'ces_box'),
    'onboarding_rating': ('onboarding_rating_score', 'onboarding_rating_box'),
    'cli': ('cli', none),
    'cli_plain': ('cli_plain', none),
    'cli_recommend': ('cli_recommend_score', none),
    'cli_continue': ('cli_continue_score', none),
    'cli_buy_more': ('cli_buy_more_score', none),
    'cli_switch': ('cli_switch_score', none),
} %}
with answers as (
    {%- for metric, (score, box) in metrics.items() %}
    select
        response_id,
        customer_id,
        programme,
        '{{ metric }}' as metric_code,
        {{ box or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as score_box,
        cast({{ score }} as double) as score,
        response_date,
        submitted_at
    from {{ ref('fct_survey_responses') }}
    where {{ score }} is not null
        {%- if metric.startswith('cli') %}
        -- The parts are those of whole indices, so that they average to it.
        and cli is not null
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    answers.response_id,
    answers.customer_id,
    answers.programme,
    answers.metric_code,
    answers.score_box,
    answers.score,
    coalesce(answers.programme = metrics.headline_programme, false) as is_headline,
    answers.response_date,
    answers.submitted_at,
    lead(answers.response_date) over (
        partition by answers.customer_id, answers.programme, answers.metric_code
        order by answers.submitted_at, answers.response_id
    ) as next_answer_date,
    lag(answers.score) over (
        partition by answers.customer_id, answers.programme, answers.metric_code
        order by answers.submitted_at, answers.response_id
    ) as previous_score
from answers
left join {{ ref('dim_survey_metrics') }} as metrics
    on answers.metric_code = metrics.metric_code
where answers.customer_id is not null
    and answers.programme is not null
