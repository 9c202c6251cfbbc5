{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'}],
) }}
{{ successive_periods(
    ref('stg_crm__customer_segments'),
    ['customer_id', 'scheme'],
    ['segment_code'],
    scope=rows_to_build()
) }}
