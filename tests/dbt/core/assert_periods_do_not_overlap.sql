-- Prevents an as-of join that finds two rows: two segments, owners, positions, consents or periods of do-not-disturb at
-- one moment duplicate every fact.
with periods as (
    select
        'dim_customer_segments' as model_name,
        customer_id || ' ' || scheme as entity,
        cast(valid_from as timestamp) as valid_from,
        cast(valid_to as timestamp) as valid_to
    from {{ ref('dim_customer_segments') }}
    union all
    select
        'dim_customer_owners' as model_name,
        customer_id || ' ' || role as entity,
        valid_from,
        valid_to
    from {{ ref('dim_customer_owners') }}
    union all
    select
        'dim_employees' as model_name,
        employee_id as entity,
        cast(valid_from as timestamp) as valid_from,
        cast(valid_to as timestamp) as valid_to
    from {{ ref('dim_employees') }}
    union all
    select
        'customer_consent_periods' as model_name,
        customer_id || ' ' || channel_code || ' ' || purpose_code as entity,
        valid_from,
        valid_to
    from {{ ref('customer_consent_periods') }}
    union all
    select
        'dim_customer_dnd' as model_name,
        customer_id as entity,
        valid_from,
        valid_to
    from {{ ref('dim_customer_dnd') }}
),

followed as (
    select
        *,
        lead(valid_from) over (partition by model_name, entity order by valid_from) as next_from
    from periods
)

select *
from followed
where valid_to <= valid_from
    or next_from < valid_to
    or (valid_to is null and next_from is not null)
