{{ config(materialized=inlined('view')) }}
-- The change log as of the close of the business day: changes of tomorrow have no effect yet.
select
    changes.change_id,
    changes.change_kind,
    changes.component_code,
    changes.stage_code,
    changes.description,
    changes.had_prototype,
    changes.is_explained,
    changes.change_kind in ('incident', 'maintenance') as is_incident,
    changes.change_kind = 'price_increase' as is_price_increase,
    changes.effective_date,
    -- Exclusive end. Without a known end only the first day counts, or the change would excuse customers for ever.
    case
        when changes.change_kind in ('incident', 'maintenance')
            then {{ add_days(business_date('coalesce(' ~ known('changes.ended_at') ~ ', changes.effective_at)'), 1) }}
    end as over_date,
    changes.effective_at,
    {{ known('changes.ended_at') }} as ended_at,
    {{ known('changes.announced_at') }} as announced_at,
    {{ known('changes.training_available_at') }} as training_available_at
from {{ ref('stg_product__changes') }} as changes
inner join {{ ref('run_context') }} as run_context
    on changes.effective_date <= run_context.as_of_date
