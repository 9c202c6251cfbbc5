-- Prevents a promise that is lost or counted twice on the way: states, rates and amends must agree with the promises.
{{ config(group='promises') }}
with promises as (
    select
        count(*) as made_count,
        count(case when is_due then 1 end) as due_count,
        count(case when is_kept then 1 end) as kept_count,
        count(missed_at) as missed_count
    from {{ ref('mart_promises') }}
),

facts as (
    select count(*) as made_count
    from {{ ref('fct_promises') }}
),

rates as (
    select
        dimension_name,
        sum(made_count) as made_count,
        sum(kept_den) as due_count,
        sum(kept_num) as kept_count
    from {{ ref('mart_promise_keeping') }}
    group by dimension_name
),

hits as (
    select sum(hit_count) as hit_count
    from {{ ref('mart_incidents') }}
),

amends as (
    select
        count(promise_id) as missed_count,
        count(incident_id) as hit_count
    from {{ ref('mart_amends') }}
)

select
    rates.dimension_name,
    promises.made_count,
    promises.due_count,
    promises.missed_count,
    coalesce(hits.hit_count, 0) as hit_count
from promises
cross join facts
cross join hits
cross join amends
left join rates
    on promises.made_count > 0
where promises.made_count <> facts.made_count
    or promises.made_count <> coalesce(rates.made_count, 0)
    or promises.due_count <> coalesce(rates.due_count, 0)
    or promises.kept_count <> coalesce(rates.kept_count, 0)
    or promises.missed_count <> amends.missed_count
    or coalesce(hits.hit_count, 0) <> amends.hit_count
