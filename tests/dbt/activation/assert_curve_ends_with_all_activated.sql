-- Prevents a curve that loses customers or falls: its last day must contain every mature activated customer.
with expected as (
    select
        'all' as dimension_name,
        'all' as dimension_value,
        count(*) as activated_count
    from {{ ref('mart_activation_customer') }}
    where is_measurable and is_mature and is_activated
    having count(*) > 0
    union all
    select
        'segment' as dimension_name,
        coalesce(segment_code, 'unassigned') as dimension_value,
        count(*) as activated_count
    from {{ ref('mart_activation_customer') }}
    where is_measurable and is_mature and is_activated
    group by coalesce(segment_code, 'unassigned')
),

ends as (
    select
        dimension_name,
        dimension_value,
        max(activated_to_date_count) as activated_count
    from {{ ref('mart_activation_curve') }}
    where cohort_label = 'all'
    group by dimension_name, dimension_value
),

steps as (
    select
        dimension_name,
        dimension_value,
        cohort_label,
        activated_pct - lag(activated_pct) over (
            partition by dimension_name, dimension_value, cohort_label order by days_from_registration
        ) as rise_pct
    from {{ ref('mart_activation_curve') }}
)

select
    'lost customers' as fault,
    expected.dimension_name,
    expected.dimension_value
from expected
left join ends
    on expected.dimension_name = ends.dimension_name
    and expected.dimension_value = ends.dimension_value
where expected.activated_count <> coalesce(ends.activated_count, 0)
union all
select
    'fell' as fault,
    dimension_name,
    dimension_value
from steps
where rise_pct < 0
