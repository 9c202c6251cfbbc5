-- Every paying customer with the risk of churn and its three strongest reasons.
with shares as (
    select
        precursor_code,
        band_order,
        1.0 * churned_count / nullif(observed_count, 0) as churned_share,
        1.0 * sum(churned_count) over (partition by precursor_code)
        / nullif(sum(observed_count) over (partition by precursor_code), 0) as usual_share
    from {{ ref('int_risk__band_cells') }}
    where dimension_name = 'all'
        and band_order > 0
),

-- A reason raises the risk in the model and by itself: what only balances other precursors says nothing to people.
ranked as (
    select
        contributions.customer_id,
        bands.title as reason,
        contributions.contribution,
        row_number() over (
            partition by contributions.customer_id
            order by contributions.contribution desc, contributions.precursor_code asc
        ) as place
    from {{ ref('int_risk__contributions') }} as contributions
    inner join {{ ref('precursor_bands') }} as bands
        on contributions.precursor_code = bands.precursor_code
        and contributions.band_order = bands.band_order
    inner join shares
        on contributions.precursor_code = shares.precursor_code
        and contributions.band_order = shares.band_order
        and shares.churned_share > shares.usual_share
    cross join {{ ref('policy') }} as policy
    where contributions.horizon_code = 'medium'
        and contributions.contribution >= ln(policy.risk_reason_times)
),

reasons as (
    select
        customer_id,
        max(case when place = 1 then reason end) as reason_1,
        max(case when place = 2 then reason end) as reason_2,
        max(case when place = 3 then reason end) as reason_3,
        max(case when place = 1 then exp(contribution) end) as effect_1,
        max(case when place = 2 then exp(contribution) end) as effect_2,
        max(case when place = 3 then exp(contribution) end) as effect_3
    from ranked
    group by customer_id
),

contracts as (
    select
        months.customer_id,
        months.mrr
    from {{ ref('dim_customer_month_end') }} as months
    inner join {{ ref('run_context') }} as run_context
        on months.month_date = {{ period_start('month', 'run_context.as_of_date') }}
),

placed as (
    select
        customers.customer_id,
        customers.customer_status,
        customers.is_paying,
        coalesce(customers.usage_segment_code, 'unassigned') as segment_code,
        owners.employee_id as owner_id,
        contracts.mrr,
        scores.model_code,
        scores.short_chance,
        scores.medium_chance,
        scores.long_chance,
        scores.medium_usual,
        contracts.mrr * scores.long_chance as mrr_at_risk,
        case
            when scores.customer_id is null then 'ending_or_unobserved'
            when scores.medium_chance is null then scores.note
        end as unscored_reason,
        scores.note,
        run_context.as_of_date
    from {{ ref('dim_customers') }} as customers
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('int_risk__scores') }} as scores
        on customers.customer_id = scores.customer_id
    left join contracts
        on customers.customer_id = contracts.customer_id
    left join {{ ref('dim_customer_owners') }} as owners
        on customers.customer_id = owners.customer_id
        and owners.role = 'account_manager'
        and owners.valid_from < run_context.as_of_end_at
        and coalesce(owners.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
    where customers.is_paying
)

select
    placed.customer_id,
    placed.customer_status,
    placed.segment_code,
    placed.owner_id,
    case
        when placed.model_code <> 'additive' or placed.medium_chance is null then null
        when placed.medium_chance >= policy.risk_high_times * placed.medium_usual then 'high'
        when placed.medium_chance >= policy.risk_raised_times * placed.medium_usual then 'raised'
        else 'usual'
    end as risk_band,
    placed.unscored_reason,
    placed.model_code,
    {%- for place, name in [(1, 'first'), (2, 'second'), (3, 'third')] %}
    reasons.reason_{{ place }} as {{ name }}_reason,
    cast(reasons.effect_{{ place }} as {{ type_double() }}) as {{ name }}_effect_avg,
    {%- endfor %}
    {%- for window in ['short', 'medium', 'long'] %}
    cast(100.0 * placed.{{ window }}_chance as {{ type_double() }}) as risk_{{ window }}_pct,
    {%- endfor %}
    cast(100.0 * placed.medium_usual as {{ type_double() }}) as usual_medium_pct,
    cast(placed.mrr as decimal(18, 2)) as mrr_amount,
    cast(placed.mrr_at_risk as decimal(18, 2)) as mrr_at_risk_amount,
    cast(case when placed.mrr_at_risk is not null then row_number() over (
                order by placed.mrr_at_risk desc nulls last, placed.customer_id asc
            )
    end as bigint) as risk_order,
    placed.is_paying,
    placed.as_of_date as observed_date
from placed
cross join {{ ref('policy') }} as policy
left join reasons
    on placed.customer_id = reasons.customer_id
