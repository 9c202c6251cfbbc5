-- Incidents as of the close of the business day: those of the incident log, and those that only the change log has.
with logged as (
    select
        incidents.incident_id,
        incidents.change_id,
        incidents.component_code,
        incidents.stage_code,
        incidents.kind as incident_kind,
        incidents.severity as severity_code,
        incidents.started_date,
        incidents.started_at,
        {{ known('incidents.detected_at') }} as detected_at,
        {{ known('incidents.notice_published_at') }} as notice_published_at,
        {{ known('incidents.eta_announced_at') }} as eta_announced_at,
        incidents.eta_at,
        incidents.revised_eta_at,
        {{ known('incidents.resolved_at') }} as resolved_at,
        run_context.as_of_end_at
    from {{ ref('stg_support__incidents') }} as incidents
    inner join {{ ref('run_context') }} as run_context
        on incidents.started_at < run_context.as_of_end_at
)

select
    incident_id,
    change_id,
    component_code,
    stage_code,
    incident_kind,
    severity_code,
    started_date,
    started_at,
    detected_at,
    notice_published_at,
    eta_announced_at,
    case when eta_announced_at is not null then eta_at end as eta_at,
    case when eta_announced_at is not null then revised_eta_at end as revised_eta_at,
    case
        when eta_announced_at is null or eta_at is null then null
        when resolved_at is not null then resolved_at <= eta_at
        when eta_at < as_of_end_at then false
    end as is_eta_kept,
    resolved_at
from logged

union all

select
    changes.change_id as incident_id,
    changes.change_id,
    changes.component_code,
    changes.stage_code,
    changes.change_kind as incident_kind,
    cast(null as {{ dbt.type_string() }}) as severity_code,
    changes.effective_date as started_date,
    changes.effective_at as started_at,
    cast(null as timestamp) as detected_at,
    changes.announced_at as notice_published_at,
    cast(null as timestamp) as eta_announced_at,
    cast(null as timestamp) as eta_at,
    cast(null as timestamp) as revised_eta_at,
    cast(null as boolean) as is_eta_kept,
    changes.ended_at as resolved_at
from {{ ref('dim_changes') }} as changes
left join logged
    on changes.change_id = logged.change_id
where changes.is_incident
    and logged.change_id is null
