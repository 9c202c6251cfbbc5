-- The company's indices period by period: growth with the mix of tenures held constant, target, coverage and promoters.
with indices as (
    select
        *,
        case period_kind
            {%- for kind, months_count in cx_period_months().items() %}
            when '{{ kind }}' then {{ months_count }}
            {%- endfor %}
        end as period_months,
        case when is_reliable then is_target_met end as is_reliably_met,
        -- Keys of rows that coverage and promoters belong to.
        case when period_kind = 'quarter' then metric_code end as quarterly_metric_code,
        case when metric_code = 'nps' and is_headline and period_kind = 'quarter' then period_start_date end
            as promoter_quarter
    from {{ ref('mart_cx_indices') }}
    where dimension_name in ('all', 'tenure_band')
),

-- The bands of this period weighted as in the period before: young customers in greater number move the whole although
-- nobody has changed their mind (CXI-13).
constant as (
    select
        bands.metric_code,
        bands.programme,
        bands.period_kind,
        bands.period_start_date,
        sum(bands.respondents_count) as compared_count,
        -- Sums of decimals do not depend on the order of the rows. A count of nine digits leaves products nine places
        -- on engines whose decimals have 38 digits in all.
        cast(
            sum(cast(previous.respondents_count as decimal(9, 0)) * cast(bands.index_points as decimal(18, 9)))
            as {{ type_double() }}
        ) / sum(previous.respondents_count) as constant_points,
        cast(
            sum(cast(previous.respondents_count as decimal(9, 0)) * cast(previous.index_points as decimal(18, 9)))
            as {{ type_double() }}
        ) / sum(previous.respondents_count) as previous_constant_points
    from indices as bands
    inner join indices as previous
        on bands.metric_code = previous.metric_code
        and bands.programme = previous.programme
        and bands.period_kind = previous.period_kind
        and bands.dimension_value = previous.dimension_value
        and previous.dimension_name = 'tenure_band'
        and {{ add_months('bands.period_start_date', '-bands.period_months') }} = previous.period_start_date
    where bands.dimension_name = 'tenure_band'
        and bands.respondents_count > 0
        and previous.respondents_count > 0
    group by bands.metric_code, bands.programme, bands.period_kind, bands.period_start_date
),

-- A month without a reliable index ends a streak like a missed one: nobody knows whether the target was met.
islands as (
    select
        metric_code,
        programme,
        period_start_date,
        is_reliably_met,
        sum(case when coalesce(is_reliably_met, false) then 0 else 1 end) over (
            partition by metric_code, programme
            order by period_start_date
            rows between unbounded preceding and current row
        ) as island
    from indices
    where period_kind = 'month'
        and dimension_name = 'all'
        and target_points is not null
        and is_complete
),

streaks as (
    select
        metric_code,
        programme,
        period_start_date,
        'month' as period_kind,
        is_reliably_met as is_streak_month,
        sum(case when is_reliably_met then 1 else 0 end) over (
            partition by metric_code, programme, island
            order by period_start_date
            rows between unbounded preceding and current row
        ) as streak_months_count
    from islands
),

-- Changes of the product in the compared periods: a difference cannot be attributed to one of them (ORG-04).
annotations as (
    select
        indices.period_kind,
        indices.period_start_date,
        count(*) as changes_count
    from (
        select distinct
            period_kind,
            period_months,
            period_start_date
        from indices
    ) as indices
    inner join {{ ref('dim_changes') }} as changes
        on changes.effective_date >= {{ add_months('indices.period_start_date', '-indices.period_months') }}
        and changes.effective_date < {{ add_months('indices.period_start_date', 'indices.period_months') }}
    group by indices.period_kind, indices.period_start_date
),

promoters as (
    select
        {{ period_start('quarter', business_date('first_promoter_at')) }} as period_start_date,
        count(*) as promoters_count,
        count(case when is_mature and is_promoter_kept then 1 end) as kept_num,
        count(case when is_mature then is_promoter_kept end) as kept_den
    from {{ ref('int_cx__promoters') }}
    group by {{ period_start('quarter', business_date('first_promoter_at')) }}
)

select
    indices.metric_code,
    indices.programme,
    indices.period_kind,
    indices.respondents_count,
    indices.index_points,
    indices.index_points_ci_lo,
    indices.index_points_ci_hi,
    indices.previous_index_points,
    indices.change_points,
    indices.index_points - years.index_points as year_change_points,
    cast(constant.compared_count as bigint) as compared_count,
    cast(constant.constant_points as {{ type_double() }}) as constant_tenure_points,
    cast(constant.constant_points - constant.previous_constant_points as {{ type_double() }})
        as constant_tenure_change_points,
    indices.target_points,
    cast(streaks.streak_months_count as bigint) as streak_months_count,
    cast(coverage.covered_num as bigint) as covered_num,
    cast(coverage.covered_den as bigint) as covered_den,
    {{ pct('coverage.covered_num', 'coverage.covered_den') }} as covered_pct,
    cast(promoters.promoters_count as bigint) as promoters_count,
    cast(promoters.kept_num as bigint) as kept_num,
    cast(promoters.kept_den as bigint) as kept_den,
    {{ pct('promoters.kept_num', 'promoters.kept_den') }} as kept_pct,
    {{ wilson_pct('promoters.kept_num', 'promoters.kept_den', 'lo') }} as kept_ci_lo,
    {{ wilson_pct('promoters.kept_num', 'promoters.kept_den', 'hi') }} as kept_ci_hi,
    cast(promoters.promoters_count - promoters.kept_den as bigint) as kept_pending_count,
    cast(coalesce(annotations.changes_count, 0) as bigint) as changes_count,
    coalesce(annotations.changes_count, 0) > 0 as is_confounded,
    indices.is_growing,
    constant.constant_points > constant.previous_constant_points as is_growing_at_constant_tenure,
    indices.is_target_met,
    streaks.is_streak_month,
    streaks.streak_months_count >= policy.target_streak_months as is_sustained,
    case when coverage.metric_code is not null then indices.is_reliable end as is_measured,
    case when coverage.metric_code is not null then indices.is_complete and not indices.is_reliable end as is_overdue,
    promoters.promoters_count = promoters.kept_den as is_kept_complete,
    promoters.kept_den >= policy.min_reliable_count as is_kept_reliable,
    indices.is_headline,
    indices.is_complete,
    indices.is_reliable,
    indices.period_start_date,
    coverage.last_measured_at
from indices
cross join {{ ref('policy') }} as policy
left join indices as years
    on indices.metric_code = years.metric_code
    and indices.programme = years.programme
    and indices.period_kind = years.period_kind
    and years.dimension_name = 'all'
    and {{ add_months('indices.period_start_date', -12) }} = years.period_start_date
left join annotations
    on indices.period_kind = annotations.period_kind
    and indices.period_start_date = annotations.period_start_date
left join constant
    on indices.metric_code = constant.metric_code
    and indices.programme = constant.programme
    and indices.period_kind = constant.period_kind
    and indices.period_start_date = constant.period_start_date
left join streaks
    on indices.metric_code = streaks.metric_code
    and indices.programme = streaks.programme
    and indices.period_kind = streaks.period_kind
    and indices.period_start_date = streaks.period_start_date
left join {{ ref('int_cx__coverage') }} as coverage
    on indices.quarterly_metric_code = coverage.metric_code
    and indices.programme = coverage.programme
    and indices.period_start_date = coverage.period_start_date
left join promoters
    on indices.promoter_quarter = promoters.period_start_date
where indices.dimension_name = 'all'
