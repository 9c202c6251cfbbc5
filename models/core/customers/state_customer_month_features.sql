{{ changed_keys(
    {'customer_id': 'customer_id'},
    [
        {'relation': 'dim_customer_month_end', 'as_of': 'month_end_date', 'changed_from': 'month_end_date', 'only': 'passing'},
        {'relation': 'stg_product__events', 'changed_from': 'occurred_date'},
        {'relation': 'stg_crm__contacts', 'changed_from': 'attempted_date', 'only': 'added'},
        {'relation': 'stg_crm__contacts', 'only': 'displaced'},
        {'relation': 'stg_support__tickets', 'changed_from': 'opened_date', 'only': 'added'},
        {'relation': 'stg_surveys__survey_responses', 'changed_from': 'submitted_date', 'only': 'added'},
        {'relation': 'stg_billing__payments', 'changed_from': 'paid_date', 'only': 'added'},
        {'relation': 'stg_billing__payments', 'only': 'displaced'},
        {'relation': 'stg_billing__subscription_periods', 'changed_from': 'valid_from', 'only': 'added'},
        {'relation': 'stg_billing__subscription_periods', 'only': 'displaced'},
        {'relation': 'stg_crm__customer_segments', 'changed_from': 'valid_from', 'only': 'added'},
        {'relation': 'stg_crm__customer_segments', 'only': 'displaced'},
        {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
        {'relation': 'stg_crm__customers', 'as_of_moment': 'deleted_at', 'only': 'passing'},
    ],
    chunk=customer_chunks('fct_component_usage_daily'),
    ends_on='observed_date',
    decided_by={'dim_observation_starts': ['source_code', 'observed_from']},
) }}
-- What was known of paying customers at the end of each closed month. A run adds the month that has closed and rebuilds
-- months to which rows came late.
{%- set closed = "ends.month_end_date <= run_context.as_of_date" %}
{%- set chosen %}{{ closed }} and ends.customer_id in (
    select scoped.customer_id from {{ ref('dim_customers') }} as scoped where {{ rows_to_build() }}
)
{%- if is_incremental_run() %}
and exists (
    select 1 from {{ changed_keys_relation() }} as changed
    where ends.customer_id = changed.customer_id and ends.month_end_date >= changed.changed_from
)
{%- endif -%}
{% endset %}
with {{ risk_observation_ctes(chosen) }},

{{ risk_feature_ctes() }}

select * from features
