{{ config(materialized=inlined('view')) }}
-- What is known of paying customers on the business day, while its month is running.
{%- set running %}ends.month_date = {{ period_start('month', 'run_context.as_of_date') }}
    and ends.month_end_date > run_context.as_of_date{% endset %}
with {{ risk_observation_ctes(running) }},

{{ risk_feature_ctes() }}

select * from features
