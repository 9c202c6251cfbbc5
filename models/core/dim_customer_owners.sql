{{ successive_periods(ref('stg_crm__customer_owners'), ['customer_id', 'role'], ['employee_id']) }}
