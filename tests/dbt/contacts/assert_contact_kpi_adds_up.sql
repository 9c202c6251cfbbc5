-- Prevents contacts lost between facts and report, and breakdowns that lose or duplicate attempts: each attempt is
-- effective or has exactly one reason why not, per month and channel.
with ledger as (
    select
        {{ period_start('month', 'attempted_date') }} as contact_month,
        coalesce(channel, 'all') as channel_code,
        count(*) as attempts_count,
        count(case when is_effective then 1 end) as effective_count,
        count(ineffective_reason) as ineffective_count
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
    group by grouping sets (
        ({{ period_start('month', 'attempted_date') }}),
        ({{ period_start('month', 'attempted_date') }}, channel)
    )
),

cuts as (
    select
        contact_month,
        dimension_name,
        case when dimension_name = 'channel' then channel_code else 'all' end as channel_code,
        sum(attempts_count) as attempts_count,
        sum(effective_num) as effective_count,
        sum(
            bounced_count + wrong_number_count + voicemail_count + refused_count + cancelled_count + too_short_count
            + machine_open_count + signal_not_counted_count + no_answer_count + no_reaction_count + no_signal_count
        ) as ineffective_count
    from {{ ref('mart_contact_kpi') }}
    group by contact_month, dimension_name, case when dimension_name = 'channel' then channel_code else 'all' end
)

select
    coalesce(cuts.contact_month, ledger.contact_month) as contact_month,
    cuts.dimension_name,
    ledger.channel_code,
    ledger.attempts_count as ledger_attempts_count,
    cuts.attempts_count,
    ledger.effective_count as ledger_effective_count,
    cuts.effective_count,
    cuts.ineffective_count
from cuts
full outer join ledger
    on cuts.contact_month = ledger.contact_month
    and cuts.channel_code = ledger.channel_code
-- Months may contain only credit for earlier attempts.
where coalesce(ledger.attempts_count, 0) <> coalesce(cuts.attempts_count, -1)
    or coalesce(ledger.effective_count, 0) <> coalesce(cuts.effective_count, -1)
    or coalesce(ledger.ineffective_count, 0) <> coalesce(cuts.ineffective_count, -1)
    or coalesce(ledger.attempts_count <> ledger.effective_count + ledger.ineffective_count, false)
