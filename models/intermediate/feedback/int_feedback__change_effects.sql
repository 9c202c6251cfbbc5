-- Did customers complain less of the topic after an item was shipped, or ask less after an article on it? Two windows
-- of equal length, each over the customers of its first day; the day of the change is in neither.
with changes as (
    select
        'item' as subject_kind,
        item_id as subject_code,
        topic_code,
        {{ business_date('shipped_at') }} as changed_date
    from {{ ref('fct_backlog_items') }}
    where shipped_at is not null
        and topic_code is not null
    union all
    select
        'article' as subject_kind,
        topics.topic_code as subject_code,
        topics.topic_code,
        topics.article_from as changed_date
    from {{ ref('topics') }} as topics
    cross join {{ ref('run_context') }} as run_context
    where topics.article_from <= run_context.as_of_date
),

windows as (
    {%- for part in ['before', 'after'] %}
    select
        changes.*,
        '{{ part }}' as window_part,
        {% if part == 'before' -%}
        {{ add_days('changes.changed_date', '-policy.change_effect_days') }} as from_date,
        changes.changed_date as to_date,
        {%- else -%}
        {{ add_days('changes.changed_date', '1') }} as from_date,
        {{ add_days('changes.changed_date', 'policy.change_effect_days + 1') }} as to_date,
        {%- endif %}
        run_context.as_of_date
    from changes
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

speakers as (
    select distinct
        windows.subject_kind,
        windows.subject_code,
        windows.window_part,
        mentions.customer_id
    from windows
    inner join {{ ref('int_feedback__topic_mentions') }} as mentions
        on windows.topic_code = mentions.topic_code
        and case when windows.subject_kind = 'item' then mentions.is_negative else mentions.is_question end
        and mentions.customer_id is not null
        and mentions.occurred_date >= windows.from_date
        and mentions.occurred_date < windows.to_date
),

counted as (
    select
        windows.subject_kind,
        windows.subject_code,
        windows.window_part,
        count(*) as customers_count,
        count(speakers.customer_id) as speakers_count
    from windows
    inner join {{ ref('customer_status_periods') }} as status
        on {{ holds_at('status', 'windows.from_date') }}
        and status.is_customer
    left join speakers
        on windows.subject_kind = speakers.subject_kind
        and windows.subject_code = speakers.subject_code
        and windows.window_part = speakers.window_part
        and status.customer_id = speakers.customer_id
    group by
        windows.subject_kind,
        windows.subject_code,
        windows.window_part
),

both_parts as (
    select
        windows.subject_kind,
        windows.subject_code,
        max(windows.to_date) <= {{ add_days('max(windows.as_of_date)', 1) }} as is_mature,
        -- Where tickets are not recorded from the first day on, there is nothing to compare with.
        coalesce(min(windows.from_date) >= {{ observed_from('tickets') }}, false) as is_measurable,
        {%- for part in ['before', 'after'] %}
        {%- for measure, column in {'num': 'speakers_count', 'den': 'customers_count'}.items() %}
        coalesce(max(case when windows.window_part = '{{ part }}' then counted.{{ column }} end), 0)
            as {{ part }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        count(*) as windows_count
    from windows
    left join counted
        on windows.subject_kind = counted.subject_kind
        and windows.subject_code = counted.subject_code
        and windows.window_part = counted.window_part
    group by
        windows.subject_kind,
        windows.subject_code
),

-- Other changes of the topic within the windows: whose effect is it then?
others as (
    select
        windows.subject_kind,
        windows.subject_code,
        count(distinct changes.subject_kind || ' ' || changes.subject_code) as others_count
    from windows
    inner join changes
        on windows.topic_code = changes.topic_code
        and windows.subject_kind || ' ' || windows.subject_code <> changes.subject_kind || ' ' || changes.subject_code
        and changes.changed_date >= windows.from_date
        and changes.changed_date < windows.to_date
    group by
        windows.subject_kind,
        windows.subject_code
)

select
    both_parts.subject_kind,
    both_parts.subject_code,
    both_parts.is_mature,
    both_parts.is_measurable,
    {%- for part in ['before', 'after'] %}
    {%- for measure in ['num', 'den'] %}
    case when both_parts.is_mature and both_parts.is_measurable then both_parts.{{ part }}_{{ measure }} else 0 end
        as {{ part }}_{{ measure }},
    {%- endfor %}
    {%- endfor %}
    coalesce(others.others_count, 0) as others_count
from both_parts
left join others
    on both_parts.subject_kind = others.subject_kind
    and both_parts.subject_code = others.subject_code
