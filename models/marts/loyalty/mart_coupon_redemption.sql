{% set groups = {'redeemed': 'true', 'reminded_redeemed': 'is_reminded', 'unreminded_redeemed': 'is_unreminded'} %}
-- LOY-01. Both bases of the share that came: everybody with a coupon, and those who were reminded.
with coupons as (
    select
        *,
        {{ period_start('month', 'due_date') }} as due_month,
        coupon_state = 'redeemed' and not is_redeemed_late as is_in_time
    from {{ ref('int_loyalty__coupons') }}
    where due_date is not null
),

broken_down as (
    {{ breakdowns('coupons', {'program': 'program_code'}) }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        due_month,
        count(*) as issued_count,
        count(case when coupon_state = 'open' then 1 end) as open_count,
        count(case when coupon_state = 'redeemed' then 1 end) as used_count,
        count(case when coupon_state = 'expired' then 1 end) as expired_count,
        count(case when is_reminded then 1 end) as reminded_count,
        count(case when is_reminder_effective then 1 end) as effective_count,
        count(case when is_reminded_on_time then 1 end) as on_time_count,
        {% for group, condition in groups.items() %}
        count(case when is_mature and is_in_time and {{ condition }} then 1 end) as {{ group }}_num,
        count(case when is_mature and {{ condition }} then 1 end) as {{ group }}_den,
        {% endfor %}
        count(case when not is_mature then 1 end) as pending_count
    from broken_down
    group by dimension_name, dimension_value, due_month
),

bounded as (
    select
        {% for group in groups %}
        {{ pct(group ~ '_num', group ~ '_den') }} as {{ group }}_pct,
        {{ wilson_pct(group ~ '_num', group ~ '_den', 'lo') }} as {{ group }}_ci_lo,
        {{ wilson_pct(group ~ '_num', group ~ '_den', 'hi') }} as {{ group }}_ci_hi,
        {% endfor %}
        *
    from counted
),

targets as (
    select
        counted.due_month,
        targets.target_value,
        targets.comparator,
        row_number() over (partition by counted.due_month order by targets.valid_from desc) as choice
    from (select distinct counted.due_month from counted) as counted
    inner join {{ ref('metric_targets') }} as targets
        on targets.metric_code = 'coupon_reminded_redeemed_pct'
        and targets.segment_code = '*'
        and {{ holds_at('targets', 'counted.due_month') }}
)

select
    bounded.dimension_name,
    bounded.dimension_value,
    cast(bounded.issued_count as bigint) as issued_count,
    cast(bounded.open_count as bigint) as open_count,
    cast(bounded.used_count as bigint) as redeemed_count,
    cast(bounded.expired_count as bigint) as expired_count,
    cast(bounded.reminded_count as bigint) as reminded_count,
    cast(bounded.effective_count as bigint) as reminder_effective_count,
    cast(bounded.on_time_count as bigint) as reminded_on_time_count,
    cast(bounded.pending_count as bigint) as pending_count,
    {% for group in groups %}
    cast(bounded.{{ group }}_num as bigint) as {{ group }}_num,
    cast(bounded.{{ group }}_den as bigint) as {{ group }}_den,
    bounded.{{ group }}_pct,
    bounded.{{ group }}_ci_lo,
    bounded.{{ group }}_ci_hi,
    {% endfor %}
    cast(bounded.reminded_redeemed_pct - bounded.unreminded_redeemed_pct as {{ type_double() }})
        as reminder_difference_pp,
    {{ newcombe_pp('bounded.reminded_redeemed', 'bounded.unreminded_redeemed', 'lo') }} as reminder_difference_ci_lo,
    {{ newcombe_pp('bounded.reminded_redeemed', 'bounded.unreminded_redeemed', 'hi') }} as reminder_difference_ci_hi,
    cast(targets.target_value as {{ type_double() }}) as target_pct,
    case targets.comparator
        when '>=' then bounded.reminded_redeemed_pct >= targets.target_value
        when '>' then bounded.reminded_redeemed_pct > targets.target_value
    end as is_target_met,
    -- Nobody draws lots about whom to remind.
    true as is_confounded,
    bounded.pending_count = 0 as is_complete,
    {{ is_reliable('bounded.redeemed_den') }} as is_reliable,
    {{ is_reliable('bounded.reminded_redeemed_den') }} as is_reminded_reliable,
    bounded.due_month
from bounded
left join targets
    on bounded.due_month = targets.due_month
    and targets.choice = 1
