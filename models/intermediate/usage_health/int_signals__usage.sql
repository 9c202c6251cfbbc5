{{ config(materialized='view') }}
-- What alerts are made of.
select
    customer_id,
    signal_code,
    observed_value,
    expected_value,
    severity,
    reason,
    suppressed_by,
    valid_from,
    valid_to
from {{ ref('int_usage__signal_periods') }}
