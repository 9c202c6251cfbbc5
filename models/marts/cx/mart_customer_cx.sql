with nps as (
    select
        customer_id,
        score,
        previous_score,
        nps_group,
        submitted_at,
        row_number() over (partition by customer_id order by submitted_at desc, response_id desc) as choice,
        count(*) over (partition by customer_id) as answers_count
    from {{ ref('int_cx__answers') }}
    where metric_code = 'nps'
        and is_headline
),

last_nps as (
    select *
    from nps
    where choice = 1
),

previous_nps as (
    select
        customer_id,
        nps_group
    from nps
    where choice = 2
),

last_satisfaction as (
    select
        customer_id,
        metric_code,
        score,
        submitted_at,
        row_number() over (
            partition by customer_id, metric_code order by submitted_at desc, response_id desc
        ) as choice
    from {{ ref('int_cx__answers') }}
    where metric_code in ('csi', 'csat')
),

satisfaction as (
    select
        customer_id,
        max(case when metric_code = 'csi' then score end) as csi_score,
        max(case when metric_code = 'csi' then submitted_at end) as csi_at,
        max(case when metric_code = 'csat' then score end) as csat_score,
        max(case when metric_code = 'csat' then submitted_at end) as csat_at
    from last_satisfaction
    where choice = 1
    group by customer_id
),

categorised as (
    select
        *,
        row_number() over (partition by customer_id order by submitted_at desc, response_id desc) as choice
    from {{ ref('int_cx__loyalty') }}
),

combined as (
    select
        customers.customer_id,
        customers.customer_status,
        customers.is_paying,
        last_nps.nps_group,
        previous_nps.nps_group as previous_nps_group,
        last_nps.score as nps_score,
        last_nps.previous_score as previous_nps_score,
        coalesce(last_nps.answers_count, 0) as nps_answers_count,
        last_nps.submitted_at as nps_at,
        promoters.first_promoter_at,
        promoters.dropped_at,
        promoters.promoter_days,
        promoters.is_promoter_kept,
        satisfaction.csi_score,
        satisfaction.csi_at,
        satisfaction.csat_score,
        satisfaction.csat_at,
        categorised.cli,
        categorised.cli_category,
        categorised.weakest_question,
        categorised.submitted_at as cli_at,
        services.bad_service_code,
        services.bad_service_at,
        coalesce(
            not services.is_made_good
            and {{ days_between('services.bad_service_date', 'run_context.as_of_date') }}
            < policy.disloyal_mode_days,
            false
        ) as is_disloyal_mode
    from {{ ref('dim_customers') }} as customers
    cross join {{ ref('run_context') }} as run_context
    left join last_nps
        on customers.customer_id = last_nps.customer_id
    left join previous_nps
        on customers.customer_id = previous_nps.customer_id
    left join {{ ref('int_cx__promoters') }} as promoters
        on customers.customer_id = promoters.customer_id
    left join satisfaction
        on customers.customer_id = satisfaction.customer_id
    left join categorised
        on customers.customer_id = categorised.customer_id
        and categorised.choice = 1
    left join {{ ref('int_cx__bad_services') }} as services
        on customers.customer_id = services.customer_id
    cross join {{ ref('policy') }} as policy
)

select
    customer_id,
    customer_status,
    nps_group,
    previous_nps_group || ' > ' || nps_group as nps_transition_label,
    cli_category as cli_category_code,
    weakest_question as weakest_question_code,
    bad_service_code,
    -- Only promoters are loyal: satisfaction with a service is not loyalty yet (CXI-19).
    case
        when is_disloyal_mode or nps_group = 'detractor' then 'disloyal'
        when nps_group = 'promoter' then 'loyal'
        when nps_group = 'passive' then 'neutral'
        else 'unknown'
    end as loyalty_state,
    case
        when is_disloyal_mode then 'bad_service'
        when nps_group is not null then 'nps'
        else 'none'
    end as loyalty_basis_code,
    cast(nps_score as integer) as nps_score,
    cast(previous_nps_score as integer) as previous_nps_score,
    cast(nps_score - previous_nps_score as integer) as nps_change_points,
    cast(csi_score as integer) as csi_score,
    cast(csat_score as integer) as csat_score,
    cli as cli_points,
    cast(nps_answers_count as bigint) as nps_answers_count,
    cast(promoter_days as bigint) as promoter_days,
    is_paying,
    is_promoter_kept,
    is_disloyal_mode,
    nps_at,
    csi_at,
    csat_at,
    cli_at,
    first_promoter_at,
    dropped_at as promoter_dropped_at,
    bad_service_at
from combined
