{%- set rates = ['complained', 'churned_early', 'due_back'] -%}
-- Sellers and channels against their peers inside the same product line, because lines differ in their risk.
with in_periods as (
    select
        sales.*,
        'whole' as period_kind,
        (
            select {{ period_start('quarter', 'min(firsts.sold_date)') }}
            from {{ ref('int_commissions__first_days') }} as firsts
        ) as period_start_date
    from {{ ref('int_commissions__first_days') }} as sales
    union all
    select
        sales.*,
        'quarter' as period_kind,
        {{ period_start('quarter', 'sales.sold_date') }} as period_start_date
    from {{ ref('int_commissions__first_days') }} as sales
),

grouped as (
    {%- for name, column in {'seller': 'employee_id', 'channel': 'acquisition_channel'}.items() %}
    select
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        plan_code,
        period_kind,
        period_start_date,
        count(*) as sales_count,
        sum(tickets_count) as tickets_count,
        count(case when is_expectation_mature and complaints_count > 0 then 1 end) as complained_num,
        count(case when is_expectation_mature then 1 end) as complained_den,
        count(case when is_early_mature and is_churned_early then 1 end) as churned_early_num,
        count(case when is_early_mature then 1 end) as churned_early_den,
        count(case when decision_status in ('clawback_due', 'forfeited') then 1 end) as due_back_num,
        count(case when decision_status <> 'pending' then 1 end) as due_back_den
    from in_periods
    group by
        {{ column }},
        plan_code,
        period_kind,
        period_start_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        {%- for rate in rates %}
        {%- for part in ['num', 'den'] %}
        (sum({{ rate }}_{{ part }}) over line) - {{ rate }}_{{ part }} as peers_{{ rate }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        (count(*) over line) - 1 as peers_count
    from grouped
    window line as (partition by dimension_name, plan_code, period_kind, period_start_date)
),

rated as (
    select
        compared.*,
        {%- for rate in rates %}
        {{ pct(rate ~ '_num', rate ~ '_den') }} as {{ rate }}_pct,
        {{ wilson_pct(rate ~ '_num', rate ~ '_den', 'lo') }} as {{ rate }}_ci_lo,
        {{ wilson_pct(rate ~ '_num', rate ~ '_den', 'hi') }} as {{ rate }}_ci_hi,
        {{ pct('peers_' ~ rate ~ '_num', 'peers_' ~ rate ~ '_den') }} as peers_{{ rate }}_pct,
        {{ wilson_pct('peers_' ~ rate ~ '_num', 'peers_' ~ rate ~ '_den', 'lo') }} as peers_{{ rate }}_ci_lo,
        {{ wilson_pct('peers_' ~ rate ~ '_num', 'peers_' ~ rate ~ '_den', 'hi') }} as peers_{{ rate }}_ci_hi,
        {%- endfor %}
        policy.outlier_ratio,
        policy.outlier_least_count
    from compared
    cross join {{ ref('policy') }} as policy
)

select
    rated.dimension_name,
    rated.dimension_value,
    rated.plan_code as line_code,
    rated.period_kind,
    cast(rated.sales_count as bigint) as sales_count,
    cast(rated.tickets_count as bigint) as tickets_count,
    cast(rated.peers_count as bigint) as peers_count,
    {%- for rate in rates %}
    {%- for part in ['num', 'den'] %}
    cast(rated.{{ rate }}_{{ part }} as bigint) as {{ rate }}_{{ part }},
    {%- endfor %}
    rated.{{ rate }}_pct,
    rated.{{ rate }}_ci_lo,
    rated.{{ rate }}_ci_hi,
    {%- for part in ['num', 'den'] %}
    cast(rated.peers_{{ rate }}_{{ part }} as bigint) as peers_{{ rate }}_{{ part }},
    {%- endfor %}
    rated.peers_{{ rate }}_pct,
    {%- endfor %}
    {%- for rate in rates %}
    -- Stands out only where chance is an unlikely reason, and where there are enough sales to evaluate anybody.
    case
        when rated.{{ rate }}_den >= rated.outlier_least_count and rated.peers_{{ rate }}_den > 0
            then rated.{{ rate }}_pct > rated.outlier_ratio * rated.peers_{{ rate }}_pct
                and {{ newcombe_pp('rated.' ~ rate, 'rated.peers_' ~ rate, 'lo') }} > 0
    end as is_{{ rate }}_outlier,
    {%- endfor %}
    rated.sales_count = rated.churned_early_den and rated.sales_count = rated.complained_den as is_complete,
    {{ is_reliable('rated.churned_early_den') }} as is_reliable,
    -- Nobody assigned customers to sellers and channels at random.
    true as is_confounded,
    rated.period_start_date
from rated
