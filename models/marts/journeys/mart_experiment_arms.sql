{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status'} %}
{% set cell = ['experiment_id', 'arm_code', 'is_control'] %}
with members as (
    select * from {{ ref('int_journeys__experiment_members') }}
),

broken_down as (
    {{ breakdowns_with_attributes('members', dimensions, 'assigned_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
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
    from broken_down
    group by {{ cell | join(', ') }}, dimension_name, dimension_value
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
),

-- The arm itself has no uplift.
compared as (
    select
        own.*,
        reference.arm_code as reference_arm_code,
        {% for outcome in ['visited', 'converted'] %}
        own.{{ outcome }}_pct - reference.{{ outcome }}_pct as {{ outcome }}_uplift_pp,
        {{ newcombe_pp('own.' ~ outcome, 'reference.' ~ outcome, 'lo') }} as {{ outcome }}_uplift_ci_lo,
        {{ newcombe_pp('own.' ~ outcome, 'reference.' ~ outcome, 'hi') }} as {{ outcome }}_uplift_ci_hi,
        {% endfor %}
        own.revenue_avg - reference.revenue_avg as revenue_uplift_amount,
        sqrt(own.revenue_error + reference.revenue_error) as revenue_uplift_error,
        -- Degrees of freedom of Welch. NULL where all pay the same, and the interval has no width.
        power(own.revenue_error + reference.revenue_error, 2) / nullif(
            power(own.revenue_error, 2) / nullif(own.mature_count - 1.0, 0)
            + power(reference.revenue_error, 2) / nullif(reference.mature_count - 1.0, 0),
            0
        ) as degrees,
        case when reference.arm_code is not null then own.is_reliable and reference.is_reliable end
            as is_uplift_reliable
    from bounded as own
    left join bounded as reference
        on own.experiment_id = reference.experiment_id
        and own.dimension_name = reference.dimension_name
        and own.dimension_value = reference.dimension_value
        and own.arm_code <> reference.arm_code
        and reference.is_control
        and reference.place = 1
)

select
    experiment_id,
    dimension_name,
    dimension_value,
    arm_code,
    reference_arm_code,
    cast(members_count as bigint) as members_count,
    cast(pending_count as bigint) as pending_count,
    cast(contacted_count as bigint) as contacted_count,
    cast(reached_count as bigint) as reached_count,
    {% for outcome in ['visited', 'converted'] %}
    cast({{ outcome }}_count as bigint) as {{ outcome }}_num,
    cast(mature_count as bigint) as {{ outcome }}_den,
    {{ outcome }}_pct,
    {{ outcome }}_ci_lo,
    {{ outcome }}_ci_hi,
    cast({{ outcome }}_uplift_pp as {{ type_double() }}) as {{ outcome }}_uplift_pp,
    {{ outcome }}_uplift_ci_lo,
    {{ outcome }}_uplift_ci_hi,
    {% endfor %}
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(revenue_avg as {{ type_double() }}) as revenue_per_customer_amount,
    cast(revenue_uplift_amount as {{ type_double() }}) as revenue_uplift_amount,
    cast(revenue_uplift_amount - {{ student_975('degrees') }} * revenue_uplift_error as {{ type_double() }})
        as revenue_uplift_amount_ci_lo,
    cast(revenue_uplift_amount + {{ student_975('degrees') }} * revenue_uplift_error as {{ type_double() }})
        as revenue_uplift_amount_ci_hi,
    cast(unconverted_count as bigint) as unconverted_count,
    is_control,
    is_control and contacted_count > 0 as is_contaminated,
    pending_count = 0 as is_complete,
    is_reliable,
    is_uplift_reliable,
    assigned_date
from compared
