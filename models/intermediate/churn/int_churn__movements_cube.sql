{%- set profile = ['segment', 'value_segment', 'plan', 'region', 'channel'] -%}
{%- set attributes = {
    'segment': "coalesce(ends.segment_code, 'unassigned')",
    'value_segment': "coalesce(ends.value_segment_code, 'unassigned')",
    'plan': "coalesce(ends.plan_code, 'none')",
    'region': "coalesce(ends.region, 'unknown')",
    'channel': "coalesce(ends.acquisition_channel, 'unknown')",
    'owner': "coalesce(ends.owner_id, 'unassigned')",
} -%}
{%- set measures = [
    'opening_count', 'stayed_count', 'closing_count', 'paused_count', 'pending_count', 'new_count', 'reactivated_count',
    'churned_count', 'churned_from_opening_count', 'voluntary_count', 'involuntary_count', 'contracts_count', 'unconverted_count',
    'earlier_closing_amount', 'revaluation_amount', 'stayed_opening_amount', 'new_amount', 'reactivated_amount',
    'expansion_amount', 'contraction_amount', 'churned_amount', 'churned_from_opening_amount', 'closing_amount',
    'gross_lost_amount', 'net_gained_amount',
] -%}
-- Movements of customers and their money in a month, by their attributes when it began (opening_*) and by the
-- attributes that movements are credited to (credited_*): those at its end, or on the last day as a customer.
with month_ends as (
    select
        ends.customer_id,
        ends.tenure_number,
        ends.basis,
        {% for name, expression in attributes.items() -%}
        {{ expression }} as {{ name }}_value,
        {% endfor -%}
        ends.status,
        coalesce(ends.converted_mrr, 0) as converted_mrr,
        coalesce(ends.is_unconverted, false) as is_unconverted,
        ends.is_leaving_pending,
        ends.started_date,
        ends.month_date,
        cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) as next_month_date
    from {{ ref('dim_customer_month_end') }} as ends
),

churns as (
    select
        ends.customer_id,
        ends.tenure_number,
        ends.basis,
        {% for name, expression in attributes.items() -%}
        {{ expression }} as {{ name }}_value,
        {% endfor -%}
        ends.is_voluntary,
        ends.started_date,
        ends.churned_month
    from {{ ref('fct_churn_events') }} as ends
),

-- Rows of three kinds: tenures open when the month began, that began in it and last, that began and ended in it.
tenure_months as (
    select
        opening.customer_id,
        opening.tenure_number,
        opening.basis,
        {% for name in attributes -%}
        opening.{{ name }}_value as opening_{{ name }},
        coalesce(closing.{{ name }}_value, opening.{{ name }}_value) as credited_{{ name }},
        {% endfor -%}
        coalesce(closing.status, 'left') as status,
        opening.converted_mrr as earlier_closing_amount,
        coalesce(closing.converted_mrr, 0) as closing_amount,
        opening.is_unconverted or coalesce(closing.is_unconverted, false) as is_unconverted,
        1 as opening_count,
        case when closing.customer_id is null then 0 else 1 end as closing_count,
        coalesce(closing.is_leaving_pending, false) as is_leaving_pending,
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
        is_leaving_pending,
        month_date
    from month_ends
    where started_date >= month_date
    union all
    select
        customer_id,
        tenure_number,
        basis,
        {% for name in attributes -%}
        {{ name }}_value as opening_{{ name }},
        {{ name }}_value as credited_{{ name }},
        {% endfor -%}
        'left' as status,
        0 as earlier_closing_amount,
        0 as closing_amount,
        false as is_unconverted,
        0 as opening_count,
        0 as closing_count,
        false as is_leaving_pending,
        churned_month as month_date
    from churns
    where started_date >= churned_month
),

measured as (
    select
        {% for name in attributes -%}
        tenure_months.opening_{{ name }},
        tenure_months.credited_{{ name }},
        {% endfor -%}
        tenure_months.month_date,
        tenure_months.opening_count,
        tenure_months.opening_count * tenure_months.closing_count as stayed_count,
        tenure_months.closing_count,
        case when tenure_months.status = 'paused' then 1 else 0 end as paused_count,
        case when tenure_months.is_leaving_pending then 1 else 0 end as pending_count,
        case when tenure_months.opening_count = 0 and tenure_months.tenure_number = 1 then 1 else 0 end as new_count,
        case
            when tenure_months.opening_count = 0 and tenure_months.tenure_number > 1 then 1 else 0
        end as reactivated_count,
        1 - tenure_months.closing_count as churned_count,
        tenure_months.opening_count * (1 - tenure_months.closing_count) as churned_from_opening_count,
        case when churns.is_voluntary then 1 else 0 end as voluntary_count,
        case when not churns.is_voluntary then 1 else 0 end as involuntary_count,
        case when tenure_months.basis = 'contract' then 1 else 0 end as contracts_count,
        case when tenure_months.is_unconverted or coalesce(changes.is_unconverted, false) then 1 else 0 end
            as unconverted_count,
        tenure_months.earlier_closing_amount,
        coalesce(revaluations.revaluation_amount, 0) as revaluation_amount,
        (tenure_months.earlier_closing_amount + coalesce(revaluations.revaluation_amount, 0))
        * tenure_months.opening_count * tenure_months.closing_count as stayed_opening_amount,
        tenure_months.closing_amount,
        {{ mrr_movements(
            'coalesce(changes.up_amount, 0)',
            'coalesce(changes.down_amount, 0)',
            'coalesce(changes.churned_amount, 0)',
            'coalesce(changes.net_amount, 0)',
            'tenure_months.opening_count = 1',
            'tenure_months.tenure_number'
        ) }}
    from tenure_months
    left join {{ ref('int_churn__monthly_changes') }} as changes
        on tenure_months.customer_id = changes.customer_id
        and tenure_months.tenure_number = changes.tenure_number
        and tenure_months.month_date = changes.changed_month
    left join {{ ref('int_churn__revaluations') }} as revaluations
        on tenure_months.customer_id = revaluations.customer_id
        and tenure_months.tenure_number = revaluations.tenure_number
        and tenure_months.month_date = revaluations.month_date
    left join churns
        on tenure_months.customer_id = churns.customer_id
        and tenure_months.tenure_number = churns.tenure_number
        and tenure_months.month_date = churns.churned_month
)

-- Owners are many, so they are counted apart: crossed with the rest they would be as many rows as customers.
select
    case when grouping(opening_owner) = 0 then 'owner' else 'profile' end as cube_part,
    {% for name in attributes -%}
    opening_{{ name }},
    credited_{{ name }},
    {% endfor -%}
    {%- for measure in measures %}
    sum({{ measure }}) as {{ measure }},
    {%- endfor %}
    month_date
from measured
group by grouping sets (
    (
        month_date,
        {% for name in profile -%}
        opening_{{ name }}, credited_{{ name }}{{ ', ' if not loop.last }}
        {%- endfor %}
    ),
    (month_date, opening_owner, credited_owner)
)
