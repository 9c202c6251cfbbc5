-- A view: the gates write their results after this model is built, and publication copies what they wrote.
{{ config(materialized='view') }}
select
    run_id,
    stage as gate_stage,
    asset as asset_name,
    expectation as expectation_name,
    column_name,
    severity,
    observed,
    message,
    unexpected_count,
    is_passed,
    coalesce(checked_at = max(checked_at) over (partition by stage), false) as is_newest_run,
    as_of_date,
    checked_at
from {{ loaded(source('ops', 'expectation_results')) }}
