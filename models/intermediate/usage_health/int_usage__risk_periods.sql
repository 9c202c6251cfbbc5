-- The risk group (USE-07, USE-08): days on which a customer with access has been inactive for longer than the segment
-- allows. Inactivity counts from the last use, or from the day on which the customer got access, if that came later.
with periods as (
    select
        usage_periods.customer_id,
        usage_periods.segment_code,
        greatest(usage_periods.present_from, usage_periods.observed_date) as present_from,
        usage_periods.valid_from,
        coalesce(usage_periods.valid_to, {{ end_of_time('date') }}) as valid_to,
        norms.recency_unit_days,
        norms.risk_after_days
    from {{ ref('customer_usage_periods') }} as usage_periods
    inner join {{ ref('dim_segment_policy') }} as norms
        on usage_periods.segment_code = norms.segment_code
    where usage_periods.observed_date is not null
),

inactivity as (
    select
        periods.*,
        gaps.uses_count,
        gaps.gap_from as last_use_date,
        greatest(gaps.gap_from, periods.present_from) as inactive_from,
        coalesce(gaps.gap_to, {{ end_of_time('date') }}) as next_use_date
    from periods
    inner join {{ ref('state_usage_gaps') }} as gaps
        on periods.customer_id = gaps.customer_id
        and gaps.component_code = '*'
        and periods.valid_from < coalesce(gaps.gap_to, {{ end_of_time('date') }})
        and periods.valid_to > gaps.gap_from
    union all
    select
        periods.*,
        0 as uses_count,
        cast(null as date) as last_use_date,
        periods.present_from as inactive_from,
        coalesce(uses.first_use_date, {{ end_of_time('date') }}) as next_use_date
    from periods
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    where uses.first_use_date is null
        or periods.valid_from < uses.first_use_date
),

risks as (
    select
        customer_id,
        segment_code,
        recency_unit_days,
        risk_after_days,
        uses_count,
        inactive_from,
        last_use_date,
        next_use_date,
        greatest({{ add_days('inactive_from', 'risk_after_days + 1') }}, valid_from) as valid_from,
        least(next_use_date, valid_to) as valid_to
    from inactivity
)

select
    customer_id,
    segment_code,
    recency_unit_days,
    risk_after_days,
    cast(uses_count as bigint) as uses_count,
    inactive_from,
    last_use_date,
    next_use_date,
    valid_from,
    valid_to
from risks
where valid_from < valid_to
    and valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
