-- Prevents contacts that are lost between ledger and report, and breakdowns that lose or double attempts: in each
-- month, and in each channel of it, every attempt is effective or has one reason why not.
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

breakdowns as (
    select
        contact_month,
        dimension_name,
        case when dimension_name = 'channel' then channel_code else 'all' end as channel_code,
        sum(attempts_count) as attempts_count,
        sum(effective_num) as effective_count,
        sum(
            bounced_count + wrong_number_count + voicemail_count + refused_count + cancelled_count + too_short_count
            + machine_open_count + auto_reply_count + signal_not_counted_count
            + no_answer_count + no_reaction_count + no_signal_count
        ) as ineffective_count
    from {{ ref('mart_contact_kpi') }}
    group by contact_month, dimension_name, case when dimension_name = 'channel' then channel_code else 'all' end
)

select
    coalesce(breakdowns.contact_month, ledger.contact_month) as contact_month,
    breakdowns.dimension_name,
    ledger.channel_code,
    ledger.attempts_count as ledger_attempts_count,
    breakdowns.attempts_count,
    ledger.effective_count as ledger_effective_count,
    breakdowns.effective_count,
    breakdowns.ineffective_count
from breakdowns
full outer join ledger
    on breakdowns.contact_month = ledger.contact_month
    and breakdowns.channel_code = ledger.channel_code
-- Months may hold nothing but credit for earlier attempts.
where coalesce(ledger.attempts_count, 0) <> coalesce(breakdowns.attempts_count, -1)
    or coalesce(ledger.effective_count, 0) <> coalesce(breakdowns.effective_count, -1)
    or coalesce(ledger.ineffective_count, 0) <> coalesce(breakdowns.ineffective_count, -1)
    or coalesce(ledger.attempts_count <> ledger.effective_count + ledger.ineffective_count, false)
