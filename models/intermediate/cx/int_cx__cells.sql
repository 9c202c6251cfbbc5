-- The index of every cell with its counts, also for cells without answers or without invitations. Every mart that shows
-- an index over customers reads it here.
{% set keys = [
    'metric_code', 'programme', 'period_kind', 'period_start_date', 'dimension_name', 'dimension_value'
] %}
with periods as (
    select distinct
        period_kind,
        period_start_date,
        period_end_date,
        previous_start_date,
        is_complete
    from {{ ref('int_cx__periods') }}
),

asked_metrics as (
    select distinct
        survey_code,
        programme,
        metric_code
    from {{ ref('dim_survey_questions') }}
    where metric_code is not null
),

asked as (
    select
        asked_metrics.metric_code,
        asked_metrics.programme,
        months.period_kind,
        months.period_start_date,
        cells.dimension_name,
        cells.dimension_value,
        sum(cells.responded_num) as responded_num,
        sum(cells.responded_den) as responded_den,
        sum(cells.reached_responded_num) as reached_responded_num,
        sum(cells.reached_responded_den) as reached_responded_den,
        sum(cells.pending_count) as pending_count,
        sum(cells.completed_num) as completed_num,
        sum(cells.completed_den) as completed_den
    from {{ ref('int_cx__asked_cells') }} as cells
    inner join asked_metrics
        on cells.survey_code = asked_metrics.survey_code
    inner join {{ ref('int_cx__periods') }} as months
        on cells.touch_month = months.period_month
    group by
        asked_metrics.metric_code,
        asked_metrics.programme,
        months.period_kind,
        months.period_start_date,
        cells.dimension_name,
        cells.dimension_value
),

-- A period without invitations is a row too, at least over everybody.
spine as (
    select {{ keys | join(', ') }} from {{ ref('int_cx__answer_cells') }}
    union
    select {{ keys | join(', ') }} from asked
    union
    select
        asked_metrics.metric_code,
        asked_metrics.programme,
        periods.period_kind,
        periods.period_start_date,
        'all' as dimension_name,
        'all' as dimension_value
    from asked_metrics
    cross join periods
),

counted as (
    select
        spine.metric_code,
        spine.programme,
        spine.period_kind,
        spine.period_start_date,
        spine.dimension_name,
        spine.dimension_value,
        metrics.index_kind,
        periods.period_end_date,
        periods.previous_start_date,
        metrics.has_boxes,
        coalesce(spine.programme = metrics.headline_programme, false) as is_headline,
        {%- for count in ['respondents_count', 'top_count', 'middle_count', 'bottom_count', 'answers_count',
            'answers_top_count', 'answers_bottom_count', 'score_points', 'score_squares', 'answers_score_points',
            'mrr_amount', 'mrr_top_amount', 'mrr_bottom_amount', 'mrr_score_amount'] %}
        coalesce(answers.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        {%- for count in ['responded_num', 'responded_den', 'reached_responded_num', 'reached_responded_den',
            'pending_count', 'completed_num', 'completed_den'] %}
        coalesce(asked.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        periods.is_complete
    from spine
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on spine.metric_code = metrics.metric_code
    inner join periods
        on spine.period_kind = periods.period_kind
        and spine.period_start_date = periods.period_start_date
    left join {{ ref('int_cx__answer_cells') }} as answers
        on spine.metric_code = answers.metric_code
        and spine.programme = answers.programme
        and spine.period_kind = answers.period_kind
        and spine.period_start_date = answers.period_start_date
        and spine.dimension_name = answers.dimension_name
        and spine.dimension_value = answers.dimension_value
    left join asked
        on spine.metric_code = asked.metric_code
        and spine.programme = asked.programme
        and spine.period_kind = asked.period_kind
        and spine.period_start_date = asked.period_start_date
        and spine.dimension_name = asked.dimension_name
        and spine.dimension_value = asked.dimension_value
)

select
    counted.*,
    {{ cx_index('index_kind', 'respondents_count', 'top_count', 'bottom_count', 'score_points') }} as index_points
from counted
