{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
        {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
    ],
) }}
with memberships as (
    {{ successive_periods(
        ref('stg_crm__customer_segments'),
        ['customer_id', 'scheme'],
        ['segment_code'],
        scope=rows_to_build()
    ) }}
),

default_segments as (
    select
        scheme,
        segment_code
    from {{ ref('segments') }}
    where is_default
),

-- All time before the registration is one more period, so that what follows it can be a gap.
occupied as (
    select
        memberships.customer_id,
        memberships.scheme,
        memberships.valid_from,
        memberships.valid_to
    from memberships
    inner join default_segments
        on memberships.scheme = default_segments.scheme
    union all
    select
        customers.customer_id,
        default_segments.scheme,
        date '1900-01-01' as valid_from,
        customers.registered_date as valid_to
    from {{ ref('stg_crm__customers') }} as customers
    cross join default_segments
    where customers.registered_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
        and {{ rows_to_build() }}
),

gaps as (
    select
        customer_id,
        scheme,
        valid_to as valid_from,
        lead(valid_from) over (partition by customer_id, scheme order by valid_from) as valid_to
    from occupied
)

select
    memberships.customer_id,
    memberships.scheme,
    memberships.segment_code,
    false as is_default,
    memberships.valid_from,
    memberships.valid_to
from memberships
-- An unknown segment ends the one before it and leaves the customer without one.
inner join {{ ref('segments') }} as segments
    on memberships.scheme = segments.scheme
    and memberships.segment_code = segments.segment_code
union all
select
    gaps.customer_id,
    gaps.scheme,
    default_segments.segment_code,
    true as is_default,
    gaps.valid_from,
    gaps.valid_to
from gaps
inner join default_segments
    on gaps.scheme = default_segments.scheme
where gaps.valid_from is not null
    and coalesce(gaps.valid_to, {{ end_of_time('date') }}) > gaps.valid_from
