with months as (
    select
        dates.month_start_date as rollout_month,
        max(dates.date_day) as last_date
    from {{ ref('dim_dates') }} as dates
    where dates.month_start_date >= (
            select {{ period_start('month', 'min(waves.start_date)') }} from {{ ref('survey_rollout') }} as waves
        )
    group by dates.month_start_date
),

waves as (
    select
        waves.*,
        lag(waves.max_tenure_months) over (order by waves.wave) as previous_max_months
    from {{ ref('survey_rollout') }} as waves
),

spine as (
    select
        waves.wave,
        waves.share_pct,
        waves.start_date,
        waves.max_tenure_months,
        waves.previous_max_months,
        months.rollout_month,
        months.last_date
    from months
    cross join waves
),

groups as (
    select
        customers.registered_date,
        access_periods.valid_from as from_date,
        access_periods.valid_to as to_date,
        {{ percent_bucket('customers.customer_id') }} as bucket,
        count(*) as customers_count
    from {{ ref('customer_access_periods') }} as access_periods
    inner join {{ ref('dim_customers') }} as customers
        on access_periods.customer_id = customers.customer_id
    where access_periods.has_access
    group by
        customers.registered_date,
        access_periods.valid_from,
        access_periods.valid_to,
        {{ percent_bucket('customers.customer_id') }}
),

eligible as (
    select
        spine.wave,
        spine.rollout_month,
        sum(groups.customers_count) as customers_count,
        sum(case
            when spine.start_date <= spine.last_date and groups.bucket < spine.share_pct then groups.customers_count
            else 0
        end) as eligible_count
    from spine
    inner join groups
        on groups.from_date <= spine.last_date
        and coalesce(groups.to_date, {{ end_of_time('timestamp') }}) > spine.last_date
        and (
            spine.max_tenure_months is null
            or spine.last_date < {{ add_months('groups.registered_date', 'spine.max_tenure_months + 1') }}
        )
        and (
            spine.previous_max_months is null
            or spine.last_date >= {{ add_months('groups.registered_date', 'spine.previous_max_months + 1') }}
        )
    group by spine.wave, spine.rollout_month
),

invited as (
    select
        waves.wave,
        {{ period_start('month', 'invitations.sent_date') }} as rollout_month,
        count(distinct invitations.customer_id) as invited_customers_count,
        count(*) as invitations_count,
        count(violations.invitation_id) as outside_count
    from {{ ref('fct_survey_invitation_outcomes') }} as invitations
    inner join {{ ref('dim_customers') }} as customers
        on invitations.customer_id = customers.customer_id
    inner join waves
        on (
            waves.max_tenure_months is null
            or invitations.sent_date < {{ add_months('customers.registered_date', 'waves.max_tenure_months + 1') }}
        )
        and (
            waves.previous_max_months is null
            or invitations.sent_date >= {{ add_months('customers.registered_date', 'waves.previous_max_months + 1') }}
        )
    left join {{ ref('mart_survey_violations') }} as violations
        on invitations.invitation_id = violations.invitation_id
        and violations.rule_code = 'outside_rollout'
    where invitations.is_suppressible
    group by waves.wave, {{ period_start('month', 'invitations.sent_date') }}
)

select
    'wave ' || cast(spine.wave as {{ dbt.type_string() }}) as wave_label,
    cast(spine.wave as bigint) as wave_order,
    cast(coalesce(eligible.customers_count, 0) as bigint) as customers_count,
    cast(coalesce(eligible.eligible_count, 0) as bigint) as eligible_count,
    cast(coalesce(invited.invited_customers_count, 0) as bigint) as invited_customers_count,
    cast(coalesce(invited.outside_count, 0) as bigint) as outside_num,
    cast(coalesce(invited.invitations_count, 0) as bigint) as outside_den,
    {{ pct('invited.outside_count', 'invited.invitations_count') }} as outside_pct,
    spine.start_date <= spine.last_date as is_started,
    spine.rollout_month
from spine
left join eligible
    on spine.wave = eligible.wave
    and spine.rollout_month = eligible.rollout_month
left join invited
    on spine.wave = invited.wave
    and spine.rollout_month = invited.rollout_month
