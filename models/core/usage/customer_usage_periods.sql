-- Status and usage segment on every day with access to the product: the basis that usage is compared with (USE-19).
with access_periods as (
    {{ access_periods(ref('customer_status_periods')) }}
),

customers as (
    select
        registration.customer_id,
        registration.registered_date,
        -- Customers registered within the tolerance before the first event are observed from registration on.
        case
            when registration.registered_date >= events.measured_from then registration.registered_date
            else events.observed_from
        end as observed_date
    from {{ ref('customer_registrations') }} as registration
    left join {{ ref('dim_observation_starts') }} as events
        on events.source_code = 'events'
),

memberships as (
    select
        segments.customer_id,
        -- Without default norms the join would lose customers of such a segment.
        norms.segment_code,
        segments.valid_from,
        coalesce(segments.valid_to, {{ end_of_time('date') }}) as valid_to,
        row_number() over (partition by segments.customer_id order by segments.valid_from) as membership_number
    from {{ ref('dim_customer_segments') }} as segments
    left join {{ ref('dim_segment_policy') }} as norms
        on segments.segment_code = norms.segment_code
    where segments.scheme = 'usage'
),

slices as (
    {{ split_periods(['customer_id'], [
        [ref('customer_status_periods'), ['valid_from']],
        ['memberships', ['valid_from', 'valid_to']],
    ]) }}
),

pieces as (
    select
        customers.customer_id,
        customers.registered_date,
        customers.observed_date,
        slices.valid_from,
        slices.valid_to
    from customers
    inner join slices
        on customers.customer_id = slices.customer_id
        and customers.registered_date <= slices.valid_from
),

described as (
    select
        pieces.customer_id,
        status.status as customer_status,
        status.is_paying,
        status.is_customer,
        coalesce(memberships.segment_code, 'unassigned') as segment_code,
        status.plan_code,
        pieces.registered_date,
        pieces.observed_date,
        -- A first segment that was assigned late holds from the beginning; a change of segment and a reactivation
        -- start a new history.
        case
            when pieces.observed_date is not null
                then greatest(
                        case
                            when memberships.membership_number > 1 then memberships.valid_from
                            else pieces.observed_date
                        end,
                        access_periods.valid_from,
                        pieces.observed_date
                    )
        end as comparable_date,
        greatest(access_periods.valid_from, pieces.registered_date) as present_from,
        pieces.valid_from,
        pieces.valid_to
    from pieces
    inner join {{ ref('customer_status_periods') }} as status
        on pieces.customer_id = status.customer_id
        and {{ holds_at('status', 'pieces.valid_from') }}
        and status.has_access
    inner join access_periods
        on pieces.customer_id = access_periods.customer_id
        and access_periods.has_access
        and {{ holds_at('access_periods', 'pieces.valid_from') }}
    left join memberships
        on pieces.customer_id = memberships.customer_id
        and memberships.valid_from <= pieces.valid_from
        and memberships.valid_to > pieces.valid_from
)

{{ merged_periods('described', [
    'customer_id', 'customer_status', 'is_paying', 'is_customer', 'segment_code', 'plan_code', 'registered_date',
    'observed_date', 'comparable_date', 'present_from'
]) }}
