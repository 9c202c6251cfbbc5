-- Churn of customers who were hit is that of customers of the day on which the incident began, beside all others of
-- that day. Nobody chose whom to hit at random: those who use the product more are hit more often.
with hits as (
    select
        incident_customers.*,
        run_context.as_of_end_at,
        {{ add_time('day', 'incident_customers.hit_at', 'policy.incident_recovery_days') }} as recovery_to_at,
        {{ add_time('day', 'incident_customers.hit_at', 'policy.incident_complaint_days') }} as complaint_to_at
    from {{ ref('fct_incident_customers') }} as incident_customers
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('run_context') }} as run_context
),

complaints as (
    select distinct
        hits.incident_id,
        hits.customer_id
    from hits
    inner join {{ ref('fct_tickets') }} as tickets
        on hits.customer_id = tickets.customer_id
        and hits.hit_at <= tickets.opened_at
        and hits.complaint_to_at > tickets.opened_at
),

amends as (
    select
        incident_id,
        customer_id,
        amended_at
    from {{ ref('int_promises__troubles') }}
    where incident_id is not null
),

counted as (
    select
        hits.incident_id,
        count(hits.hit_at) as hit_count,
        count(case when hits.notice_band = 'spared' then 1 end) as spared_count,
        {%- for band in ['before', 'soon', 'late', 'never'] %}
        count(case when hits.notice_band = '{{ band }}' then 1 end) as notified_{{ band }}_count,
        {%- endfor %}
        count(case when hits.is_warnable then 1 end) as warned_den,
        count(case when hits.is_warnable and hits.notice_band = 'before' then 1 end) as warned_num,
        sum(hits.failed_attempts_count) as failed_attempts_count,
        count(
            case when hits.recovery_to_at <= hits.as_of_end_at and hits.completed_at <= hits.recovery_to_at then 1 end
        ) as completed_num,
        count(case when hits.recovery_to_at <= hits.as_of_end_at then 1 end) as completed_den,
        count(case when hits.hit_at is not null and amends.amended_at is not null then 1 end) as compensated_num,
        count(case when complaints.customer_id is not null and hits.notice_band = 'before' then 1 end)
            as warned_complaints_count,
        count(case when complaints.customer_id is not null and hits.notice_band <> 'before' then 1 end)
            as unwarned_complaints_count
    from hits
    left join complaints
        on hits.incident_id = complaints.incident_id
        and hits.customer_id = complaints.customer_id
    left join amends
        on hits.incident_id = amends.incident_id
        and hits.customer_id = amends.customer_id
    group by hits.incident_id
),

mature as (
    select
        incidents.incident_id,
        incidents.started_date,
        {{ add_days('incidents.started_date', 'policy.incident_churn_days') }} as churn_to_date
    from {{ ref('fct_incidents') }} as incidents
    inner join counted
        on incidents.incident_id = counted.incident_id
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('incidents.started_date', 'run_context.as_of_date') }}
        >= policy.incident_churn_days + policy.churn_grace_days
),

churns as (
    select
        mature.incident_id,
        count(hits.hit_at) as churned_hit_den,
        count(*) - count(hits.hit_at) as churned_other_den,
        count(case when tenures.churned_date <= mature.churn_to_date then hits.hit_at end) as churned_hit_num,
        count(case when tenures.churned_date <= mature.churn_to_date and hits.hit_at is null then 1 end)
            as churned_other_num
    from mature
    inner join {{ ref('customer_tenures') }} as tenures
        on mature.started_date >= tenures.started_date
        and mature.started_date < coalesce(tenures.churned_date, {{ end_of_time('date') }})
    left join hits
        on mature.incident_id = hits.incident_id
        and tenures.customer_id = hits.customer_id
    group by mature.incident_id
),

rated as (
    select
        {%- for group in ['hit', 'other'] %}
        {{ pct('churned_' ~ group ~ '_num', 'churned_' ~ group ~ '_den') }} as churned_{{ group }}_pct,
        {{ wilson_pct('churned_' ~ group ~ '_num', 'churned_' ~ group ~ '_den', 'lo') }} as churned_{{ group }}_ci_lo,
        {{ wilson_pct('churned_' ~ group ~ '_num', 'churned_' ~ group ~ '_den', 'hi') }} as churned_{{ group }}_ci_hi,
        {%- endfor %}
        *
    from churns
)

select
    incidents.incident_id,
    incidents.change_id,
    incidents.component_code,
    incidents.stage_code,
    incidents.incident_kind,
    incidents.severity_code,
    case when incidents.resolved_at is null then 'open' else 'resolved' end as incident_state,
    cast(counted.hit_count as bigint) as hit_count,
    cast(counted.notified_before_count as bigint) as notified_before_count,
    cast(counted.hit_count - counted.notified_before_count as bigint) as unwarned_count,
    cast(counted.notified_soon_count as bigint) as notified_soon_count,
    cast(counted.notified_late_count as bigint) as notified_late_count,
    cast(counted.notified_never_count as bigint) as notified_never_count,
    cast(counted.spared_count as bigint) as spared_count,
    cast(counted.warned_den - counted.warned_num as bigint) as avoidable_count,
    cast(counted.failed_attempts_count as bigint) as failed_attempts_count,
    {%- for rate, base in [
        ('warned', 'counted.warned_den'), ('completed', 'counted.completed_den'), ('compensated', 'counted.hit_count'),
    ] %}
    cast(counted.{{ rate }}_num as bigint) as {{ rate }}_num,
    cast({{ base }} as bigint) as {{ rate }}_den,
    {{ pct('counted.' ~ rate ~ '_num', base) }} as {{ rate }}_pct,
    {%- endfor %}
    cast(counted.warned_complaints_count as bigint) as warned_complaints_count,
    cast(counted.unwarned_complaints_count as bigint) as unwarned_complaints_count,
    {%- for group in ['hit', 'other'] %}
    cast(rated.churned_{{ group }}_num as bigint) as churned_{{ group }}_num,
    cast(rated.churned_{{ group }}_den as bigint) as churned_{{ group }}_den,
    rated.churned_{{ group }}_pct,
    rated.churned_{{ group }}_ci_lo,
    rated.churned_{{ group }}_ci_hi,
    {%- endfor %}
    rated.churned_hit_pct - rated.churned_other_pct as churned_difference_pp,
    {{ newcombe_pp('rated.churned_hit', 'rated.churned_other', 'lo') }} as churned_difference_ci_lo,
    {{ newcombe_pp('rated.churned_hit', 'rated.churned_other', 'hi') }} as churned_difference_ci_hi,
    cast({{ elapsed_seconds('incidents.started_at', 'incidents.detected_at') }} as bigint) as undetected_seconds,
    cast({{ elapsed_seconds('incidents.detected_at', 'incidents.notice_published_at') }} as bigint) as notice_seconds,
    cast({{ elapsed_seconds('incidents.started_at', 'incidents.resolved_at') }} / 3600.0 as {{ type_double() }})
        as incident_hours,
    incidents.notice_published_at is not null as has_notice,
    incidents.eta_announced_at is not null as has_eta,
    case when incidents.eta_at is not null then coalesce(incidents.revised_eta_at <> incidents.eta_at, false) end
        as is_eta_revised,
    incidents.is_eta_kept,
    true as is_confounded,
    rated.incident_id is not null as is_complete,
    {{ is_reliable('counted.hit_count') }} as is_reliable,
    incidents.started_date,
    incidents.started_at,
    incidents.detected_at,
    incidents.notice_published_at,
    incidents.eta_announced_at,
    incidents.eta_at,
    incidents.revised_eta_at,
    incidents.resolved_at
from {{ ref('fct_incidents') }} as incidents
left join counted
    on incidents.incident_id = counted.incident_id
left join rated
    on incidents.incident_id = rated.incident_id
