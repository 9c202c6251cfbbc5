-- What went wrong for customers, and what they were given for it. An order, a ticket or a case counts for all its
-- promises, so a compensation may make good several troubles; its amount counts with the first.
{% set text = dbt.type_string() %}
{% set links = {'promise': 'promise_id', 'order': 'order_id', 'ticket': 'ticket_id', 'case': 'case_id'} %}
with promised as (
    select * from {{ ref('fct_promises') }}
    where missed_at is not null
),

troubles as (
    select
        'promise:' || promise_id as trouble_key,
        customer_id,
        trouble_code,
        promise_id,
        cast(null as {{ text }}) as incident_id,
        missed_at as trouble_at
    from promised
    union all
    select
        'incident:' || incident_id || ':' || customer_id as trouble_key,
        customer_id,
        'incident' as trouble_code,
        cast(null as {{ text }}) as promise_id,
        incident_id,
        hit_at as trouble_at
    from {{ ref('fct_incident_customers') }}
    where hit_at is not null
),

reasons as (
    {% for reason, column in links.items() %}
    select
        'promise:' || promise_id as trouble_key,
        customer_id,
        '{{ reason }}' as reason_type,
        {{ column }} as reason_id,
        missed_at as trouble_at
    from promised
    where {{ column }} is not null
    union all
    {% endfor %}
    select
        trouble_key,
        customer_id,
        'incident' as reason_type,
        incident_id as reason_id,
        trouble_at
    from troubles
    where incident_id is not null
),

-- What was given before the trouble does not make it good.
matched as (
    select
        reasons.trouble_key,
        compensations.compensation_id,
        compensations.compensation_kind,
        compensations.reporting_amount,
        compensations.received_at,
        compensations.used_at,
        row_number() over (
            partition by reasons.trouble_key order by compensations.received_at, compensations.compensation_id
        ) as place,
        row_number() over (
            partition by compensations.compensation_id order by reasons.trouble_at, reasons.trouble_key
        ) as trouble_place
    from reasons
    inner join {{ ref('fct_compensations') }} as compensations
        on reasons.reason_type = compensations.reason_type
        and reasons.reason_id = compensations.reason_id
        and reasons.customer_id = compensations.customer_id
        and reasons.trouble_at <= compensations.received_at
),

amended as (
    select
        trouble_key,
        count(*) as compensations_count,
        max(case when place = 1 then compensation_kind end) as compensation_kind,
        sum(case when trouble_place = 1 then reporting_amount end) as reporting_amount,
        count(case when trouble_place = 1 and reporting_amount is null then 1 end) as unvalued_count,
        min(received_at) as amended_at,
        min(used_at) as used_at
    from matched
    group by trouble_key
),

timed as (
    select
        troubles.trouble_key,
        {{ add_time('hour', 'troubles.trouble_at', 'kinds.amends_within_hours') }} as amends_due_at
    from troubles
    inner join {{ ref('trouble_kinds') }} as kinds
        on troubles.trouble_code = kinds.trouble_code
)

select
    troubles.trouble_key,
    troubles.customer_id,
    troubles.trouble_code,
    troubles.promise_id,
    troubles.incident_id,
    amended.compensation_kind,
    coalesce(amended.compensations_count, 0) as compensations_count,
    amended.reporting_amount,
    coalesce(amended.unvalued_count, 0) as unvalued_count,
    case
        when amended.amended_at <= timed.amends_due_at then true
        when timed.amends_due_at < run_context.as_of_end_at then false
    end as is_amended_in_time,
    {{ business_date('troubles.trouble_at') }} as trouble_date,
    {{ business_date('timed.amends_due_at') }} as amends_due_date,
    troubles.trouble_at,
    timed.amends_due_at,
    amended.amended_at,
    amended.used_at
from troubles
inner join timed
    on troubles.trouble_key = timed.trouble_key
cross join {{ ref('run_context') }} as run_context
left join amended
    on troubles.trouble_key = amended.trouble_key
