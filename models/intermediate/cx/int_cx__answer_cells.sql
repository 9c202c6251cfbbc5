-- Answers by period and breakdown. A customer counts once per programme and period, with the latest answer; beside it
-- are all answers, and the latest ones weighted by the revenue of the account. Anonymous answers are a breakdown of
-- their own outside `all`: whether several of them came from one customer is unknown, so each counts.
{%- set dimensions = cx_dimensions() %}
{%- set month_keys = ['metric_code', 'programme', 'touch_month', 'months_alone'] %}
with placed as (
    select
        answers.metric_code,
        answers.programme,
        answers.score_box,
        answers.score,
        {%- for dimension in dimensions %}
        touches.{{ dimension }},
        {%- endfor %}
        touches.mrr_amount,
        touches.mrr_amount * cast(answers.score as decimal(6, 2)) as mrr_score_amount,
        touches.customer_id,
        touches.touch_date,
        touches.touch_month,
        -- For how many months, its own included, the answer stays the customer's latest; no period asks beyond twelve.
        least(
            coalesce({{ dbt.datediff(
                'touches.touch_month', period_start('month', 'answers.next_answer_date'), 'month'
            ) }}, 12),
            12
        ) as months_alone
    from {{ ref('int_cx__answers') }} as answers
    inner join {{ ref('int_cx__responses') }} as touches
        on answers.response_id = touches.response_id
),

broken_down as (
    {{ breakdowns_with_attributes('placed', cx_columns(), 'touch_date') }}
),

-- Every answer is read once per breakdown; the periods, six for each month, are summed from these few rows.
months as (
    select
        {{ month_keys | join(',\n        ') }},
        dimension_name,
        dimension_value,
        {%- for box in ['top', 'middle', 'bottom'] %}
        count(case when score_box = '{{ box }}' then 1 end) as {{ box }}_count,
        {%- endfor %}
        count(*) as answers_count,
        -- Scores are whole numbers or quarters, which doubles add up without rounding, in any order.
        sum(score) as score_points,
        sum(score * score) as score_squares,
        sum(mrr_amount) as mrr_amount,
        sum(case when score_box = 'top' then mrr_amount end) as mrr_top_amount,
        sum(case when score_box = 'bottom' then mrr_amount end) as mrr_bottom_amount,
        sum(mrr_score_amount) as mrr_score_amount
    from broken_down
    group by {{ month_keys | join(', ') }}, dimension_name, dimension_value
    union all
    select
        metric_code,
        programme,
        {{ period_start('month', 'response_date') }} as touch_month,
        12 as months_alone,
        'anonymous' as dimension_name,
        'anonymous' as dimension_value,
        {%- for box in ['top', 'middle', 'bottom'] %}
        count(case when score_box = '{{ box }}' then 1 end) as {{ box }}_count,
        {%- endfor %}
        count(*) as answers_count,
        sum(score) as score_points,
        sum(score * score) as score_squares,
        null as mrr_amount,
        null as mrr_top_amount,
        null as mrr_bottom_amount,
        null as mrr_score_amount
    from {{ ref('fct_survey_scores') }}
    where customer_id is null
        and programme is not null
        and is_whole
    group by metric_code, programme, {{ period_start('month', 'response_date') }}
),

cells as (
    select
        months.*,
        periods.period_kind,
        periods.period_start_date,
        -- The latest of the period: the customer's next answer lies outside of it.
        months.months_alone >= {{ dbt.datediff('periods.period_month', 'periods.period_end_date', 'month') }}
            as is_latest
    from months
    inner join {{ ref('int_cx__periods') }} as periods
        on months.touch_month = periods.period_month
)

select
    metric_code,
    programme,
    period_kind,
    period_start_date,
    dimension_name,
    dimension_value,
    {%- for latest, count in [('respondents_count', 'answers_count'), ('top_count', 'top_count'),
        ('middle_count', 'middle_count'), ('bottom_count', 'bottom_count')] %}
    cast(coalesce(sum(case when is_latest then {{ count }} end), 0) as bigint) as {{ latest }},
    {%- endfor %}
    cast(sum(answers_count) as bigint) as answers_count,
    cast(sum(top_count) as bigint) as answers_top_count,
    cast(sum(bottom_count) as bigint) as answers_bottom_count,
    {%- for total in ['score_points', 'score_squares', 'mrr_amount', 'mrr_top_amount', 'mrr_bottom_amount',
        'mrr_score_amount'] %}
    coalesce(sum(case when is_latest then {{ total }} end), 0) as {{ total }},
    {%- endfor %}
    sum(score_points) as answers_score_points
from cells
group by metric_code, programme, period_kind, period_start_date, dimension_name, dimension_value
