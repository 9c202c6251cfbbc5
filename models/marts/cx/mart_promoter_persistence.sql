with judged as (
    select
        {{ period_start('quarter', business_date('first_promoter_at')) }} as first_promoter_quarter,
        case when is_mature then is_promoter_kept end as is_promoter_kept
    from {{ ref('int_cx__promoters') }}
),

counted as (
    select
        first_promoter_quarter,
        count(*) as promoters_count,
        count(case when is_promoter_kept then 1 end) as kept_num,
        count(is_promoter_kept) as kept_den
    from judged
    group by first_promoter_quarter
)

select
    cast(promoters_count as bigint) as promoters_count,
    cast(kept_num as bigint) as kept_num,
    cast(kept_den as bigint) as kept_den,
    {{ pct('kept_num', 'kept_den') }} as kept_pct,
    {{ wilson_pct('kept_num', 'kept_den', 'lo') }} as kept_ci_lo,
    {{ wilson_pct('kept_num', 'kept_den', 'hi') }} as kept_ci_hi,
    cast(promoters_count - kept_den as bigint) as pending_count,
    promoters_count = kept_den as is_complete,
    {{ is_reliable('kept_den') }} as is_reliable,
    first_promoter_quarter
from counted
