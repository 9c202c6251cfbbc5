-- Prevents do-not-disturb flags that the audit forgets: the last month counts every flag of the reviewed months that
-- the customer did not set.
with last_month as (
    select max(audit_month) as audit_month
    from {{ ref('mart_kpi_gaming_audit') }}
    where check_code = 'unproven_flags'
),

audited as (
    select coalesce(sum(checks.hits_den), 0) as flags_count
    from {{ ref('mart_kpi_gaming_audit') }} as checks
    inner join last_month
        on checks.audit_month = last_month.audit_month
    where checks.check_code = 'unproven_flags'
),

flags as (
    select count(*) as flags_count
    from {{ ref('mart_dnd_flag_review') }} as reviews
    cross join {{ ref('policy') }} as policy
    inner join last_month
        on reviews.set_date < {{ add_months('last_month.audit_month', 1) }}
        and reviews.set_date >= {{ add_months(
            'last_month.audit_month', '1 - policy.dnd_review_months'
        ) }}
    where reviews.evidence_state <> 'set_by_customer'
)

select
    audited.flags_count as audited_count,
    flags.flags_count
from audited
inner join flags
    on audited.flags_count <> flags.flags_count
