-- Answers counted by period and cut. A customer counts once per programme and period, with the latest answer; beside it
-- stand all answers, and the latest ones weighted with the revenue of the account.
{%- set dimensions = cx_dimensions() %}
with placed as (
    select
        answers.metric_code,
        answers.programme,
        periods.period_kind,
        periods.period_start_date,
        answers.score_box,
        answers.score,
        -- The latest of the period: the customer's next answer lies outside of it.
        answers.next_answer_date is null or answers.next_answer_date >= periods.period_end_date as is_latest,
        {%- for dimension in dimensions %}
        touches.{{ dimension }},
        {%- endfor %}
        touches.mrr_amount
    from {{ ref('int_cx__answers') }} as answers
    inner join {{ ref('int_cx__touches') }} as touches
        on answers.response_id = touches.touch_id
        and touches.touch_kind = 'response'
    inner join {{ ref('int_cx__periods') }} as periods
        on touches.touch_month = periods.period_month
)

select
    metric_code,
    programme,
    period_kind,
    period_start_date,
    {{ cx_dimension_columns(dimensions) }},
    count(case when is_latest then 1 end) as respondents_count,
    {%- for box in ['top', 'middle', 'bottom'] %}
    count(case when is_latest and score_box = '{{ box }}' then 1 end) as {{ box }}_count,
    {%- endfor %}
    -- Scores are whole numbers or quarters, which doubles add up without rounding, in any order.
    coalesce(sum(case when is_latest then score end), 0) as score_points,
    coalesce(sum(case when is_latest then score * score end), 0) as score_squares,
    count(*) as answers_count,
    count(case when score_box = 'top' then 1 end) as answers_top_count,
    count(case when score_box = 'bottom' then 1 end) as answers_bottom_count,
    sum(score) as answers_score_points,
    coalesce(sum(case when is_latest then mrr_amount end), 0) as mrr_amount,
    coalesce(sum(case when is_latest and score_box = 'top' then mrr_amount end), 0) as mrr_top_amount,
    coalesce(sum(case when is_latest and score_box = 'bottom' then mrr_amount end), 0) as mrr_bottom_amount,
    coalesce(sum(case when is_latest then mrr_amount * cast(score as decimal(6, 2)) end), 0) as mrr_score_amount
from placed
group by {{ cx_grouping_sets(dimensions, ['metric_code', 'programme', 'period_kind', 'period_start_date']) }}
