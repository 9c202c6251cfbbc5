-- LOY-06.
with supplies as (
    select
        supplies.*,
        run_context.as_of_date,
        run_context.as_of_end_at,
        supplies.outcome_to_date <= run_context.as_of_date as is_mature,
        coalesce(supplies.next_ordered_date <= supplies.outcome_to_date, false) as is_repeated
    from {{ ref('int_loyalty__supplies') }} as supplies
    cross join {{ ref('run_context') }} as run_context
)

select
    supplies.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    supplies.product_code,
    supplies.category_code,
    case
        when supplies.is_repeated then 'repurchased'
        when supplies.outcome_to_date <= supplies.as_of_date then 'lost'
        when supplies.runs_out_date <= supplies.as_of_date then 'run_out'
        when supplies.reminder_due_date <= supplies.as_of_date then 'running_out'
        else 'in_use'
    end as supply_state,
    cast(ceil(supplies.units) as bigint) as units_count,
    cast({{ days_between('supplies.as_of_date', 'supplies.runs_out_date') }} as bigint) as to_run_out_days,
    cast({{ days_between('supplies.runs_out_date', 'supplies.next_ordered_date') }} as bigint)
        as repurchased_after_days,
    cast(case when supplies.is_mature then case when supplies.is_repeated then 1 else 0 end end as bigint)
        as repurchased_count,
    coalesce(status.is_paying, false) as is_paying,
    supplies.is_mature,
    supplies.reminded_at is not null as is_reminded,
    supplies.reminder_effective_at is not null as is_reminder_effective,
    supplies.next_ordered_date is null
    and supplies.reminded_at is null
    and supplies.reminder_due_date <= supplies.as_of_date
    and supplies.outcome_to_date > supplies.as_of_date
    -- Who asked not to be contacted is not reminded.
    and dnd.customer_id is null as is_reminder_due,
    supplies.ordered_date,
    supplies.reminder_due_date,
    supplies.runs_out_date,
    supplies.next_ordered_date,
    {{ period_start('month', 'supplies.runs_out_date') }} as run_out_month,
    supplies.reminded_at,
    supplies.reminder_effective_at
from supplies
left join {{ ref('dim_customer_dnd') }} as dnd
    on supplies.customer_id = dnd.customer_id
    and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= supplies.as_of_end_at
{{ attributes_as_of('supplies', 'supplies.ordered_date', ['status']) }}
