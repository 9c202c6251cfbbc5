-- Unknown codes never stop a run: its summary names them and how they are treated.
with targeted as (
    -- Every metric of surveys is compared with its target; of the others those that have one in the catalogue.
    select metric_code
    from {{ ref('survey_metrics') }}
    {% for code in metric_catalogue() | map(attribute='target') | select | unique %}
    union
    select '{{ code }}' as metric_code
    {% endfor %}
)

select
    'plan' as code_kind,
    periods.plan_code as unknown_code,
    count(*) as rows_count,
    count(distinct periods.customer_id) as customers_count
from {{ ref('stg_billing__subscription_periods') }} as periods
inner join {{ ref('customer_accounts') }} as customer_accounts
    on periods.customer_id = customer_accounts.source_customer_id
left join {{ ref('plans') }} as known_plans
    on periods.plan_code = known_plans.plan_code
where periods.plan_code is not null
    and known_plans.plan_code is null
group by periods.plan_code

union all

select
    'target of a metric' as code_kind,
    targets.metric_code as unknown_code,
    count(*) as rows_count,
    cast(null as bigint) as customers_count
from {{ ref('metric_targets') }} as targets
left join targeted
    on targets.metric_code = targeted.metric_code
where targeted.metric_code is null
group by targets.metric_code
