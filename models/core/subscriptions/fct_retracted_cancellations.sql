{{ config(materialized=inlined('view')) }}
-- Requests to cancel that were taken back: a later version of the period has none. From the current version alone
-- every request would end in a churn.
with versions as (
    select
        period_id,
        customer_id,
        cancel_requested_at,
        written_at
    from {{ ref('stg_billing__subscription_periods') }}
    union all
    select
        period_id,
        customer_id,
        cancel_requested_at,
        written_at
    from {{ ref('stg_billing__subscription_periods__superseded') }}
),

requests as (
    select
        period_id,
        customer_id,
        cancel_requested_at,
        min(written_at) as written_at
    from versions
    where cancel_requested_at is not null
    group by period_id, customer_id, cancel_requested_at
)

select
    requests.customer_id,
    requests.period_id,
    {{ business_date('requests.cancel_requested_at') }} as requested_date,
    min({{ business_date('versions.written_at') }}) as retracted_date
from requests
inner join versions
    on requests.period_id = versions.period_id
    and requests.written_at < versions.written_at
    and versions.cancel_requested_at is null
group by requests.customer_id, requests.period_id, {{ business_date('requests.cancel_requested_at') }}
