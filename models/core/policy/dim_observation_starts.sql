-- The day since which each source is recorded: where its rows become dense. A few early rows before a gap do not count,
-- and neither later rows nor other sources move the day.
with row_days as (
    select
        'events' as source_code,
        event_date as row_date,
        sum(events_count) as rows_count
    from {{ ref('fct_event_volume_daily') }}
    group by event_date
    {%- for source, relation, column in [
        ('billing', 'stg_billing__subscription_periods', 'valid_from'),
        ('payments', 'fct_payments', 'paid_date'),
        ('contacts', 'stg_crm__contacts', 'attempted_date'),
        ('surveys', 'stg_surveys__survey_invitations', 'sent_date'),
        ('surveys', 'stg_surveys__survey_responses', 'coalesce(submitted_date, ' ~ business_date('started_at') ~ ')'),
        ('tickets', 'stg_support__tickets', 'opened_date'),
        ('promises', 'stg_support__promises', 'made_date'),
        ('incidents', 'stg_support__incidents', 'started_date'),
    ] %}
    union all
    select
        '{{ source }}' as source_code,
        {{ column }} as row_date,
        count(*) as rows_count
    from {{ ref(relation) }}
    group by {{ column }}
    {%- endfor %}
),

known_days as (
    select
        row_days.source_code,
        row_days.row_date,
        sum(row_days.rows_count) as rows_count
    from row_days
    inner join {{ ref('run_context') }} as run_context
        on row_days.row_date <= run_context.as_of_date
    group by row_days.source_code, row_days.row_date
),

spaced as (
    select
        *,
        lag(row_date) over (partition by source_code order by row_date) as previous_date,
        coalesce(sum(rows_count) over (
            partition by source_code order by row_date rows between unbounded preceding and 1 preceding
        ), 0) as rows_before_count
    from known_days
),

gaps as (
    select
        spaced.source_code,
        spaced.row_date,
        spaced.rows_before_count,
        sum(later_days.rows_count) as following_count
    from spaced
    cross join {{ ref('policy') }} as policy
    inner join known_days as later_days
        on spaced.source_code = later_days.source_code
        and spaced.row_date <= later_days.row_date
        and {{ days_between('spaced.row_date', 'later_days.row_date') }} < policy.observation_dense_days
    where {{ days_between('spaced.previous_date', 'spaced.row_date') }} > policy.observation_gap_days
    group by spaced.source_code, spaced.row_date, spaced.rows_before_count
),

dense_starts as (
    select
        gaps.source_code,
        max(gaps.row_date) as dense_from
    from gaps
    cross join {{ ref('policy') }} as policy
    where 100.0 * gaps.rows_before_count < policy.observation_stray_pct * gaps.following_count
    group by gaps.source_code
),

found as (
    select
        known_days.source_code,
        coalesce(max(dense_starts.dense_from), min(known_days.row_date)) as dense_from,
        min(known_days.row_date) as first_row_date,
        max(known_days.row_date) as last_row_date,
        sum(known_days.rows_count) as rows_count
    from known_days
    left join dense_starts
        on known_days.source_code = dense_starts.source_code
    group by known_days.source_code
),

-- The last contract day of customers who ended and did not come back. An export of survivors has none from before its
-- start, though survivors may have had gaps.
last_days as (
    select
        customer_id,
        max(coalesce(valid_to, {{ end_of_time('date') }})) as covered_to_date
    from {{ ref('stg_billing__subscription_periods') }}
    group by customer_id
),

contract_ends as (
    select min({{ add_days('last_days.covered_to_date', -1) }}) as first_ended_date
    from last_days
    inner join {{ ref('run_context') }} as run_context
        on last_days.covered_to_date <= run_context.as_of_date
    inner join found
        on found.source_code = 'billing'
        and last_days.covered_to_date > found.dense_from
),

-- Contract starts can be copied from an older system; ends, payments and use show that the days were recorded.
records as (
    select
        max(case when source_code = 'billing' then dense_from end) as contracts_from,
        min(case when source_code in ('payments', 'events') then dense_from end) as others_from
    from found
),

billing as (
    select
        records.contracts_from,
        contract_ends.first_ended_date,
        coalesce(contract_ends.first_ended_date, run_context.as_of_date) as without_end_to_date,
        case when records.others_from is not null then greatest(records.contracts_from, records.others_from) end
            as recorded_from
    from records
    cross join contract_ends
    cross join {{ ref('run_context') }} as run_context
),

billing_start as (
    select
        'billing' as source_code,
        case
            when {{ days_between('billing.contracts_from', 'without_end_to_date') }}
                <= policy.observation_first_end_days then billing.contracts_from
            when {{ days_between('billing.recorded_from', 'without_end_to_date') }}
                between 0 and policy.observation_survivors_days then billing.recorded_from
            else billing.first_ended_date
        end as observed_from
    from billing
    cross join {{ ref('policy') }} as policy
),

sources as (
    {%- for source in ['events', 'billing', 'payments', 'contacts', 'surveys', 'tickets', 'promises', 'incidents'] %}
    select '{{ source }}' as source_code {{ 'union all' if not loop.last }}
    {%- endfor %}
),

started as (
    select
        sources.source_code,
        found.first_row_date,
        found.last_row_date,
        coalesce(found.rows_count, 0) as rows_count,
        case
            when found.rows_count is null then null
            when stated.observed_from is not null then 'policy'
            else 'data'
        end as found_by,
        case
            when found.rows_count is null then null
            when stated.observed_from is not null then stated.observed_from
            when sources.source_code = 'billing' then billing_start.observed_from
            else found.dense_from
        end as observed_from
    from sources
    left join found
        on sources.source_code = found.source_code
    left join billing_start
        on sources.source_code = billing_start.source_code
    left join {{ ref('observation_starts') }} as stated
        on sources.source_code = stated.source_code
)

select
    started.source_code,
    started.found_by,
    cast(started.rows_count as bigint) as rows_count,
    cast(coalesce(sum(known_days.rows_count), 0) as bigint) as rows_before_count,
    started.first_row_date,
    started.last_row_date,
    started.observed_from,
    -- Registration and use may be recorded by different clocks.
    {{ add_days('started.observed_from', '-policy.observation_tolerance_days') }}
        as measured_from
from started
left join known_days
    on started.source_code = known_days.source_code
    and started.observed_from > known_days.row_date
cross join {{ ref('policy') }} as policy
group by
    started.source_code, started.found_by, started.rows_count, started.first_row_date, started.last_row_date,
    started.observed_from, policy.observation_tolerance_days
