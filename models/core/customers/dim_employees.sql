{{ config(materialized=inlined('view')) }}
{{ successive_periods(
    ref('stg_crm__employees'),
    ['employee_id'],
    ['team', 'unit', 'region', 'seniority', 'manager_id', 'hired_at', 'left_at']
) }}
