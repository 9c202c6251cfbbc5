-- Prevents contacts that vanish between ledger and report, and cuts that lose or double attempts.
{{ config(meta={'dagster': {'ref': {'name': 'mart_contact_kpi'}}}) }}
with ledger as (
    select
        {{ period_start('month', 'attempted_date') }} as contact_month,
        count(*) as attempts_count,
        count(case when is_effective then 1 end) as effective_count
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
    group by {{ period_start('month', 'attempted_date') }}
),

cuts as (
    select
        contact_month,
        dimension_name,
        sum(attempts_count) as attempts_count,
        sum(effective_num) as effective_count
    from {{ ref('mart_contact_kpi') }}
    group by contact_month, dimension_name
)

select
    cuts.contact_month,
    cuts.dimension_name,
    ledger.attempts_count as ledger_attempts_count,
    cuts.attempts_count,
    ledger.effective_count as ledger_effective_count,
    cuts.effective_count
from cuts
full outer join ledger
    on cuts.contact_month = ledger.contact_month
-- Months may hold nothing but credit for earlier attempts.
where coalesce(ledger.attempts_count, 0) <> coalesce(cuts.attempts_count, -1)
    or coalesce(ledger.effective_count, 0) <> coalesce(cuts.effective_count, -1)
