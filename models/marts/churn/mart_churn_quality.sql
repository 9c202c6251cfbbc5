with joined as (
    select
        breakdowns.*,
        max(case when breakdowns.reason_code = 'all' then breakdowns.churned_count end) over (
            partition by
                breakdowns.dimension_name,
                breakdowns.dimension_value,
                breakdowns.period_grain_code,
                breakdowns.period_start_date
        ) as value_churned_count,
        max(case
            when breakdowns.reason_code = 'all' and breakdowns.dimension_name = 'all' then breakdowns.churned_count
        end) over (
            partition by breakdowns.period_grain_code, breakdowns.period_start_date
        ) as period_churned_count,
        coalesce(openings.scored_count, 0) as base_scored_count,
        coalesce(openings.promoters_count, 0) as base_promoters_count,
        coalesce(openings.observed_opening_count, 0) as opening_count,
        breakdowns.dimension_name = 'stage' and breakdowns.reason_code = 'all' as is_stage
    from {{ ref('int_churn__breakdowns') }} as breakdowns
    left join {{ ref('int_churn__openings') }} as openings
        on breakdowns.dimension_name = openings.dimension_name
        and breakdowns.dimension_value = openings.dimension_value
        and breakdowns.period_grain_code = openings.period_grain_code
        and breakdowns.period_start_date = openings.period_start_date
),

-- The share of a reason is of the churns of the same dimension value, every other share of all churns of the period.
rated as (
    select
        *,
        case when reason_code = 'all' then period_churned_count else value_churned_count end as share_den,
        churned_count - pending_count as mature_count,
        case when is_stage and is_observed then observed_churned_count end as stage_churned_count,
        case when is_stage and is_observed then opening_count end as stage_opening_count,
        {{ pct('reactivated_contacted_count', 'contacted_at_landmark_count') }} as contacted_pct,
        {{ wilson_pct('reactivated_contacted_count', 'contacted_at_landmark_count', 'lo') }} as contacted_ci_lo,
        {{ wilson_pct('reactivated_contacted_count', 'contacted_at_landmark_count', 'hi') }} as contacted_ci_hi,
        {{ pct('reactivated_uncontacted_count', 'uncontacted_at_landmark_count') }} as uncontacted_pct,
        {{ wilson_pct('reactivated_uncontacted_count', 'uncontacted_at_landmark_count', 'lo') }} as uncontacted_ci_lo,
        {{ wilson_pct('reactivated_uncontacted_count', 'uncontacted_at_landmark_count', 'hi') }} as uncontacted_ci_hi
    from joined
)

select
    rated.dimension_name,
    rated.dimension_value,
    rated.reason_code,
    rated.reason_category_code,
    rated.period_grain_code,
    rated.top_prior_topic_code,
    rated.churned_count,
    rated.churned_count as churn_share_num,
    rated.share_den as churn_share_den,
    {{ pct('rated.churned_count', 'rated.share_den') }} as churn_share_pct,
    rated.stage_churned_count as stage_churn_num,
    rated.stage_opening_count as stage_churn_den,
    {{ pct('rated.stage_churned_count', 'rated.stage_opening_count') }} as stage_churn_pct,
    {{ is_reliable('rated.stage_opening_count') }} as is_stage_churn_reliable,
    rated.voluntary_count as churned_voluntary_count,
    rated.asked_count as asked_num,
    rated.churned_count as asked_den,
    {{ pct('rated.asked_count', 'rated.churned_count') }} as asked_pct,
    rated.prior_signal_count as prior_signal_num,
    rated.churned_count as prior_signal_den,
    {{ pct('rated.prior_signal_count', 'rated.churned_count') }} as prior_signal_pct,
    rated.promoter_count as promoter_num,
    rated.scored_count as promoter_den,
    {{ pct('rated.promoter_count', 'rated.scored_count') }} as promoter_pct,
    cast(rated.base_promoters_count as bigint) as base_promoter_num,
    cast(rated.base_scored_count as bigint) as base_promoter_den,
    {{ pct('rated.base_promoters_count', 'rated.base_scored_count') }} as base_promoter_pct,
    {{ pct(
        '(1.0 * rated.promoter_count / nullif(rated.scored_count, 0))',
        '(1.0 * rated.base_promoters_count / nullif(rated.base_scored_count, 0))'
    ) }} as promoter_lift_pct,
    rated.top_value_count as top_value_num,
    rated.valued_count as top_value_den,
    {{ pct('rated.top_value_count', 'rated.valued_count') }} as top_value_pct,
    rated.warm_exit_count as warm_exit_num,
    rated.churned_count as warm_exit_den,
    {{ pct('rated.warm_exit_count', 'rated.churned_count') }} as warm_exit_pct,
    rated.pending_count,
    rated.complained_after_count as complained_after_num,
    rated.mature_count as complained_after_den,
    {{ pct('rated.complained_after_count', 'rated.mature_count') }} as complained_after_pct,
    rated.reactivated_count as reactivated_num,
    rated.mature_count as reactivated_den,
    {{ pct('rated.reactivated_count', 'rated.mature_count') }} as reactivated_pct,
    {{ wilson_pct('rated.reactivated_count', 'rated.mature_count', 'lo') }} as reactivated_ci_lo,
    {{ wilson_pct('rated.reactivated_count', 'rated.mature_count', 'hi') }} as reactivated_ci_hi,
    {{ is_reliable('rated.mature_count') }} as is_reactivated_reliable,
    rated.attempted_count as winback_attempted_count,
    rated.contacted_count as winback_contacted_count,
    rated.landmark_pending_count,
    rated.reactivated_before_landmark_count,
    rated.reactivated_contacted_count as reactivated_contacted_num,
    rated.contacted_at_landmark_count as reactivated_contacted_den,
    rated.contacted_pct as reactivated_contacted_pct,
    rated.contacted_ci_lo as reactivated_contacted_ci_lo,
    rated.contacted_ci_hi as reactivated_contacted_ci_hi,
    {{ is_reliable('rated.contacted_at_landmark_count') }} as is_reactivated_contacted_reliable,
    rated.reactivated_uncontacted_count as reactivated_uncontacted_num,
    rated.uncontacted_at_landmark_count as reactivated_uncontacted_den,
    rated.uncontacted_pct as reactivated_uncontacted_pct,
    rated.uncontacted_ci_lo as reactivated_uncontacted_ci_lo,
    rated.uncontacted_ci_hi as reactivated_uncontacted_ci_hi,
    {{ is_reliable('rated.uncontacted_at_landmark_count') }} as is_reactivated_uncontacted_reliable,
    rated.contacted_pct - rated.uncontacted_pct as reactivated_difference_pp,
    {{ newcombe_pp('rated.contacted', 'rated.uncontacted', 'lo') }} as reactivated_difference_ci_lo,
    {{ newcombe_pp('rated.contacted', 'rated.uncontacted', 'hi') }} as reactivated_difference_ci_hi,
    true as is_confounded,
    cast(1.0 * rated.tenure_days / nullif(rated.churned_count, 0) as {{ type_double() }}) as tenure_days_avg,
    rated.unconverted_count,
    cast(case
        when rated.unconverted_mrr_count = 0 then coalesce(rated.lost_mrr_amount, 0)
        else rated.lost_mrr_amount
    end as decimal(18, 2)) as lost_mrr_amount,
    cast(case when rated.churned_count = 0 then 0 else rated.revenue_12m_amount end as decimal(18, 2))
        as revenue_12m_amount,
    cast(case
        when rated.unconverted_count = 0 then coalesce(rated.revenue_after_reactivation_amount, 0)
        else rated.revenue_after_reactivation_amount
    end as decimal(18, 2)) as revenue_after_reactivation_amount,
    rated.is_complete and rated.unconverted_count = 0 as is_complete,
    rated.is_final and rated.unconverted_count = 0 as is_final,
    rated.is_final and rated.unconverted_count = 0 and rated.pending_count = 0 as is_winback_complete,
    rated.is_final and rated.unconverted_count = 0 and rated.landmark_pending_count = 0 as is_landmark_complete,
    {{ is_reliable('rated.value_churned_count') }} as is_reliable,
    rated.period_start_date
from rated
