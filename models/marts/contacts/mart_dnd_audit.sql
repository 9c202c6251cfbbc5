-- Who sets do-not-disturb, against peers of the same team (CON-06). The portfolio of an account manager is everybody
-- with access at the end of the month; the flags are those that the employee set, on any customer.
with portfolios as (
    select
        contact_month,
        owner_employee_id as employee_id,
        max(period_end_date) as period_end_date,
        count(*) as portfolio_count,
        count(case when is_inactive_at_end then 1 end) as inactive_count
    from {{ ref('int_contacts__month_ends') }}
    where is_at_month_end
    group by contact_month, owner_employee_id
),

months as (
    select
        contact_month,
        max(period_end_date) as period_end_date
    from {{ ref('int_contacts__month_ends') }}
    group by contact_month
),

flags as (
    select
        setter_employee_id as employee_id,
        {{ period_start('month', 'set_date') }} as contact_month,
        count(*) as flags_count,
        count(case when not is_customer_request then 1 end) as without_request_count,
        count(case when is_without_evidence then 1 end) as without_evidence_count,
        count(case when is_set_when_overdue then 1 end) as when_overdue_count,
        count(case when has_later_inbound then 1 end) as later_inbound_count
    from {{ ref('mart_dnd_flag_review') }}
    group by setter_employee_id, {{ period_start('month', 'set_date') }}
),

units as (
    select
        contact_month,
        employee_id
    from portfolios
    union
    select
        flags.contact_month,
        flags.employee_id
    from flags
    inner join months
        on flags.contact_month = months.contact_month
),

yearly as (
    select
        units.contact_month,
        units.employee_id,
        sum(flags.flags_count) as flags_count,
        sum(flags.without_evidence_count) as without_evidence_count
    from units
    cross join {{ ref('policy') }} as policy
    inner join flags
        on units.employee_id = flags.employee_id
        and flags.contact_month <= units.contact_month
        and flags.contact_month > {{ add_months(
            'units.contact_month', '-policy.dnd_review_months'
        ) }}
    group by units.contact_month, units.employee_id
),

joined as (
    select
        units.contact_month,
        units.employee_id,
        coalesce(
            employees.team,
            case when units.employee_id in ('customer', 'unassigned') then units.employee_id else 'unknown' end
        ) as team_code,
        coalesce(portfolios.portfolio_count, 0) as portfolio_count,
        coalesce(portfolios.inactive_count, 0) as inactive_count,
        100.0 * portfolios.inactive_count / portfolios.portfolio_count as inactive_pct,
        coalesce(flags.flags_count, 0) as flags_count,
        coalesce(flags.without_request_count, 0) as without_request_count,
        coalesce(flags.without_evidence_count, 0) as without_evidence_count,
        coalesce(flags.when_overdue_count, 0) as when_overdue_count,
        coalesce(flags.later_inbound_count, 0) as later_inbound_count,
        coalesce(yearly.flags_count, 0) as yearly_flags_count,
        coalesce(yearly.without_evidence_count, 0) as yearly_without_evidence_count
    from units
    inner join months
        on units.contact_month = months.contact_month
    left join portfolios
        on units.contact_month = portfolios.contact_month
        and units.employee_id = portfolios.employee_id
    left join flags
        on units.contact_month = flags.contact_month
        and units.employee_id = flags.employee_id
    left join yearly
        on units.contact_month = yearly.contact_month
        and units.employee_id = yearly.employee_id
    left join {{ ref('dim_employees') }} as employees
        on units.employee_id = employees.employee_id
        and {{ holds_at('employees', 'months.period_end_date') }}
),

peers as (
    -- Without the employee themselves: somebody who silences everybody must not set their own norm.
    select
        joined.contact_month,
        joined.employee_id,
        count(*) as peers_count,
        percentile_cont(0.5) within group (order by peer_rows.inactive_pct) as peer_median_pct
    from joined
    inner join joined as peer_rows
        on joined.contact_month = peer_rows.contact_month
        and joined.team_code = peer_rows.team_code
        and joined.employee_id <> peer_rows.employee_id
    cross join {{ ref('policy') }} as policy
    where peer_rows.portfolio_count >= policy.dnd_min_portfolio
    group by joined.contact_month, joined.employee_id
),

judged as (
    select
        joined.*,
        coalesce(peers.peers_count, 0) as peers_count,
        peers.peer_median_pct,
        joined.portfolio_count >= policy.dnd_min_portfolio
        -- Where the peers silence nobody, one silent customer would be infinitely many.
        and joined.inactive_count >= policy.dnd_min_flags
        and coalesce(joined.inactive_pct > policy.dnd_peer_factor * peers.peer_median_pct, false)
            as is_above_peers,
        joined.employee_id <> 'customer'
        and joined.yearly_flags_count >= policy.dnd_min_flags
        and 100.0 * joined.yearly_without_evidence_count
        >= policy.dnd_without_evidence_pct * joined.yearly_flags_count as is_without_evidence
    from joined
    left join peers
        on joined.contact_month = peers.contact_month
        and joined.employee_id = peers.employee_id
    cross join {{ ref('policy') }} as policy
)

select
    employee_id,
    team_code,
    cast(inactive_count as bigint) as inactive_num,
    cast(portfolio_count as bigint) as inactive_den,
    {{ pct('inactive_count', 'portfolio_count') }} as inactive_pct,
    cast(peers_count as bigint) as peers_count,
    cast(peer_median_pct as double) as peer_median_pct,
    cast(flags_count as bigint) as flags_set_count,
    cast(without_request_count as bigint) as without_request_count,
    cast(without_evidence_count as bigint) as without_evidence_count,
    cast(when_overdue_count as bigint) as set_when_overdue_count,
    cast(later_inbound_count as bigint) as with_later_inbound_count,
    cast(yearly_without_evidence_count as bigint) as yearly_without_evidence_num,
    cast(yearly_flags_count as bigint) as yearly_without_evidence_den,
    {{ pct('yearly_without_evidence_count', 'yearly_flags_count') }} as yearly_without_evidence_pct,
    is_above_peers,
    is_without_evidence,
    is_above_peers or is_without_evidence as is_suspicious,
    contact_month
from judged
