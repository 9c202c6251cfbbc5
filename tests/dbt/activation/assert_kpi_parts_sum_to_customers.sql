-- Prevents teams from being judged on customers that are counted twice or not at all.
with customers as (
    select
        registration_month,
        count(case when is_mature then 1 end) as mature_count,
        count(case when is_mature and is_activated then 1 end) as activated_count,
        count(case when not is_mature then 1 end) as pending_count
    from {{ ref('mart_activation_customer') }}
    where is_measurable
    group by registration_month
),

cuts as (
    select
        registration_month,
        dimension_name,
        sum(completed_den) as mature_count,
        sum(completed_num) as activated_count,
        sum(pending_count) as pending_count
    from {{ ref('mart_onboarding_kpi') }}
    -- Features count actions, not customers.
    where dimension_name <> 'feature'
    group by registration_month, dimension_name
),

names as (
    select distinct dimension_name from cuts
)

select
    customers.registration_month,
    names.dimension_name,
    customers.mature_count,
    cuts.mature_count as cut_mature_count,
    customers.activated_count,
    cuts.activated_count as cut_activated_count,
    customers.pending_count,
    cuts.pending_count as cut_pending_count
from customers
cross join names
left join cuts
    on customers.registration_month = cuts.registration_month
    and names.dimension_name = cuts.dimension_name
where cuts.mature_count is null
    or customers.mature_count <> cuts.mature_count
    or customers.activated_count <> cuts.activated_count
    or customers.pending_count <> cuts.pending_count
