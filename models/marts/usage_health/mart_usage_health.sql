with usage as (
    select * from {{ ref('int_usage__current') }}
),

effective as (
    select
        customer_id,
        max(effective_at) as last_effective_contact_at
    from {{ ref('fct_contacts') }}
    where is_effective
    group by customer_id
),

-- Customers who never used anything are as inactive as one can be, counted from the registration. Customers whose use
-- is not recorded are neither active nor inactive.
renewals as (
    select
        usage.customer_id,
        renewals.renewal_date,
        {{ days_between('usage.as_of_date', 'renewals.renewal_date') }} as days_to_renewal,
        case
            when usage.is_measured
                then coalesce(usage.inactive_days, {{ days_between('usage.registered_date', 'usage.as_of_date') }})
        end as days_without_use
    from usage
    inner join {{ ref('dim_customer_renewals') }} as renewals
        on usage.customer_id = renewals.customer_id
    cross join {{ ref('policy') }} as policy
    -- Trials, free plans and pauses have nothing to renew.
    where usage.is_paying
        and {{ days_between('usage.as_of_date', 'renewals.renewal_date') }} <= policy.renewal_notice_days
)

select
    usage.customer_id,
    usage.segment_code,
    usage.plan_code,
    usage.customer_status,
    account_manager.employee_id as account_manager_id,
    status.health_status,
    status.signal_codes as health_reasons,
    {{ usage_health_version() }} as definition_version,
    usage.recency_band,
    reasons.outcome_reason as clarified_reason,
    cast(usage.current_use_days_count as bigint) as current_use_days_count,
    cast(usage.current_events_count as bigint) as current_events_count,
    cast(usage.window_days as bigint) as window_days,
    cast(usage.recent_days_count as bigint) as recent_days_count,
    cast(usage.baseline_days_count as bigint) as baseline_days_count,
    cast(usage.expected_days as {{ type_double() }}) as expected_days,
    cast(usage.recent_days_count / nullif(usage.expected_days, 0) as {{ type_double() }}) as trend_ratio,
    cast(usage.components_used_count as bigint) as components_used_count,
    cast(usage.components_available_count as bigint) as components_available_count,
    usage.usage_level_pct,
    cast(case
        when usage.peers_count >= policy.usage_min_peers then usage.level_sum / usage.peers_count
    end as {{ type_double() }}) as segment_level_pct,
    cast(usage.peers_count as bigint) as peers_count,
    cast(usage.inactive_days as bigint) as inactive_days,
    cast(usage.band_number as integer) as recency_band_order,
    cast(usage.median_gap_days as {{ type_double() }}) as median_gap_days,
    cast(renewals.days_to_renewal as bigint) as days_to_renewal,
    usage.has_history,
    usage.is_paying,
    risks.customer_id is not null as is_in_risk_group,
    {{ has_signal('status.signal_codes', 'dormant') }} as is_dormant,
    {{ has_signal('status.signal_codes', 'sharp_decline') }} as is_sharp_decline,
    {{ has_signal('status.signal_codes', 'below_segment') }} as is_below_segment,
    {{ has_signal('status.signal_codes', 'excessive') }} as is_excessive,
    {{ has_signal('status.signal_codes', 'decline') }} as is_decline,
    {{ has_signal('status.signal_codes', 'low_start') }} as is_low_start,
    {{ has_signal('status.signal_codes', 'component_abandoned') }} as is_component_abandoned,
    renewals.customer_id is not null as is_renewal_due,
    renewals.days_without_use > policy.renewal_inactive_days as is_inactive_before_renewal,
    renewals.days_without_use > policy.renewal_extreme_inactive_days as is_extremely_inactive_before_renewal,
    usage.registered_date,
    usage.first_use_date,
    usage.last_use_date,
    status.valid_from as status_since_date,
    reasons.clarified_date,
    renewals.renewal_date,
    effective.last_effective_contact_at
from usage
cross join {{ ref('policy') }} as policy
left join renewals
    on usage.customer_id = renewals.customer_id
left join effective
    on usage.customer_id = effective.customer_id
left join {{ ref('int_usage__status_periods') }} as status
    on usage.customer_id = status.customer_id
    and status.valid_to is null
left join {{ ref('int_usage__risk_periods') }} as risks
    on usage.customer_id = risks.customer_id
    and {{ holds_at('risks', 'usage.as_of_date') }}
left join {{ ref('dim_customer_decline_reasons') }} as reasons
    on usage.customer_id = reasons.customer_id
{{ account_manager_as_of('usage', 'usage.as_of_date') }}
