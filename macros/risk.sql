{#- What is known of a paying customer on a day, as columns of int_risk__frame: the codes of the seed `precursors`. -#}
{% macro risk_precursors() %}
    {{ return([
        'inactive_days', 'inactive_intervals', 'use_days_count', 'usage_level_pct', 'components_count', 'given_up_count',
        'failed_share_pct', 'contact_age_days', 'contact_overdue_days', 'tickets_count', 'open_tickets_count',
        'complaints_count', 'payment_failures_count', 'failing_payments_count', 'nps_score', 'tenure_days', 'plan_tier',
        'mrr_change_pct',
    ]) }}
{% endmacro %}

{#- The value of a precursor in a row of the frame, by the code that another relation names. -#}
{% macro precursor_value(code, relation='frame') -%}
    case {{ code }}
    {%- for precursor in risk_precursors() %}
        when '{{ precursor }}' then cast({{ relation }}.{{ precursor }} as {{ type_double() }})
    {%- endfor %}
    end
{%- endmacro %}

{#- The last `day` of each observation within the lookback, from the last one of each month of a customer. -#}
{% macro last_in_lookback(months, day) -%}
    select
        window_months.customer_id,
        window_months.month_date,
        max({{ months }}.{{ day }}) as {{ day }}
    from window_months
    inner join {{ months }}
        on window_months.customer_id = {{ months }}.customer_id
        and window_months.fact_month = {{ months }}.month_date
        and window_months.lookback_from < {{ months }}.{{ day }}
    group by window_months.customer_id, window_months.month_date
{%- endmacro %}

{#-
CTEs from `observations` (paying customers on a day: the last of a month, or the business day) to `features`, what was known
at the close of that day. Day facts meet their observations by month and not by a range of days: each observation is repeated
for the months of facts that its windows can hold. All sides of that join are columns, because DuckDB joins by customer
alone, and compares all pairs, where a side is a sum over two relations.
-#}
{% macro risk_feature_ctes() %}
{%- set lookback %}(select policy.risk_lookback_days + 31 from {{ ref('policy') }} as policy){% endset %}
{%- set recent_from = add_days('observations.observed_date', '-policy.usage_window_days') %}
sources as (
    select
        min(case when source_code = 'events' then observed_from end) as events_from,
        min(case when source_code = 'contacts' then observed_from end) as contacts_from,
        min(case when source_code = 'tickets' then observed_from end) as tickets_from,
        min(case when source_code = 'payments' then observed_from end) as payments_from
    from {{ ref('dim_observation_starts') }}
),

window_months as (
    select
        observations.customer_id,
        observations.month_date,
        observations.started_date,
        {{ add_months('observations.month_date', 'cast(1 - numbers.generated_number as integer)') }} as fact_month,
        {{ recent_from }} as recent_from,
        {{ add_days('observations.observed_date', '-(policy.usage_window_days + policy.usage_baseline_days)') }}
            as use_from,
        {{ add_days('observations.observed_date', '-policy.risk_lookback_days') }} as lookback_from
    from observations
    cross join {{ ref('policy') }} as policy
    cross join ({{ dbt.generate_series(15) }}) as numbers
),

{#- Windows of use are the shorter ones, and days of use the largest facts. -#}
use_months as (
    select
        customer_id,
        month_date,
        started_date,
        fact_month,
        recent_from,
        use_from
    from window_months
    where {{ add_months('fact_month', 1) }} > use_from
),

days as (
    select
        customer_id,
        usage_date,
        {{ period_start('month', 'usage_date') }} as month_date
    from {{ history_rows(ref('fct_customer_usage_daily'), 'usage_date', lookback) }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

month_uses as (
    select
        customer_id,
        month_date,
        max(usage_date) as last_use_date
    from days
    group by customer_id, month_date
),

last_uses as (
    {{ last_in_lookback('month_uses', 'last_use_date') }}
),

uses as (
    select
        windows.customer_id,
        windows.month_date,
        count(case when days.usage_date > windows.recent_from then 1 end) as recent_days_count,
        count(case when days.usage_date <= windows.recent_from then 1 end) as earlier_days_count
    from days
    inner join use_months as windows
        on days.customer_id = windows.customer_id
        and days.month_date = windows.fact_month
        and days.usage_date > windows.use_from
        and days.usage_date >= windows.started_date
    group by windows.customer_id, windows.month_date
),

component_days as (
    select
        customer_id,
        component_code,
        usage_date,
        {{ period_start('month', 'usage_date') }} as month_date,
        events_count,
        failed_events_count
    from {{ history_rows(ref('fct_component_usage_daily'), 'usage_date', lookback) }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

component_uses as (
    select
        windows.customer_id,
        windows.month_date,
        days.component_code,
        count(case when days.usage_date > windows.recent_from then 1 end) as recent_days_count,
        count(case when days.usage_date <= windows.recent_from then 1 end) as earlier_days_count,
        sum(case when days.usage_date > windows.recent_from then days.events_count end) as events_count,
        sum(case when days.usage_date > windows.recent_from then days.failed_events_count end) as failed_events_count
    from component_days as days
    inner join use_months as windows
        on days.customer_id = windows.customer_id
        and days.month_date = windows.fact_month
        and days.usage_date > windows.use_from
        and days.usage_date >= windows.started_date
    group by windows.customer_id, windows.month_date, days.component_code
),

breadths as (
    select
        component_uses.customer_id,
        component_uses.month_date,
        count(case when component_uses.recent_days_count > 0 then 1 end) as components_count,
        count(case
            when component_uses.recent_days_count = 0
                and component_uses.earlier_days_count >= policy.risk_min_use_days then 1
        end) as given_up_count,
        sum(component_uses.events_count) as events_count,
        sum(component_uses.failed_events_count) as failed_events_count
    from component_uses
    cross join {{ ref('policy') }} as policy
    group by component_uses.customer_id, component_uses.month_date
),

effective as (
    select
        customer_id,
        {{ period_start('month', 'effective_date') }} as month_date,
        max(effective_date) as effective_date
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
        and is_effective
        and effective_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    group by customer_id, {{ period_start('month', 'effective_date') }}
),

reached as (
    {{ last_in_lookback('effective', 'effective_date') }}
),

asked as (
    select
        observations.customer_id,
        observations.month_date,
        count(case when tickets.opened_date > {{ add_days('observations.observed_date', '-policy.risk_service_days') }} then 1 end)
            as tickets_count,
        count(case
            when tickets.opened_date > {{ add_days('observations.observed_date', '-policy.risk_service_days') }}
                and tickets.is_complaint then 1
        end) as complaints_count,
        count(case
            when coalesce({{ business_date('coalesce(tickets.resolved_at, tickets.closed_at)') }}, {{ end_of_time('date') }})
                > observations.observed_date then 1
        end) as open_tickets_count
    from observations
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('fct_tickets') }} as tickets
        on observations.customer_id = tickets.customer_id
        and tickets.opened_date <= observations.observed_date
    group by observations.customer_id, observations.month_date
),

failures as (
    select
        observations.customer_id,
        observations.month_date,
        count(case when periods.failed_date > {{ add_days('observations.observed_date', '-policy.risk_service_days') }} then 1 end)
            as payment_failures_count,
        count(case
            when coalesce(periods.recovered_date, {{ end_of_time('date') }}) > observations.observed_date then 1
        end) as failing_payments_count
    from observations
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('payment_failure_periods') }} as periods
        on observations.customer_id = periods.customer_id
        and periods.failed_date <= observations.observed_date
    group by observations.customer_id, observations.month_date
),

placed as (
    select
        observations.*,
        last_uses.last_use_date,
        reached.effective_date,
        uses.recent_days_count,
        uses.earlier_days_count,
        {{ days_between('greatest(observations.started_date, sources.events_from)', 'observations.observed_date') }} + 1
            as used_since_days,
        {{ days_between('greatest(observations.started_date, sources.contacts_from)', 'observations.observed_date') }}
            as contactable_days,
        coalesce(sources.events_from <= {{ add_days(recent_from, 1) }}, false) as has_events,
        coalesce(sources.contacts_from <= observations.observed_date, false) as has_contacts,
        coalesce(
            sources.tickets_from <= {{ add_days('observations.observed_date', '1 - policy.risk_service_days') }}, false
        ) as has_tickets,
        coalesce(
            sources.payments_from <= {{ add_days('observations.observed_date', '1 - policy.risk_service_days') }}, false
        ) as has_payments
    from observations
    cross join sources
    cross join {{ ref('policy') }} as policy
    left join uses
        on observations.customer_id = uses.customer_id
        and observations.month_date = uses.month_date
    left join last_uses
        on observations.customer_id = last_uses.customer_id
        and observations.month_date = last_uses.month_date
    left join reached
        on observations.customer_id = reached.customer_id
        and observations.month_date = reached.month_date
),

measured as (
    select
        placed.*,
        case when placed.has_events then least(
            policy.risk_lookback_days,
            coalesce(
                {{ days_between('placed.last_use_date', 'placed.observed_date') }},
                placed.used_since_days
            )
        ) end as inactive_days,
        case when placed.has_contacts then least(
            policy.risk_lookback_days,
            coalesce({{ days_between('placed.effective_date', 'placed.observed_date') }}, placed.contactable_days)
        ) end as contact_age_days,
        least(policy.usage_baseline_days, placed.used_since_days - policy.usage_window_days) as baseline_days,
        coalesce(placed.recent_days_count, 0) as use_days_count,
        coalesce(placed.earlier_days_count, 0) as earlier_count
    from placed
    cross join {{ ref('policy') }} as policy
),

features as (
    select
        measured.customer_id,
        measured.month_date,
        measured.observed_date,
        measured.segment_code,
        measured.value_segment_code,
        measured.plan_code,
        measured.tenure_number,
        measured.mrr,
        measured.started_date,
        measured.inactive_days,
        -- In own intervals: the mean distance of the customer's days of use within both windows.
        case
            when measured.has_events and measured.use_days_count + measured.earlier_count >= policy.risk_min_use_days
                then cast({{ rounded(
                    '1.0 * measured.inactive_days * (measured.use_days_count + measured.earlier_count)'
                    ~ ' / (policy.usage_window_days + greatest(measured.baseline_days, 0))', 4
                ) }} as {{ type_double() }})
        end as inactive_intervals,
        case when measured.has_events then measured.use_days_count end as use_days_count,
        case
            when measured.has_events
                and measured.baseline_days >= policy.usage_min_baseline_days
                and measured.earlier_count >= policy.risk_min_use_days
                then cast({{ rounded(
                    '100.0 * measured.use_days_count * measured.baseline_days'
                    ~ ' / (measured.earlier_count * policy.usage_window_days)', 4
                ) }} as {{ type_double() }})
        end as usage_level_pct,
        case when measured.has_events then coalesce(breadths.components_count, 0) end as components_count,
        case when measured.has_events then coalesce(breadths.given_up_count, 0) end as given_up_count,
        case
            when measured.has_events
                then cast({{ rounded('100.0 * breadths.failed_events_count / nullif(breadths.events_count, 0)', 4) }}
                    as {{ type_double() }})
        end as failed_share_pct,
        measured.contact_age_days,
        case
            when norms.contact_interval_days is not null
                then greatest(measured.contact_age_days - norms.contact_interval_days, 0)
        end as contact_overdue_days,
        case when measured.has_tickets then coalesce(asked.tickets_count, 0) end as tickets_count,
        case when measured.has_tickets then coalesce(asked.open_tickets_count, 0) end as open_tickets_count,
        case when measured.has_tickets then coalesce(asked.complaints_count, 0) end as complaints_count,
        case when measured.has_payments then coalesce(failures.payment_failures_count, 0) end as payment_failures_count,
        case when measured.has_payments then coalesce(failures.failing_payments_count, 0) end as failing_payments_count,
        scores.nps_score,
        {{ days_between('measured.started_date', 'measured.observed_date') }} as tenure_days,
        plans.tier as plan_tier,
        cast({{ rounded('100.0 * (measured.mrr - measured.earlier_mrr) / nullif(measured.earlier_mrr, 0)', 4) }}
            as {{ type_double() }}) as mrr_change_pct
    from measured
    cross join {{ ref('policy') }} as policy
    left join breadths
        on measured.customer_id = breadths.customer_id
        and measured.month_date = breadths.month_date
    left join asked
        on measured.customer_id = asked.customer_id
        and measured.month_date = asked.month_date
    left join failures
        on measured.customer_id = failures.customer_id
        and measured.month_date = failures.month_date
    left join {{ ref('customer_nps_periods') }} as scores
        on measured.customer_id = scores.customer_id
        and {{ holds_at('scores', 'measured.observed_date') }}
    left join {{ ref('plans') }} as plans
        on measured.plan_code = plans.plan_code
    left join {{ ref('segments') }} as norms
        on measured.value_segment_code = norms.segment_code
)
{% endmacro %}

{#-
CTEs that give `observations`: customers on the last day of a month, or the business day of the running one, whose paid
contract covers that day and who have not asked to cancel. For the others a churn is announced already. `where` is a condition
on `ends`, rows of dim_customer_month_end.
-#}
{% macro risk_observation_ctes(where) %}
covered as (
    select
        ends.customer_id,
        ends.month_date,
        count(distinct slices.subscription_id) as contracts_count,
        count(distinct case
            when {{ business_date('slices.cancel_requested_at') }} <= least(ends.month_end_date, run_context.as_of_date)
                or retracted.period_id is not null then slices.subscription_id
        end) as cancelled_count
    from {{ ref('dim_customer_month_end') }} as ends
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('subscription_status_periods') }} as slices
        on ends.customer_id = slices.customer_id
        and slices.status = 'paying'
        and slices.from_date <= least(ends.month_end_date, run_context.as_of_date)
        and coalesce(slices.to_date, {{ end_of_time('date') }}) > least(ends.month_end_date, run_context.as_of_date)
    left join {{ ref('fct_retracted_cancellations') }} as retracted
        on slices.period_id = retracted.period_id
        and retracted.requested_date <= least(ends.month_end_date, run_context.as_of_date)
        and retracted.retracted_date > least(ends.month_end_date, run_context.as_of_date)
    where {{ where }}
    group by ends.customer_id, ends.month_date
),

observations as (
    select
        ends.customer_id,
        ends.month_date,
        least(ends.month_end_date, run_context.as_of_date) as observed_date,
        ends.segment_code,
        ends.value_segment_code,
        ends.plan_code,
        ends.tenure_number,
        ends.mrr,
        earlier.mrr as earlier_mrr,
        ends.started_date
    from {{ ref('dim_customer_month_end') }} as ends
    cross join {{ ref('run_context') }} as run_context
    -- A deleted account takes its history along, so its months would tell that it left.
    inner join {{ ref('dim_customers') }} as customers
        on ends.customer_id = customers.customer_id
    -- Before churn is observed only those who stayed are known.
    inner join {{ ref('dim_months') }} as months
        on ends.month_date = months.month_date
        and months.is_observed
    inner join covered
        on ends.customer_id = covered.customer_id
        and ends.month_date = covered.month_date
        and covered.cancelled_count < covered.contracts_count
    left join {{ ref('dim_customer_month_end') }} as earlier
        on ends.customer_id = earlier.customer_id
        and ends.tenure_number = earlier.tenure_number
        and ends.month_date = {{ add_months('earlier.month_date', 3) }}
    where ends.is_paying
        and {{ where }}
)
{% endmacro %}

{#- Logarithm of the likelihood of a share: its successes and failures under their own share; 0 where there are none. -#}
{% macro log_likelihood(successes, trials) -%}
    {%- set failures = '(' ~ trials ~ ' - ' ~ successes ~ ')' -%}
    (
        case when {{ successes }} > 0 then {{ successes }} * ln(1.0 * {{ successes }} / {{ trials }}) else 0.0 end
        + case when {{ failures }} > 0 then {{ failures }} * ln(1.0 * {{ failures }} / {{ trials }}) else 0.0 end
    )
{%- endmacro %}
