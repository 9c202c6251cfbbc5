{{ config(materialized=inlined('view')) }}
-- Customers who asked to cancel and whose paid time is not over: every contract of theirs ends on a known day.
select
    slices.customer_id,
    coverage.coverage_number as tenure_number,
    max(slices.cancel_requested_at) as cancel_requested_at,
    coverage.covered_to_date as ends_date
from {{ ref('customer_coverage_periods') }} as coverage
inner join {{ ref('subscription_status_periods') }} as slices
    on coverage.customer_id = slices.customer_id
    and coverage.covered_to_date = slices.to_date
    and slices.is_coverage
where coverage.coverage_kind = 'customer'
    and coverage.ended_date is null
    and slices.cancel_requested_at is not null
group by slices.customer_id, coverage.coverage_number, coverage.covered_to_date
