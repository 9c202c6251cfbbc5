{% set month_number = 'cast(numbers.generated_number as integer) - 1' %}
{% set kinds = {'earned': 'earn', 'redeemed': 'redeem', 'expired': 'expire', 'adjusted': 'adjust'} %}
-- LOY-02, LOY-03, LOY-04: what was on the accounts of a programme at the end of each month.
with entries as (
    select
        *,
        {{ period_start('month', 'occurred_date') }} as ledger_month,
        row_number() over (
            partition by program_code, customer_id order by occurred_at, entry_id
        ) as entry_number
    from {{ ref('fct_loyalty_entries') }}
),

begun as (
    select
        program_code,
        max(program_kind) as program_kind,
        min(ledger_month) as first_month
    from entries
    group by program_code
),

numbers as (
    {{ dbt.generate_series(600) }}
),

months as (
    select
        begun.program_code,
        begun.program_kind,
        {{ add_months('begun.first_month', month_number) }} as ledger_month,
        run_context.as_of_date
    from begun
    cross join numbers
    inner join {{ ref('run_context') }} as run_context
        on {{ add_months('begun.first_month', month_number) }} <= run_context.as_of_date
),

moved as (
    select
        program_code,
        ledger_month,
        count(distinct customer_id) as active_count,
        count(case when entry_number = 1 then 1 end) as new_count,
        {%- for name, kind in kinds.items() %}
        sum(case when entry_kind = '{{ kind }}' then signed_points else 0 end) as {{ name }},
        {%- endfor %}
        sum(signed_points) as moved_points,
        {{ converted_sum('reporting_amount', "entry_kind = 'membership_fee'") }} as fees_amount,
        {{ converted_sum('reporting_amount', "entry_kind = 'benefit'") }} as saved_amount
    from entries
    group by program_code, ledger_month
),

cards as (
    select
        program_code,
        card_month as ledger_month,
        sum(begun_count) as begun_count,
        sum(completed_count) as completed_count,
        percentile_cont(0.5) within group (order by to_complete_days) as median_days
    from (
        select
            program_code,
            {{ period_start('month', 'begun_date') }} as card_month,
            1 as begun_count,
            0 as completed_count,
            cast(null as {{ dbt.type_int() }}) as to_complete_days
        from {{ ref('int_loyalty__stamp_cards') }}
        union all
        select
            program_code,
            {{ period_start('month', 'completed_date') }} as card_month,
            0 as begun_count,
            1 as completed_count,
            {{ days_between('begun_date', 'completed_date') }} as to_complete_days
        from {{ ref('int_loyalty__stamp_cards') }}
        where completed_date is not null
    ) as steps
    group by program_code, card_month
),

memberships as (
    select
        months.program_code,
        months.ledger_month,
        count(distinct memberships.customer_id) as members_count
    from months
    inner join {{ ref('int_loyalty__memberships') }} as memberships
        on months.program_code = memberships.program_code
        and memberships.started_date < {{ add_months('months.ledger_month', 1) }}
        and memberships.ended_date >= {{ add_months('months.ledger_month', 1) }}
    group by months.program_code, months.ledger_month
),

summed as (
    select
        months.*,
        moved.active_count,
        moved.new_count,
        moved.fees_amount,
        moved.saved_amount,
        {%- for name in kinds %}
        coalesce(moved.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        sum(coalesce(moved.new_count, 0)) over so_far as joined_count,
        sum(coalesce(moved.moved_points, 0)) over so_far as balance,
        -1 * sum(coalesce(moved.redeemed, 0)) over so_far as redeemed_so_far,
        -1 * sum(coalesce(moved.expired, 0)) over so_far as expired_so_far,
        sum(coalesce(moved.earned, 0)) over so_far as earned_so_far
    from months
    left join moved
        on months.program_code = moved.program_code
        and months.ledger_month = moved.ledger_month
    window so_far as (
        partition by months.program_code order by months.ledger_month rows between unbounded preceding and current row
    )
)

select
    summed.program_code,
    coalesce(summed.program_kind, 'unassigned') as program_kind,
    cast(case
        when summed.program_kind = 'club' then coalesce(memberships.members_count, 0) else summed.joined_count
    end as bigint) as members_count,
    cast(coalesce(summed.new_count, 0) as bigint) as new_members_count,
    cast(coalesce(summed.active_count, 0) as bigint) as active_members_count,
    cast(summed.earned as {{ type_double() }}) as earned_points,
    cast(-1 * summed.redeemed as {{ type_double() }}) as redeemed_points,
    cast(-1 * summed.expired as {{ type_double() }}) as expired_points,
    cast(summed.adjusted as {{ type_double() }}) as adjusted_points,
    cast(summed.balance as {{ type_double() }}) as balance_points,
    cast(summed.balance * programs.point_value as decimal(18, 2)) as liability_amount,
    cast(round(summed.redeemed_so_far) as bigint) as redemption_num,
    cast(round(summed.earned_so_far) as bigint) as redemption_den,
    {{ pct('round(summed.redeemed_so_far)', 'round(summed.earned_so_far)') }} as redemption_pct,
    cast(round(summed.expired_so_far) as bigint) as breakage_num,
    cast(round(summed.redeemed_so_far) + round(summed.expired_so_far) as bigint) as breakage_den,
    {{ pct(
        'round(summed.expired_so_far)', '(round(summed.redeemed_so_far) + round(summed.expired_so_far))'
    ) }} as breakage_pct,
    cast(case when summed.program_kind = 'stamps' then coalesce(cards.begun_count, 0) end as bigint)
        as begun_cards_count,
    cast(case when summed.program_kind = 'stamps' then coalesce(cards.completed_count, 0) end as bigint)
        as full_cards_count,
    cast(cards.median_days as {{ type_double() }}) as median_to_full_days,
    cast(case when summed.active_count is null then 0 else summed.fees_amount end as decimal(18, 2)) as fees_amount,
    cast(case when summed.active_count is null then 0 else summed.saved_amount end as decimal(18, 2)) as saved_amount,
    {{ is_over('month', 'summed.ledger_month', 'summed.as_of_date') }} as is_complete,
    {{ is_reliable('summed.joined_count') }} as is_reliable,
    summed.ledger_month
from summed
left join {{ ref('loyalty_programs') }} as programs
    on summed.program_code = programs.program_code
left join cards
    on summed.program_code = cards.program_code
    and summed.ledger_month = cards.ledger_month
left join memberships
    on summed.program_code = memberships.program_code
    and summed.ledger_month = memberships.ledger_month
