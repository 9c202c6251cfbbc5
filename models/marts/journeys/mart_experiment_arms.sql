{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status'} %}
{% set cell = ['experiment_id', 'arm_code', 'is_control'] %}
{% set z = 1.959963984540054 %}
with members as (
    select * from {{ ref('int_journeys__experiment_members') }}
),

attributed as (
    {{ with_attributes('members', 'assigned_date') }}
),

counted as (
    select
        {{ breakdown_columns(dimensions, has_attributes=true) }},
        {{ cell | join(',\n        ') }},
        count(*) as members_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_contacted then 1 end) as contacted_count,
        count(case when is_reached then 1 end) as reached_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when is_mature and is_visited then 1 end) as visited_count,
        count(case when is_mature and is_converted then 1 end) as converted_count,
        coalesce(sum(case when is_mature then revenue_amount end), 0) as revenue_amount,
        -- Squares of decimals: a sum of doubles would depend on the order of the rows.
        sum(case when is_mature then revenue_amount * revenue_amount end) as squares,
        coalesce(sum(case when is_mature then unconverted_count end), 0) as unconverted_count,
        min(assigned_date) as assigned_date
    from attributed
    group by {{ breakdown_sets(dimensions, cell, has_attributes=true) }}
),

bounded as (
    select
        *,
        {% for outcome in ['visited', 'converted'] %}
        {{ pct(outcome ~ '_count', 'mature_count') }} as {{ outcome }}_pct,
        {{ wilson_pct(outcome ~ '_count', 'mature_count', 'lo') }} as {{ outcome }}_ci_lo,
        {{ wilson_pct(outcome ~ '_count', 'mature_count', 'hi') }} as {{ outcome }}_ci_hi,
        {% endfor %}
        cast(revenue_amount as {{ type_double() }}) / nullif(mature_count, 0) as revenue_avg,
        -- The squared standard error of the mean.
        case
            when mature_count > 1 then
                greatest(
                    (
                        cast(squares as {{ type_double() }})
                        - cast(revenue_amount as {{ type_double() }}) * cast(revenue_amount as {{ type_double() }})
                        / mature_count
                    ) / (mature_count - 1.0
                    ),
                    0.0
                ) / mature_count
        end as revenue_error,
        {{ is_reliable('mature_count') }} as is_reliable,
        -- One arm is compared with; of several the first.
        row_number() over (
            partition by experiment_id, dimension_name, dimension_value, is_control order by arm_code
        ) as place
    from counted
)

select
    own.experiment_id,
    own.dimension_name,
    own.dimension_value,
    own.arm_code,
    reference.arm_code as reference_arm_code,
    cast(own.members_count as bigint) as members_count,
    cast(own.pending_count as bigint) as pending_count,
    cast(own.contacted_count as bigint) as contacted_count,
    cast(own.reached_count as bigint) as reached_count,
    {% for outcome in ['visited', 'converted'] %}
    cast(own.{{ outcome }}_count as bigint) as {{ outcome }}_num,
    cast(own.mature_count as bigint) as {{ outcome }}_den,
    own.{{ outcome }}_pct,
    own.{{ outcome }}_ci_lo,
    own.{{ outcome }}_ci_hi,
    cast(own.{{ outcome }}_pct - reference.{{ outcome }}_pct as {{ type_double() }}) as {{ outcome }}_uplift_pp,
    {{ newcombe_pp('own.' ~ outcome, 'reference.' ~ outcome, 'lo') }} as {{ outcome }}_uplift_ci_lo,
    {{ newcombe_pp('own.' ~ outcome, 'reference.' ~ outcome, 'hi') }} as {{ outcome }}_uplift_ci_hi,
    {% endfor %}
    cast(own.revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(own.revenue_avg as {{ type_double() }}) as revenue_per_customer_amount,
    cast(own.revenue_avg - reference.revenue_avg as {{ type_double() }}) as revenue_uplift_amount,
    cast(
        own.revenue_avg - reference.revenue_avg - {{ z }} * sqrt(own.revenue_error + reference.revenue_error)
        as {{ type_double() }}
    ) as revenue_uplift_amount_ci_lo,
    cast(
        own.revenue_avg - reference.revenue_avg + {{ z }} * sqrt(own.revenue_error + reference.revenue_error)
        as {{ type_double() }}
    ) as revenue_uplift_amount_ci_hi,
    cast(own.unconverted_count as bigint) as unconverted_count,
    own.is_control,
    own.is_control and own.contacted_count > 0 as is_contaminated,
    own.pending_count = 0 as is_complete,
    own.is_reliable,
    case when reference.arm_code is not null then own.is_reliable and reference.is_reliable end as is_uplift_reliable,
    own.assigned_date
from bounded as own
-- The arm itself has no uplift.
left join bounded as reference
    on own.experiment_id = reference.experiment_id
    and own.dimension_name = reference.dimension_name
    and own.dimension_value = reference.dimension_value
    and own.arm_code <> reference.arm_code
    and reference.is_control
    and reference.place = 1
