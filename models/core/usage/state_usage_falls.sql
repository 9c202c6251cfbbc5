{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {
            'relation': 'stg_product__events', 'raw': 'occurred_at_utc', 'as_of': 'occurred_date',
            'changed_from': 'occurred_date',
        },
        {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
        {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
    ],
    chunk=customer_chunks('fct_customer_usage_daily'),
    ends_on='valid_to',
) }}
-- The sums of both windows change only when a day of use enters the recent one, passes into the baseline or drops out:
-- three steps per day of use instead of a row per calendar day. Future steps assume no further use, so passing time
-- changes no row.
-- A run reads two baselines and a window before the first changed day: a row lasts a baseline at most, so a row that
-- ends after the change began at most a baseline before it, and its windows reach back that much further.
{% set looks_back_days %}(
    select max(norms.window_days + 2 * policy.usage_baseline_days)
    from {{ ref('dim_segment_policy') }} as norms
    cross join {{ ref('policy') }} as policy
){% endset %}
with days as (
    select
        customer_id,
        usage_date,
        changed_from
    from {{ history_rows(
        ref('fct_customer_usage_daily'), 'usage_date', looks_back_days, changed_from='changed_from'
    ) }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

-- Numbered, so that the steps carry only a number and a day.
memberships as (
    select
        known.*,
        row_number() over (order by known.customer_id, known.valid_from) as membership_number,
        norms.window_days,
        norms.window_days + policy.usage_baseline_days as both_days
    from (
        select
            customer_id,
            segment_code,
            valid_from,
            coalesce(valid_to, {{ end_of_time('date') }}) as member_to,
            -- The first segment holds from the beginning.
            case
                when row_number() over (partition by customer_id order by valid_from) = 1 then date '1900-01-01'
                else valid_from
            end as comparable_from
        from {{ ref('dim_customer_segments') }}
        where scheme = 'usage'
            and {{ rows_to_build() }}
        union all
        select
            customers.customer_id,
            'unassigned' as segment_code,
            date '1900-01-01' as valid_from,
            {{ end_of_time('date') }} as member_to,
            date '1900-01-01' as comparable_from
        from (select distinct customer_id from days) as customers
        left join {{ ref('dim_customer_segments') }} as segments
            on customers.customer_id = segments.customer_id
            and segments.scheme = 'usage'
        where segments.customer_id is null
    ) as known
    inner join {{ ref('dim_segment_policy') }} as norms
        on known.segment_code = norms.segment_code
    cross join {{ ref('policy') }} as policy
),

normed as (
    select
        memberships.membership_number,
        memberships.window_days,
        memberships.both_days,
        days.usage_date,
        days.changed_from
    from days
    inner join memberships
        on days.customer_id = memberships.customer_id
        and days.usage_date < memberships.member_to
),

changes as (
    {% for step_date, recent_change, baseline_change in [
        ('usage_date', 1, 0),
        (add_days('usage_date', 'window_days'), -1, 1),
        (add_days('usage_date', 'both_days'), 0, -1),
    ] %}
    select
        membership_number,
        {{ step_date }} as step_date,
        {{ recent_change }} as recent_change,
        {{ baseline_change }} as baseline_change,
        changed_from
    from normed
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- An incremental run merges the steps before the first changed day into one, on the day of the last of them.
steps as (
    {% if is_incremental_run() %}
    select
        membership_number,
        max(step_date) as step_date,
        cast(sum(recent_change) as integer) as recent_change,
        cast(sum(baseline_change) as integer) as baseline_change
    from changes
    group by membership_number, greatest(step_date, {{ add_days('changed_from', -1) }})
    {% else %}
    select * from changes
    {% endif %}
),

-- Of several steps on one day only the last holds; the filter below drops the others.
summed as (
    select
        membership_number,
        step_date,
        cast(sum(recent_change) over so_far as integer) as recent_days_count,
        cast(sum(baseline_change) over so_far as integer) as baseline_days_count,
        lead(step_date) over (partition by membership_number order by step_date) as next_date
    from steps
    window so_far as (
        partition by membership_number order by step_date
        rows between unbounded preceding and current row
    )
),

expected as (
    select
        memberships.customer_id,
        memberships.segment_code,
        memberships.window_days,
        summed.recent_days_count,
        summed.baseline_days_count,
        1.0 * summed.baseline_days_count * memberships.window_days / policy.usage_baseline_days
            as expected_days,
        1.0 * memberships.window_days / policy.usage_baseline_days as windows_ratio,
        greatest(summed.step_date, memberships.comparable_from) as valid_from,
        least(summed.next_date, memberships.member_to) as valid_to
    from summed
    inner join memberships
        on summed.membership_number = memberships.membership_number
    cross join {{ ref('policy') }} as policy
)

select
    expected.customer_id,
    expected.segment_code,
    expected.window_days,
    cast(expected.recent_days_count as bigint) as recent_days_count,
    cast(expected.baseline_days_count as bigint) as baseline_days_count,
    cast(expected.expected_days as {{ type_double() }}) as expected_days,
    cast(expected.recent_days_count / expected.expected_days as {{ type_double() }}) as trend_ratio,
    expected.valid_from,
    expected.valid_to
from expected
cross join {{ ref('policy') }} as policy
where 1.0 * {{ usage_current_days() }} * expected.baseline_days_count
    >= policy.usage_min_baseline_days * policy.usage_baseline_days
    and expected.recent_days_count <= policy.usage_decline_ratio * expected.expected_days
    and expected.expected_days - expected.recent_days_count
    >= policy.usage_decline_min_z * sqrt(expected.expected_days * (1.0 + expected.windows_ratio))
    and expected.valid_to > expected.valid_from
