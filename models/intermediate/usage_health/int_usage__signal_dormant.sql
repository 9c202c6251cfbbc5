-- USE-07: inactivity beyond the bands that the segment calls normal, of customers who used the product before.
-- A customer who used the product on one day in ten is inactive for 28 days by chance once in twenty times: inactivity
-- is unusual for the customer when chance is out of the question, given the share of days of use before it began. For
-- customers who used the product every single day the first missing one is news.
{% set shown = dbt.type_string() %}
{% set days_of_rhythm = days_between('uses.first_use_date', 'risks.last_use_date') %}
{% set usual_days %}
cast(ceil(
    ln(policy.usage_dormant_chance_pct / 100.0) / ln(1.0 - (risks.uses_count - 1.0) / {{ days_of_rhythm }})
) as integer)
{% endset %}
{% set most_usual_days = 'risks.recency_unit_days * policy.usage_dormant_own_units' %}
select
    risks.customer_id,
    'dormant' as signal_code,
    risks.segment_code,
    cast(risks.risk_after_days + 1 as {{ type_double() }}) as observed_value,
    cast(risks.risk_after_days as {{ type_double() }}) as expected_value,
    risks.risk_after_days as window_days,
    cast(null as bigint) as peers_count,
    case
        when {{ days_between('risks.inactive_from', 'least(run_context.as_of_date, risks.valid_to)') }}
            > {{ third_band_days('risks.recency_unit_days') }} then 3
        else 2
    end as severity_rank,
    cast(risks.last_use_date as {{ shown }}) as subject,
    cast(null as integer) as incident_days,
    cast(null as {{ shown }}) as own_reason,
    case
        when risks.uses_count >= policy.usage_dormant_min_uses
            and risks.uses_count - 1 < {{ days_of_rhythm }}
            then {{ add_days('risks.inactive_from', 'least(' ~ usual_days ~ ', ' ~ most_usual_days ~ ') + 1') }}
    end as unusual_from,
    risks.valid_from,
    risks.valid_to
from {{ ref('int_usage__risk_periods') }} as risks
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
left join {{ ref('state_customer_usage') }} as uses
    on risks.customer_id = uses.customer_id
where risks.last_use_date is not null
