{{ config(materialized=inlined('view')) }}
-- From which value on to worry: the value that divides month ends into two groups whose shares of churn differ most
-- clearly, by the likelihood of two shares. Beside it the limit of the policy, where it has one.
{%- set worry -%}
spread.worry_value >= case when spread.worry_side = 'more' then stated.policy_value else -stated.policy_value end
{%- endset %}
with valued as (
    select
        banded.precursor_code,
        banded.segment_code,
        precursors.worry_side,
        -- Ascending towards worry.
        case
            when precursors.worry_side = 'more' then floor(banded.precursor_value) else -ceil(banded.precursor_value)
        end
            as worry_value,
        count(*) as observed_count,
        count(case when banded.is_churned_short then 1 end) as churned_count
    from {{ ref('int_risk__banded') }} as banded
    inner join {{ ref('precursors') }} as precursors
        on banded.precursor_code = precursors.precursor_code
    where banded.precursor_value is not null
        and banded.is_churned_short is not null
    group by
        banded.precursor_code,
        banded.segment_code,
        precursors.worry_side,
        case
            when precursors.worry_side = 'more' then floor(banded.precursor_value) else -ceil(banded.precursor_value)
        end
),

broken_down as (
    {{ breakdowns('valued', {'segment': 'segment_code'}) }}
),

spread as (
    select
        precursor_code,
        dimension_name,
        dimension_value,
        worry_side,
        worry_value,
        sum(observed_count) as observed_count,
        sum(churned_count) as churned_count
    from broken_down
    group by precursor_code, dimension_name, dimension_value, worry_side, worry_value
),

divided as (
    select
        *,
        sum(observed_count) over at_least as worry_count,
        sum(churned_count) over at_least as worry_churned,
        sum(observed_count) over everything as all_count,
        sum(churned_count) over everything as all_churned
    from spread
    window
        at_least as (
            partition by precursor_code, dimension_name, dimension_value order by worry_value desc
            rows between unbounded preceding and current row
        ),
        everything as (partition by precursor_code, dimension_name, dimension_value)
),

rated as (
    select
        divided.*,
        1.0 * divided.worry_churned * (divided.all_count - divided.worry_count)
        / nullif(1.0 * divided.worry_count * (divided.all_churned - divided.worry_churned), 0) as lift,
        {{ log_likelihood('divided.worry_churned', 'divided.worry_count') }}
        + {{ log_likelihood(
            '(divided.all_churned - divided.worry_churned)', '(divided.all_count - divided.worry_count)'
        ) }}
        - {{ log_likelihood('divided.all_churned', 'divided.all_count') }} as gain,
        case when least(divided.worry_count, divided.all_count - divided.worry_count) >= policy.min_reliable_count
                then {{ ratio_ci(
                'divided.worry_churned', 'divided.worry_count', '(divided.all_churned - divided.worry_churned)',
                '(divided.all_count - divided.worry_count)', 'lo'
            ) }}
        end as lift_ci_lo
    from divided
    cross join {{ ref('policy') }} as policy
),

ranked as (
    select
        *,
        row_number() over (
            partition by precursor_code, dimension_name, dimension_value order by gain desc, worry_value desc
        ) as choice
    from rated
    where lift_ci_lo > 1
),

proposed as (
    select * from ranked
    where choice = 1
),

stated as (
    select
        'inactive_days' as precursor_code,
        'segment' as dimension_name,
        segment_code as dimension_value,
        risk_after_days + 1.0 as policy_value
    from {{ ref('dim_segment_policy') }}
    union all
    select
        'usage_level_pct' as precursor_code,
        places.dimension_name,
        places.dimension_value,
        100.0 * policy.usage_decline_ratio as policy_value
    from (
        select distinct
            dimension_name,
            dimension_value
        from spread
    ) as places
    cross join {{ ref('policy') }} as policy
    union all
    select
        'nps_score' as precursor_code,
        places.dimension_name,
        places.dimension_value,
        policy.surprise_low_nps_score as policy_value
    from (
        select distinct
            dimension_name,
            dimension_value
        from spread
    ) as places
    cross join {{ ref('policy') }} as policy
),

-- What the limit of the policy divides.
weighed as (
    select
        stated.precursor_code,
        stated.dimension_name,
        stated.dimension_value,
        stated.policy_value,
        1.0 * sum(case when {{ worry }} then spread.churned_count else 0 end)
        * sum(case when {{ worry }} then 0 else spread.observed_count end)
        / nullif(
            1.0 * sum(case when {{ worry }} then spread.observed_count else 0 end)
            * sum(case when {{ worry }} then 0 else spread.churned_count end), 0
        ) as policy_lift
    from stated
    left join spread
        on stated.precursor_code = spread.precursor_code
        and stated.dimension_name = spread.dimension_name
        and stated.dimension_value = spread.dimension_value
    group by stated.precursor_code, stated.dimension_name, stated.dimension_value, stated.policy_value
)

select
    coalesce(weighed.precursor_code, ranked.precursor_code) as precursor_code,
    coalesce(weighed.dimension_name, ranked.dimension_name) as dimension_name,
    coalesce(weighed.dimension_value, ranked.dimension_value) as dimension_value,
    weighed.policy_value,
    weighed.policy_lift,
    -- Negated, 0 would be -0.
    case when ranked.worry_side = 'more' then ranked.worry_value else 0 - ranked.worry_value end as proposed_value,
    ranked.lift as proposed_lift
from weighed
full join proposed as ranked
    on weighed.precursor_code = ranked.precursor_code
    and weighed.dimension_name = ranked.dimension_name
    and weighed.dimension_value = ranked.dimension_value
