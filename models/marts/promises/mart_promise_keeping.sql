{% set dimensions = {
    'type': 'promise_kind', 'unit': 'unit_code', 'stage': 'stage_code', 'segment': 'segment_code',
    'status': 'customer_status',
} %}
{% set rates = {
    'without_term': ["entry_kind = 'made' and not has_term", "entry_kind = 'made'"],
    'kept': ["entry_kind = 'due' and is_kept", "entry_kind = 'due'"],
    'contact_kept': [
        "entry_kind = 'due' and is_contact_promised and is_kept", "entry_kind = 'due' and is_contact_promised",
    ],
    'named_kept': ["entry_kind = 'due' and is_kept_by_named", "entry_kind = 'due' and is_kept_by_named is not null"],
    'amended': [
        "entry_kind = 'due' and not is_kept and is_amended_in_time",
        "entry_kind = 'due' and not is_kept and is_amended_in_time is not null",
    ],
    'churned_missed': [
        "is_first and not is_kept and is_churned_after",
        "is_first and not is_kept",
    ],
    'churned_kept': ["is_first and is_kept and is_churned_after", "is_first and is_kept"],
} %}
-- Rates of promises by the month of their term; promises as such by the month in which they were made, so that the
-- share without a term is beside the rate kept: a unit that names no term cannot miss one.
with promises as (
    select
        promise_id,
        customer_id,
        promise_kind,
        coalesce(unit_code, 'unassigned') as unit_code,
        coalesce(stage_code, 'unknown') as stage_code,
        segment_code,
        customer_status,
        promise_state,
        delay_hours,
        is_open,
        is_in_limbo,
        has_term,
        is_due,
        is_kept,
        is_kept_by_named,
        is_contact_promised,
        is_amended_in_time,
        is_churned_after,
        made_date,
        due_date,
        due_at
    from {{ ref('mart_promises') }}
),

entries as (
    select
        promises.*,
        'made' as entry_kind,
        promises.made_date as entry_date
    from promises
    union all
    select
        promises.*,
        'due' as entry_kind,
        promises.due_date as entry_date
    from promises
    where promises.is_due
),

broken_down as (
    {{ breakdowns_with_attributes('entries', dimensions, day='entry_date') }}
),

-- Churn is that of customers, each in the group of the first promise that was due to them in the month.
placed as (
    select
        broken_down.*,
        {{ period_start('month', 'broken_down.entry_date') }} as promise_month,
        broken_down.entry_kind = 'due' and broken_down.is_churned_after is not null as is_followed
    from broken_down
),

ordered as (
    select
        placed.*,
        placed.is_followed and row_number() over (
            partition by
                placed.dimension_name, placed.dimension_value, placed.promise_month, placed.customer_id,
                placed.is_followed
            order by placed.due_at, placed.promise_id
        ) = 1 as is_first
    from placed
),

counted as (
    select
        dimension_name,
        dimension_value,
        promise_month,
        count(case when entry_kind = 'made' and is_in_limbo then 1 end) as limbo_count,
        count(case when entry_kind = 'due' and promise_state = 'late' then 1 end) as late_count,
        count(case when entry_kind = 'due' and promise_state = 'broken' then 1 end) as broken_count,
        count(case when entry_kind = 'due' and is_open then 1 end) as overdue_open_count,
        count(case when entry_kind = 'due' and is_churned_after is null then 1 end) as unfollowed_count,
        percentile_cont(0.5) within group (order by case when entry_kind = 'due' then delay_hours end)
            as median_delay_hours,
        {%- for rate, (part, base) in rates.items() %}
        count(case when {{ part }} then 1 end) as {{ rate }}_num,
        count(case when {{ base }} then 1 end) as {{ rate }}_den,
        {%- endfor %}
        count(case when entry_kind = 'made' then 1 end) as made_count
    from ordered
    group by dimension_name, dimension_value, promise_month
),

rated as (
    select
        {%- for rate in rates %}
        {{ pct(rate ~ '_num', rate ~ '_den') }} as {{ rate }}_pct,
        {{ wilson_pct(rate ~ '_num', rate ~ '_den', 'lo') }} as {{ rate }}_ci_lo,
        {{ wilson_pct(rate ~ '_num', rate ~ '_den', 'hi') }} as {{ rate }}_ci_hi,
        {%- endfor %}
        *
    from counted
)

select
    rated.dimension_name,
    rated.dimension_value,
    cast(rated.made_count as bigint) as made_count,
    cast(rated.limbo_count as bigint) as limbo_count,
    cast(rated.late_count as bigint) as late_count,
    cast(rated.broken_count as bigint) as broken_count,
    cast(rated.overdue_open_count as bigint) as overdue_open_count,
    cast(rated.unfollowed_count as bigint) as unfollowed_count,
    {%- for rate in rates %}
    cast(rated.{{ rate }}_num as bigint) as {{ rate }}_num,
    cast(rated.{{ rate }}_den as bigint) as {{ rate }}_den,
    rated.{{ rate }}_pct,
    rated.{{ rate }}_ci_lo,
    rated.{{ rate }}_ci_hi,
    {%- endfor %}
    rated.churned_missed_pct - rated.churned_kept_pct as churned_difference_pp,
    {{ newcombe_pp('rated.churned_missed', 'rated.churned_kept', 'lo') }} as churned_difference_ci_lo,
    {{ newcombe_pp('rated.churned_missed', 'rated.churned_kept', 'hi') }} as churned_difference_ci_hi,
    cast(rated.median_delay_hours as {{ type_double() }}) as median_delay_hours,
    true as is_confounded,
    {{ is_over('month', 'rated.promise_month') }}
    and coalesce(rated.promise_month >= {{ observed_from('promises') }}, false) as is_complete,
    {{ is_reliable('rated.kept_den') }} as is_reliable,
    rated.promise_month
from rated
cross join {{ ref('run_context') }} as run_context
