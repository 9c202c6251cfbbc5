{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_crm__customer_owners', 'as_of_moment': 'valid_from'}],
) }}
{{ successive_periods(
    ref('stg_crm__customer_owners'),
    ['customer_id', 'role'],
    ['employee_id'],
    scope=rows_to_build(),
    from_day=business_date('valid_from')
) }}
