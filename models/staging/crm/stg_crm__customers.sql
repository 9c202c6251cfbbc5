with source as (
    select * from {{ loaded(source('crm', 'customers')) }}
),

renamed as (
    select
        -- identifiers and text
        customer_id,
        display_name,
        customer_type,
        region,
        city,
        acquisition_channel,
        referred_by_customer_id,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        is_test,

        -- dates
        birth_date,
        {{ business_date(utc_moment('registered_at')) }} as registered_date,

        -- moments, in UTC
        {{ utc_moment('registered_at') }} as registered_at,
        {{ settled_moment(utc_moment('account_completed_at'), utc_moment('registered_at')) }} as account_completed_at,
        {{ settled_moment(utc_moment('deleted_at'), utc_moment('registered_at')) }} as deleted_at,
        ingested_at
    from source
    -- Accounts of employees, testers and robots count nowhere; quality.mart_raw_accounting counts them.
    where not is_test
)

select * from renamed
