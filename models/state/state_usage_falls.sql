{{ touched(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'since': 'occurred_date'},
        {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
    ],
    ends='valid_to',
) }}
-- The sums of both windows change only on days on which a day of use enters the recent one, passes from it into the
-- baseline, or leaves the baseline: three steps per day of use instead of a row per calendar day. Steps that lie in the
-- future are those of a customer who does nothing more, so time passing changes nothing here.
-- A night looks back on two baselines and a window: a row lasts for a baseline at most, because by then every day in it
-- has left it, so one that ends after a change began no earlier than a baseline before it, with both windows behind it.
{% set looks_back_days = 'cast((select max(norms.window_days) + 2 * ' ~ threshold('usage_baseline_days')
    ~ ' from ' ~ ref('dim_segment_policy') ~ ' as norms) as integer)' %}
with days as (
    select
        customer_id,
        usage_date
    from {{ touched_rows(ref('fct_usage_days'), 'usage_date', looks_back_days) }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

memberships as (
    select
        customer_id,
        segment_code,
        valid_from,
        coalesce(valid_to, {{ open_end() }}) as valid_to,
        -- The first one tells what the customer had been all along.
        case
            when row_number() over (partition by customer_id order by valid_from) = 1 then date '1900-01-01'
            else valid_from
        end as comparable_from
    from {{ ref('dim_customer_segments') }}
    where scheme = 'usage'
    union all
    select
        customers.customer_id,
        'unassigned' as segment_code,
        date '1900-01-01' as valid_from,
        {{ open_end() }} as valid_to,
        date '1900-01-01' as comparable_from
    from (select distinct customer_id from days) as customers
    left join {{ ref('dim_customer_segments') }} as segments
        on customers.customer_id = segments.customer_id
        and segments.scheme = 'usage'
    where segments.customer_id is null
),

normed as (
    select
        days.customer_id,
        days.usage_date,
        memberships.segment_code,
        memberships.comparable_from,
        memberships.valid_to,
        norms.window_days,
        cast(norms.window_days + {{ threshold('usage_baseline_days') }} as integer) as both_days
    from days
    inner join memberships
        on days.customer_id = memberships.customer_id
    inner join {{ ref('dim_segment_policy') }} as norms
        on memberships.segment_code = norms.segment_code
    where days.usage_date < memberships.valid_to
),

changes as (
    select
        customer_id,
        segment_code,
        comparable_from,
        valid_to,
        window_days,
        usage_date as step_date,
        1 as recent_change,
        0 as baseline_change
    from normed
    union all
    select
        customer_id,
        segment_code,
        comparable_from,
        valid_to,
        window_days,
        {{ add_days('usage_date', 'window_days') }} as step_date,
        -1 as recent_change,
        1 as baseline_change
    from normed
    union all
    select
        customer_id,
        segment_code,
        comparable_from,
        valid_to,
        window_days,
        {{ add_days('usage_date', 'both_days') }} as step_date,
        0 as recent_change,
        -1 as baseline_change
    from normed
),

steps as (
    select
        customer_id,
        segment_code,
        comparable_from,
        valid_to as member_to,
        window_days,
        step_date,
        sum(recent_change) as recent_change,
        sum(baseline_change) as baseline_change
    from changes
    group by customer_id, segment_code, comparable_from, valid_to, window_days, step_date
),

summed as (
    select
        customer_id,
        segment_code,
        comparable_from,
        member_to,
        window_days,
        step_date as valid_from,
        sum(recent_change) over so_far as recent_days_count,
        sum(baseline_change) over so_far as baseline_days_count,
        lead(step_date) over (partition by customer_id, segment_code, comparable_from order by step_date) as next_date
    from steps
    window so_far as (
        partition by customer_id, segment_code, comparable_from order by step_date
        rows between unbounded preceding and current row
    )
),

expected as (
    select
        *,
        1.0 * baseline_days_count * window_days / {{ threshold('usage_baseline_days') }} as expected_days,
        1.0 * window_days / {{ threshold('usage_baseline_days') }} as windows_ratio
    from summed
)

select
    customer_id,
    segment_code,
    window_days,
    cast(recent_days_count as bigint) as recent_days_count,
    cast(baseline_days_count as bigint) as baseline_days_count,
    cast(expected_days as double) as expected_days,
    cast(recent_days_count / expected_days as double) as trend_ratio,
    greatest(valid_from, comparable_from) as valid_from,
    least(next_date, member_to) as valid_to
from expected
where 28.0 * baseline_days_count >= {{ threshold('usage_min_baseline_days') }} * {{ threshold('usage_baseline_days') }}
    and recent_days_count <= {{ threshold('usage_decline_ratio') }} * expected_days
    and expected_days - recent_days_count
    >= {{ threshold('usage_decline_min_z') }} * sqrt(expected_days * (1.0 + windows_ratio))
    and least(next_date, member_to) > greatest(valid_from, comparable_from)
