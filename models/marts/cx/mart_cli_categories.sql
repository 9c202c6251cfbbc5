-- Into which loyalty categories the segments fall (CXI-08): of each customer the latest whole answer of a quarter.
with answers as (
    select
        loyalty.customer_id,
        loyalty.cli_category,
        coalesce(touches.usage_segment, 'unassigned') as segment_code,
        {{ period_start('quarter', 'loyalty.response_date') }} as answer_quarter,
        row_number() over (
            partition by loyalty.customer_id, {{ period_start('quarter', 'loyalty.response_date') }}
            order by loyalty.submitted_at desc, loyalty.response_id desc
        ) as choice
    from {{ ref('int_cx__loyalty') }} as loyalty
    left join {{ ref('int_cx__responses') }} as touches
        on loyalty.response_id = touches.response_id
),

categories as (
    {% for category in ['at_risk_switcher', 'advocate', 'growing', 'neutral'] %}
    select '{{ category }}' as cli_category_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

segments as (
    select
        answer_quarter,
        segment_code,
        count(*) as respondents_count
    from answers
    where choice = 1
    group by answer_quarter, segment_code
),

wholes as (
    select
        answer_quarter,
        segment_code,
        respondents_count
    from segments
    union all
    select
        answer_quarter,
        'all' as segment_code,
        sum(respondents_count) as respondents_count
    from segments
    group by answer_quarter
),

counted as (
    select
        wholes.answer_quarter,
        wholes.segment_code,
        categories.cli_category_code,
        wholes.respondents_count,
        count(answers.customer_id) as category_count
    from wholes
    cross join categories
    left join answers
        on wholes.answer_quarter = answers.answer_quarter
        and categories.cli_category_code = answers.cli_category
        and answers.choice = 1
        and (wholes.segment_code = 'all' or wholes.segment_code = answers.segment_code)
    group by
        wholes.answer_quarter, wholes.segment_code, categories.cli_category_code, wholes.respondents_count
)

select
    counted.segment_code,
    counted.cli_category_code,
    cast(counted.category_count as bigint) as category_num,
    cast(counted.respondents_count as bigint) as category_den,
    {{ pct('counted.category_count', 'counted.respondents_count') }} as category_pct,
    {{ wilson_pct('counted.category_count', 'counted.respondents_count', 'lo') }} as category_ci_lo,
    {{ wilson_pct('counted.category_count', 'counted.respondents_count', 'hi') }} as category_ci_hi,
    {{ add_months('counted.answer_quarter', 3) }} <= {{ add_days('run_context.as_of_date', 1) }} as is_complete,
    {{ is_reliable('counted.respondents_count') }} as is_reliable,
    counted.answer_quarter
from counted
cross join {{ ref('run_context') }} as run_context
