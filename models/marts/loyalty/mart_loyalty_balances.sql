{% set kinds = {'earned': 'earn', 'redeemed': 'redeem', 'expired': 'expire', 'adjusted': 'adjust'} %}
-- LOY-02, LOY-03.
with accounts as (
    select
        customer_id,
        program_code,
        program_kind,
        {%- for name, kind in kinds.items() %}
        coalesce(sum(case when entry_kind = '{{ kind }}' then signed_points end), 0) as {{ name }},
        {%- endfor %}
        sum(signed_points) as balance,
        -- What was put on cards, whatever was taken from them later.
        sum(case when entry_kind in ('earn', 'adjust') then signed_points end) as stamps,
        min(occurred_date) as first_entry_date,
        max(occurred_date) as last_entry_date,
        max(case when entry_kind = 'earn' then occurred_date end) as last_earned_date
    from {{ ref('fct_loyalty_entries') }}
    where entry_kind in ('earn', 'redeem', 'expire', 'adjust')
    group by customer_id, program_code, program_kind
),

valued as (
    select
        accounts.*,
        programs.point_value,
        programs.stamps_to_reward,
        floor(1.0 * accounts.stamps / programs.stamps_to_reward) as full_cards,
        ceil(1.0 * accounts.stamps / programs.stamps_to_reward) as begun_cards
    from accounts
    left join {{ ref('loyalty_programs') }} as programs
        on accounts.program_code = programs.program_code
)

select
    valued.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    valued.program_code,
    coalesce(valued.program_kind, 'unassigned') as program_kind,
    cast(valued.earned as {{ type_double() }}) as earned_points,
    cast(-1 * valued.redeemed as {{ type_double() }}) as redeemed_points,
    cast(-1 * valued.expired as {{ type_double() }}) as expired_points,
    cast(valued.adjusted as {{ type_double() }}) as adjusted_points,
    cast(valued.balance as {{ type_double() }}) as balance_points,
    cast(greatest(valued.balance, 0) * valued.point_value as decimal(18, 2)) as liability_amount,
    cast(valued.begun_cards as bigint) as begun_cards_count,
    cast(valued.full_cards as bigint) as full_cards_count,
    cast(floor(1.0 * case when valued.balance < 0 then 0 else valued.balance end / valued.stamps_to_reward) as bigint)
        as open_rewards_count,
    -- A card that is full is finished: the next stamp begins another one.
    cast((valued.full_cards + 1) * valued.stamps_to_reward - valued.stamps as bigint) as stamps_to_next_count,
    coalesce(status.is_paying, false) as is_paying,
    valued.balance >= coalesce(valued.stamps_to_reward, 1) as is_redeemable,
    valued.balance < 0 as is_overdrawn,
    case
        when valued.stamps_to_reward is null then null
        when valued.begun_cards <= valued.full_cards then false
        else {{ add_days('coalesce(valued.last_earned_date, valued.first_entry_date)', 'policy.stamp_stalled_days') }}
            < run_context.as_of_date
    end as is_stalled,
    valued.first_entry_date,
    valued.last_entry_date,
    valued.last_earned_date
from valued
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
{{ attributes_as_of('valued', 'run_context.as_of_date', ['status']) }}
