with source as (
    select * from {{ loaded(source('product', 'experiments')) }}
),

renamed as (
    select
        -- identifiers and text
        experiment_id,
        hypothesis,
        metric_code,
        campaign_code,
        funnel_code,
        decision,
        outcome,
        source_system,

        -- numbers
        cost as cost_amount,
        expected_gain as expected_gain_amount,
        risk_loss as risk_loss_amount,
        outcome_days,
        baseline_value,
        result_value,
        _load_id as load_id,

        -- moments, in UTC
        {{ utc_moment('decided_at') }} as decided_at,
        {{ utc_moment('started_at') }} as started_at,
        {{ settled_moment(utc_moment('ended_at'), utc_moment('started_at')) }} as ended_at,
        ingested_at
    from source
)

select * from renamed
