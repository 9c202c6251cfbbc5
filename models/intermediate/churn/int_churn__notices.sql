-- Customers who asked to cancel and whose time is not over: nothing that they have goes on beyond a known day.
select
    slices.customer_id,
    spells.spell_number,
    max(slices.cancel_requested_at) as cancel_requested_at,
    spells.covered_to_date as ends_date
from {{ ref('int_customers__spells') }} as spells
inner join {{ ref('int_subscriptions__slices') }} as slices
    on spells.customer_id = slices.customer_id
    and spells.covered_to_date = slices.to_date
    and slices.is_coverage
where spells.left_date is null
    and slices.cancel_requested_at is not null
group by slices.customer_id, spells.spell_number, spells.covered_to_date
