-- What to know before getting in touch tomorrow. Scores, tickets and silence are those of the card.
{% set shown = 5 %}
with components as (
    select
        customer_id,
        component_code,
        is_critical,
        case when component_state = 'stopped' then 'stopped' else 'unused' end as list_code
    from {{ ref('mart_component_usage') }}
    where component_state = 'stopped'
        or suggested_action_code is not null
),

ranked_components as (
    select
        customer_id,
        component_code,
        list_code,
        -- The ones that the segment cannot do without come first.
        row_number() over (
            partition by customer_id, list_code
            order by case when is_critical then 0 else 1 end, component_code
        ) as place
    from components
),

component_lists as (
    select
        customer_id,
        {% for list in ['unused', 'stopped'] %}
        {% for place in range(1, shown + 1) %}
        max(case when list_code = '{{ list }}' and place = {{ place }} then component_code end)
            as {{ list }}_{{ place }},
        {% endfor %}
        {% endfor %}
        count(case when list_code = 'unused' then 1 end) as unused_count,
        count(case when list_code = 'stopped' then 1 end) as stopped_count
    from ranked_components
    group by customer_id
),

open_reasons as (
    select
        suggested.customer_id,
        suggested.reason_code,
        min(suggested.priority_order) as priority_order
    from {{ ref('int_contact_reasons__suggested') }} as suggested
    inner join {{ ref('run_context') }} as run_context
        on coalesce(suggested.valid_to, {{ end_of_time('timestamp') }}) > run_context.as_of_date
    group by suggested.customer_id, suggested.reason_code
),

ranked_reasons as (
    select
        customer_id,
        reason_code,
        row_number() over (partition by customer_id order by priority_order, reason_code) as place
    from open_reasons
),

reason_lists as (
    select
        customer_id,
        {% for place in range(1, shown + 1) %}
        max(case when place = {{ place }} then reason_code end) as reason_{{ place }},
        {% endfor %}
        count(*) as reasons_count
    from ranked_reasons
    group by customer_id
)

select
    cards.customer_id,
    cards.customer_status,
    cards.account_manager_id,
    {% for name, relation, column in [
        ('unused_components_label', 'component_lists', 'unused'),
        ('stopped_components_label', 'component_lists', 'stopped'),
        ('suggested_reasons', 'reason_lists', 'reason'),
    ] %}
    {{ relation }}.{{ column }}_1
    {%- for place in range(2, shown + 1) %}
    || coalesce(' ' || {{ relation }}.{{ column }}_{{ place }}, '')
    {%- endfor %} as {{ name }},
    {% endfor %}
    case
        when health.customer_id is null or health.baseline_days_count is null then 'unknown'
        when health.is_sharp_decline then 'sharp_fall'
        when health.is_decline then 'fall'
        else 'no_fall'
    end as usage_trend_kind,
    cards.nps_group_code,
    cards.best_channel_code,
    cast(coalesce(component_lists.unused_count, 0) as bigint) as unused_components_count,
    cast(coalesce(component_lists.stopped_count, 0) as bigint) as stopped_components_count,
    cast(coalesce(reason_lists.reasons_count, 0) as bigint) as suggested_reasons_count,
    health.recent_days_count,
    health.expected_days,
    cards.nps_score,
    cards.csi_score,
    cards.csat_score,
    cards.cli_points,
    cards.open_tickets_count,
    cards.open_complaints_count,
    {{ days_between('run_context.as_of_date', 'renewals.renewal_date') }} as days_to_renewal,
    cards.is_paying,
    cards.has_access,
    cards.is_do_not_disturb,
    cards.is_contactable,
    renewals.renewal_date as next_renewal_date,
    cards.nps_at,
    cards.last_effective_at
from {{ ref('mart_customer_360') }} as cards
cross join {{ ref('run_context') }} as run_context
left join component_lists
    on cards.customer_id = component_lists.customer_id
left join reason_lists
    on cards.customer_id = reason_lists.customer_id
left join {{ ref('mart_usage_health') }} as health
    on cards.customer_id = health.customer_id
left join {{ ref('dim_customer_renewals') }} as renewals
    on cards.customer_id = renewals.customer_id
