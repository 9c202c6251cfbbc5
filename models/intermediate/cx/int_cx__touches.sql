-- What was known about the customer at the moment of each invitation and each answer, not what is known today. A view:
-- invitations are many and only counted, so they are not stored with all these attributes.
{{ config(materialized=inlined('view')) }}
with touches as (
    select
        'response' as touch_kind,
        response_id as touch_id,
        customer_id,
        survey_code,
        channel,
        stage_code,
        touchpoint_code,
        trigger_type,
        trigger_key,
        subject_employee_id,
        subject_unit,
        coalesce(response_date, begun_date) as touch_date,
        coalesce(submitted_at, started_at) as moment_at
    from {{ ref('fct_survey_responses') }}
    where customer_id is not null
    union all
    select
        'invitation' as touch_kind,
        invitation_id as touch_id,
        customer_id,
        survey_code,
        channel,
        stage_code,
        touchpoint_code,
        trigger_type,
        trigger_key,
        cast(null as {{ dbt.type_string() }}) as subject_employee_id,
        cast(null as {{ dbt.type_string() }}) as subject_unit,
        sent_date as touch_date,
        sent_at as moment_at
    from {{ ref('fct_survey_invitations') }}
    where customer_id is not null
),

-- Days of registration are few beside customers. From that day on, never chained: 31 January + 3 months is 30 April.
bands as (
    select
        registrations.registered_date,
        bands.tenure_band,
        {{ add_months('registrations.registered_date', 'bands.months_from') }} as band_from,
        coalesce({{ add_months('registrations.registered_date', 'bands.months_to') }}, {{ end_of_time('timestamp') }})
            as band_to
    from (select distinct registered_date from {{ ref('dim_customers') }}) as registrations
    cross join {{ ref('tenure_bands') }} as bands
),

-- An account is weighted by its recurring revenue. NULL in a currency without a rate: its weight is unknown.
weights as (
    {{ mrr_at('touches', ['touch_kind', 'touch_id'], 'touches.touch_date') }}
),

earlier_tickets as (
    select
        touches.touch_kind,
        touches.touch_id,
        tickets.topic_code,
        row_number() over (
            partition by touches.touch_kind, touches.touch_id
            order by tickets.opened_at desc, tickets.ticket_id desc
        ) as choice
    from touches
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('fct_tickets') }} as tickets
        on touches.customer_id = tickets.customer_id
        and touches.moment_at > tickets.opened_at
        and {{ days_between('tickets.opened_date', 'touches.touch_date') }}
        <= policy.ticket_before_answer_days
),

recent_tickets as (
    select
        touch_kind,
        touch_id,
        count(*) as tickets_count,
        max(case when choice = 1 then topic_code end) as topic_code
    from earlier_tickets
    group by touch_kind, touch_id
)

select
    touches.touch_kind,
    touches.touch_id,
    touches.customer_id,
    touches.survey_code,
    status.status,
    coalesce(usage_segments.segment_code, 'unassigned') as usage_segment,
    coalesce(value_segments.segment_code, 'unassigned') as value_segment,
    coalesce(status.plan_code, 'none') as plan_code,
    coalesce(bands.tenure_band, 'unknown') as tenure_band,
    coalesce(account_managers.employee_id, onboarding_managers.employee_id, 'unassigned') as owner_id,
    coalesce(customers.region, 'unknown') as region,
    coalesce(touches.channel, 'unknown') as channel,
    coalesce(touches.stage_code, 'none') as stage_code,
    coalesce(touches.touchpoint_code, 'none') as touchpoint_code,
    -- The key of a service trigger is a ticket, so its kind names it.
    case
        when touches.trigger_type is null then 'uninvited'
        when touches.trigger_type = 'service' then 'service'
        else coalesce(touches.trigger_key, touches.trigger_type)
    end as trigger_key,
    case when recent_tickets.tickets_count > 0 then 'yes' else 'no' end as recent_ticket,
    case
        when recent_tickets.tickets_count > 0 then coalesce(recent_tickets.topic_code, 'unknown')
        else 'none'
    end as ticket_topic,
    coalesce(touches.subject_employee_id, 'none') as agent,
    coalesce(touches.subject_unit, 'none') as unit,
    coalesce(recent_tickets.tickets_count, 0) as tickets_before_count,
    cast(case when weights.touch_id is null then 0 else weights.mrr end as decimal(18, 2)) as mrr_amount,
    touches.touch_date,
    {{ period_start('month', 'touches.touch_date') }} as touch_month,
    touches.moment_at
from touches
inner join {{ ref('dim_customers') }} as customers
    on touches.customer_id = customers.customer_id
-- Open ends are filled, not tested with OR: with an OR in an outer join the engine compares every row with every other.
left join bands
    on customers.registered_date = bands.registered_date
    and touches.touch_date >= bands.band_from
    and touches.touch_date < bands.band_to
{{ attributes_as_of('touches', 'touches.touch_date', ['status']) }}
left join {{ ref('dim_customer_segments') }} as usage_segments
    on touches.customer_id = usage_segments.customer_id
    and usage_segments.scheme = 'usage'
    and {{ holds_at('usage_segments', 'touches.touch_date') }}
left join {{ ref('dim_customer_segments') }} as value_segments
    on touches.customer_id = value_segments.customer_id
    and value_segments.scheme = 'value'
    and {{ holds_at('value_segments', 'touches.touch_date') }}
left join {{ ref('dim_customer_owners') }} as account_managers
    on touches.customer_id = account_managers.customer_id
    and account_managers.role = 'account_manager'
    and {{ holds_at('account_managers', 'touches.moment_at') }}
left join {{ ref('dim_customer_owners') }} as onboarding_managers
    on touches.customer_id = onboarding_managers.customer_id
    and onboarding_managers.role = 'onboarding_manager'
    and {{ holds_at('onboarding_managers', 'touches.moment_at') }}
left join weights
    on touches.touch_kind = weights.touch_kind
    and touches.touch_id = weights.touch_id
left join recent_tickets
    on touches.touch_kind = recent_tickets.touch_kind
    and touches.touch_id = recent_tickets.touch_id
