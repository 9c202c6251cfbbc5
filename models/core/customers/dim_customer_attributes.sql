{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_crm__customer_attributes', 'as_of': 'valid_from'}],
) }}
with known as (
    select
        customer_id,
        attribute_code,
        attribute_value,
        valid_from,
        lead(valid_from) over (partition by customer_id, attribute_code order by valid_from) as valid_to
    from {{ ref('stg_crm__customer_attributes') }}
    where valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
        and {{ rows_to_build() }}
)

select
    known.customer_id,
    known.attribute_code,
    known.attribute_value,
    known.valid_from,
    known.valid_to
from known
inner join {{ ref('customer_breakdowns') }} as breakdowns
    on known.attribute_code = breakdowns.attribute_code
where known.attribute_value is not null
