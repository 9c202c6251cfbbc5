-- CON-17: subscribers of a channel at the start of a month, and opt-outs in the month. Periods of consent are split by
-- segment and access and counted by the first and last month that they cover, so that customers are not multiplied by
-- months.
with subscribed as (
    select
        consents.customer_id,
        consents.channel_code,
        {{ business_date('consents.valid_from') }} as granted_date,
        {{ business_date('consents.valid_to') }} as ended_date
    from {{ ref('customer_consent_periods') }} as consents
    inner join {{ ref('contact_channels') }} as channels
        on consents.channel_code = channels.channel_code
        and channels.is_addressable
    where consents.purpose_code = 'marketing'
        and consents.is_granted
),

subscriptions as (
    select
        subscribed.customer_id,
        subscribed.channel_code,
        coalesce(segments.segment_code, 'unassigned') as segment_code,
        greatest(subscribed.granted_date, segments.valid_from, access_periods.valid_from) as from_date,
        least(subscribed.ended_date, segments.valid_to, access_periods.valid_to) as to_date,
        subscribed.ended_date is not null
        and subscribed.ended_date < coalesce(segments.valid_to, {{ end_of_time('date') }})
        and subscribed.ended_date < coalesce(access_periods.valid_to, {{ end_of_time('date') }}) as is_opted_out
    from subscribed
    -- Churned customers get no advertising and cannot opt out; reactivated customers count again.
    inner join {{ ref('customer_access_periods') }} as access_periods
        on subscribed.customer_id = access_periods.customer_id
        and access_periods.has_access
        and access_periods.valid_from < coalesce(subscribed.ended_date, {{ end_of_time('date') }})
        and coalesce(access_periods.valid_to, {{ end_of_time('date') }}) > subscribed.granted_date
    left join {{ ref('dim_customer_segments') }} as segments
        on subscribed.customer_id = segments.customer_id
        and segments.scheme = 'value'
        and segments.valid_from < coalesce(subscribed.ended_date, {{ end_of_time('date') }})
        and coalesce(segments.valid_to, {{ end_of_time('timestamp') }}) > subscribed.granted_date
        and segments.valid_from < coalesce(access_periods.valid_to, {{ end_of_time('date') }})
        and coalesce(segments.valid_to, {{ end_of_time('date') }}) > access_periods.valid_from
),

spans as (
    select
        channel_code,
        segment_code,
        is_opted_out,
        -- The first month whose first day the period covers, and the month in which it ends.
        case
            when {{ period_start('month', 'from_date') }} = from_date then from_date
            else {{ add_months(period_start('month', 'from_date'), 1) }}
        end as first_month,
        case
            when {{ period_start('month', 'to_date') }} = to_date and not is_opted_out
                then {{ add_months(period_start('month', 'to_date'), -1) }}
            else {{ period_start('month', 'to_date') }}
        end as last_month,
        count(*) as customers_count
    from subscriptions
    where to_date is null
        or to_date >= from_date
    group by
        channel_code,
        segment_code,
        is_opted_out,
        case
            when {{ period_start('month', 'from_date') }} = from_date then from_date
            else {{ add_months(period_start('month', 'from_date'), 1) }}
        end,
        case
            when {{ period_start('month', 'to_date') }} = to_date and not is_opted_out
                then {{ add_months(period_start('month', 'to_date'), -1) }}
            else {{ period_start('month', 'to_date') }}
        end
),

months as (
    select distinct dates.month_start_date as contact_month
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where dates.date_day >= {{ add_months(
        period_start('month', 'run_context.as_of_date'), '1 - policy.contact_trend_months'
    ) }}
),

counted as (
    select
        months.contact_month,
        spans.channel_code,
        spans.segment_code,
        sum(
            case
                when spans.first_month <= months.contact_month
                    and coalesce(spans.last_month, {{ end_of_time('timestamp') }}) >= months.contact_month
                    then spans.customers_count
                else 0
            end
        ) as subscribers_count,
        sum(
            case
                when spans.is_opted_out and spans.last_month = months.contact_month
                    and spans.first_month <= months.contact_month
                    then spans.customers_count
                else 0
            end
        ) as opted_out_count,
        sum(
            case
                when spans.is_opted_out and spans.last_month = months.contact_month then spans.customers_count else 0
            end
        )
            as all_opted_out_count
    from months
    cross join spans
    group by months.contact_month, spans.channel_code, spans.segment_code
),

after_optout as (
    select
        {{ period_start('month', 'attempted_date') }} as contact_month,
        channel_code,
        segment_code,
        count(*) as contacts_count
    from {{ ref('mart_contact_violations') }}
    where broken_rule in ('unsubscribed_channel', 'revoked')
    group by {{ period_start('month', 'attempted_date') }}, channel_code, segment_code
)

select
    counted.channel_code,
    counted.segment_code,
    cast(counted.opted_out_count as bigint) as opted_out_num,
    cast(counted.subscribers_count as bigint) as opted_out_den,
    {{ pct('counted.opted_out_count', 'counted.subscribers_count') }} as opted_out_pct,
    cast(counted.all_opted_out_count as bigint) as opted_out_any_count,
    cast(coalesce(after_optout.contacts_count, 0) as bigint) as contacts_after_optout_count,
    {{ is_over('month', 'counted.contact_month') }} as is_complete,
    {{ is_reliable('counted.subscribers_count') }} as is_reliable,
    counted.contact_month
from counted
cross join {{ ref('run_context') }} as run_context
left join after_optout
    on counted.contact_month = after_optout.contact_month
    and counted.channel_code = after_optout.channel_code
    and counted.segment_code = after_optout.segment_code
where counted.subscribers_count > 0
    or counted.all_opted_out_count > 0
