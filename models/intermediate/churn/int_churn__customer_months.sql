{{ config(materialized=inlined('view')) }}
{%- set attributes = {
    'segment': "coalesce(ends.segment_code, 'unassigned')",
    'value_segment': "coalesce(ends.value_segment_code, 'unassigned')",
    'plan': "coalesce(ends.plan_code, 'none')",
    'region': "coalesce(ends.region, 'unknown')",
    'channel': "coalesce(ends.acquisition_channel, 'unknown')",
    'tenure_band': "coalesce(ends.tenure_band, 'unknown')",
    'owner': "coalesce(ends.owner_id, 'unassigned')",
} -%}
-- What a customer and their money do in a month. Opening attributes are those when it began; credited ones, to which
-- the movements belong, are those at its end. Who churns keeps those of the opening, else those of the last day.
with month_ends as (
    select
        ends.customer_id,
        ends.source_customer_id,
        ends.tenure_number,
        ends.basis,
        {% for name, expression in attributes.items() -%}
        {{ expression }} as {{ name }}_value,
        {% endfor -%}
        ends.status,
        coalesce(ends.converted_mrr, 0) as converted_mrr,
        coalesce(ends.is_unconverted, false) as is_unconverted,
        ends.is_churn_pending,
        ends.started_date,
        ends.month_date,
        ends.month_end_date as attributes_date,
        cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) as next_month_date
    from {{ ref('dim_customer_month_end') }} as ends
),

churns as (
    select
        ends.customer_id,
        ends.source_customer_id,
        ends.tenure_number,
        ends.basis,
        {% for name, expression in attributes.items() -%}
        {{ expression }} as {{ name }}_value,
        {% endfor -%}
        ends.is_voluntary,
        ends.started_date,
        {{ add_days('ends.churned_date', -1) }} as attributes_date,
        ends.churned_month
    from {{ ref('fct_churn_events') }} as ends
),

-- Three kinds: tenures open when the month began, those that began in it and last, those that began and ended in it.
tenure_months as (
    select
        opening.customer_id,
        opening.source_customer_id,
        opening.attributes_date as opening_attributes_date,
        coalesce(closing.attributes_date, opening.attributes_date) as credited_attributes_date,
        opening.tenure_number,
        opening.basis,
        {% for name in attributes -%}
        opening.{{ name }}_value as opening_{{ name }},
        coalesce(closing.{{ name }}_value, opening.{{ name }}_value) as credited_{{ name }},
        {% endfor -%}
        coalesce(closing.status, 'churned') as status,
        opening.converted_mrr as earlier_closing_amount,
        coalesce(closing.converted_mrr, 0) as closing_amount,
        opening.is_unconverted or coalesce(closing.is_unconverted, false) as is_unconverted,
        1 as opening_count,
        case when closing.customer_id is null then 0 else 1 end as closing_count,
        coalesce(closing.is_churn_pending, false) as is_churn_pending,
        opening.next_month_date as month_date
    from month_ends as opening
    inner join {{ ref('dim_months') }} as months
        on opening.next_month_date = months.month_date
    left join month_ends as closing
        on opening.customer_id = closing.customer_id
        and opening.tenure_number = closing.tenure_number
        and opening.next_month_date = closing.month_date
    union all
    select
        customer_id,
        source_customer_id,
        attributes_date as opening_attributes_date,
        attributes_date as credited_attributes_date,
        tenure_number,
        basis,
        {% for name in attributes -%}
        {{ name }}_value as opening_{{ name }},
        {{ name }}_value as credited_{{ name }},
        {% endfor -%}
        status,
        0 as earlier_closing_amount,
        converted_mrr as closing_amount,
        is_unconverted,
        0 as opening_count,
        1 as closing_count,
        is_churn_pending,
        month_date
    from month_ends
    where started_date >= month_date
    union all
    select
        customer_id,
        source_customer_id,
        attributes_date as opening_attributes_date,
        attributes_date as credited_attributes_date,
        tenure_number,
        basis,
        {% for name in attributes -%}
        {{ name }}_value as opening_{{ name }},
        {{ name }}_value as credited_{{ name }},
        {% endfor -%}
        'churned' as status,
        0 as earlier_closing_amount,
        0 as closing_amount,
        false as is_unconverted,
        0 as opening_count,
        0 as closing_count,
        false as is_churn_pending,
        churned_month as month_date
    from churns
    where started_date >= churned_month
),

-- The opening has the rate of the month: a new rate of exchange is neither loss nor gain.
revalued as (
    select
        tenure_months.*,
        coalesce(revaluations.revaluation_amount, 0) as revaluation_amount,
        tenure_months.earlier_closing_amount + coalesce(revaluations.revaluation_amount, 0) as opening_amount
    from tenure_months
    left join {{ ref('int_churn__revaluations') }} as revaluations
        on tenure_months.customer_id = revaluations.customer_id
        and tenure_months.tenure_number = revaluations.tenure_number
        and tenure_months.month_date = revaluations.month_date
)

select
    revalued.customer_id,
    revalued.source_customer_id,
    revalued.tenure_number,
    revalued.opening_attributes_date,
    revalued.credited_attributes_date,
    {% for name in attributes -%}
    revalued.opening_{{ name }},
    revalued.credited_{{ name }},
    {% endfor -%}
    revalued.month_date,
    -- Before churn is observed the months are known, but not measurable.
    coalesce(months.is_observed, false) as is_observed,
    revalued.opening_count,
    revalued.opening_count * revalued.closing_count as stayed_count,
    revalued.closing_count,
    case when revalued.status = 'paused' then 1 else 0 end as paused_count,
    case when revalued.is_churn_pending then 1 else 0 end as pending_count,
    case when revalued.opening_count = 0 and revalued.tenure_number = 1 then 1 else 0 end as new_count,
    case
        when revalued.opening_count = 0 and revalued.tenure_number > 1 then 1 else 0
    end as reactivated_count,
    1 - revalued.closing_count as churned_count,
    revalued.opening_count * (1 - revalued.closing_count) as churned_from_opening_count,
    case when churns.is_voluntary then 1 else 0 end as voluntary_count,
    case when not churns.is_voluntary then 1 else 0 end as involuntary_count,
    case when revalued.basis = 'contract' then 1 else 0 end as contracts_count,
    case when revalued.is_unconverted or coalesce(changes.is_unconverted, false) then 1 else 0 end
        as unconverted_count,
    revalued.earlier_closing_amount,
    revalued.revaluation_amount,
    revalued.opening_amount,
    revalued.opening_amount * revalued.opening_count * revalued.closing_count as stayed_opening_amount,
    revalued.closing_amount,
    -- Gross churn: what each customer of the opening pays less at the end, so that nobody makes up for another one.
    revalued.opening_count * greatest(revalued.opening_amount - revalued.closing_amount, 0)
        as gross_lost_amount,
    -- Net churn is this, negated: what the customers of the opening pay at the end, less what they paid at the opening.
    revalued.opening_count * (revalued.closing_amount - revalued.opening_amount) as net_gained_amount,
    {{ mrr_movements(
        'coalesce(changes.up_amount, 0)',
        'coalesce(changes.down_amount, 0)',
        'coalesce(changes.churned_amount, 0)',
        'revalued.opening_count = 1',
        'revalued.tenure_number'
    ) }}
from revalued
left join {{ ref('int_churn__monthly_changes') }} as changes
    on revalued.customer_id = changes.customer_id
    and revalued.tenure_number = changes.tenure_number
    and revalued.month_date = changes.changed_month
left join churns
    on revalued.customer_id = churns.customer_id
    and revalued.tenure_number = churns.tenure_number
    and revalued.month_date = churns.churned_month
left join {{ ref('dim_months') }} as months
    on revalued.month_date = months.month_date
