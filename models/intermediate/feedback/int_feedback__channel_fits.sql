{{ config(materialized=inlined('view')) }}
-- Does the form of a survey suit the channel in which it was sent (FBK-21)? The form at the end of the month counts.
with forms as (
    select
        counts.sent_month,
        counts.survey_code,
        counts.channel_code,
        count(questions.scale_min) as scored_questions_count,
        min(case when not questions.is_free_text then questions.options_count end) as least_options,
        max(case when not questions.is_free_text then questions.options_count end) as most_options
    from {{ ref('int_feedback__invitation_counts') }} as counts
    inner join {{ ref('dim_survey_questions') }} as questions
        on counts.survey_code = questions.survey_code
        and {{ holds_at('questions', add_days(add_months('counts.sent_month', 1), -1)) }}
    where counts.dimension_name = 'survey_channel'
    group by counts.sent_month, counts.survey_code, counts.channel_code
)

select
    forms.sent_month,
    forms.survey_code,
    forms.channel_code,
    forms.scored_questions_count,
    case
        when channels.channel_code is null then 'unknown_channel'
        when forms.scored_questions_count > channels.max_scored_questions then 'too_many_questions'
        when forms.least_options < channels.min_options or forms.most_options > channels.max_options
            then 'options_do_not_suit'
        else 'fits'
    end as channel_fit_code
from forms
left join {{ ref('survey_channels') }} as channels
    on forms.channel_code = channels.channel_code
