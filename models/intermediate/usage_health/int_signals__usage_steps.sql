{{ config(materialized=inlined('view')) }}
-- The signals of usage as alerts read them: an inactivity that becomes graver is split on that day, because an alert
-- keeps the severity of its opening.
with graver as (
    select
        signals.customer_id,
        signals.signal_code,
        signals.valid_from,
        min({{ add_days('risks.inactive_from', third_band_days('risks.recency_unit_days') ~ ' + 1') }}) as graver_from
    from {{ ref('int_signals__usage') }} as signals
    inner join {{ ref('int_usage__risk_periods') }} as risks
        on signals.customer_id = risks.customer_id
        and signals.valid_from >= risks.valid_from
        and signals.valid_from < risks.valid_to
    where signals.signal_code = 'dormant'
    group by signals.customer_id, signals.signal_code, signals.valid_from
),

signals as (
    select
        signals.*,
        case when graver.graver_from > signals.valid_from then 'medium' else signals.severity end as first_severity,
        case
            when graver.graver_from > signals.valid_from
                and graver.graver_from < coalesce(signals.valid_to, {{ add_days('run_context.as_of_date', 1) }})
                then graver.graver_from
        end as graver_from
    from {{ ref('int_signals__usage') }} as signals
    cross join {{ ref('run_context') }} as run_context
    left join graver
        on signals.customer_id = graver.customer_id
        and signals.valid_from = graver.valid_from
        and signals.signal_code = graver.signal_code
)

{% for part in ['before', 'after'] -%}
select
    customer_id,
    signal_code,
    {{ 'first_severity' if part == 'before' else "'high'" }} as severity,
    reason,
    suppressed_by,
    observed_value,
    expected_value,
    {{ 'valid_from' if part == 'before' else 'graver_from' }} as valid_from,
    {{ 'coalesce(graver_from, valid_to)' if part == 'before' else 'valid_to' }} as valid_to
from signals
{{ 'union all' if part == 'before' else 'where graver_from is not null' }}
{% endfor %}
