with channels as (
    select * from {{ ref('int_contacts__channels') }}
),

segment_rates as (
    select
        segment_code,
        channel_code,
        1.0 * sum(effective_count) / nullif(sum(attempts_count), 0) as segment_rate
    from channels
    group by segment_code, channel_code
),

channel_rates as (
    select
        channel_code,
        1.0 * sum(effective_count) / nullif(sum(attempts_count), 0) as channel_rate
    from channels
    group by channel_code
),

smoothed as (
    select
        channels.*,
        channels.missing_reason is null as is_reachable,
        channels.missing_reason is null
        and not channels.is_dnd
        and coalesce(channels.has_marketing_consent, true) as is_marketing_allowed,
        channels.missing_reason is null
        and not channels.is_dnd
        and coalesce(channels.has_sales_consent, true) as is_sales_allowed,
        channels.missing_reason is null
        and not channels.is_dnd
        and coalesce(channels.has_survey_consent, true) as is_survey_allowed,
        channels.missing_reason is null and not channels.is_dnd and channels.is_suitable as is_open_to_us,
        100.0 * (
            channels.effective_count
            + policy.best_channel_prior_count
            * coalesce(segment_rates.segment_rate, channel_rates.channel_rate)
        ) / (channels.attempts_count + policy.best_channel_prior_count) as smoothed_pct
    from channels
    inner join segment_rates
        on channels.segment_code = segment_rates.segment_code
        and channels.channel_code = segment_rates.channel_code
    inner join channel_rates
        on channels.channel_code = channel_rates.channel_code
    cross join {{ ref('policy') }} as policy
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by
                case when is_open_to_us and smoothed_pct is not null then 0 else 1 end asc,
                smoothed_pct desc nulls last,
                channel_code asc
        ) as channel_rank
    from smoothed
)

select
    customer_id,
    channel_code,
    segment_code,
    customer_status,
    missing_reason,
    case
        when missing_reason is not null then 'no_contact_point'
        when is_dnd then 'do_not_disturb'
        when not has_marketing_consent and has_denied_marketing then 'opted_out'
        when not has_marketing_consent then 'no_consent'
    end as block_reason,
    cast(points_count as bigint) as contact_points_count,
    cast(unengaged_promotions_count as bigint) as unengaged_promotions_count,
    cast(effective_count as bigint) as effective_num,
    cast(attempts_count as bigint) as effective_den,
    {{ pct('effective_count', 'attempts_count') }} as effective_pct,
    {{ wilson_pct('effective_count', 'attempts_count', 'lo') }} as effective_ci_lo,
    {{ wilson_pct('effective_count', 'attempts_count', 'hi') }} as effective_ci_hi,
    cast(smoothed_pct as {{ type_double() }}) as smoothed_pct,
    is_required,
    is_required and not is_reachable as is_missing,
    case when has_points then is_reachable end as has_usable_point,
    has_service_consent,
    has_marketing_consent,
    has_sales_consent,
    has_survey_consent,
    is_reachable as is_service_allowed,
    is_marketing_allowed,
    is_sales_allowed,
    is_survey_allowed,
    is_suitable,
    is_paying,
    has_access,
    is_dnd,
    channel_rank = 1 and is_open_to_us and smoothed_pct is not null as is_best_channel,
    attempts_count = 0 as is_fallback_to_segment
from ranked
