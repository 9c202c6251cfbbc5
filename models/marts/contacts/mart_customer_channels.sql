{% set purposes = ['service', 'marketing', 'sales', 'survey'] %}
with customers as (
    select
        customers.customer_id,
        coalesce(customers.value_segment_code, 'unassigned') as segment_code,
        segments.required_contact_channels,
        dnd.customer_id is not null as is_dnd,
        customers.customer_status,
        customers.is_paying,
        customers.has_access
    from {{ ref('dim_customers') }} as customers
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('segments') }} as segments
        on customers.value_segment_code = segments.segment_code
    left join {{ ref('dim_customer_dnd') }} as dnd
        on customers.customer_id = dnd.customer_id
        and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
),

channels as (
    select channel_code
    from {{ ref('contact_channels') }}
    where is_addressable
),

-- A company without a register of consents or addresses has not forbidden or lost anything: it is not measurable.
registers as (
    select
        (select count(*) from {{ ref('fct_consent_events') }}) > 0 as has_consents,
        (select count(*) from {{ ref('dim_contact_points') }}) > 0 as has_points
),

consents as (
    select
        events.customer_id,
        {% for purpose in purposes %}
        max(case when events.is_grant and events.purpose_code in ('{{ purpose }}', 'all') then events.occurred_at end)
            as {{ purpose }}_granted_at,
        max(
            case
                when not events.is_grant and events.purpose_code in ('{{ purpose }}', 'all') then events.occurred_at
            end
        ) as {{ purpose }}_denied_at,
        {% endfor %}
        channels.channel_code
    from {{ ref('fct_consent_events') }} as events
    inner join channels
        on events.channel_code in (channels.channel_code, 'all')
    group by events.customer_id, channels.channel_code
),

points as (
    select
        customer_id,
        channel_code,
        count(*) as points_count,
        count(case when unusable_reason is null then 1 end) as usable_points_count,
        max(unusable_reason) as unusable_reason,
        max(added_at) as last_added_at
    from {{ ref('dim_contact_points') }}
    group by customer_id, channel_code
),

attempts as (
    select
        contacts.customer_id,
        contacts.channel as channel_code,
        contacts.outcome_role,
        contacts.is_effective,
        contacts.attempted_at,
        contacts.attempted_date > {{ add_days(
            'run_context.as_of_date', '-policy.best_channel_days'
        ) }} as is_recent,
        max(case when contacts.delivered_at is not null and coalesce(contacts.outcome_role, '') <> 'wrong_number'
                then contacts.attempted_at
        end) over (
            partition by contacts.customer_id, contacts.channel
        ) as last_delivered_at
    from {{ ref('fct_contacts') }} as contacts
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where contacts.direction = 'outbound'
),

experience as (
    select
        customer_id,
        channel_code,
        count(case when is_recent then 1 end) as attempts_count,
        count(case when is_recent and is_effective then 1 end) as effective_count,
        count(
            case
                when outcome_role in ('bounced', 'wrong_number')
                    and attempted_at > coalesce(last_delivered_at, timestamp '1900-01-01 00:00:00') then 1
            end
        ) as failures_in_a_row_count,
        max(case when outcome_role in ('bounced', 'wrong_number') then attempted_at end) as last_failure_at
    from attempts
    group by customer_id, channel_code
),

joined as (
    select
        customers.customer_id,
        channels.channel_code,
        customers.segment_code,
        customers.is_dnd,
        customers.customer_status,
        customers.is_paying,
        customers.has_access,
        coalesce(
            {{ dbt.position(
                "'|' || channels.channel_code || '|'", "'|' || customers.required_contact_channels || '|'"
            ) }} > 0,
            false
        ) as is_required,
        coalesce(points.points_count, 0) as points_count,
        case
            when not registers.has_points then null
            when points.points_count is null then 'missing'
            when points.usable_points_count = 0 then points.unusable_reason
            when experience.failures_in_a_row_count >= policy.contact_point_dead_failures
                and experience.last_failure_at >= coalesce(points.last_added_at, experience.last_failure_at) then 'dead'
        end as missing_reason,
        {% for purpose in purposes %}
        case
            when registers.has_consents
                then coalesce(
                        consents.{{ purpose }}_granted_at > consents.{{ purpose }}_denied_at,
                        consents.{{ purpose }}_granted_at is not null
                    )
        end as has_{{ purpose }}_consent,
        {% endfor %}
        registers.has_consents and consents.marketing_denied_at is not null as has_denied_marketing,
        registers.has_points,
        coalesce(experience.attempts_count, 0) as attempts_count,
        coalesce(experience.effective_count, 0) as effective_count
    from customers
    cross join channels
    cross join registers
    left join points
        on customers.customer_id = points.customer_id
        and channels.channel_code = points.channel_code
    left join consents
        on customers.customer_id = consents.customer_id
        and channels.channel_code = consents.channel_code
    left join experience
        on customers.customer_id = experience.customer_id
        and channels.channel_code = experience.channel_code
    cross join {{ ref('policy') }} as policy
),

segment_rates as (
    select
        segment_code,
        channel_code,
        1.0 * sum(effective_count) / nullif(sum(attempts_count), 0) as segment_rate
    from joined
    group by segment_code, channel_code
),

channel_rates as (
    select
        channel_code,
        1.0 * sum(effective_count) / nullif(sum(attempts_count), 0) as channel_rate
    from joined
    group by channel_code
),

smoothed as (
    select
        joined.*,
        joined.missing_reason is null as is_reachable,
        joined.missing_reason is null
        and not joined.is_dnd
        and coalesce(joined.has_marketing_consent, true) as is_marketing_allowed,
        joined.missing_reason is null
        and not joined.is_dnd
        and coalesce(joined.has_sales_consent, true) as is_sales_allowed,
        joined.missing_reason is null
        and not joined.is_dnd
        and coalesce(joined.has_survey_consent, true) as is_survey_allowed,
        100.0 * (
            joined.effective_count
            + policy.best_channel_prior_count
            * coalesce(segment_rates.segment_rate, channel_rates.channel_rate)
        ) / (joined.attempts_count + policy.best_channel_prior_count) as smoothed_pct
    from joined
    inner join segment_rates
        on joined.segment_code = segment_rates.segment_code
        and joined.channel_code = segment_rates.channel_code
    inner join channel_rates
        on joined.channel_code = channel_rates.channel_code
    cross join {{ ref('policy') }} as policy
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by
                case when is_marketing_allowed and smoothed_pct is not null then 0 else 1 end asc,
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
    cast(effective_count as bigint) as effective_num,
    cast(attempts_count as bigint) as effective_den,
    {{ pct('effective_count', 'attempts_count') }} as effective_pct,
    {{ wilson_pct('effective_count', 'attempts_count', 'lo') }} as effective_ci_lo,
    {{ wilson_pct('effective_count', 'attempts_count', 'hi') }} as effective_ci_hi,
    cast(smoothed_pct as double) as smoothed_pct,
    is_required,
    is_required and not is_reachable as is_missing,
    case when has_points then is_reachable end as has_usable_point,
    {% for purpose in purposes %}
    has_{{ purpose }}_consent,
    {% endfor %}
    is_reachable as is_service_allowed,
    is_marketing_allowed,
    is_sales_allowed,
    is_survey_allowed,
    is_paying,
    has_access,
    is_dnd,
    channel_rank = 1 and is_marketing_allowed and smoothed_pct is not null as is_best_channel,
    attempts_count = 0 as is_fallback_to_segment
from ranked
