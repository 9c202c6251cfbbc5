{% set quarter_of %}{{ period_start('quarter', 'occurred_date') }}{% endset %}
{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{
        'relation': 'stg_product__events', 'raw': 'occurred_at_utc', 'as_of': 'occurred_date',
        'changed_from': quarter_of | trim,
    }],
    chunk=customer_chunks('fct_component_usage_daily'),
    ends_on='gap_to',
) }}
-- Passing time changes no row: a lasting gap stays open, and readers compare it with the as-of date. So a run rebuilds
-- only customers with new use, from the quarter of their first changed day on. The rows that span the beginning of that
-- quarter hold what is needed of the time before: the last day of use of each quarter has a row, whatever its gap.
with days as (
    select
        customer_id,
        component_code,
        usage_date,
        1 as uses_count,
        cast(null as bigint) as day_number,
        cast(null as bigint) as first_number,
        cast(null as date) as unlikely_from
    from {{ history_rows(ref('fct_component_usage_daily'), 'usage_date') }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    {%- if is_incremental_run() %}
    union all
    select
        earlier.customer_id,
        earlier.component_code,
        earlier.gap_from as usage_date,
        earlier.uses_count,
        earlier.day_number,
        earlier.first_number,
        case when earlier.unlikely_from < changed.changed_from then earlier.unlikely_from end as unlikely_from
    from {{ this }} as earlier
    inner join {{ changed_keys_relation() }} as changed
        on earlier.customer_id = changed.customer_id
        and earlier.gap_from < changed.changed_from
        and coalesce(earlier.gap_to, {{ end_of_time('date') }}) >= changed.changed_from
    {%- endif %}
),

-- A day of use counts once; the row from which an incremental run continues counts for all days up to it.
customer_days as (
    select
        customer_id,
        usage_date,
        cast(sum(uses_count) over (
            partition by customer_id order by usage_date rows between unbounded preceding and current row
        ) as bigint) as day_number,
        lead(usage_date) over (partition by customer_id order by usage_date) as next_date
    from (
        select distinct
            customer_id,
            usage_date,
            uses_count
        from days
        where day_number is null
            or component_code = '*'
    ) as distinct_days
),

component_days as (
    select
        days.customer_id,
        days.component_code,
        days.usage_date,
        days.unlikely_from,
        coalesce(days.day_number, customer_days.day_number) as day_number,
        cast(sum(days.uses_count) over (
            partition by days.customer_id, days.component_code order by days.usage_date
            rows between unbounded preceding and current row
        ) as bigint) as uses_count,
        first_value(coalesce(days.first_number, customer_days.day_number)) over uses as first_number,
        lead(days.usage_date) over uses as next_date
    from days
    left join customer_days
        on days.customer_id = customer_days.customer_id
        and days.usage_date = customer_days.usage_date
    where days.component_code <> '*'
    window uses as (partition by days.customer_id, days.component_code order by days.usage_date)
),

component_gaps as (
    select
        component_days.*,
        -- Days of use without the component after which chance no longer explains the gap, at the lower bound of the
        -- share of days with the component, because few days estimate it badly. The denominator has one day more, so
        -- that the share is never 1.
        component_days.day_number + cast(ceil(
            ln(policy.abandonment_chance_pct / 100.0)
            / ln(1.0 - {{ wilson_pct('uses_count', '(component_days.day_number - first_number + 2)', 'lo') }} / 100.0)
        ) as integer) as unlikely_number
    from component_days
    cross join {{ ref('policy') }} as policy
    where component_days.next_date is null
        or {{ days_between('usage_date', 'component_days.next_date') }} > policy.usage_run_gap_days
        or {{ period_start('quarter', 'usage_date') }} < {{ period_start('quarter', 'component_days.next_date') }}
)

select
    gaps.customer_id,
    gaps.component_code,
    gaps.uses_count,
    gaps.day_number,
    gaps.first_number,
    gaps.usage_date as gap_from,
    gaps.next_date as gap_to,
    coalesce(gaps.unlikely_from, unlikely.usage_date) as unlikely_from
from component_gaps as gaps
left join customer_days as unlikely
    on gaps.customer_id = unlikely.customer_id
    and gaps.unlikely_number = unlikely.day_number
    -- Without OR, which would make the join compare all pairs.
    and unlikely.usage_date < coalesce(gaps.next_date, {{ end_of_time('date') }})
union all
select
    customer_days.customer_id,
    '*' as component_code,
    customer_days.day_number as uses_count,
    customer_days.day_number,
    cast(1 as bigint) as first_number,
    customer_days.usage_date as gap_from,
    customer_days.next_date as gap_to,
    cast(null as date) as unlikely_from
from customer_days
cross join {{ ref('policy') }} as policy
where customer_days.next_date is null
    or {{ days_between('customer_days.usage_date', 'customer_days.next_date') }} > policy.usage_run_gap_days
    or {{ period_start('quarter', 'customer_days.usage_date') }}
    < {{ period_start('quarter', 'customer_days.next_date') }}
