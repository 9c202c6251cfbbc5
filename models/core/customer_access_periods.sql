{{ config(materialized='view') }}
-- Periods in which a customer could use the product, and periods in which not: the status periods with less detail.
with periods as (
    select
        customer_id,
        has_access,
        valid_from,
        valid_to
    from {{ ref('customer_status_periods') }}
)

{{ merged_periods('periods', ['customer_id', 'has_access']) }}
