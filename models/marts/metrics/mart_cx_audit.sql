-- ORG-01.
-- Periods that are over, and whose units are all known.
with complete as (
    select
        cells.metric_code,
        cells.metric_amount,
        cells.is_reliable,
        cells.period_start_date,
        row_number() over (partition by cells.metric_code order by cells.period_start_date desc) as age_number
    from {{ ref('mart_metric_values') }} as cells
    cross join {{ ref('run_context') }} as run_context
    where cells.dimension_name = 'all'
        and cells.metric_amount is not null
        and coalesce(cells.is_complete, true)
        and {{ is_over('cells.period_grain_code', 'cells.period_start_date') }}
),

given as (
    select
        scores.criterion_code,
        scores.score,
        scores.assessed_date,
        row_number() over (partition by scores.criterion_code order by scores.assessed_date desc) as age_number
    from {{ ref('cx_audit_scores') }} as scores
    inner join {{ ref('run_context') }} as run_context
        on scores.assessed_date <= run_context.as_of_date
),

valued as (
    select
        criteria.*,
        catalogue.metric_code is not null as is_known,
        catalogue.unit_code,
        catalogue.owner_group_code,
        complete.is_reliable,
        case criteria.scoring when 'metric' then complete.metric_amount else given.score end as observed_amount,
        case criteria.scoring when 'metric' then complete.period_start_date else given.assessed_date end
            as assessed_date,
        -- The criterion's own limit, else the target of the company.
        coalesce(criteria.comparator, targets.comparator_code) as comparator_code,
        coalesce(criteria.limit_value, targets.target_amount) as limit_amount
    from {{ ref('cx_audit_criteria') }} as criteria
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('mart_metric_catalogue') }} as catalogue
        on criteria.metric_code = catalogue.metric_code
    left join complete
        on criteria.metric_code = complete.metric_code
        and complete.age_number = 1
    left join given
        on criteria.criterion_code = given.criterion_code
        and given.age_number = 1
    left join {{ ref('mart_metric_targets') }} as targets
        on criteria.metric_code = targets.metric_code
        and targets.dimension_name = 'all'
        and {{ holds_at('targets', 'coalesce(complete.period_start_date, run_context.as_of_date)') }}
),

compared as (
    select
        *,
        case
            when observed_amount is null or limit_amount is null then null
            {%- for comparator in ['>=', '<=', '>', '<', '='] %}
            when comparator_code = '{{ comparator }}' then observed_amount {{ comparator }} limit_amount
            {%- endfor %}
        end as is_met,
        case
            when scoring = 'metric' and not is_known then 'unknown_metric'
            when scoring = 'metric' and observed_amount is null then 'no_value'
            when observed_amount is null then 'not_assessed'
            when limit_amount is null then 'no_limit'
        end as open_reason_code
    from valued
),

parted as (
    select
        *,
        sum(case when is_met then weight else 0 end) over (partition by part_code) as part_met_num,
        sum(case when is_met is not null then weight else 0 end) over (partition by part_code) as part_met_den,
        count(is_met) over (partition by part_code) as part_assessed_num,
        count(*) over (partition by part_code) as part_assessed_den
    from compared
),

-- Where to begin: what weighs most, then what is farthest from its limit in relation to it.
ranked as (
    select
        criterion_code,
        row_number() over (
            order by
                weight desc,
                abs(observed_amount - limit_amount) / nullif(abs(limit_amount), 0) desc nulls first,
                criterion_code
        ) as growth_point_order
    from compared
    where not is_met
)

select
    cast(parted.part_number as bigint) as part_order,
    parted.part_code,
    parted.part_title as part_label,
    parted.criterion_code,
    parted.title as criterion_label,
    parted.scoring as scoring_code,
    parted.metric_code,
    parted.unit_code,
    parted.owner_group_code,
    cast(parted.observed_amount as {{ type_double() }}) as observed_amount,
    parted.comparator_code,
    cast(parted.limit_amount as {{ type_double() }}) as limit_amount,
    parted.is_met,
    parted.open_reason_code,
    cast(parted.weight as {{ type_double() }}) as weight_points,
    cast(ranked.growth_point_order as bigint) as growth_point_order,
    cast(parted.part_met_num as bigint) as part_met_num,
    cast(parted.part_met_den as bigint) as part_met_den,
    {{ pct('parted.part_met_num', 'parted.part_met_den') }} as part_met_pct,
    cast(parted.part_assessed_num as bigint) as part_assessed_num,
    cast(parted.part_assessed_den as bigint) as part_assessed_den,
    {{ pct('parted.part_assessed_num', 'parted.part_assessed_den') }} as part_assessed_pct,
    parted.part_assessed_num = parted.part_assessed_den as is_complete,
    parted.is_reliable,
    parted.assessed_date
from parted
left join ranked
    on parted.criterion_code = ranked.criterion_code
