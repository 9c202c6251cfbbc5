-- ORG-08: moves between segments in a month, for customers at the ends of the month before and of this one.
{% set schemes = {'usage': 'segment_code', 'value': 'value_segment_code'} %}
with ends as (
    {% for scheme, code in schemes.items() %}
    select
        '{{ scheme }}' as scheme_code,
        customer_id,
        month_date,
        coalesce({{ code }}, 'unassigned') as segment_code
    from {{ ref('dim_customer_month_end') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

moves as (
    select
        later.scheme_code,
        later.month_date,
        earlier.segment_code as from_segment_code,
        later.segment_code as to_segment_code,
        count(*) as customers_count
    from ends as later
    inner join ends as earlier
        on later.scheme_code = earlier.scheme_code
        and later.customer_id = earlier.customer_id
        and {{ add_months('later.month_date', -1) }} = earlier.month_date
    group by later.scheme_code, later.month_date, earlier.segment_code, later.segment_code
),

origins as (
    select
        scheme_code,
        month_date,
        from_segment_code,
        sum(customers_count) as customers_count
    from moves
    group by scheme_code, month_date, from_segment_code
)

select
    moves.scheme_code,
    moves.from_segment_code,
    moves.to_segment_code,
    cast(moves.customers_count as bigint) as moved_num,
    cast(origins.customers_count as bigint) as moved_den,
    {{ pct('moves.customers_count', 'origins.customers_count') }} as moved_pct,
    moves.from_segment_code <> moves.to_segment_code as is_move,
    months.is_complete,
    {{ is_reliable('origins.customers_count') }} as is_reliable,
    moves.month_date as migration_month
from moves
inner join origins
    on moves.scheme_code = origins.scheme_code
    and moves.month_date = origins.month_date
    and moves.from_segment_code = origins.from_segment_code
inner join {{ ref('dim_months') }} as months
    on moves.month_date = months.month_date
