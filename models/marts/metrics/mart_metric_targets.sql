-- ORG-07.
select
    catalogue.metric_code,
    case
        when targets.segment_code = '*' then 'all'
        when segments.scheme = 'usage' then 'segment'
        else segments.scheme || '_segment'
    end as dimension_name,
    case when targets.segment_code = '*' then 'all' else targets.segment_code end as dimension_value,
    targets.comparator as comparator_code,
    cast(targets.target_value as {{ type_double() }}) as target_amount,
    targets.valid_from,
    targets.valid_to
from {{ ref('metric_targets') }} as targets
inner join {{ ref('mart_metric_catalogue') }} as catalogue
    on targets.metric_code = catalogue.target_code
left join {{ ref('segments') }} as segments
    on targets.segment_code = segments.segment_code
where targets.segment_code = '*'
    or segments.segment_code is not null
