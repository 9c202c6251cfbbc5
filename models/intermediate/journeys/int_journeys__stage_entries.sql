{{ config(materialized=inlined('view')) }}
{% set levels = {
    'stage': ["'all' as touchpoint_code", "'all' as channel_code"],
    'touchpoint': ['touchpoint_code', "'all' as channel_code"],
} %}
-- The first touch of a customer in each month and cell, with the attributes of that day, and whether they came further
-- within the window.
with touches as (
    select
        *,
        {{ period_start('month', 'touch_date') }} as touch_month
    from {{ ref('int_journeys__touches') }}
),

-- Touches are many, so they are grouped once; wider levels are groups of these.
cells as (
    select
        customer_id,
        stage_code,
        touchpoint_code,
        channel_code,
        touch_month,
        min(stage_no) as stage_no,
        min(touch_date) as entered_date,
        sum(events_count) as events_count,
        sum(errors_count) as errors_count,
        sum(tickets_count) as tickets_count
    from touches
    group by customer_id, stage_code, touchpoint_code, channel_code, touch_month
),

entries as (
    {% for level, (touchpoint, channel) in levels.items() %}
    select
        '{{ level }}' as level_code,
        customer_id,
        stage_code,
        {{ touchpoint }},
        {{ channel }},
        touch_month,
        min(stage_no) as stage_no,
        min(entered_date) as entered_date,
        sum(events_count) as events_count,
        sum(errors_count) as errors_count,
        sum(tickets_count) as tickets_count
    from cells
    group by customer_id, stage_code{{ ', touchpoint_code' if level == 'touchpoint' }}, touch_month
    union all
    {% endfor %}
    select
        'channel' as level_code,
        customer_id,
        stage_code,
        touchpoint_code,
        channel_code,
        touch_month,
        stage_no,
        entered_date,
        events_count,
        errors_count,
        tickets_count
    from cells
),

-- Whatever the level, an entry is the first touch of one of its cells.
starts as (
    select distinct
        customer_id,
        stage_no,
        entered_date
    from cells
),

ends as (
    select
        min(stage_no) as first_stage_no,
        max(stage_no) as last_stage_no
    from {{ ref('journey_stages') }}
),

-- The journey goes round: after the last stage comes the first.
progressed as (
    select
        starts.customer_id,
        starts.stage_no,
        starts.entered_date,
        min(later.touch_date) as progressed_date
    from starts
    cross join ends
    cross join {{ ref('policy') }} as policy
    inner join touches as later
        on starts.customer_id = later.customer_id
        and starts.entered_date < later.touch_date
        and later.touch_date <= {{ add_days('starts.entered_date', 'policy.journey_progress_days') }}
    where case
            when starts.stage_no = ends.last_stage_no then later.stage_no = ends.first_stage_no
            else later.stage_no > starts.stage_no
        end
    group by starts.customer_id, starts.stage_no, starts.entered_date
)

select
    entries.*,
    {{ named_attributes() }},
    {{ days_between('entries.entered_date', 'progressed.progressed_date') }} as progress_days,
    {{ add_days('entries.entered_date', 'policy.journey_progress_days') }} <= run_context.as_of_date as is_mature
from entries
cross join {{ ref('policy') }} as policy
cross join {{ ref('run_context') }} as run_context
left join progressed
    on entries.customer_id = progressed.customer_id
    and entries.stage_no = progressed.stage_no
    and entries.entered_date = progressed.entered_date
left join {{ ref('dim_customers') }} as customers
    on entries.customer_id = customers.customer_id
{{ attributes_as_of('entries', 'entries.entered_date', ['usage_segment', 'status']) }}
