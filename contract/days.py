"""Which business day the rows of a raw table reach, and which day was the last to close."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from stayhouse.contract.sql import identifier, literal
from stayhouse.contract.tables import Column, RawTable, Zones

# An aggregate, so that a table whose rows say nothing of days has one answer, too.
NO_DAY = "max(cast(null as date))"


def last_closed_day(business_timezone: str, now: datetime | None = None) -> date:
    """The last business day that is over. The command line, the schedule and the UI all build up to this day."""
    return (now or datetime.now(UTC)).astimezone(ZoneInfo(business_timezone)).date() - timedelta(days=1)


def last_day_sql(table: RawTable, zones: Zones, until: date) -> str:
    """A query of one value: the last business day, at most `until`, on which a row of the table says something.

    That is the moment of a fact, or a start or an end of an interval; what was still to come when the row was ingested
    says nothing. NULL for a table without such a row.
    """
    names = dict.fromkeys(name for name in (table.event_time, *(table.interval or ())) if name)
    # The newest moment of each column first: one conversion between time zones per column, not one per row.
    days = [_last_day(table.column(name), table.newer_by, zones, until) for name in names]
    return f"select greatest({', '.join([*days, NO_DAY])}) from raw.{identifier(table.name)}"


def first_day_sql(table: RawTable, zones: Zones) -> str:
    """A query of one value: the business day of the first moment of a fact, or the first start of an interval.

    NULL for a table without either.
    """
    name = table.event_time or (table.interval[0] if table.interval else None)
    first = NO_DAY
    if name:
        moment = f"min({identifier(name)})"
        first = moment if table.column(name).data_type == "date" else _business_day(moment, zones)
    return f"select {first} from raw.{identifier(table.name)}"


def _last_day(column: Column, newer_by: str, zones: Zones, until: date) -> str:
    name, ingested = identifier(column.name), identifier(newer_by)
    if column.data_type == "date":
        conditions = [f"{name} <= date {literal(until)}"]
        if column.may_be_future:
            conditions.append(f"{name} <= {_business_day(ingested, zones)}")
        return f"max({name}) filter (where {' and '.join(conditions)})"
    end = f"(timestamp {literal(until + timedelta(days=1))} at time zone {literal(zones.business)})"
    conditions = [f"{name} < ({end} at time zone {literal(zones.source)})"]
    if column.may_be_future:
        conditions.append(f"{name} <= {ingested}")
    return _business_day(f"max({name}) filter (where {' and '.join(conditions)})", zones)


def _business_day(moment: str, zones: Zones) -> str:
    if zones.source == zones.business:
        return f"cast({moment} as date)"
    return f"cast({moment} at time zone {literal(zones.source)} at time zone {literal(zones.business)} as date)"
