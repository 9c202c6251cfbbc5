with judged as (
    select
        *,
        -- Customers who churned, asked for silence, cannot be reached or are younger than one interval are nobody's
        -- fault (CON-04).
        contact_interval_days is not null
        and is_at_month_end
        and is_contactable
        and not was_inactive
        and tenure_days >= contact_interval_days as is_eligible,
        coalesce(since_effective_days <= contact_interval_days, false) as is_in_target
    from {{ ref('int_contacts__month_ends') }}
    where period_end_date >= {{ observed_from('contacts') }}
),

-- Headlines are of customers; everybody with access has a place by status.
populations as (
    select
        'all' as population,
        judged.*
    from judged
    where judged.is_customer
    union all
    select
        judged.customer_status as population,
        judged.*
    from judged
),

counted as (
    select
        contact_month,
        population as customer_status,
        coalesce(segment_code, 'all') as segment_code,
        coalesce(owner_employee_id, 'all') as owner_employee_id,
        case
            when population <> 'all' then 'status'
            when grouping(owner_employee_id) = 0 and grouping(segment_code) = 0 then 'owner_segment'
            when grouping(owner_employee_id) = 0 then 'owner'
            when grouping(segment_code) = 0 then 'segment'
            else 'all'
        end as dimension_name,
        max(period_end_date) as period_end_date,
        count(*) as customers_count,
        count(case when was_inactive then 1 end) as inactive_count,
        count(case when is_eligible then 1 end) as eligible_count,
        count(case when is_eligible and is_in_target then 1 end) as in_target_count,
        count(case when is_over_contacted then 1 end) as over_contacted_count,
        max(case when is_eligible then coalesce(since_effective_days, tenure_days) end) as longest_gap_days,
        -- One number only where all share it: in cuts over several segments it is the mean over those who are judged.
        sum(case when is_eligible then cast(contact_target_pct as decimal(18, 6)) end) as target_points
    from populations
    group by
        grouping sets (
            (contact_month, population),
            (contact_month, population, segment_code),
            (contact_month, population, owner_employee_id),
            (contact_month, population, owner_employee_id, segment_code)
        )
    having
        population = 'all'
        or (grouping(owner_employee_id) = 1 and grouping(segment_code) = 1)
)

select
    counted.dimension_name,
    counted.customer_status,
    counted.segment_code,
    counted.owner_employee_id,
    cast(counted.customers_count as bigint) as customers_count,
    cast(counted.inactive_count as bigint) as inactive_count,
    cast(counted.in_target_count as bigint) as in_target_num,
    cast(counted.eligible_count as bigint) as in_target_den,
    {{ pct('counted.in_target_count', 'counted.eligible_count') }} as in_target_pct,
    {{ wilson_pct('counted.in_target_count', 'counted.eligible_count', 'lo') }} as in_target_ci_lo,
    {{ wilson_pct('counted.in_target_count', 'counted.eligible_count', 'hi') }} as in_target_ci_hi,
    cast(1.0 * counted.target_points / nullif(counted.eligible_count, 0) as double) as target_pct,
    cast(counted.over_contacted_count as bigint) as over_contacted_num,
    cast(counted.customers_count as bigint) as over_contacted_den,
    {{ pct('counted.over_contacted_count', 'counted.customers_count') }} as over_contacted_pct,
    cast(counted.longest_gap_days as bigint) as longest_gap_days,
    100.0 * counted.in_target_count >= nullif(counted.target_points, 0) as is_target_met,
    counted.period_end_date = {{ add_days(add_months('counted.contact_month', 1), -1) }} as is_complete,
    {{ is_reliable('counted.eligible_count') }} as is_reliable,
    counted.contact_month
from counted
