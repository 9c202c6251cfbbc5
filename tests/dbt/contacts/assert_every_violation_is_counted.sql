-- Prevents a violation rate that misses or duplicates attempts: it must agree with the list of violations.
with listed as (
    select
        count(*) as violations_count,
        count(distinct contact_id) as attempts_count
    from {{ ref('mart_contact_violations') }}
),

counted as (
    select
        dimension_name,
        sum(
            no_consent_count + wrong_purpose_count + revoked_count + unsubscribed_channel_count
            + contact_during_dnd_count + channel_collision_count + over_frequency_day_count + over_frequency_week_count
            + quiet_hours_count
        ) as violations_count,
        sum(violations_num) as attempts_count
    from {{ ref('mart_contact_kpi') }}
    group by dimension_name
)

select
    counted.dimension_name,
    listed.violations_count as listed_violations_count,
    counted.violations_count as counted_violations_count,
    listed.attempts_count as listed_attempts_count,
    counted.attempts_count as counted_attempts_count
from listed
inner join counted
    on listed.violations_count <> counted.violations_count
    or listed.attempts_count <> counted.attempts_count
