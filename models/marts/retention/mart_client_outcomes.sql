{%- set dimensions = ['segment_code', 'tenure_band'] -%}
-- Every month since the first participation x every cell that was ever in it: what nobody tried is a row of zeros.
with outcomes as (
    select *
    from {{ ref('int_retention__outcomes') }}
    -- A win without its participation belongs to no month; a test of int_retention__outcomes warns of them.
    where participated_at is not null
),

-- A customer counts once in each cell: in two bands of a month, but once in the whole.
clients as (
    select
        outcome_code,
        {%- for column in dimensions %}
        case when grouping({{ column }}) = 1 then 'all' else {{ column }} end as {{ column }},
        {%- endfor %}
        participation_month,
        count(*) as participations_count,
        count(is_won) as decided_count,
        count(case when is_won then 1 end) as won_count
    from outcomes
    group by grouping sets (
        (outcome_code, participation_month, customer_id, segment_code, tenure_band),
        (outcome_code, participation_month, customer_id, segment_code),
        (outcome_code, participation_month, customer_id, tenure_band),
        (outcome_code, participation_month, customer_id)
    )
),

counted as (
    select
        outcome_code,
        segment_code,
        tenure_band,
        participation_month,
        sum(participations_count) as participations_count,
        sum(decided_count) as decided_count,
        sum(won_count) as won_count,
        count(*) as clients_count,
        count(case when decided_count > 0 then 1 end) as decided_clients_count,
        -- As decimals: a sum of doubles depends on the order of the rows.
        sum(cast(100.0 * won_count / nullif(decided_count, 0) as decimal(18, 6))) as client_rates
    from clients
    group by outcome_code, segment_code, tenure_band, participation_month
),

cells as (
    select
        outcome_code,
        segment_code,
        tenure_band,
        min(min(participation_month)) over (partition by outcome_code) as first_month
    from counted
    group by outcome_code, segment_code, tenure_band
),

months as (
    select distinct month_start_date
    from {{ ref('dim_dates') }}
),

filled as (
    select
        cells.outcome_code,
        cells.segment_code,
        cells.tenure_band,
        months.month_start_date as participation_month,
        {%- for measure in ['participations', 'decided', 'won', 'clients', 'decided_clients'] %}
        coalesce(counted.{{ measure }}_count, 0) as {{ measure }}_count,
        {%- endfor %}
        counted.client_rates
    from cells
    inner join months
        on cells.first_month <= months.month_start_date
    left join counted
        on cells.outcome_code = counted.outcome_code
        and cells.segment_code = counted.segment_code
        and cells.tenure_band = counted.tenure_band
        and months.month_start_date = counted.participation_month
),

baselines as (
    select
        cells.outcome_code,
        cells.segment_code,
        cells.tenure_band,
        cells.participation_month,
        coalesce(sum(earlier.won_count), 0) as won_count,
        coalesce(sum(earlier.decided_count), 0) as decided_count
    from filled as cells
    cross join {{ ref('policy') }} as policy
    left join counted as earlier
        on cells.outcome_code = earlier.outcome_code
        and cells.segment_code = earlier.segment_code
        and cells.tenure_band = earlier.tenure_band
        and cells.participation_month > earlier.participation_month
        and earlier.participation_month >= {{ add_months(
            'cells.participation_month', '-policy.outcome_baseline_months'
        ) }}
    group by cells.outcome_code, cells.segment_code, cells.tenure_band, cells.participation_month
)

select
    cells.outcome_code,
    cells.segment_code,
    cells.tenure_band,
    cast(cells.participations_count as bigint) as participations_count,
    cast(cells.participations_count - cells.decided_count as bigint) as undecided_count,
    cast(cells.clients_count as bigint) as clients_count,
    cast(cells.decided_clients_count as bigint) as decided_clients_count,
    cast(cells.won_count as bigint) as win_rate_num,
    cast(cells.decided_count as bigint) as win_rate_den,
    {{ pct('cells.won_count', 'cells.decided_count') }} as win_rate_pct,
    cast(cells.client_rates / nullif(cells.decided_clients_count, 0) as {{ type_double() }})
        as client_mean_win_rate_pct,
    cast(baselines.won_count as bigint) as baseline_win_rate_num,
    cast(baselines.decided_count as bigint) as baseline_win_rate_den,
    {{ pct('baselines.won_count', 'baselines.decided_count') }} as baseline_win_rate_pct,
    {{ pct('cells.won_count', 'cells.decided_count') }} - {{ pct('baselines.won_count', 'baselines.decided_count') }}
        as delta_pp,
    {{ is_over(
        'month', 'cells.participation_month', add_days('run_context.as_of_date', '-policy.outcome_decision_days')
    ) }}
    -- Of an earlier month some participations are not known.
    and coalesce(cells.participation_month >= {{ observed_from('events') }}, false) as is_complete,
    -- By customers: what one of them takes part in is decided by the same skill again and again.
    cells.decided_clients_count >= policy.min_reliable_count as is_reliable,
    true as is_confounded,
    cells.participation_month
from filled as cells
inner join baselines
    on cells.outcome_code = baselines.outcome_code
    and cells.segment_code = baselines.segment_code
    and cells.tenure_band = baselines.tenure_band
    and cells.participation_month = baselines.participation_month
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
