{{ successive_periods(ref('stg_crm__customer_segments'), ['customer_id', 'scheme'], ['segment_code']) }}
