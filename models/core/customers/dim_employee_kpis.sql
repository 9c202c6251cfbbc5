{{ config(materialized=inlined('view')) }}
{{ successive_periods(ref('stg_crm__employee_kpis'), ['employee_id', 'kpi_code'], ['weight_pct']) }}
