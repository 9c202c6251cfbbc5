{{ changed_by_registration() }}
-- Attributes of a customer at registration: as of that day, else the first known value (ACT-01). A default counts
-- only where the source names none.
{% set attributes = {
    'registration_segment_code': ('dim_customer_segments', "scheme = 'usage'", 'segment_code', 'registered_date', 'periods.is_default'),
    'registration_value_segment_code': ('dim_customer_segments', "scheme = 'value'", 'segment_code', 'registered_date', 'periods.is_default'),
    'onboarding_owner_id': ('dim_customer_owners', "role = 'onboarding_manager'", 'employee_id', 'registered_at', 'false'),
    'registration_plan_code': ('stg_billing__subscription_periods', "plan_code is not null", 'plan_code', 'registered_date', 'false'),
} %}
with customers as (
    select
        customers.customer_id,
        customers.registered_date,
        customers.registered_at,
        run_context.as_of_date
    from {{ ref('stg_crm__customers') }} as customers
    inner join {{ ref('run_context') }} as run_context
        on customers.registered_date <= run_context.as_of_date
        -- Deleted customers count nowhere from the day of their deletion.
        and coalesce(customers.deleted_at, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
    where {{ rows_to_build() }}
),
{% for name, (relation, condition, value, moment, is_default) in attributes.items() %}
{{ name }}_candidates as (
    select
        customers.customer_id,
        periods.{{ value }} as {{ name }},
        row_number() over (
            partition by customers.customer_id
            order by
                case
                    when {{ is_default }} then 2
                    when periods.valid_from <= customers.{{ moment }}
                        and coalesce(periods.valid_to, {{ end_of_time('timestamp') }}) > customers.{{ moment }} then 0
                    else 1
                end,
                periods.valid_from,
                periods.{{ value }}
        ) as choice
    from customers
    inner join {{ ref(relation) }} as periods
        on customers.customer_id = periods.customer_id
    where periods.{{ condition }}
        and {{ business_date('periods.valid_from') if moment == 'registered_at' else 'periods.valid_from' }}
        <= customers.as_of_date
),
{% endfor %}
final as (
    select
        customers.customer_id,
        {%- for name in attributes %}
        {{ name }}_candidates.{{ name }},
        {%- endfor %}
        customers.registered_date,
        {{ period_start('month', 'customers.registered_date') }} as registration_month,
        customers.registered_at
    from customers
    {% for name in attributes %}
    left join {{ name }}_candidates
        on customers.customer_id = {{ name }}_candidates.customer_id
        and {{ name }}_candidates.choice = 1
    {% endfor %}
)

select * from final
