-- What each trouble was followed by. Return and churn count from the end of the time for amends, for customers of that
-- day: nobody belongs to the amended because they stayed long enough to be given something.
with troubles as (
    select * from {{ ref('int_promises__troubles') }}
),

present as (
    select
        troubles.trouble_key,
        max(tenures.churned_date) as churned_date
    from troubles
    inner join {{ ref('customer_tenures') }} as tenures
        on troubles.customer_id = tenures.customer_id
        and tenures.started_date <= troubles.amends_due_date
        and coalesce(tenures.churned_date, {{ end_of_time('date') }}) > troubles.amends_due_date
    group by troubles.trouble_key
),

returns as (
    select
        troubles.trouble_key,
        min(purchases.purchased_date) as purchased_date
    from troubles
    inner join {{ ref('fct_purchases') }} as purchases
        on troubles.customer_id = purchases.customer_id
        and troubles.amends_due_at < purchases.purchased_at
    group by troubles.trouble_key
),

followed as (
    select
        troubles.trouble_key,
        present.trouble_key is not null as is_present,
        present.churned_date,
        returns.purchased_date,
        {{ days_between('troubles.amends_due_date', 'present.churned_date') }} as days_to_churn,
        {{ days_between('troubles.amends_due_date', 'returns.purchased_date') }} as days_to_return,
        {{ days_between('troubles.amends_due_date', 'run_context.as_of_date') }} as age_days
    from troubles
    cross join {{ ref('run_context') }} as run_context
    left join present
        on troubles.trouble_key = present.trouble_key
    left join returns
        on troubles.trouble_key = returns.trouble_key
)

select
    troubles.trouble_key,
    troubles.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    troubles.trouble_code,
    troubles.promise_id,
    promises.promise_type as promise_kind,
    promises.order_id,
    troubles.incident_id,
    promises.unit_code,
    incidents.component_code,
    hits.notice_band,
    troubles.compensation_kind,
    case
        when troubles.amended_at is not null then 'none'
        when troubles.is_amended_in_time is null then 'offer_amends'
        else 'offer_amends_late'
    end as next_action_code,
    cast(troubles.compensations_count as bigint) as compensations_count,
    cast(troubles.reporting_amount as decimal(18, 2)) as compensated_amount,
    cast(troubles.unvalued_count as bigint) as unvalued_count,
    cast({{ elapsed_seconds('troubles.trouble_at', 'troubles.amended_at') }} / 3600.0 as {{ type_double() }})
        as amends_hours,
    coalesce(status.is_paying, false) as is_paying,
    troubles.amended_at is not null as is_amended,
    troubles.is_amended_in_time,
    case when troubles.amended_at is not null then troubles.used_at is not null end as is_used,
    followed.is_present as is_customer_when_due,
    case
        when not followed.is_present then null
        when followed.days_to_return <= policy.amends_return_days then true
        when followed.age_days >= policy.amends_return_days then false
    end as is_returned,
    case
        when followed.is_present and followed.age_days >= policy.promise_churn_days + policy.churn_grace_days
            then coalesce(followed.days_to_churn <= policy.promise_churn_days, false)
    end as is_churned_after,
    troubles.trouble_date,
    troubles.trouble_at,
    troubles.amends_due_at,
    troubles.amended_at,
    troubles.used_at,
    case when followed.is_present then followed.purchased_date end as next_purchase_date
from troubles
inner join followed
    on troubles.trouble_key = followed.trouble_key
cross join {{ ref('policy') }} as policy
left join {{ ref('fct_promises') }} as promises
    on troubles.promise_id = promises.promise_id
left join {{ ref('fct_incidents') }} as incidents
    on troubles.incident_id = incidents.incident_id
left join {{ ref('fct_incident_customers') }} as hits
    on troubles.incident_id = hits.incident_id
    and troubles.customer_id = hits.customer_id
{{ attributes_as_of('troubles', 'troubles.trouble_date', ['status', 'usage_segment']) }}
