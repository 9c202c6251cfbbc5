{{ config(materialized='view') }}
-- Alternating periods with and without access to the product.
{{ access_periods(ref('customer_status_periods')) }}
