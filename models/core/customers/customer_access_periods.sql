{{ config(materialized='view') }}
-- Periods in which a customer could use the product, and periods in which not, in turn.
{{ access_periods(ref('customer_status_periods')) }}
