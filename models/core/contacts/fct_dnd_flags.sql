{{ config(materialized=inlined('view')) }}
with verdicts as (
    select
        reviews.subject_key as dnd_id,
        reviews.verdict,
        row_number() over (
            partition by reviews.subject_key order by reviews.reviewed_at desc, reviews.review_id desc
        ) as choice
    from {{ ref('stg_support__reviews') }} as reviews
    inner join {{ ref('run_context') }} as run_context
        on reviews.reviewed_at < run_context.as_of_end_at
    where reviews.subject_type = 'dnd_flag'
)

select
    flags.dnd_id,
    flags.customer_id,
    flags.set_by_employee_id,
    flags.evidence_contact_id,
    flags.reason_code,
    verdicts.verdict,
    coalesce(flags.is_customer_request, false) as is_customer_request,
    flags.valid_from_date as set_date,
    flags.valid_from,
    flags.valid_to
from {{ ref('stg_crm__dnd_flags') }} as flags
inner join {{ ref('customer_registrations') }} as registration
    on flags.customer_id = registration.customer_id
inner join {{ ref('run_context') }} as run_context
    on flags.valid_from_date <= run_context.as_of_date
left join verdicts
    on flags.dnd_id = verdicts.dnd_id
    and verdicts.choice = 1
