"""Detection of planted cases by the marts: precision, recall and delay per signal, one function per domain.

A domain's function takes a connection with the warehouse attached and the truth as views `true_<file>`, and returns a
table of scores. Its SQL defines which planted cases a rule could find and when a case counts as found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

Scores = tuple[list[str], list[tuple]]

# A planted case is eligible when the rule could detect it: enough history before it, and enough time as a customer
# after it. A suppressed signal counts as found, but is not raised; one suppressed as usual for the customer counts as
# neither. A signal is right when a planted cause of the customer began before its end, and its days are right from that
# cause on; a signal that begins around the turn of the year is right, too.
USAGE = """
with as_of as (
    select as_of_date from core.run_context
),

lives as (
    select
        planted.*,
        periods.observed_date,
        periods.segment_code,
        coalesce(periods.churned_date, (select as_of_date + 1 from as_of)) as life_to
    from true_customers as planted
    inner join (
        select
            customer_id,
            min(observed_date) as observed_date,
            arg_max(segment_code, valid_from) as segment_code,
            count(distinct segment_code) as segments,
            case when count(*) filter (where valid_to is null) = 0 then max(valid_to) end as churned_date
        from core.customer_usage_periods
        group by customer_id
    ) as periods using (customer_id)
    where periods.segments = 1
),

-- Every planted cause of falling use, whatever the archetype.
causes as (
    select customer_id, decline_from as caused_on, date '9999-12-31' as until from lives where decline_from is not null
    union all
    -- Customers who disappear are inactive since their last use before that day.
    select customer_id, least(vanish_on, coalesce(cast(last_use_at as date) + 1, vanish_on)), date '9999-12-31'
    from lives where vanish_on is not null and returned_on is null
    union all
    select customer_id, vanish_on, returned_on + 28 from lives where vanish_on is not null and returned_on is not null
    union all
    select customer_id, gave_up_on, date '9999-12-31' from lives where gave_up_on is not null
    union all
    select customer_id, paused_from, coalesce(paused_to, date '9999-12-31') + 28 from lives
    where paused_from is not null
    union all
    select customer_id, date '2000-01-01', date '9999-12-31' from lives where archetype = 'seasonal'
),

-- Around the turn of the year everybody works at a third of the usual pace.
pauses as (
    select make_date(year::integer, 12, 24) as caused_on, make_date(year::integer + 1, 2, 5) as until
    from generate_series(2020, 2030) as years (year)
),

cases as (
    select 'sharp_decline' as signal_code, lives.customer_id, lives.decline_from as caused_on
    from lives
    inner join core.dim_segment_policy as policy using (segment_code)
    inner join (
        select lives.customer_id, count(*) as days_before
        from lives
        inner join core.fct_customer_usage_daily as days
            on lives.customer_id = days.customer_id
            and days.usage_date < lives.decline_from
            and days.usage_date >= lives.decline_from - 84
        group by lives.customer_id
    ) as before using (customer_id)
    -- The fall takes 30 days; then the recent window must lie completely after it.
    where lives.observed_date <= lives.decline_from - 84
        and lives.life_to >= lives.decline_from + 30 + policy.window_days
        and before.days_before >= 6
    union all
    select 'dormant', lives.customer_id, cast(lives.last_use_at as date)
    from lives
    inner join core.dim_segment_policy as policy using (segment_code)
    where lives.vanish_on is not null
        and lives.returned_on is null
        and lives.last_use_at is not null
        and lives.life_to > cast(lives.last_use_at as date) + policy.risk_after_days + 1
    union all
    select 'component_abandoned', lives.customer_id, lives.component_stopped_on
    from lives
    inner join (
        -- Used before the stop and not since, with enough days of other use that chance does not explain the gap.
        select
            lives.customer_id,
            count(distinct days.usage_date) filter (where days.component_code = lives.stopped_component) as uses,
            count(distinct days.usage_date) as days_before
        from lives
        inner join core.fct_component_usage_daily as days
            on lives.customer_id = days.customer_id
            and days.usage_date < lives.component_stopped_on
        group by lives.customer_id
    ) as before using (customer_id)
    inner join (
        select lives.customer_id, count(distinct days.usage_date) as days_after
        from lives
        inner join core.fct_customer_usage_daily as days
            on lives.customer_id = days.customer_id
            and days.usage_date >= lives.component_stopped_on
        group by lives.customer_id
    ) as later using (customer_id)
    inner join core.dim_segment_components as components
        on lives.segment_code = components.segment_code
        and lives.stopped_component = components.component_code
        and components.is_relevant
        and not components.is_one_off
    where before.uses >= 3
        -- Lower Wilson bound of the share of days with the component.
        and pow(1 - (
            before.uses + 1.92 - 1.96 * sqrt(before.uses * (1 - before.uses / (before.days_before + 1.0)) + 0.96)
        ) / (before.days_before + 4.84), later.days_after) < (
            select policy.abandonment_chance_pct / 100 from core.policy as policy
        )
        and lives.life_to > lives.component_stopped_on + components.inactive_days
    union all
    select 'excessive', customer_id,
        greatest(observed_date, (select min(week_end_date) from intermediate.int_usage__weekly))
    from lives
    where archetype = 'sharer' and life_to > observed_date + 56
        and (select count(*) from core.fct_customer_usage_daily as days
            where days.customer_id = lives.customer_id
                and days.usage_date >= (select min(week_end_date) from intermediate.int_usage__weekly)) > 28
    union all
    select 'low_start', customer_id, cast(registered_at as date)
    from lives
    where never_activates_kind = 'nothing'
        and cast(registered_at as date) = observed_date
        and life_to > observed_date + 28
),

raised as (
    select
        signals.customer_id,
        signals.signal_code,
        signals.valid_from,
        signals.suppressed_by is not null as is_suppressed,
        coalesce(signals.valid_to, as_of.as_of_date + 1) as valid_to
    from intermediate.int_signals__usage as signals
    cross join as_of
    inner join lives using (customer_id)
    where signals.suppressed_by is distinct from 'own_rhythm'
),

reasons as (
    select raised.customer_id, raised.signal_code, raised.valid_from, min(causes.caused_on) as caused_on
    from raised
    inner join causes
        on raised.customer_id = causes.customer_id
        and causes.caused_on < raised.valid_to
        and causes.until > raised.valid_from
    group by all
),

evaluated as (
    select
        signal_code,
        valid_to - valid_from as days,
        right_from is not null as is_right,
        case when right_from is not null then valid_to - greatest(valid_from, right_from) else 0 end as right_days
    from (
        select
            raised.*,
            case raised.signal_code
                when 'component_abandoned'
                    then case when lives.component_stopped_on < raised.valid_to then lives.component_stopped_on end
                when 'excessive' then case when lives.archetype in ('sharer', 'exporter') then raised.valid_from end
                when 'low_start'
                    then case when lives.archetype in ('never_activates', 'slow_activator') then raised.valid_from end
                else least(reasons.caused_on, pauses.caused_on)
            end as right_from
        from raised
        inner join lives using (customer_id)
        left join reasons using (customer_id, signal_code, valid_from)
        left join pauses on pauses.caused_on <= raised.valid_from and pauses.until > raised.valid_from
        where not raised.is_suppressed
            and raised.signal_code not in ('below_segment', 'decline')
    )
),

found as (
    select
        cases.signal_code,
        cases.customer_id,
        min(case
            when raised.valid_to > cases.caused_on then greatest(raised.valid_from, cases.caused_on)
        end) - cases.caused_on as delay_days
    from cases
    left join raised
        on cases.customer_id = raised.customer_id
        and cases.signal_code = raised.signal_code
    group by cases.signal_code, cases.customer_id, cases.caused_on
)

select
    evaluated.signal_code,
    found.eligible,
    found.found,
    round(1.0 * found.found / found.eligible, 3) as recall,
    evaluated.signals_raised,
    round(1.0 * evaluated.right_days / evaluated.days, 3) as precision_of_days,
    round(1.0 * evaluated.right_signals / evaluated.signals_raised, 3) as precision_of_signals,
    found.median_delay_days,
    found.p90_delay_days
from (
    select signal_code, sum(days) as days, sum(right_days) as right_days,
        count(*) as signals_raised, count(*) filter (where is_right) as right_signals
    from evaluated group by signal_code
) as evaluated
left join (
    select signal_code, count(*) as eligible, count(delay_days) as found, median(delay_days) as median_delay_days,
        quantile_disc(delay_days, 0.9) as p90_delay_days
    from found group by signal_code
) as found using (signal_code)
order by evaluated.signal_code
"""


def usage(db: duckdb.DuckDBPyConnection) -> Scores:
    """Signals of usage health compared with planted declines, disappearances, abandoned components, shared accounts,
    weak starts."""
    found = db.execute(USAGE)
    return [column[0] for column in found.description], found.fetchall()


DOMAINS: dict[str, Callable[[duckdb.DuckDBPyConnection], Scores]] = {"usage": usage}


def score(domain: str, warehouse: Path, truth: Path) -> Scores:
    """Scores of a domain for a warehouse built from the landing folder beside `truth`."""
    with duckdb.connect(warehouse, read_only=True) as db:
        for file in sorted(truth.glob("*.parquet")):
            name = f"true_{file.stem}".replace('"', "")
            db.execute(f"create temp view \"{name}\" as select * from read_parquet('{str(file).replace(chr(39), '')}')")
        return DOMAINS[domain](db)
